using System.CommandLine;
using HighPerfRnn.Cli.Output;
using HighPerfRnn.Cli.Tasks;
using HighPerfRnn.Data.Metrics;
using HighPerfRnn.Data.Text;
using HighPerfRnn.Layers;
using HighPerfRnn.Tasks.Classification;
using HighPerfRnn.Tasks.Labelling;
using HighPerfRnn.Tasks.Training;
using static System.FormattableString;

namespace HighPerfRnn.Cli.Commands.Train;

/// <summary>train classify: one class for a text.</summary>
internal sealed class TrainClassifyCommand
{
    private const int MostSamples = 5;

    private readonly TaskFlags _flags = new(
        new TrainingDefaults
        {
            Batch = 32,
            Iterations = 0,
            LearningRate = 5e-3,
            IsCosine = true,
            Warmup = 50,
            Dropout = 0.3,
            HasDropout = true,
            Validation = 0.1,
            ValidateEvery = 0,
        },
        RecurrentCellKind.Gru,
        hidden: 128,
        embedding: 64,
        epochs: 20,
        maxLength: 1000);

    private readonly ClassificationData _data = new();
    private readonly TextOptions _text = new("word; char for the default data");
    private readonly LabelOptions _labels = new(PoolingKind.Mean);
    private readonly Option<double> _tokenDropout = CommandOptions.Number(
        "--token-dropout", 0.1, value => value is >= 0 and < 1, "a number from 0 to below 1", "The probability that training reads a token as an unknown one.");

    private readonly Option<string?> _vectors = CommandOptions.Text(
        "--vectors", "FILE", "First vectors of words in the text format of GloVe or word2vec, of --embedding numbers.");

    private readonly Option<bool> _weights = CommandOptions.Switch(
        "--class-weights", "Every class counts the same in the loss, however rare its texts.");

    private readonly SeriesOptions _series = new();
    private readonly ToolContext _context;

    private TrainClassifyCommand(ToolContext context)
    {
        _context = context;
    }

    /// <summary>The command.</summary>
    public static Command Create(ToolContext context)
    {
        var train = new TrainClassifyCommand(context);
        var command = new Command("classify", "Train a model that gives a text its class: recurrent layers, pooling, a softmax.");
        train._data.AddTo(command);
        command.Add(train._data.ValidationData);
        train._text.AddTo(command);
        train._labels.AddTo(command);
        train._series.AddTo(command);
        foreach (Option option in (Option[])[train._labels.Pooling, train._tokenDropout, train._vectors, train._weights]) command.Add(option);
        train._flags.AddTo(command);
        command.SetAction(train.Run);
        return command;
    }

    private LabelSettings SettingsOf(ParseResult parsed) => _labels.SettingsOf(parsed, _flags) with
    {
        Pooling = parsed.GetValue(_labels.Pooling) ?? PoolingKind.Mean,
        TokenDropout = parsed.GetValue(_tokenDropout),
    };

    private int Run(ParseResult parsed)
    {
        ForecastRequest? request = _series.RequestOf(parsed);
        if (!parsed.GetValue(_series.Sequences)) return request is null ? RunTexts(parsed) : throw ToolException.Usage("--target-columns", "it alone", "--sequences with it");
        var series = new SeriesTraining(_context, _flags, _data, SettingsOf(parsed));
        return request is null ? series.RunClasses(parsed, parsed.GetValue(_weights)) : series.RunForecast(parsed, request);
    }

    private int RunTexts(ParseResult parsed)
    {
        using var run = new TaskRun(_context, parsed, _flags, _data.Paths(parsed));
        IReadOnlyList<LabelledText> texts = _data.Read(parsed, run.Skips);
        (IReadOnlyList<LabelledText> training, IReadOnlyList<LabelledText> validation) =
            run.Split(texts, text => text.Text, _data.ReadValidation(parsed, run.Skips), "texts");
        ClassificationModel model = TextClassifier.Create(
            training,
            _text.TokenizerOf(parsed, _data.IsDefault(parsed) ? TextUnit.Character : TextUnit.Word),
            parsed.GetValue(_text.MinimumCount),
            parsed.GetValue(_text.Vocabulary),
            SettingsOf(parsed));
        if (parsed.GetValue(_vectors) is string vectors)
        {
            int found = model.TakeVectors(vectors);
            _context.Error.WriteLine($"hprnn: {found} of {model.Text!.Vocabulary.Tokens.Count} tokens start from {TextConsole.Quote(vectors)}.");
        }

        int most = parsed.GetValue(_flags.MaxLength);
        TokenClasses examples = TextClassifier.Encode(model, training, most, run.Skips), held = TextClassifier.Encode(model, validation, most, run.Skips);
        if (examples.Count == 0) throw ToolException.Usage("--max-length", $"no text of at most {most} tokens", "one at least");
        TaskTrainingOptions options = _flags.OptionsOf(parsed, examples.Count) with
        {
            Examples = Invariant($"token dropout {parsed.GetValue(_tokenDropout)}, class weights {parsed.GetValue(_weights)}"),
        };
        float[] weights = parsed.GetValue(_weights) ? LabelWeights.Balanced(examples, model.Classes.Count) : [];
        var task = new LabelTask(model.Network, model.Settings, inputSize: 0, examples, held, options.Batch, weights, run.Workers);
        run.Train(new TaskModelParts(ClassificationModel.Kind, model.Metadata, model.SetNames), task, options);
        if (held.Count > 0)
        {
            ClassificationMetrics metrics = TextClassifier.Measure(model, held, run.Workers);
            foreach ((string name, double value) in ClassificationReport.ByName(metrics, model.Classes)) run.Metrics[name] = value;
            HeatMapPlot.TrySave(_context, ClassificationReport.PlotPath(run.ModelPath), HeatMap.Of(metrics, model.Classes));
        }

        return run.Finish(
            new TaskWords("Classification", "loss, nats a text", "texts", "tokens"),
            output => Show(output, model, validation),
            ClassificationReport.Describe);
    }

    private static void Show(TextWriter output, ClassificationModel model, IReadOnlyList<LabelledText> validation)
    {
        if (validation.Count == 0) return;
        output.WriteLine("What it makes of texts that it was not trained on:");
        foreach (LabelledText text in validation.Take(MostSamples))
        {
            string found = TextClassifier.Classify(model, text.Text) is [var best, ..] ? ClassificationReport.Describe(best) : "nothing";
            string expected = found.StartsWith($"{text.Label} ", StringComparison.Ordinal) ? string.Empty : $"   (expected {text.Label})";
            output.WriteLine($"  {TextConsole.OneLine(ClassificationReport.Shorten(text.Text))} → {found}{expected}");
        }

        output.WriteLine();
    }
}
