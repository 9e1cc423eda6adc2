using System.CommandLine;
using HighPerfRnn.Cli.Commands.Train;
using HighPerfRnn.Cli.Output;
using HighPerfRnn.Data;
using HighPerfRnn.Tasks.Training;
using HighPerfRnn.Threading;
using static System.FormattableString;

namespace HighPerfRnn.Cli.Tasks;

/// <summary>What a file of a model holds beside parameters.</summary>
/// <param name="Kind">What the model is.</param>
/// <param name="Metadata">What predicting needs.</param>
/// <param name="SetNames">A name for each set of parameters.</param>
internal sealed record TaskModelParts(string Kind, IReadOnlyList<KeyValuePair<string, string>> Metadata, IReadOnlyList<string> SetNames);

/// <summary>What a task calls things.</summary>
/// <param name="Title">Of the loss curve.</param>
/// <param name="LossAxis">Of the loss curve.</param>
/// <param name="Items">What it is trained on.</param>
/// <param name="Units">What its speed counts.</param>
/// <param name="Measured">What metrics are of.</param>
internal sealed record TaskWords(string Title, string LossAxis, string Items, string Units, string Measured = "what was set aside");

/// <summary>What every task's training command does around its own: files, threads, resuming, the report.</summary>
internal sealed class TaskRun : IDisposable
{
    private readonly ToolContext _context;
    private readonly ParseResult _parsed;
    private readonly TaskFlags _flags;
    private readonly string _plotPath;
    private TaskTraining? _training;
    private TaskTrainer? _trainer;
    private bool _isDone;

    /// <summary>Checks that the model can be written, and stands on none of the data.</summary>
    public TaskRun(ToolContext context, ParseResult parsed, TaskFlags flags, IEnumerable<string> dataPaths)
    {
        _context = context;
        _parsed = parsed;
        _flags = flags;
        ModelPath = parsed.GetValue(flags.Training.Out) ?? TrainingFlags.DefaultModelPath;
        _plotPath = Path.ChangeExtension(ModelPath, ".png");
        OutputFile.ThrowIfNotWritable("--out", ModelPath);
        foreach (string read in dataPaths)
        {
            if (File.Exists(read) && OutputFile.AreSame(read, ModelPath))
            {
                throw ToolException.Usage("--out", $"{TextConsole.Quote(ModelPath)}, which is data", "another file");
            }
        }

        Workers = new WorkerGroup(parsed.GetValue(flags.Training.Threads));
    }

    /// <summary>The file of --out.</summary>
    public string ModelPath { get; }

    /// <summary>The threads of --threads.</summary>
    public WorkerGroup Workers { get; }

    /// <summary>What was passed over.</summary>
    public DataSkips Skips { get; } = new();

    /// <summary>Of the best model on what was set aside; none without it. The command adds its own.</summary>
    public SortedDictionary<string, double> Metrics { get; } = new(StringComparer.Ordinal);

    /// <summary>Says what was passed over.</summary>
    public static void Warn(ToolContext context, DataSkips skips)
    {
        if (skips.Count > 0) context.Warn($"skipped {TextConsole.OneLine(skips.Describe())}");
    }

    /// <summary>Sets the share of --validation aside; items of one key stay together, or what is measured would be known.</summary>
    /// <param name="items">All items.</param>
    /// <param name="keyOf">What items are told apart by.</param>
    /// <param name="given">What --validation-data gave in place of a share; null for none.</param>
    /// <param name="keysName">What keys are, for an error.</param>
    public (IReadOnlyList<T> Training, IReadOnlyList<T> Validation) Split<T>(
        IReadOnlyList<T> items, Func<T, string> keyOf, IReadOnlyList<T>? given, string keysName)
    {
        if (given is not null) return (items, given);
        double share = _parsed.GetValue(_flags.Training.Validation);
        (IReadOnlyList<T> training, IReadOnlyList<T> validation) = ValidationSplit.Draw(items, keyOf, share, _parsed.GetValue(_flags.Training.Seed));
        if (share > 0 && (validation.Count == 0 || training.Count == 0))
        {
            throw ToolException.Usage(
                "--validation", $"{validation.Count} of {items.Count} {keysName}", "at least one, and not all; or --validation 0 for none");
        }

        return (training, validation);
    }

