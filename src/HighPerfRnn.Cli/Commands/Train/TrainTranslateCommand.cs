using System.CommandLine;
using HighPerfRnn.Cli.Output;
using HighPerfRnn.Cli.Tasks;
using HighPerfRnn.Data;
using HighPerfRnn.Data.Metrics;
using HighPerfRnn.Data.Text;
using HighPerfRnn.Layers;
using HighPerfRnn.Tasks.Decoding;
using HighPerfRnn.Tasks.Training;
using HighPerfRnn.Tasks.Translation;
using HighPerfRnn.Threading;
using static System.FormattableString;

namespace HighPerfRnn.Cli.Commands.Train;

/// <summary>train translate: an encoder-decoder with attention, from one text to another.</summary>
internal sealed class TrainTranslateCommand
{
    private const int MostSamples = 5;

    // Targets of a validation part that are written for its metrics: enough for a tenth of a percent of a word's errors.
    private const int MostMeasured = 1000;

    private readonly TaskFlags _flags = new(
        new TrainingDefaults
        {
            Batch = 64,
            Iterations = 0,
            LearningRate = 2e-3,
            IsCosine = true,
            Warmup = 100,
            Dropout = 0.2,
            HasDropout = true,
            ValidateEvery = 0,
        },
        RecurrentCellKind.Gru,
        hidden: 128,
        embedding: 64,
        epochs: 10);

    private readonly TranslationData _data = new();
    private readonly Option<TextUnit?> _sourceLevel = TranslateOptions.Level("--source-level", "Tokens of sources.");
    private readonly Option<TextUnit?> _targetLevel = TranslateOptions.Level("--target-level", "Tokens of targets.");
    private readonly Option<int> _minimumCount = CommandOptions.Whole("--min-count", 1, 1, 1_000_000, "How often a token must come to be known.");
    private readonly Option<int> _vocabulary = CommandOptions.Whole("--vocabulary", 50_000, 1, 1 << 24, "How many tokens are known at most.");
    private readonly Option<double> _smoothing = CommandOptions.Number(
        "--label-smoothing", 0.1, value => value is >= 0 and < 1, "a number from 0 to below 1", "Of the loss.");

    private readonly Option<bool> _lower = CommandOptions.Switch("--lower-case", "Take texts in lower case.");
    private readonly ToolContext _context;

    private TrainTranslateCommand(ToolContext context)
    {
        _context = context;
    }

