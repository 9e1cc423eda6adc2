using System.CommandLine;
using HighPerfRnn.Cli.Output;
using HighPerfRnn.Cli.Tasks;
using HighPerfRnn.Layers;
using HighPerfRnn.Tasks.Labelling;
using HighPerfRnn.Tasks.Tagging;
using HighPerfRnn.Tasks.Training;
using static System.FormattableString;

namespace HighPerfRnn.Cli.Commands.Train;

/// <summary>train tag: a label for every frame.</summary>
internal sealed class TrainTagCommand
{
    private readonly TaskFlags _flags = new(
        new TrainingDefaults
        {
            Batch = 16,
            Iterations = 0,
            LearningRate = 3e-3,
            IsCosine = true,
            Warmup = 50,
            Dropout = 0.2,
            HasDropout = true,
            Validation = 0.1,
            ValidateEvery = 0,
        },
        RecurrentCellKind.Gru,
        hidden: 192,
        embedding: 1,
        epochs: 20);

    private readonly TagData _data = new();
    private readonly LabelOptions _labels = new(PoolingKind.Last);
    private readonly Option<int> _window = CommandOptions.Whole(
        "--window", 500, 1, 1_000_000, "The most frames that are trained on at a stretch; 1 for a model that sees one frame at a time.");

    private readonly Option<int> _size = CommandOptions.Whole("--image-size", 16, 4, 128, "Pixels a side that images are scaled to.");
    private readonly Option<double> _noise = CommandOptions.Number(
        "--noise", 0, value => value is >= 0 and <= 10, "a number from 0 to 10", "The deviation of what training adds to each number, in deviations of its column.");

    private readonly ToolContext _context;

    private TrainTagCommand(ToolContext context)
    {
        _context = context;
    }

    /// <summary>The command.</summary>
    public static Command Create(ToolContext context)
    {
        var train = new TrainTagCommand(context);
        var command = new Command("tag", "Train a model that labels every frame of numbers, sound or video; of labels without times it learns their order (CTC).");
        train._data.AddTo(command);
        command.Add(train._data.ValidationData);
        train._labels.AddTo(command);
        command.Add(train._window);
        command.Add(train._size);
        command.Add(train._noise);
        train._flags.AddTo(command, hasTokens: false);
        command.SetAction(train.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        using var run = new TaskRun(_context, parsed, _flags, _data.Paths(parsed));
        (TagFeatures features, IReadOnlyList<TagSequence> sequences) =
            _data.Read(parsed, null, parsed.GetValue(_flags.Training.Seed), parsed.GetValue(_size));
        (IReadOnlyList<TagSequence> training, IReadOnlyList<TagSequence> validation) =
            run.Split(sequences, sequence => sequence.Name, _data.ReadValidation(parsed, features), "sequences");
        TaggingModel model = TaggingModel.Create(features, training, _labels.SettingsOf(parsed, _flags));
        int window = parsed.GetValue(_window);
        NumberSequences examples = model.Encode(training, window, run.Skips, parsed.GetValue(_noise)), held = model.Encode(validation, window, run.Skips);
        if (examples.Count == 0) throw ToolException.Usage("--data", "no sequence that can be trained on", "one at least");
        TaskTrainingOptions options = _flags.OptionsOf(parsed, examples.Count) with { Examples = Invariant($"window {window}, noise {parsed.GetValue(_noise)}") };
        var task = new LabelTask(model.Network, model.Settings, model.Scaling.Columns.Count, examples, held, options.Batch, workers: run.Workers);
        run.Train(new TaskModelParts(TaggingModel.Kind, model.Metadata, model.SetNames), task, options);
        string plotPath = Path.ChangeExtension(run.ModelPath, ".timeline.png");
        if (held.Count > 0)
        {
            IReadOnlyList<TaggedSequence> found = Tagger.Predict(model, held, run.Workers);
            foreach ((string name, double value) in TagReport.ByName(model, held, found)) run.Metrics[name] = value;
            if (model.HasTimes) Draw(_context, plotPath, model, held, found[0], "A sequence that was set aside");
        }

        return run.Finish(
            new TaskWords("Labels of frames", "loss, nats a label", "sequences", "frames"), _ => { }, TagReport.Describe);
    }

    /// <summary>Draws what is right and what was found of a sequence.</summary>
    internal static void Draw(ToolContext context, string path, TaggingModel model, NumberSequences examples, TaggedSequence found, string title)
    {
        string[] right = [.. examples.Labels(found.Example).ToArray().Select(label => model.Labels[label])];
        string[] predicted = [.. found.Labels.Select(label => model.Labels[label])];
        TimelinePlot.TrySave(context, path, title, [("right", right), ("found", predicted)], model.Labels, model.Features.Background);
    }
}
