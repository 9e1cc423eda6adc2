using System.Globalization;

namespace HighPerfRnn.Cli.Tasks;

/// <summary>What a search found for one item.</summary>
internal static class Alternatives
{
    /// <summary>A line an item; with scores a line each, of score and text, and an empty line after them.</summary>
    /// <param name="output">Takes them.</param>
    /// <param name="found">The best first.</param>
    /// <param name="hasScores">Whether several are shown.</param>
    public static void Write(TextWriter output, IEnumerable<(double Score, string Text)> found, bool hasScores)
    {
        if (!hasScores)
        {
            output.WriteLine(found.FirstOrDefault().Text ?? string.Empty);
            return;
        }

        foreach ((double score, string text) in found) output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{score:0.0000}\t{text}"));
        output.WriteLine();
    }
}
