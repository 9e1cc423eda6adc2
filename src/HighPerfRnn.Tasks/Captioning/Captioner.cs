using HighPerfRnn.Data.Images;
using HighPerfRnn.Data.Metrics;
using HighPerfRnn.Tasks.Decoding;
using HighPerfRnn.Tasks.Translation;

namespace HighPerfRnn.Tasks.Captioning;

/// <summary>What an image may show.</summary>
/// <param name="Text">The caption.</param>
/// <param name="Score">By which alternatives are ordered: ln p by the length.</param>
/// <param name="LogProbability">ln p.</param>
public sealed record ImageCaption(string Text, double Score, double LogProbability);

/// <summary>How good captions are.</summary>
/// <param name="Texts">BLEU, chrF and errors of the best caption of each image.</param>
/// <param name="RecallAt5">How often one of the five likeliest captions of the search is right.</param>
public sealed record CaptionScores(TranslationScores Texts, double RecallAt5)
{
    /// <summary>How often the likeliest is right.</summary>
    public double RecallAt1 => Texts.Errors.ExactMatch;

    /// <summary>The numbers by the names that reports use.</summary>
    public IReadOnlyDictionary<string, double> ByName => new Dictionary<string, double>(Texts.ByName)
    {
        ["recallAt1"] = RecallAt1,
        ["recallAt5"] = RecallAt5,
    };
}

/// <summary>Says what images show, one after the other; an object belongs to one thread.</summary>
public sealed class Captioner
{
    /// <summary>The most views of an image.</summary>
    public const int MostViews = 9;

    private const int Recalled = 5;
    private const double Turn = 0.08, Growth = 0.07, Shift = 0.03;

    // As it is, larger and smaller, to each side, turned.
    private static readonly ImageView[] Views =
    [
        new(),
        new() { ScaleX = 1 + Growth, ScaleY = 1 + Growth },
        new() { ScaleX = 1 - Growth, ScaleY = 1 - Growth },
        new() { MoveX = Shift },
        new() { MoveX = -Shift },
        new() { MoveY = Shift },
        new() { MoveY = -Shift },
        new() { Angle = Turn },
        new() { Angle = -Turn },
    ];

    private readonly CaptionModel[] _models;
    private readonly TargetWriter _writer;
    private readonly ImageFeatures _features;
    private readonly float[] _vectors;
    private readonly int _views;

    /// <summary>A captioner.</summary>
    /// <param name="model">The model.</param>
    /// <param name="search">Width, longest caption, length normalisation.</param>
    /// <param name="views">How often an image is looked at, each time a little moved, sized or turned; words are those likeliest in the
    /// mean.</param>
    /// <exception cref="ArgumentOutOfRangeException">The views are not 1 to <see cref="MostViews"/>.</exception>
    public Captioner(CaptionModel model, SearchSettings search, int views = 1)
        : this([model], search, views)
    {
    }

    /// <summary>A captioner whose words are those likeliest in the mean of several models' ln p, which costs as many times the time.</summary>
    /// <param name="models">One at least, of the same tokens and images: the same training with other seeds, say.</param>
    /// <param name="search">Width, longest caption, length normalisation.</param>
    /// <param name="views">How often each looks at an image.</param>
    /// <exception cref="ArgumentException">There is no model, or they are not <see cref="CaptionModel.IsLike"/> each other.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The views are not 1 to <see cref="MostViews"/>.</exception>
    public Captioner(IReadOnlyList<CaptionModel> models, SearchSettings search, int views = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(views);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(views, MostViews);
        JoinedModels.ThrowIfDifferent(models, (first, other) => first.IsLike(other));
        ArgumentNullException.ThrowIfNull(search);
        _models = [.. models];
        _writer = new TargetWriter(models.Select(model => model.Network), search);
        _features = new ImageFeatures(Model.Images);
        _vectors = new float[_models.Length * views * Model.Images.Count];
        _views = views;
    }

    // Of the tokens and images that all have.
    private CaptionModel Model => _models[0];

    /// <summary>The captions found, the best first.</summary>
    /// <param name="image">A thumbnail of the model's size.</param>
    public IReadOnlyList<ImageCaption> Describe(Thumbnail image)
    {
        int size = Model.Images.Count;
        for (int i = 0; i < _models.Length * _views; i++)
        {
            _models[i / _views].Describe(_features, image, Views[i % _views], _vectors.AsSpan(i * size, size));
        }

        return [.. _writer.Write(1, _vectors, _views).Select(written =>
            new ImageCaption(Model.Tokenizer.Join(Model.Vocabulary.Decode(written.Tokens)), written.Score, written.LogProbability))];
    }

    /// <summary>Describes images and measures what comes of it; captions are compared as the tokeniser reads them.</summary>
    /// <param name="images">Thumbnails of the model's size.</param>
    /// <param name="captions">What is right for each.</param>
    /// <param name="progress">Told how many are done, after each.</param>
    /// <exception cref="ArgumentException">There are no images, or not as many as captions.</exception>
    public CaptionScores Measure(IReadOnlyList<Thumbnail> images, IReadOnlyList<string> captions, Action<int>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(captions);
        if (images.Count == 0 || images.Count != captions.Count)
        {
            throw new ArgumentException($"Found {images.Count} images and {captions.Count} captions; expected as many, one at least.", nameof(captions));
        }

        var texts = new List<string>(images.Count);
        var items = new List<TranslationItem>(images.Count);
        int among = 0;
        for (int i = 0; i < images.Count; i++)
        {
            string right = Model.Tokenizer.Join(Model.Tokenizer.Split(captions[i]));
            IReadOnlyList<ImageCaption> found = Describe(images[i]);
            texts.Add(found.Count == 0 ? string.Empty : found[0].Text);
            items.Add(new TranslationItem(string.Empty, [right]));
            if (found.Take(Recalled).Any(caption => caption.Text == right)) among++;
            progress?.Invoke(i + 1);
        }

        TranslationScores scores = TranslationEvaluation.Measure(texts, items, Model.Tokenizer, BleuTokenization.None);
        return new CaptionScores(scores, (double)among / images.Count);
    }
}
