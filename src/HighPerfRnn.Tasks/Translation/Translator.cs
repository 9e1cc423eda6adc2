using HighPerfRnn.Tasks.Decoding;

namespace HighPerfRnn.Tasks.Translation;

/// <summary>A translation of a text.</summary>
/// <param name="Text">The target.</param>
/// <param name="Tokens">Its tokens.</param>
/// <param name="Score">By which alternatives are ordered: ln p by the length.</param>
/// <param name="LogProbability">ln p.</param>
public sealed record TranslatedText(string Text, IReadOnlyList<string> Tokens, double Score, double LogProbability);

/// <summary>What each token of a target looked at.</summary>
/// <param name="Source">Tokens of the source.</param>
/// <param name="Target">Tokens of the target, and its end.</param>
/// <param name="Weights">[target, source], each row adding up to 1.</param>
public sealed record AttentionMap(IReadOnlyList<string> Source, IReadOnlyList<string> Target, float[] Weights);

/// <summary>Translates with a model or the mean of several, one text at a time; an object belongs to one thread.</summary>
public sealed class Translator
{
    private readonly TranslationModel _model;
    private readonly TargetWriter _writer;
    private readonly int _mostTokens;

    /// <summary>A translator.</summary>
    /// <param name="model">The model.</param>
    /// <param name="search">Width, longest target, length normalisation.</param>
    /// <param name="mostTokens">The most tokens of a source that are read; what follows is left out.</param>
    public Translator(TranslationModel model, SearchSettings search, int mostTokens = 1000)
        : this([model], search, mostTokens)
    {
    }

    /// <summary>A translator whose tokens are those likeliest in the mean of several models' ln p, which costs as many times the time.</summary>
    /// <param name="models">One at least, of the same tokens: the same training with other seeds, say.</param>
    /// <param name="search">Width, longest target, length normalisation.</param>
    /// <param name="mostTokens">The most tokens of a source that are read; what follows is left out.</param>
    /// <exception cref="ArgumentException">There is no model, or they are not <see cref="TranslationModel.IsLike"/> each other.</exception>
    public Translator(IReadOnlyList<TranslationModel> models, SearchSettings search, int mostTokens = 1000)
    {
        JoinedModels.ThrowIfDifferent(models, (first, other) => first.IsLike(other));
        ArgumentNullException.ThrowIfNull(search);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(mostTokens);
        _model = models[0];
        _mostTokens = mostTokens;
        _writer = new TargetWriter(models.Select(model => model.Network), search);
    }

    /// <summary>The translations found, the best first; none for a text without a token.</summary>
    public IReadOnlyList<TranslatedText> Translate(string text)
    {
        int[] source = Encode(text);
        if (source.Length == 0) return [];
        return [.. _writer.Write(source).Select(written =>
        {
            string[] tokens = _model.TargetVocabulary.Decode(written.Tokens);
            return new TranslatedText(_model.Tokens.Target.Join(tokens), tokens, written.Score, written.LogProbability);
        })];
    }

    /// <summary>What a translation looked at.</summary>
    /// <param name="text">The source, of one token at least.</param>
    /// <param name="translation">One of its translations.</param>
    /// <exception cref="ArgumentException">The text has no token.</exception>
    public AttentionMap Attend(string text, TranslatedText translation)
    {
        ArgumentNullException.ThrowIfNull(translation);
        int[] source = Encode(text);
        if (source.Length == 0) throw new ArgumentException("The text has no token; expected one at least.", nameof(text));
        int[] target = _model.TargetVocabulary.Encode(translation.Tokens);
        string[] read = _model.Tokens.Source.Split(text);
        return new AttentionMap(read[..source.Length], [.. translation.Tokens, "⟨end⟩"], _writer.Attention(source, target));
    }

    private int[] Encode(string text)
    {
        string[] tokens = _model.Tokens.Source.Split(text);
        return _model.SourceVocabulary.Encode(tokens.Length > _mostTokens ? tokens[.._mostTokens] : tokens);
    }
}
