using System.CommandLine;
using HighPerfRnn.Cli.Commands;
using HighPerfRnn.Tasks.Captioning;
using static System.FormattableString;

namespace HighPerfRnn.Cli.Tasks;

/// <summary>How images are looked at, and how metrics of captions are shown.</summary>
internal static class CaptionWords
{
    /// <summary>--views.</summary>
    public static Option<int> Views() => CommandOptions.Whole(
        "--views", Captioner.MostViews, 1, Captioner.MostViews, "How often an image is looked at, each time a little moved, sized or turned.");

    /// <summary>Metrics in a line.</summary>
    public static string Describe(IReadOnlyDictionary<string, double> metrics) => Invariant(
        $"exactly right {metrics["exactMatch"]:P1}, among the five likeliest {metrics["recallAt5"]:P1}, BLEU {metrics["bleu"]:0.0}, chrF {metrics["chrf"]:0.0}");
}
