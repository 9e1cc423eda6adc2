using System.CommandLine;
using System.Text;
using HighPerfRnn.Cli.Commands;
using HighPerfRnn.Cli.Commands.Train;
using HighPerfRnn.Data.Text;
using HighPerfRnn.Layers;
using HighPerfRnn.Tasks.Training;
using HighPerfRnn.Training;

namespace HighPerfRnn.Cli.Tasks;

/// <summary>The flags that every task's training has beside those of <see cref="TrainingFlags"/>.</summary>
internal sealed class TaskFlags
{
    private const int MostEpochs = 1_000_000;

    private bool _hasTokens = true;

    /// <summary>Flags with a task's defaults.</summary>
    /// <param name="training">Of the training.</param>
    /// <param name="cell">The cell.</param>
    /// <param name="hidden">Units a layer.</param>
    /// <param name="embedding">Numbers a token.</param>
    /// <param name="epochs">Passes over the data.</param>
    /// <param name="maxLength">The most tokens of a text.</param>
    public TaskFlags(TrainingDefaults training, RecurrentCellKind cell, int hidden, int embedding, int epochs, int maxLength = 100)
    {
        DefaultCell = cell;
        DefaultSchedule = training.IsCosine ? ScheduleKind.Cosine : ScheduleKind.Constant;
        Training = new TrainingFlags(training);
        Hidden = CommandOptions.Whole("--hidden", hidden, 1, 16_384, "Units a layer.");
        Embedding = CommandOptions.Whole("--embedding", embedding, 1, 16_384, "Numbers a token.");
        Epochs = CommandOptions.Whole("--epochs", epochs, 1, MostEpochs, "Passes over the data.");
        Cell = CommandOptions.Cell(cell);
        MaxLength = CommandOptions.Whole(
            "--max-length", maxLength, 1, 1_000_000, "The most tokens of a text; longer ones are skipped and counted.");
    }

    public TrainingFlags Training { get; }

    public Option<int> Hidden { get; }

    public Option<int> Embedding { get; }

    public Option<int> Epochs { get; }

    public Option<RecurrentCellKind?> Cell { get; }

    public Option<int> Layers { get; } = CommandOptions.Layers();

    public Option<int> Patience { get; } = CommandOptions.Whole(
        "--patience", 0, 0, int.MaxValue, "Validations without a better score after which training ends, 0 for never.");

    public Option<int> MaxLength { get; }

    private RecurrentCellKind DefaultCell { get; }

    private ScheduleKind DefaultSchedule { get; }

    /// <summary>Adds all of them.</summary>
    /// <param name="command">The command.</param>
    /// <param name="hasTokens">Whether the task has tokens on some side.</param>
    public void AddTo(Command command, bool hasTokens = true)
    {
        foreach (Option option in (Option[])[Cell, Hidden, Layers, Epochs, Patience]) command.Add(option);
        _hasTokens = hasTokens;
        if (hasTokens)
        {
            command.Add(Embedding);
            command.Add(MaxLength);
        }

        Training.AddTo(command);
    }

    /// <summary>The cell that was asked for.</summary>
    public RecurrentCellKind CellOf(ParseResult parsed) => parsed.GetValue(Cell) ?? DefaultCell;

    /// <summary>Numbers a token; 1 where a task has no tokens.</summary>
    public int EmbeddingOf(ParseResult parsed) => _hasTokens ? parsed.GetValue(Embedding) : 1;

    /// <summary>How to train, where so many examples are there.</summary>
    public TaskTrainingOptions OptionsOf(ParseResult parsed, int examples)
    {
        int batch = parsed.GetValue(Training.Batch);
        long perEpoch = ((long)examples + batch - 1) / batch;
        int iterations = parsed.GetValue(Training.Iterations);
        long all = iterations > 0 ? iterations : perEpoch * parsed.GetValue(Epochs);
        ScheduleKind schedule = parsed.GetValue(Training.Schedule) ?? DefaultSchedule;
        int warmup = parsed.GetValue(Training.Warmup);
        return new TaskTrainingOptions
        {
            Batch = batch,
            Iterations = all,
            ValidateEvery = parsed.GetValue(Training.ValidateEvery),
            Patience = parsed.GetValue(Patience),
            Optimizer = parsed.GetValue(Training.Optimizer) ?? OptimizerKind.Adam,
            LearningRate = parsed.GetValue(Training.LearningRate),
            Momentum = parsed.GetValue(Training.Momentum),
            Schedule = schedule,
            // Little data ends a cosine before the warm-up of much data does.
            WarmupIterations = schedule == ScheduleKind.Cosine ? (int)Math.Min(warmup, all - 1) : warmup,
            Clip = parsed.GetValue(Training.Clip),
            Seed = parsed.GetValue(Training.Seed),
        };
    }

    /// <summary>--validation-data.</summary>
    /// <param name="placeholder">FILE or FOLDER.</param>
    /// <param name="what">What it holds.</param>
    public static Option<string?> ValidationData(string placeholder, string what) => CommandOptions.Text(
        "--validation-data", placeholder, $"{what} to validate on, in place of a share of the data.");

    /// <summary>--encoding; null for UTF-8.</summary>
    public static Option<string?> Encoding() => CommandOptions.Text(
        "--encoding", "NAME", CommandOptions.WithDefault("The encoding of texts: utf-8 or latin1.", "utf-8"));

    /// <summary>How texts are read.</summary>
    public static TextReadOptions ReadOptions(string? encoding)
    {
        try
        {
            Encoding found = TextReadOptions.EncodingOf(encoding ?? "utf-8");
            return new TextReadOptions { Encoding = found };
        }
        catch (ArgumentException)
        {
            throw ToolException.Usage("--encoding", Output.TextConsole.Quote(encoding!), "utf-8 or latin1");
        }
    }
}