    /// <summary>The command.</summary>
    public static Command Create(ToolContext context)
    {
        var train = new TrainTranslateCommand(context);
        var command = new Command("translate", "Train a model that makes one text of another: an encoder-decoder with attention.");
        train._data.AddTo(command);
        foreach (Option option in (Option[])[train._sourceLevel, train._targetLevel, train._lower, train._minimumCount, train._vocabulary, train._smoothing])
        {
            command.Add(option);
        }

        train._flags.AddTo(command);
        command.SetAction(train.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        string path = parsed.GetValue(_flags.Training.Out) ?? TrainingFlags.DefaultModelPath;
        string plotPath = Path.ChangeExtension(path, ".png");
        OutputFile.ThrowIfNotWritable("--out", path);
        foreach (string read in _data.Paths(parsed))
        {
            if (File.Exists(read) && OutputFile.AreSame(read, path)) throw ToolException.Usage("--out", $"{TextConsole.Quote(path)}, which is data", "another file");
        }

        var skips = new DataSkips();
        IReadOnlyList<TextPair> pairs = _data.Read(parsed, skips);
        ulong seed = parsed.GetValue(_flags.Training.Seed);
        (IReadOnlyList<TextPair> training, IReadOnlyList<TextPair> validation) =
            TranslationData.Split(pairs, parsed.GetValue(_flags.Training.Validation), seed);
        TranslationModel model = TranslationModel.Create(training, TokensOf(parsed), SettingsOf(parsed));
        int most = parsed.GetValue(_flags.MaxLength);
        TokenPairs examples = model.Encode(training, most, skips), held = model.Encode(validation, most, skips);
        if (examples.Count == 0) throw ToolException.Usage("--max-length", $"no pair of at most {most} tokens", "one at least");
        TranslationData.Warn(_context, skips);
        using var workers = new WorkerGroup(parsed.GetValue(_flags.Training.Threads));
        TaskTrainingOptions options = _flags.OptionsOf(parsed, examples.Count);
        var task = new DecoderTask(model.Network, model.Settings, inputSize: 0, examples, held, options.Batch, workers);
        var trainer = new TaskTrainer(task, options, workers);
        if (parsed.GetValue(_flags.Training.Resume)) Resume(path, model, trainer);
        var run = new TaskTraining(trainer, () => TaskCheckpoint.Save(path, TranslationModel.Kind, model.Metadata, model.SetNames, trainer));
        bool isDone = run.Run(_context);
        trainer.RestoreBest();
        IReadOnlyList<TranslationItem> items = [.. TranslationEvaluation.Items(validation).Take(MostMeasured)];
        TaskTrainingReport report = Report(run, trainer, items, model, path, skips.Count, workers.Count, most);
        bool hasPlot = LossPlot.TrySave(_context, plotPath, run.Curve, "Translation", "loss, nats a token");
        if (parsed.GetValue(_flags.Training.Json)) Json.Write(_context.Output, report, Json.Default.TaskTrainingReport);
        else Print(report, model, items, hasPlot ? plotPath : null);
        if (isDone) return ExitCode.Done;
        _context.Error.WriteLine($"hprnn: stopped after iteration {report.Iterations}; saved {path}; the same command with --resume goes on.");
        return ExitCode.Stopped;
    }

    private TranslationTokens TokensOf(ParseResult parsed)
    {
        // The embedded pairs are letters on one side and phonemes, with spaces between, on the other.
        bool isDefault = _data.IsDefault(parsed);
        return new TranslationTokens
        {
            Source = new TextTokenizer
            {
                Unit = parsed.GetValue(_sourceLevel) ?? (isDefault ? TextUnit.Character : TextUnit.Word),
                LowerCase = parsed.GetValue(_lower),
            },
            Target = new TextTokenizer { Unit = parsed.GetValue(_targetLevel) ?? TextUnit.Word, LowerCase = parsed.GetValue(_lower) },
            MinimumCount = parsed.GetValue(_minimumCount),
            MaximumVocabulary = parsed.GetValue(_vocabulary),
        };
    }

    private DecoderSettings SettingsOf(ParseResult parsed) => new()
    {
        Cell = _flags.CellOf(parsed),
        HiddenSize = parsed.GetValue(_flags.Hidden),
        Layers = parsed.GetValue(_flags.Layers),
        EmbeddingSize = parsed.GetValue(_flags.Embedding),
        Dropout = parsed.GetValue(_flags.Training.Dropout),
        LabelSmoothing = parsed.GetValue(_smoothing),
        Seed = parsed.GetValue(_flags.Training.Seed),
    };

    private static void Resume(string path, TranslationModel model, TaskTrainer trainer)
    {
        if (!File.Exists(path)) throw ToolException.Usage($"--out {TextConsole.Quote(path)}", "no such file", "the model to --resume");
        TaskCheckpoint.Load(path, TranslationModel.Kind, model.Metadata, model.SetNames, trainer);
    }

    private static TaskTrainingReport Report(
        TaskTraining run,
        TaskTrainer trainer,
        IReadOnlyList<TranslationItem> items,
        TranslationModel model,
        string path,
        int skipped,
        int threads,
        int most)
    {
        var metrics = new Dictionary<string, double>();
        if (items.Count > 0)
        {
            metrics["loss"] = -trainer.BestDecisive;
            var translator = new Translator(model, new SearchSettings { MaxLength = most }, most);
            TranslationScores scores = TranslationEvaluation.Measure(translator, items, model.Tokens.Target, BleuTokenization.None);
            foreach ((string name, double value) in scores.ByName) metrics[name] = value;
        }

        double seconds = run.Seconds;
        return new TaskTrainingReport(
            run.Items,
            seconds,
            seconds > 0 ? run.Items / seconds : 0,
            metrics,
            model.Network.ParameterSets.Sum(set => set.Parameters.Sum(parameter => (long)parameter.Length)),
            run.AllocatedBytesPerIteration,
            path,
            trainer.Iteration,
            trainer.BestIteration,
            run.Units,
            seconds > 0 ? run.Units / seconds : 0,
            skipped,
            threads);
    }

    private void Print(TaskTrainingReport report, TranslationModel model, IReadOnlyList<TranslationItem> items, string? plotPath)
    {
        TextWriter output = _context.Output;
        if (items.Count > 0)
        {
            output.WriteLine("What it makes of texts that it was not trained on:");
            var translator = new Translator(model, new SearchSettings());
            foreach (TranslationItem item in items.Take(MostSamples))
            {
                string text = translator.Translate(item.Source) is [var best, ..] ? best.Text : string.Empty;
                output.WriteLine($"  {item.Source} → {text}{(item.Targets.Contains(text) ? string.Empty : $"   (expected {item.Targets[0]})")}");
            }

            output.WriteLine();
        }

        output.WriteLine(Invariant($"{report.Iterations} iterations, {report.Parameters:N0} parameters, {report.Threads} threads"));
        output.WriteLine(Invariant($"{report.Items:N0} pairs in {report.Seconds:0.0} s: {report.UnitsPerSecond:N0} tokens a second"));
        output.WriteLine(Invariant($"{report.AllocatedBytesPerIteration:0} bytes allocated an iteration"));
        if (items.Count > 0) output.WriteLine($"On {items.Count} texts set aside: {TranslateOptions.Describe(report.Validation)}");
        output.WriteLine($"Model: {report.Model}, the best, of iteration {report.BestIteration}{(plotPath is null ? string.Empty : $"; loss curve: {plotPath}")}");
    }
}
