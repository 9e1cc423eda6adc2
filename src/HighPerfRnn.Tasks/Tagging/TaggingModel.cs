using System.Globalization;
using HighPerfRnn.Data;
using HighPerfRnn.Data.Audio;
using HighPerfRnn.Formats;
using HighPerfRnn.Models;
using HighPerfRnn.Tasks.Labelling;
using HighPerfRnn.Tasks.Training;

namespace HighPerfRnn.Tasks.Tagging;

/// <summary>A model that labels every frame of a sequence, or, trained on labels without times, gives them in their order.</summary>
public sealed class TaggingModel
{
    /// <summary>What its files are called.</summary>
    public const string Kind = "tagging";

    private const string LabelSeparator = "\n";

    /// <summary>A model of these parts; its parameters are zeros.</summary>
    /// <param name="features">How frames become numbers.</param>
    /// <param name="scaling">Their columns and scales.</param>
    /// <param name="labels">Names of the labels.</param>
    /// <param name="settings">Sizes of the network; <see cref="LabelLoss.Ctc"/> for labels without times.</param>
    /// <param name="isTrainable">Whether there is a backward pass.</param>
    public TaggingModel(TagFeatures features, NumberScaling scaling, IReadOnlyList<string> labels, LabelSettings settings, bool isTrainable = true)
    {
        ArgumentNullException.ThrowIfNull(features);
        ArgumentNullException.ThrowIfNull(scaling);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(settings);
        Features = features;
        Scaling = scaling;
        Labels = labels;
        Settings = settings with { Pooling = null };
        Network = LabelNetworks.OfNumbers(Settings, scaling.Columns.Count, labels.Count + FirstClass, isTrainable);
    }

    /// <summary>How frames become numbers.</summary>
    public TagFeatures Features { get; }

    /// <summary>The columns of a frame and their scales.</summary>
    public NumberScaling Scaling { get; }

    /// <summary>Names of the labels.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>Sizes of the network.</summary>
    public LabelSettings Settings { get; }

    /// <summary>The network.</summary>
    public SequenceClassifier<float> Network { get; }

    /// <summary>Whether frames have labels; else sequences have.</summary>
    public bool HasTimes => Settings.Loss != LabelLoss.Ctc;

    /// <summary>A name for each of the network's sets of parameters.</summary>
    public IReadOnlyList<string> SetNames => LabelFile.SetNames(Network);

    /// <summary>What a file of the model says beside parameters.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Metadata =>
    [
        .. LabelFile.Metadata(Settings),
        new("source", Features.Source.ToString()),
        new("sample_rate", Text(Features.Mel.SampleRate)),
        new("filters", Text(Features.Mel.Filters)),
        new("image_size", Text(Features.ImageSize)),
        new("background", Features.Background),
        new("scaling", Scaling.Save()),
        new("labels", string.Join(LabelSeparator, Labels)),
    ];

    /// <summary>The class of the first label: CTC has its blank before it.</summary>
    internal int FirstClass => HasTimes ? 0 : 1;

    /// <summary>A new model of the labels of these sequences, with first parameters that the settings' seed decides.</summary>
    /// <param name="features">How frames became numbers.</param>
    /// <param name="sequences">What it will be trained on.</param>
    /// <param name="settings">Sizes.</param>
    public static TaggingModel Create(TagFeatures features, IReadOnlyList<TagSequence> sequences, LabelSettings settings)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        ArgumentNullException.ThrowIfNull(settings);
        var scaling = NumberScaling.Of(sequences[0].Columns, sequences.Select(sequence => (ReadOnlyMemory<float>)sequence.Features));
        string[] labels = [.. sequences.SelectMany(sequence => sequence.Labels).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        var model = new TaggingModel(
            features, scaling, labels, settings with { Loss = sequences[0].HasTimes ? LabelLoss.Classes : LabelLoss.Ctc });
        TaskInitialization.Initialize(model.Network.ParameterSets, settings.Seed);
        model.Network.Repack();
        return model;
    }

    /// <summary>Reads a model for use.</summary>
    /// <exception cref="ModelFormatException">The file is no such model.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static TaggingModel Load(string path)
    {
        using TaskModelFile file = TaskModelFile.Open(path, Kind);
        LabelSettings settings = LabelFile.Settings(file);
        var features = new TagFeatures
        {
            Source = file.Choice<TagSource>("source"),
            Mel = new MelSettings { SampleRate = file.Whole("sample_rate", 1, 1_000_000), Filters = file.Whole("filters", 1, 1024) },
            ImageSize = file.Whole("image_size", 1, 1024),
            Background = file.Text("background"),
        };
        // Settings that no features can be made of are the file's fault, not the first sound's.
        if (features.Source == TagSource.Sound) file.Parse("filters", _ => new MelFeatures(features.Mel));
        string[] labels = file.Text("labels").Split(LabelSeparator);
        LabelFile.RequireSizes(file, settings, 0, labels.Length + (settings.Loss == LabelLoss.Ctc ? 1 : 0));
        var model = new TaggingModel(features, file.Parse("scaling", NumberScaling.Parse), labels, settings, isTrainable: false);
        file.Read(LabelFile.Sets(model.Network));
        model.Network.Repack();
        return model;
    }

    /// <summary>
    /// Sequences as examples, in pieces of a window at most; sequences with labels unseen in training, and those too short for the labels
    /// that they have without times, are skipped and counted.
    /// </summary>
    /// <param name="sequences">Frames with labels.</param>
    /// <param name="window">The most frames of a piece; of labels without times the whole is taken.</param>
    /// <param name="skips">Takes what is passed over.</param>
    /// <param name="noise">The deviation of what training adds to each number, after scaling.</param>
    /// <exception cref="DataException">A sequence has another number of numbers a frame than the model.</exception>
    public NumberSequences Encode(IReadOnlyList<TagSequence> sequences, int window, DataSkips skips, double noise = 0)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        ArgumentNullException.ThrowIfNull(skips);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(window);
        var numbers = Labels.Select((name, number) => (name, number)).ToDictionary(pair => pair.name, pair => pair.number + FirstClass, StringComparer.Ordinal);
        var pieces = new List<ReadOnlyMemory<float>>();
        var labels = new List<int[]>();
        int width = Scaling.Columns.Count;
        foreach (TagSequence sequence in sequences)
        {
            if (sequence.Columns.Count != width) throw DataException.At(sequence.Name, $"{sequence.Columns.Count} numbers a frame", $"{width}, as in training");
            if (Array.Find(sequence.Labels, label => !numbers.ContainsKey(label)) is string unseen)
            {
                skips.Add($"label unseen in training, '{unseen}'", sequence.Name);
                continue;
            }

            int[] classes = Array.ConvertAll(sequence.Labels, label => numbers[label]);
            if (!HasTimes && classes.Length > sequence.Frames)
            {
                skips.Add("more labels than frames", sequence.Name);
                continue;
            }

            float[] scaled = [.. sequence.Features];
            Scaling.Scale(scaled);
            int step = HasTimes ? window : sequence.Frames;
            for (int start = 0; start < sequence.Frames; start += step)
            {
                int frames = Math.Min(step, sequence.Frames - start);
                pieces.Add(scaled.AsMemory(start * width, frames * width));
                labels.Add(HasTimes && classes.Length > 0 ? classes[start..(start + frames)] : classes);
            }
        }

        return new NumberSequences(pieces, width, labels, [], noise, unchecked(Settings.Seed + 5));
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
