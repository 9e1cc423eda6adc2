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
/// <param name="RecallAt1">How often the likeliest of the captions found is right.</param>
/// <param name="RecallAt5">How often one of the five likeliest is.</param>
public sealed record CaptionScores(TranslationScores Texts, double RecallAt1, double RecallAt5)
{
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
    private const int Recalled = 5;

    private readonly CaptionModel _model;
    private readonly TargetWriter _writer;
    private readonly ImageFeatures _features;
    private readonly float[] _sequence;

    /// <summary>A captioner.</summary>
    /// <param name="model">The model.</param>
    /// <param name="search">Width, longest caption, length normalisation.</param>
    public Captioner(CaptionModel model, SearchSettings search)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(search);
        _model = model;
        _writer = new TargetWriter(model.Network, search);
        _features = new ImageFeatures(model.Images);
        _sequence = new float[model.Images.Cells * model.Images.StepSize];
    }

    /// <summary>The captions found, the best first.</summary>
    /// <param name="image">A thumbnail of the model's size.</param>
    public IReadOnlyList<ImageCaption> Describe(Thumbnail image)
    {
        _features.Compute(image, new ImageView(), _sequence);
        return [.. _writer.Write(_model.Images.Cells, _sequence).Select(written =>
            new ImageCaption(_model.Tokenizer.Join(_model.Vocabulary.Decode(written.Tokens)), written.Score, written.LogProbability))];
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
        int first = 0, among = 0;
        for (int i = 0; i < images.Count; i++)
        {
            string right = _model.Tokenizer.Join(_model.Tokenizer.Split(captions[i]));
            IReadOnlyList<ImageCaption> found = Describe(images[i]);
            texts.Add(found.Count == 0 ? string.Empty : found[0].Text);
            items.Add(new TranslationItem(string.Empty, [right]));
            if (found.Count > 0 && found[0].Text == right) first++;
            if (found.Take(Recalled).Any(caption => caption.Text == right)) among++;
            progress?.Invoke(i + 1);
        }

        TranslationScores scores = TranslationEvaluation.Measure(texts, items, _model.Tokenizer, BleuTokenization.None);
        return new CaptionScores(scores, (double)first / images.Count, (double)among / images.Count);
    }
}
