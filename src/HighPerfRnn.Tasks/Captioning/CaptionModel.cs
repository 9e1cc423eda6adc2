using System.Globalization;
using HighPerfRnn.Data.Images;
using HighPerfRnn.Data.Text;
using HighPerfRnn.Formats;
using HighPerfRnn.Models;
using HighPerfRnn.Tasks.Decoding;
using HighPerfRnn.Tasks.Training;

namespace HighPerfRnn.Tasks.Captioning;

/// <summary>A model that says what an image shows: features of its cells, row by row, are what an encoder-decoder reads.</summary>
public sealed class CaptionModel
{
    /// <summary>What its files are called.</summary>
    public const string Kind = "captioning";

    /// <summary>A model of these parts; its parameters are zeros.</summary>
    /// <param name="images">How images become numbers.</param>
    /// <param name="tokenizer">How captions become tokens.</param>
    /// <param name="vocabulary">Of captions.</param>
    /// <param name="settings">Sizes of the network.</param>
    /// <param name="isTrainable">Whether there is a backward pass.</param>
    public CaptionModel(
        ImageFeatureSettings images, TextTokenizer tokenizer, Vocabulary vocabulary, DecoderSettings settings, bool isTrainable = true)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(vocabulary);
        ArgumentNullException.ThrowIfNull(settings);
        Images = images;
        Tokenizer = tokenizer;
        Vocabulary = vocabulary;
        Settings = settings;
        Network = DecoderNetworks.OfNumbers(settings, images.StepSize, vocabulary.Count, isTrainable);
    }

    /// <summary>How images become numbers.</summary>
    public ImageFeatureSettings Images { get; }

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
        new("tokens", Tokenizer.Describe()),
        new("vocabulary", Vocabulary.Save()),
    ];

    /// <summary>A new model of the tokens of these captions, with first parameters that the settings' seed decides.</summary>
    /// <param name="captions">What it will be trained on.</param>
    /// <param name="images">How images become numbers.</param>
    /// <param name="tokenizer">How captions become tokens.</param>
    /// <param name="settings">Sizes.</param>
    public static CaptionModel Create(
        IEnumerable<string> captions, ImageFeatureSettings images, TextTokenizer tokenizer, DecoderSettings settings)
    {
        ArgumentNullException.ThrowIfNull(captions);
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(settings);
        var model = new CaptionModel(images, tokenizer, Vocabulary.Build(captions.Select(tokenizer.Split)), settings);
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
        Vocabulary vocabulary = file.Parse("vocabulary", Vocabulary.Parse);
        DecoderFile.RequireSizes(file, settings, vocabulary.Count);
        var model = new CaptionModel(images, file.Parse("tokens", TextTokenizer.Parse), vocabulary, settings, isTrainable: false);
        file.Read(DecoderFile.Sets(model.Network));
        model.Network.Repack();
        return model;
    }
}
