using System.CommandLine;
using HighPerfRnn.Cli.Tasks;
using HighPerfRnn.Data.Images;
using HighPerfRnn.Data.Text;
using HighPerfRnn.Layers;
using HighPerfRnn.Tasks.Captioning;
using HighPerfRnn.Tasks.Decoding;
using HighPerfRnn.Tasks.Training;
using static System.FormattableString;

namespace HighPerfRnn.Cli.Commands.Train;

/// <summary>train caption: what an image shows, in words.</summary>
internal sealed class TrainCaptionCommand
{
    private const int MostSamples = 5;

    // Images that are described for the metrics: enough for a tenth of a percent.
    private const int MostMeasured = 1000;

    private readonly TaskFlags _flags = new(
        new TrainingDefaults
        {
            Batch = 32,
            Iterations = 0,
            LearningRate = 2e-3,
            IsCosine = true,
            Warmup = 100,
            Dropout = 0.3,
            HasDropout = true,
            Validation = 0,
            ValidateEvery = 0,
        },
        RecurrentCellKind.Gru,
        hidden: 192,
        embedding: 64,
        epochs: 100);

    private readonly CaptionData _data = new();
    private readonly TextOptions _text = new("word");
    private readonly Option<int> _size = CommandOptions.Whole("--image-size", 32, 8, 256, "Pixels a side of what features are made of.");
    private readonly Option<int> _cell = CommandOptions.Whole("--image-cell", 4, 2, 64, "Pixels a side of a cell.");
    private readonly Option<double> _augmentation = CommandOptions.Number(
        "--augmentation",
        1,
        value => value is >= 0 and <= 10,
        "a number from 0 to 10",
        "How far training turns, moves, sizes and colours images each time; 0 for not at all.");

    private readonly DecoderOptions _network = new();
    private readonly ToolContext _context;

    private TrainCaptionCommand(ToolContext context)
    {
        _context = context;
    }

    /// <summary>The command.</summary>
    public static Command Create(ToolContext context)
    {
        var train = new TrainCaptionCommand(context);
        var command = new Command("caption", "Train a model that says what an image shows: features of its cells into a decoder.");
        train._data.AddTo(command);
        command.Add(train._data.ValidationData);
        train._text.AddTo(command);
        foreach (Option option in (Option[])[train._size, train._cell, train._augmentation, train._network.Smoothing]) command.Add(option);
        train._flags.AddTo(command);
        command.SetAction(train.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        var images = new ImageFeatureSettings { Size = parsed.GetValue(_size), CellSize = parsed.GetValue(_cell) };
        if (images.Size % images.CellSize != 0)
        {
            throw ToolException.Usage("--image-cell", $"{images.CellSize}", $"a divisor of --image-size {images.Size}");
        }

        using var run = new TaskRun(_context, parsed, _flags, _data.Paths(parsed));
        IReadOnlyList<CaptionItem> items = _data.Read(parsed, images.ThumbnailSize, run.Skips);
        (IReadOnlyList<CaptionItem> training, IReadOnlyList<CaptionItem> validation) =
            run.Split(items, item => item.Path, _data.ReadValidation(parsed, images.ThumbnailSize, run.Skips), "images");
        bool hasValidation = validation.Count > 0;
        // Where each thing is drawn once, nothing is left to set aside: then it is the drawings themselves, as they are, that decide.
        if (!hasValidation) validation = training;
        CaptionModel model = CaptionModel.Create(
            training.Select(item => item.Caption), [.. training.Select(item => item.Image)], images, _text.TokenizerOf(parsed, TextUnit.Word), _network.SettingsOf(parsed, _flags));
        double augmentation = parsed.GetValue(_augmentation);
        CaptionExamples examples = Encode(model, training, ImageAugmentation.Of(augmentation));
        CaptionExamples held = Encode(model, validation, null);
        TaskTrainingOptions options = _flags.OptionsOf(parsed, examples.Count) with { Examples = Invariant($"augmentation {augmentation}") };
        var task = new DecoderTask(model.Network, model.Settings, images.Count, examples, held, options.Batch, run.Workers);
        run.Train(new TaskModelParts(CaptionModel.Kind, model.Metadata, model.SetNames), task, options);
        IReadOnlyList<CaptionItem> measured = [.. validation.Take(MostMeasured)];
        CaptionScores scores = new Captioner(model, new SearchSettings(), Captioner.MostViews).Measure(
            [.. measured.Select(item => item.Image)], [.. measured.Select(item => item.Caption)]);
        foreach ((string name, double value) in scores.ByName) run.Metrics[name] = value;
        string of = hasValidation ? "what was set aside" : "images that it was trained on, as they are";
        return run.Finish(
            new TaskWords("Captions", "loss, nats a token", "images", "steps", of), output => Show(output, model, measured, of), CaptionWords.Describe);
    }

    private static CaptionExamples Encode(CaptionModel model, IReadOnlyList<CaptionItem> items, ImageAugmentation? augmentation) => new(
        [.. items.Select(item => item.Image)],
        [.. items.Select(item => model.Vocabulary.Encode(model.Tokenizer.Split(item.Caption)))],
        model,
        augmentation,
        unchecked(model.Settings.Seed + 4));

    private static void Show(TextWriter output, CaptionModel model, IReadOnlyList<CaptionItem> items, string of)
    {
        output.WriteLine($"What it says of {of}:");
        var captioner = new Captioner(model, new SearchSettings(), Captioner.MostViews);
        foreach (CaptionItem item in items.Take(MostSamples))
        {
            string text = captioner.Describe(item.Image) is [var best, ..] ? best.Text : string.Empty;
            string right = model.Tokenizer.Join(model.Tokenizer.Split(item.Caption));
            output.WriteLine($"  {Path.GetFileName(item.Path)} → {text}{(text == right ? string.Empty : $"   (expected {right})")}");
        }

        output.WriteLine();
    }
}
