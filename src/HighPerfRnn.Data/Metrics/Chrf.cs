namespace HighPerfRnn.Data.Metrics;

/// <summary>
/// chrF of a corpus (Popović, chrF: character n-gram F-score for automatic MT evaluation, 2015) as sacreBLEU computes it: F₂ of
/// character n-grams, n from 1 to 6, without white space, precision and recall averaged over n; of several references the best one of
/// each item.
/// </summary>
public static class Chrf
{
    private const int Order = 6;
    private const double Beta = 2;

    /// <summary>The score, 0 to 100.</summary>
    /// <param name="hypotheses">A text an item.</param>
    /// <param name="references">Of each item one or more.</param>
    /// <exception cref="ArgumentException">The lists differ in length, are empty, or an item has no reference.</exception>
    public static double Corpus(IReadOnlyList<string> hypotheses, IReadOnlyList<IReadOnlyList<string>> references)
    {
        ArgumentNullException.ThrowIfNull(hypotheses);
        ArgumentNullException.ThrowIfNull(references);
        if (hypotheses.Count != references.Count || hypotheses.Count == 0)
        {
            throw new ArgumentException($"Found {hypotheses.Count} hypotheses and {references.Count} references; expected as many, one at least.", nameof(references));
        }

        var corpus = new long[Order, 3];
        for (int i = 0; i < hypotheses.Count; i++)
        {
            if (references[i].Count == 0) throw new ArgumentException($"Item {i} has no reference; expected one at least.", nameof(references));
            long[,]? best = null;
            double bestScore = double.NegativeInfinity;
            foreach (string reference in references[i])
            {
                long[,] counts = Counts(hypotheses[i], reference);
                double score = Score(counts);
                if (score > bestScore) (best, bestScore) = (counts, score);
            }

            for (int n = 0; n < Order; n++)
            {
                for (int kind = 0; kind < 3; kind++) corpus[n, kind] += best![n, kind];
            }
        }

        return Score(corpus);
    }

    /// <summary>N-grams of the hypothesis, of the reference, and those that match; none where one side has none of that length.</summary>
    private static long[,] Counts(string hypothesis, string reference)
    {
        string[] first = Characters(hypothesis), second = Characters(reference);
        var counts = new long[Order, 3];
        for (int n = 1; n <= Order; n++)
        {
            Dictionary<string, int> ofReference = NGrams.Count(second, n);
            foreach ((string gram, int count) in NGrams.Count(first, n))
            {
                counts[n - 1, 0] += count;
                counts[n - 1, 2] += Math.Min(count, ofReference.GetValueOrDefault(gram));
            }

            counts[n - 1, 1] = Math.Max(0, second.Length - n + 1);
            // A reference too short for an order says nothing about the hypothesis there.
            if (counts[n - 1, 1] == 0) counts[n - 1, 0] = 0;
        }

        return counts;
    }

    private static double Score(long[,] counts)
    {
        const double factor = Beta * Beta;
        double precision = 0, recall = 0;
        int orders = 0;
        for (int n = 0; n < Order; n++)
        {
            if (counts[n, 0] == 0 || counts[n, 1] == 0) continue;
            precision += (double)counts[n, 2] / counts[n, 0];
            recall += (double)counts[n, 2] / counts[n, 1];
            orders++;
        }

        if (orders == 0 || precision + recall == 0) return 0;
        precision /= orders;
        recall /= orders;
        return 100 * (1 + factor) * precision * recall / ((factor * precision) + recall);
    }

    private static string[] Characters(string text) =>
        [.. text.EnumerateRunes().Where(rune => !System.Text.Rune.IsWhiteSpace(rune)).Select(rune => rune.ToString())];
}
