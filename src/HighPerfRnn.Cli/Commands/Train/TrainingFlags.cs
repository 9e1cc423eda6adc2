using System.CommandLine;
using HighPerfRnn.Training;

namespace HighPerfRnn.Cli.Commands.Train;

/// <summary>What flags stand for where they are not given, by command.</summary>
internal sealed record TrainingDefaults
{
    public int Batch { get; init; } = 32;

    /// <summary>0 for as many as the passes over the data ask for.</summary>
    public int Iterations { get; init; } = 600;

    public double LearningRate { get; init; } = 2e-3;

    public bool IsCosine { get; init; }

    public int Warmup { get; init; }

    public double Dropout { get; init; }

    /// <summary>Whether the command's layers have dropout.</summary>
    public bool HasDropout { get; init; }

    public double Validation { get; init; } = 0.05;

    /// <summary>0 for once a pass over the data.</summary>
    public int ValidateEvery { get; init; } = 100;
}

/// <summary>The flags that every training shares.</summary>
internal sealed class TrainingFlags(TrainingDefaults defaults)
{
    /// <summary>Where the model goes unless --out is given.</summary>
    public const string DefaultModelPath = "model.safetensors";

    private const double MostLearningRate = 1000;

    public Option<int> Batch { get; } = CommandOptions.Whole("--batch", defaults.Batch, 1, 65_536, "Rows that run side by side.");

    public Option<int> Iterations { get; } = CommandOptions.Whole(
        "--iterations",
        defaults.Iterations,
        Math.Min(1, defaults.Iterations),
        int.MaxValue,
        defaults.Iterations > 0 ? "Updates." : "Updates; 0 for --epochs passes over the data.");

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
        defaults.LearningRate,
        value => value is > 0 and <= MostLearningRate,
        $"a number above 0, at most {MostLearningRate}",
        "The learning rate.");

    public Option<ScheduleKind?> Schedule { get; } = CommandOptions.Choice(
        "--schedule",
        defaults.IsCosine ? "cosine" : "constant",
        "How the learning rate goes on.",
        ("constant", ScheduleKind.Constant),
        ("cosine", ScheduleKind.Cosine));

    public Option<int> Warmup { get; } = CommandOptions.Whole(
        "--warmup", defaults.Warmup, 0, int.MaxValue, "Iterations in which the learning rate rises from 0.");

    public Option<double> Momentum { get; } = CommandOptions.Number(
        "--momentum", 0, value => value is >= 0 and < 1, "a number from 0 to below 1", "The momentum of sgd.");

    public Option<double> Clip { get; } = CommandOptions.Number(
        "--clip", 1, value => value > 0, "a number above 0", "The largest norm of the gradient.");

    public Option<double> Dropout { get; } = CommandOptions.Number(
        "--dropout",
        defaults.Dropout,
        value => defaults.HasDropout ? value is >= 0 and < 1 : value == 0,
        defaults.HasDropout ? "a number from 0 to below 1" : "0, since a character model has no dropout",
        defaults.HasDropout ? "The probability that a number is dropped in training." : "Only 0: a character model has no dropout.");

    public Option<ulong> Seed { get; } = CommandOptions.Seed();

    public Option<int> Threads { get; } = CommandOptions.Whole(
        "--threads", 0, 0, 1024, "Workers, 0 for one a processor; the model is the same, bit for bit.");

    public Option<double> Validation { get; } = CommandOptions.Number(
        "--validation",
        defaults.Validation,
        value => value is >= 0 and <= 0.9,
        "a number from 0 to 0.9",
        "The share of the data that is set aside.");

    public Option<int> ValidateEvery { get; } = CommandOptions.Whole(
        "--validate-every",
        defaults.ValidateEvery,
        Math.Min(1, defaults.ValidateEvery),
        int.MaxValue,
        $"Iterations between two validations, which save the model too{(defaults.ValidateEvery > 0 ? "." : "; 0 for once a pass over the data.")}");

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