    /// <summary>Trains until all is done or a stop is asked for; the task then has the best parameters.</summary>
    /// <param name="model">What its file holds.</param>
    /// <param name="task">What is trained.</param>
    /// <param name="options">How.</param>
    public void Train(TaskModelParts model, ITrainableTask task, TaskTrainingOptions options)
    {
        Warn(_context, Skips);
        var trainer = new TaskTrainer(task, options, Workers);
        if (_parsed.GetValue(_flags.Training.Resume)) Resume(model, trainer);
        _trainer = trainer;
        _training = new TaskTraining(trainer, () => TaskCheckpoint.Save(ModelPath, model.Kind, model.Metadata, model.SetNames, trainer));
        _isDone = _training.Run(_context);
        trainer.RestoreBest();
        TaskScore score = trainer.BestScore ?? task.Validate();
        if (!double.IsFinite(score.Loss)) return;
        Metrics["loss"] = score.Loss;
        foreach ((string name, double value) in score.Metrics) Metrics[name] = value;
    }

    /// <summary>Prints what came of it.</summary>
    /// <param name="words">What the task calls things.</param>
    /// <param name="samples">Prints what the model does with some of it.</param>
    /// <param name="describe">Metrics in a line.</param>
    /// <returns>The exit code.</returns>
    public int Finish(
        TaskWords words,
        Action<TextWriter> samples,
        Func<IReadOnlyDictionary<string, double>, string> describe)
    {
        TaskTrainingReport report = Report();
        bool hasPlot = LossPlot.TrySave(_context, _plotPath, _training!.Curve, words.Title, words.LossAxis);
        if (_parsed.GetValue(_flags.Training.Json)) Json.Write(_context.Output, report, Json.Default.TaskTrainingReport);
        else Print(report, words, samples, describe, hasPlot);
        if (_isDone) return ExitCode.Done;
        _context.Error.WriteLine($"hprnn: stopped after iteration {report.Iterations}; saved {ModelPath}; the same command with --resume goes on.");
        return ExitCode.Stopped;
    }

    /// <inheritdoc/>
    public void Dispose() => Workers.Dispose();

    private void Resume(TaskModelParts model, TaskTrainer trainer)
    {
        if (!File.Exists(ModelPath)) throw ToolException.Usage($"--out {TextConsole.Quote(ModelPath)}", "no such file", "the model to --resume");
        TaskCheckpoint.Load(ModelPath, model.Kind, model.Metadata, model.SetNames, trainer);
    }

    private TaskTrainingReport Report()
    {
        TaskTraining run = _training!;
        double seconds = run.Seconds;
        return new TaskTrainingReport(
            run.Items,
            seconds,
            seconds > 0 ? run.Items / seconds : 0,
            Metrics,
            _trainer!.Task.ParameterSets.Sum(set => set.Parameters.Sum(parameter => (long)parameter.Length)),
            run.AllocatedBytesPerIteration,
            ModelPath,
            _trainer.Iteration,
            _trainer.BestIteration,
            run.Units,
            seconds > 0 ? run.Units / seconds : 0,
            Skips.Count,
            Workers.Count);
    }

    private void Print(
        TaskTrainingReport report,
        TaskWords words,
        Action<TextWriter> samples,
        Func<IReadOnlyDictionary<string, double>, string> describe,
        bool hasPlot)
    {
        TextWriter output = _context.Output;
        samples(output);
        output.WriteLine(Invariant($"{report.Iterations} iterations, {report.Parameters:N0} parameters, {report.Threads} threads"));
        output.WriteLine(Invariant($"{report.Items:N0} {words.Items} in {report.Seconds:0.0} s: {report.UnitsPerSecond:N0} {words.Units} a second"));
        output.WriteLine(Invariant($"{report.AllocatedBytesPerIteration:0} bytes allocated an iteration"));
        if (report.Validation.Count > 0) output.WriteLine($"On {words.Measured}: {describe(report.Validation)}");
        output.WriteLine($"Model: {report.Model}, the best, of iteration {report.BestIteration}{(hasPlot ? $"; loss curve: {_plotPath}" : string.Empty)}");
    }
}
