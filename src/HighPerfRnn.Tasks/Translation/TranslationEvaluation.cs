using HighPerfRnn.Data.Metrics;
using HighPerfRnn.Data.Text;

namespace HighPerfRnn.Tasks.Translation;

/// <summary>How good translations are.</summary>
/// <param name="Items">Different sources.</param>
/// <param name="Bleu">BLEU-4 with its parts.</param>
/// <param name="Chrf">chrF, 0 to 100.</param>
/// <param name="Errors">Token and word error rates over the model's target tokens.</param>
public sealed record TranslationScores(int Items, BleuScore Bleu, double Chrf, ErrorRates Errors)
{
    /// <summary>The numbers by the names that reports use.</summary>
    public IReadOnlyDictionary<string, double> ByName => new Dictionary<string, double>
    {
        ["bleu"] = Bleu.Score,
        ["chrf"] = Chrf,
        ["tokenErrorRate"] = Errors.TokenErrorRate,
        ["wordErrorRate"] = Errors.WordErrorRate,
        ["exactMatch"] = Errors.ExactMatch,
    };
}

/// <summary>A source that several targets are right for.</summary>
/// <param name="Source">The text.</param>
/// <param name="Targets">The right targets.</param>
public sealed record TranslationItem(string Source, IReadOnlyList<string> Targets);

/// <summary>Measures translations.</summary>
public static class TranslationEvaluation
{
    /// <summary>Pairs by their sources, in the order of their first: sources that come several times have several right targets.</summary>
    public static IReadOnlyList<TranslationItem> Items(IEnumerable<TextPair> pairs)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        return [.. pairs.GroupBy(pair => pair.Source, StringComparer.Ordinal)
            .Select(group => new TranslationItem(group.Key, [.. group.Select(pair => pair.Target)]))];
    }

    /// <summary>Translates all items and measures the best translation of each.</summary>
    /// <param name="translator">The translator.</param>
    /// <param name="items">What is translated.</param>
    /// <param name="targetTokenizer">What tokens of error rates are.</param>
    /// <param name="tokenization">What tokens of BLEU are.</param>
    /// <param name="progress">Told how many are done, after each.</param>
    /// <exception cref="ArgumentException">There are no items.</exception>
    public static TranslationScores Measure(
        Translator translator,
        IReadOnlyList<TranslationItem> items,
        TextTokenizer targetTokenizer,
        BleuTokenization tokenization,
        Action<int>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(translator);
        ArgumentNullException.ThrowIfNull(items);
        ArgumentNullException.ThrowIfNull(targetTokenizer);
        var texts = new List<string>(items.Count);
        foreach (TranslationItem item in items)
        {
            IReadOnlyList<TranslatedText> found = translator.Translate(item.Source);
            texts.Add(found.Count == 0 ? string.Empty : found[0].Text);
            progress?.Invoke(texts.Count);
        }

        return Measure(texts, items, targetTokenizer, tokenization);
    }

    /// <summary>Measures texts against what is right.</summary>
    /// <param name="texts">One an item.</param>
    /// <param name="items">What is right.</param>
    /// <param name="targetTokenizer">What tokens of error rates are.</param>
    /// <param name="tokenization">What tokens of BLEU are.</param>
    /// <exception cref="ArgumentException">There are no items, or not as many as texts.</exception>
    public static TranslationScores Measure(
        IReadOnlyList<string> texts, IReadOnlyList<TranslationItem> items, TextTokenizer targetTokenizer, BleuTokenization tokenization)
    {
        ArgumentNullException.ThrowIfNull(items);
        ArgumentNullException.ThrowIfNull(targetTokenizer);
        IReadOnlyList<string>[] references = [.. items.Select(item => item.Targets)];
        return new TranslationScores(
            items.Count,
            Bleu.Corpus(texts, references, tokenization),
            Chrf.Corpus(texts, references),
            EditDistance.Rates(
                [.. texts.Select(targetTokenizer.Split)],
                [.. items.Select(item => (IReadOnlyList<string[]>)[.. item.Targets.Select(targetTokenizer.Split)])]));
    }
}
