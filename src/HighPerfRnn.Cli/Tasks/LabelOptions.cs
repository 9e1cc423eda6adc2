using System.CommandLine;
using HighPerfRnn.Cli.Commands;
using HighPerfRnn.Layers;
using HighPerfRnn.Tasks.Labelling;

namespace HighPerfRnn.Cli.Tasks;

/// <summary>Options of networks that label.</summary>
/// <param name="pooling">What --pooling is otherwise.</param>
internal sealed class LabelOptions(PoolingKind pooling)
{
    private static readonly (string Word, PoolingKind Kind)[] Poolings =
        [("last", PoolingKind.Last), ("mean", PoolingKind.Mean), ("max", PoolingKind.Max), ("attention", PoolingKind.Attention)];

    public Option<PoolingKind?> Pooling { get; } = CommandOptions.Choice(
        "--pooling",
        Array.Find(Poolings, choice => choice.Kind == pooling).Word,
        "How one vector is made of all steps.",
        Poolings);

    public Option<bool> Causal { get; } = CommandOptions.Switch(
        "--causal", "Layers read forward alone, so that what they say of a step waits for none.");

    public Option<double> Smoothing { get; } = CommandOptions.Number(
        "--label-smoothing", 0, value => value is >= 0 and < 1, "a number from 0 to below 1", "Of the loss.");

    /// <summary>Adds what all of them have.</summary>
    public void AddTo(Command command)
    {
        command.Add(Causal);
        command.Add(Smoothing);
    }

    /// <summary>The sizes that were asked for.</summary>
    public LabelSettings SettingsOf(ParseResult parsed, TaskFlags flags) => new()
    {
        Cell = flags.CellOf(parsed),
        HiddenSize = parsed.GetValue(flags.Hidden),
        Layers = parsed.GetValue(flags.Layers),
        EmbeddingSize = flags.EmbeddingOf(parsed),
        IsBidirectional = !parsed.GetValue(Causal),
        Dropout = parsed.GetValue(flags.Training.Dropout),
        LabelSmoothing = parsed.GetValue(Smoothing),
        Seed = parsed.GetValue(flags.Training.Seed),
    };
}
