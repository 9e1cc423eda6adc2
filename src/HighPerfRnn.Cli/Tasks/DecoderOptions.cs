using System.CommandLine;
using HighPerfRnn.Cli.Commands;
using HighPerfRnn.Tasks.Decoding;

namespace HighPerfRnn.Cli.Tasks;

/// <summary>Options and arguments of networks that write.</summary>
internal sealed class DecoderOptions
{
    public Option<double> Smoothing { get; } = CommandOptions.Number(
        "--label-smoothing", 0.1, value => value is >= 0 and < 1, "a number from 0 to below 1", "Of the loss.");

    /// <summary>MODEL, once or more often.</summary>
    public static Argument<string[]> Models() => new("MODEL")
    {
        Description = "a model file, or several of the same tokens: then what is likeliest in their mean",
        Arity = ArgumentArity.OneOrMore,
    };

    /// <summary>The sizes that were asked for.</summary>
    public DecoderSettings SettingsOf(ParseResult parsed, TaskFlags flags) => new()
    {
        Cell = flags.CellOf(parsed),
        HiddenSize = parsed.GetValue(flags.Hidden),
        Layers = parsed.GetValue(flags.Layers),
        EmbeddingSize = flags.EmbeddingOf(parsed),
        Dropout = parsed.GetValue(flags.Training.Dropout),
        LabelSmoothing = parsed.GetValue(Smoothing),
        Seed = parsed.GetValue(flags.Training.Seed),
    };
}
