using System.Globalization;
using HighPerfRnn.Data.Images;
using HighPerfRnn.Data.Text;
using HighPerfRnn.Formats;
using HighPerfRnn.Models;
using HighPerfRnn.Tasks.Decoding;
using HighPerfRnn.Tasks.Training;

namespace HighPerfRnn.Tasks.Captioning;

/// <summary>A model that says what an image shows: features of its cells are the vector that a decoder starts from and looks at.</summary>
public sealed class CaptionModel
{
    /// <summary>What its files are called.</summary>
    public const string Kind = "captioning";

    private const float LeastDeviation = 0.05f;

    /// <summary>A model of these parts; its parameters are zeros.</summary>
    /// <param name="images">How images become numbers.</param>
    /// <param name="scaling">Of these.</param>
    /// <param name="tokenizer">How captions become tokens.</param>
    /// <param name="vocabulary">Of captions.</param>
    /// <param name="settings">Sizes of the network.</param>
    /// <param name="isTrainable">Whether there is a backward pass.</param>
    /// <exception cref="ArgumentException">The scaling is of another number of numbers.</exception>
    public CaptionModel(
        ImageFeatureSettings images,
        NumberScaling scaling,
        TextTokenizer tokenizer,
        Vocabulary vocabulary,
        DecoderSettings settings,
        bool isTrainable = true)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(scaling);
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(vocabulary);
        ArgumentNullException.ThrowIfNull(settings);
        if (scaling.Columns.Count != images.Count)
        {
            throw new ArgumentException($"Found scales of {scaling.Columns.Count} numbers; expected {images.Count}.", nameof(scaling));
        }

        Images = images;
        Scaling = scaling;
        Tokenizer = tokenizer;
        Vocabulary = vocabulary;
        Settings = settings;
        Network = DecoderNetworks.OfVectors(settings, images.Count, vocabulary.Count, isTrainable);
    }

    /// <summary>How images become numbers.</summary>
    public ImageFeatureSettings Images { get; }

    /// <summary>What takes these numbers to mean 0 and deviation 1 or so.</summary>
    public NumberScaling Scaling { get; }

    /// <summary>How captions become tokens.</summary>
    public TextTokenizer Tokenizer { get; }

    /// <summary>Of captions.</summary>
    public Vocabulary Vocabulary { get; }

    /// <summary>Sizes of the network.</summary>
    public DecoderSettings Settings { get; }

    /// <summary>The network.</summary>
    public EncoderDecoder<float> Network { get; }

    /// <summary>A name for each of the network's sets of parameters.</summary>
    public IReadOnlyList<string> SetNames => DecoderFile.SetNames(Network);

    /// <summary>What a file of the model says beside parameters.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Metadata =>
    [
        .. DecoderFile.Metadata(Settings),
        new("image_size", Images.Size.ToString(CultureInfo.InvariantCulture)),
        new("image_cell", Images.CellSize.ToString(CultureInfo.InvariantCulture)),
        new("scaling", Scaling.Save()),
        new("tokens", Tokenizer.Describe()),
        new("vocabulary", Vocabulary.Save()),
    ];

    /// <summary>A new model of the tokens of these captions, with first parameters that the settings' seed decides.</summary>
    /// <param name="captions">What it will be trained on.</param>
    /// <param name="thumbnails">The images of these.</param>
    /// <param name="images">How images become numbers.</param>
    /// <param name="tokenizer">How captions become tokens.</param>
    /// <param name="settings">Sizes.</param>
    public static CaptionModel Create(
        IEnumerable<string> captions, IReadOnlyList<Thumbnail> thumbnails, ImageFeatureSettings images, TextTokenizer tokenizer, DecoderSettings settings)
    {
        ArgumentNullException.ThrowIfNull(captions);
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(thumbnails);
        var model = new CaptionModel(images, ScalingOf(thumbnails, images), tokenizer, Vocabulary.Build(captions.Select(tokenizer.Split)), settings);
        TaskInitialization.Initialize(model.Network.ParameterSets, settings.Seed);
        model.Network.Repack();
        return model;
    }

    /// <summary>Reads a model for use.</summary>
    /// <exception cref="ModelFormatException">The file is no such model.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static CaptionModel Load(string path)
    {
        using TaskModelFile file = TaskModelFile.Open(path, Kind);
        DecoderSettings settings = DecoderFile.Settings(file);
        int size = file.Whole("image_size", 1, 1024);
        var images = new ImageFeatureSettings { Size = size, CellSize = file.Whole("image_cell", 1, size) };
        file.Parse("image_cell", _ => new ImageFeatures(images));
        NumberScaling scaling = file.Parse("scaling", text => ParseScaling(text, images.Count));
        Vocabulary vocabulary = file.Parse("vocabulary", Vocabulary.Parse);
        DecoderFile.RequireVectorSizes(file, settings, images.Count, vocabulary.Count);
        var model = new CaptionModel(images, scaling, file.Parse("tokens", TextTokenizer.Parse), vocabulary, settings, isTrainable: false);
        file.Read(DecoderFile.Sets(model.Network));
        model.Network.Repack();
        return model;
    }

    /// <summary>
    /// Whether both write the same tokens by the same numbers for images of the same size, so that a <see cref="Captioner"/> may join them.
    /// </summary>
    public bool IsLike(CaptionModel other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Images == other.Images
            && Tokenizer.Describe() == other.Tokenizer.Describe()
            && Vocabulary.Tokens.SequenceEqual(other.Vocabulary.Tokens, StringComparer.Ordinal);
    }

    /// <summary>An image's vector.</summary>
    /// <param name="features">Of the model's settings.</param>
    /// <param name="image">The image.</param>
    /// <param name="view">How it is seen.</param>
    /// <param name="vector">[numbers of an image], overwritten.</param>
    internal void Describe(ImageFeatures features, Thumbnail image, in ImageView view, Span<float> vector)
    {
        features.Compute(image, view, vector);
        Scaling.Scale(vector);
    }

    private static NumberScaling ParseScaling(string text, int count)
    {
        var scaling = NumberScaling.Parse(text);
        return scaling.Columns.Count == count ? scaling : throw new FormatException($"Found scales of {scaling.Columns.Count} numbers; expected {count}.");
    }

    private static NumberScaling ScalingOf(IReadOnlyList<Thumbnail> thumbnails, ImageFeatureSettings images)
    {
        var features = new ImageFeatures(images);
        float[] vectors = new float[checked(thumbnails.Count * images.Count)];
        for (int i = 0; i < thumbnails.Count; i++) features.Compute(thumbnails[i], new ImageView(), vectors.AsSpan(i * images.Count, images.Count));
        var exact = NumberScaling.Of(ImageFeatures.NamesOf(images), [vectors]);
        // What hardly differs from image to image, as at a rim, may differ more in what is not seen yet.
        return new NumberScaling(exact.Columns, exact.Means, [.. exact.Deviations.ToArray().Select(deviation => deviation + LeastDeviation)]);
    }
}
