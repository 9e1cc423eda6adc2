using static System.FormattableString;

namespace HighPerfRnn.Cli.Tasks;

/// <summary>How metrics of captions are shown.</summary>
internal static class CaptionWords
{
    /// <summary>Metrics in a line.</summary>
    public static string Describe(IReadOnlyDictionary<string, double> metrics) => Invariant(
        $"exactly right {metrics["exactMatch"]:P1}, among the five likeliest {metrics["recallAt5"]:P1}, BLEU {metrics["bleu"]:0.0}, chrF {metrics["chrf"]:0.0}");
}
