using System.CommandLine;
using HighPerfRnn.Training;

namespace HighPerfRnn.Cli.Commands.Train;

/// <summary>The flags that every training shares.</summary>
internal sealed class TrainingFlags
{
    /// <summary>Where the model goes unless --out is given.</summary>
    public const string DefaultModelPath = "model.safetensors";

    private const double MostLearningRate = 1000;

    public Option<int> Batch { get; } = CommandOptions.Whole("--batch", 32, 1, 65_536, "Rows that run side by side.");

    public Option<int> Iterations { get; } = CommandOptions.Whole("--iterations", 600, 1, int.MaxValue, "Updates.");

    public Option<OptimizerKind?> Optimizer { get; } = CommandOptions.Choice(
        "--optimizer",
        "adam",
        "The optimizer, with PyTorch's defaults.",
        ("sgd", OptimizerKind.Sgd),
        ("rmsprop", OptimizerKind.RmsProp),
        ("adam", OptimizerKind.Adam),
        ("adamw", OptimizerKind.AdamW));

    public Option<double> LearningRate { get; } = CommandOptions.Number(
        "--learning-rate",
        2e-3,
        value => value is > 0 and <= MostLearningRate,
        $"a number above 0, at most {MostLearningRate}",
        "The learning rate.");

    public Option<ScheduleKind?> Schedule { get; } = CommandOptions.Choice(
        "--schedule",
        "constant",
        "How the learning rate goes on.",
        ("constant", ScheduleKind.Constant),
        ("cosine", ScheduleKind.Cosine));

    public Option<int> Warmup { get; } = CommandOptions.Whole(
        "--warmup", 0, 0, int.MaxValue, "Iterations in which the learning rate rises from 0.");

    public Option<double> Momentum { get; } = CommandOptions.Number(
        "--momentum", 0, value => value is >= 0 and < 1, "a number from 0 to below 1", "The momentum of sgd.");

    public Option<double> Clip { get; } = CommandOptions.Number(
        "--clip", 1, value => value > 0, "a number above 0", "The largest norm of the gradient.");

    public Option<double> Dropout { get; } = CommandOptions.Number(
        "--dropout",
        0,
        value => value == 0,
        "0, since layers have no dropout yet",
        "Only 0: layers have no dropout yet.");

    public Option<ulong> Seed { get; } = CommandOptions.Seed();

    public Option<int> Threads { get; } = CommandOptions.Whole(
        "--threads", 0, 0, 1024, "Workers, 0 for one a processor; the model is the same, bit for bit.");

    public Option<double> Validation { get; } = CommandOptions.Number(
        "--validation",
        0.05,
        value => value is >= 0 and <= 0.9,
        "a number from 0 to 0.9",
        "The share of the data that is set aside.");

    public Option<int> ValidateEvery { get; } = CommandOptions.Whole(
        "--validate-every", 100, 1, int.MaxValue, "Iterations between two validations, which save the model too.");

    public Option<string?> Out { get; } = CommandOptions.Text(
        "--out",
        "FILE",
        CommandOptions.WithDefault("The model to write; the loss curve stands beside it as a PNG.", DefaultModelPath));

    public Option<bool> Resume { get; } = CommandOptions.Switch(
        "--resume", "Go on from the file of --out, with the same bits as if never stopped.");

    public Option<bool> Json { get; } = CommandOptions.Json();

    /// <summary>Adds all of them.</summary>
    public void AddTo(Command command)
    {
        Option[] options =
        [
            Batch, Iterations, Optimizer, LearningRate, Schedule, Warmup, Momentum, Clip, Dropout, Seed, Threads, Validation,
            ValidateEvery, Out, Resume, Json,
        ];
        foreach (Option option in options) command.Add(option);
    }
}
