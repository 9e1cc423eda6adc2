using System.CommandLine;
using HighPerfRnn.Cli.Tasks;
using HighPerfRnn.Data.Metrics;
using HighPerfRnn.Data.Text;
using HighPerfRnn.Layers;
using HighPerfRnn.Tasks.Decoding;
using HighPerfRnn.Tasks.Training;
using HighPerfRnn.Tasks.Translation;

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
    private readonly DecoderOptions _network = new();
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
        command.Add(train._data.ValidationData);
        foreach (Option option in (Option[])[train._sourceLevel, train._targetLevel, train._lower, train._minimumCount, train._vocabulary, train._network.Smoothing])
        {
            command.Add(option);
        }

        train._flags.AddTo(command);
        command.SetAction(train.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        using var run = new TaskRun(_context, parsed, _flags, _data.Paths(parsed));
        IReadOnlyList<TextPair> pairs = _data.Read(parsed, run.Skips);
        (IReadOnlyList<TextPair> training, IReadOnlyList<TextPair> validation) =
            run.Split(pairs, pair => pair.Source, _data.ReadValidation(parsed, run.Skips), "sources");
        TranslationModel model = TranslationModel.Create(training, TokensOf(parsed), _network.SettingsOf(parsed, _flags));
        int most = parsed.GetValue(_flags.MaxLength);
        TokenPairs examples = model.Encode(training, most, run.Skips), held = model.Encode(validation, most, run.Skips);
        if (examples.Count == 0) throw ToolException.Usage("--max-length", $"no pair of at most {most} tokens", "one at least");
        TaskTrainingOptions options = _flags.OptionsOf(parsed, examples.Count);
        var task = new DecoderTask(model.Network, model.Settings, inputSize: 0, examples, held, options.Batch, run.Workers);
        run.Train(new TaskModelParts(TranslationModel.Kind, model.Metadata, model.SetNames), task, options);
        IReadOnlyList<TranslationItem> items = [.. TranslationEvaluation.Items(validation).Take(MostMeasured)];
        foreach ((string name, double value) in Measure(model, items, most)) run.Metrics[name] = value;
        return run.Finish(
            new TaskWords("Translation", "loss, nats a token", "pairs", "tokens"),
            output => Show(output, model, items),
            TranslateOptions.Describe);
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

    private static IReadOnlyDictionary<string, double> Measure(TranslationModel model, IReadOnlyList<TranslationItem> items, int most)
    {
        if (items.Count == 0) return new Dictionary<string, double>();
        var translator = new Translator(model, new SearchSettings { MaxLength = most }, most);
        return TranslationEvaluation.Measure(translator, items, model.Tokens.Target, BleuTokenization.None).ByName;
    }

    private static void Show(TextWriter output, TranslationModel model, IReadOnlyList<TranslationItem> items)
    {
        if (items.Count == 0) return;
        output.WriteLine("What it makes of texts that it was not trained on:");
        var translator = new Translator(model, new SearchSettings());
        foreach (TranslationItem item in items.Take(MostSamples))
        {
            string text = translator.Translate(item.Source) is [var best, ..] ? best.Text : string.Empty;
            output.WriteLine($"  {item.Source} → {text}{(item.Targets.Contains(text) ? string.Empty : $"   (expected {item.Targets[0]})")}");
        }

        output.WriteLine();
    }
}
