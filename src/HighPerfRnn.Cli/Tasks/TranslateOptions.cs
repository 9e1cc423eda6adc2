using System.CommandLine;
using HighPerfRnn.Cli.Commands;
using HighPerfRnn.Data.Metrics;
using HighPerfRnn.Data.Text;
using HighPerfRnn.Tasks.Decoding;
using static System.FormattableString;

namespace HighPerfRnn.Cli.Tasks;

/// <summary>Options that the commands of translation share, and how their metrics are shown.</summary>
internal sealed class TranslateOptions
{
    public Option<int> Beam { get; } = CommandOptions.Whole("--beam", 5, 1, 1000, "Hypotheses side by side; 1 is greedy.");

    public Option<double> LengthExponent { get; } = CommandOptions.Number(
        "--length-exponent", 1, value => value is >= 0 and <= 10, "a number from 0 to 10", "Scores are ln p by the length to this power.");

    public Option<int> MaxLength { get; } = CommandOptions.Whole("--max-length", 100, 1, 1_000_000, "The most tokens of a text.");

    /// <summary>--source-level and --target-level.</summary>
    public static Option<TextUnit?> Level(string name, string description) => CommandOptions.Choice(
        name, "word; char for the sources of the default data", description, ("word", TextUnit.Word), ("char", TextUnit.Character));

    /// <summary>--tokenize.</summary>
    public static Option<BleuTokenization?> Tokenize() => CommandOptions.Choice(
        "--tokenize",
        "none",
        "Tokens of BLEU, by sacreBLEU's names.",
        ("none", BleuTokenization.None),
        ("13a", BleuTokenization.Mteval13a),
        ("char", BleuTokenization.Character));

    /// <summary>Adds all of them.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[Beam, LengthExponent, MaxLength]) command.Add(option);
    }

    /// <summary>How to search.</summary>
    public SearchSettings SearchOf(ParseResult parsed) => new()
    {
        Width = parsed.GetValue(Beam),
        MaxLength = parsed.GetValue(MaxLength),
        LengthExponent = parsed.GetValue(LengthExponent),
    };

    /// <summary>Metrics in a line.</summary>
    public static string Describe(IReadOnlyDictionary<string, double> metrics) => Invariant(
        $"BLEU {metrics["bleu"]:0.00}, chrF {metrics["chrf"]:0.00}, token errors {metrics["tokenErrorRate"]:P2}, texts wrong {metrics["wordErrorRate"]:P1}");
}
