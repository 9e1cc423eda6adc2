using System.Globalization;

namespace HighPerfRnn.Data.Metrics;

/// <summary>How precisions of 0 are kept from making the whole score 0.</summary>
public enum BleuSmoothing
{
    /// <summary>The kth precision of 0 becomes 1 / (2ᵏ·its n-grams): NIST's mteval, and sacreBLEU's default.</summary>
    Exponential,

    /// <summary>A count of 0 becomes 0.1.</summary>
    Floor,

    /// <summary>1 is added to both counts, from bigrams on.</summary>
    AddOne,

    /// <summary>A precision of 0 makes the score 0.</summary>
    None,
}

/// <summary>A BLEU score with its parts.</summary>
/// <param name="Score">0 to 100.</param>
/// <param name="Precisions">Of n-grams, n from 1 to 4, 0 to 100.</param>
/// <param name="BrevityPenalty">exp(1 - reference length / length) where hypotheses are shorter, else 1.</param>
/// <param name="HypothesisLength">Tokens.</param>
/// <param name="ReferenceLength">Tokens of the references closest in length.</param>
/// <param name="Signature">What the score was computed with.</param>
public sealed record BleuScore(
    double Score, IReadOnlyList<double> Precisions, double BrevityPenalty, long HypothesisLength, long ReferenceLength, string Signature);

/// <summary>
/// BLEU-4 of a corpus (Papineni, Roukos, Ward and Zhu, BLEU: a method for automatic evaluation of machine translation, 2002) as
/// sacreBLEU computes it (Post, A call for clarity in reporting BLEU scores, 2018):
/// BP·exp(¼·Σₙ ln pₙ), pₙ = clipped n-gram matches / n-grams over the whole corpus.
/// </summary>
public static class Bleu
{
    private const int Order = 4;
    private const double FloorCount = 0.1;

    /// <summary>The score of hypotheses, each with one or more references.</summary>
    /// <param name="hypotheses">A text an item.</param>
    /// <param name="references">Of each item one or more; as many for all or not.</param>
    /// <param name="tokenization">How texts become tokens.</param>
    /// <param name="smoothing">What happens to precisions of 0.</param>
    /// <param name="lowerCase">Whether case counts for nothing.</param>
    /// <exception cref="ArgumentException">The lists differ in length, are empty, or an item has no reference.</exception>
    public static BleuScore Corpus(
        IReadOnlyList<string> hypotheses,
        IReadOnlyList<IReadOnlyList<string>> references,
        BleuTokenization tokenization = BleuTokenization.None,
        BleuSmoothing smoothing = BleuSmoothing.Exponential,
        bool lowerCase = false)
    {
        ArgumentNullException.ThrowIfNull(hypotheses);
        ArgumentNullException.ThrowIfNull(references);
        if (hypotheses.Count != references.Count || hypotheses.Count == 0)
        {
            throw new ArgumentException($"Found {hypotheses.Count} hypotheses and {references.Count} references; expected as many, one at least.", nameof(references));
        }

        long[] matches = new long[Order], totals = new long[Order];
        long hypothesisLength = 0, referenceLength = 0;
        for (int i = 0; i < hypotheses.Count; i++)
        {
            if (references[i].Count == 0) throw new ArgumentException($"Item {i} has no reference; expected one at least.", nameof(references));
            string[] hypothesis = Tokens(hypotheses[i]);
            string[][] of = [.. references[i].Select(Tokens)];
            hypothesisLength += hypothesis.Length;
            referenceLength += ClosestLength(hypothesis.Length, of);
            Count(hypothesis, of, matches, totals);
        }

        double[] precisions = Precisions(matches, totals, smoothing);
        double penalty = hypothesisLength >= referenceLength ? 1 : hypothesisLength == 0 ? 0 : Math.Exp(1 - ((double)referenceLength / hypothesisLength));
        double logarithms = precisions.Sum(precision => precision > 0 ? Math.Log(precision) : double.NegativeInfinity);
        double score = penalty * Math.Exp(logarithms / Order);
        return new BleuScore(score, precisions, penalty, hypothesisLength, referenceLength, Signature(references, tokenization, smoothing, lowerCase));

        string[] Tokens(string text) => BleuTokenizer.Split(lowerCase ? text.ToLowerInvariant() : text, tokenization);
    }

    private static int ClosestLength(int length, string[][] references)
    {
        int closest = references[0].Length;
        foreach (string[] reference in references)
        {
            int difference = Math.Abs(reference.Length - length), best = Math.Abs(closest - length);
            if (difference < best || (difference == best && reference.Length < closest)) closest = reference.Length;
        }

        return closest;
    }

    /// <summary>Matches of n-grams, each counted no more often than a reference has it.</summary>
    private static void Count(string[] hypothesis, string[][] references, long[] matches, long[] totals)
    {
        for (int n = 1; n <= Order; n++)
        {
            var most = new Dictionary<string, int>(StringComparer.Ordinal);
            foreach (string[] reference in references)
            {
                foreach ((string gram, int count) in NGrams.Count(reference, n)) most[gram] = Math.Max(count, most.GetValueOrDefault(gram));
            }

            foreach ((string gram, int count) in NGrams.Count(hypothesis, n)) matches[n - 1] += Math.Min(count, most.GetValueOrDefault(gram));
            totals[n - 1] += Math.Max(0, hypothesis.Length - n + 1);
        }
    }

    private static double[] Precisions(long[] matches, long[] totals, BleuSmoothing smoothing)
    {
        double[] precisions = new double[Order];
        // Without a single match there is nothing to keep from 0.
        if (Array.TrueForAll(matches, match => match == 0)) return precisions;
        double halved = 1;
        for (int n = 0; n < Order; n++)
        {
            bool adds = smoothing == BleuSmoothing.AddOne && n > 0;
            double match = matches[n] + (adds ? 1 : 0), total = totals[n] + (adds ? 1 : 0);
            // Without n-grams of an order at all there is nothing to smooth.
            if (total == 0) break;
            if (match > 0)
            {
                precisions[n] = 100 * match / total;
            }
            else if (smoothing == BleuSmoothing.Exponential)
            {
                halved *= 2;
                precisions[n] = 100 / (halved * total);
            }
            else if (smoothing == BleuSmoothing.Floor)
            {
                precisions[n] = 100 * FloorCount / total;
            }
        }

        return precisions;
    }

    private static string Signature(
        IReadOnlyList<IReadOnlyList<string>> references, BleuTokenization tokenization, BleuSmoothing smoothing, bool lowerCase)
    {
        int count = references[0].Count;
        string of = references.All(item => item.Count == count) ? count.ToString(CultureInfo.InvariantCulture) : "var";
        string smooth = smoothing switch
        {
            BleuSmoothing.Exponential => "exp",
            BleuSmoothing.Floor => "floor[0.10]",
            BleuSmoothing.AddOne => "add-k[1]",
            _ => "none",
        };
        return $"nrefs:{of}|case:{(lowerCase ? "lc" : "mixed")}|eff:no|tok:{BleuTokenizer.NameOf(tokenization)}|smooth:{smooth}";
    }
}

/// <summary>Runs of n tokens.</summary>
internal static class NGrams
{
    // No token holds it.
    private const char Separator = '\u0001';

    public static Dictionary<string, int> Count(IReadOnlyList<string> tokens, int n)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int start = 0; start + n <= tokens.Count; start++)
        {
            string gram = n == 1 ? tokens[start] : string.Join(Separator, Enumerable.Range(start, n).Select(i => tokens[i]));
            counts[gram] = counts.GetValueOrDefault(gram) + 1;
        }

        return counts;
    }
}
