namespace HighPerfRnn.Data.Metrics;

/// <summary>
/// The fewest insertions, deletions and substitutions that make one sequence of another (Levenshtein, Binary codes capable of correcting
/// deletions, insertions, and reversals, 1966), and rates by it.
/// </summary>
public static class EditDistance
{
    /// <summary>The distance of two sequences.</summary>
    public static int Of<T>(ReadOnlySpan<T> first, ReadOnlySpan<T> second)
        where T : IEquatable<T>
    {
        int[] row = new int[second.Length + 1];
        for (int j = 0; j < row.Length; j++) row[j] = j;
        for (int i = 0; i < first.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i + 1;
            for (int j = 0; j < second.Length; j++)
            {
                int substituted = diagonal + (first[i].Equals(second[j]) ? 0 : 1);
                diagonal = row[j + 1];
                row[j + 1] = Math.Min(substituted, Math.Min(row[j], diagonal) + 1);
            }
        }

        return row[^1];
    }

    /// <summary>
    /// Token error rate Σ distance / Σ length of the reference, word error rate (the share of items that are not exactly right) and its
    /// complement; of several references the one with the smallest distance counts, of equal ones the first.
    /// </summary>
    /// <param name="hypotheses">Tokens of each item.</param>
    /// <param name="references">Of each item one or more.</param>
    /// <exception cref="ArgumentException">The lists differ in length, are empty, or an item has no reference.</exception>
    public static ErrorRates Rates(IReadOnlyList<string[]> hypotheses, IReadOnlyList<IReadOnlyList<string[]>> references)
    {
        ArgumentNullException.ThrowIfNull(hypotheses);
        ArgumentNullException.ThrowIfNull(references);
        if (hypotheses.Count != references.Count || hypotheses.Count == 0)
        {
            throw new ArgumentException($"Found {hypotheses.Count} hypotheses and {references.Count} references; expected as many, one at least.", nameof(references));
        }

        long distance = 0, length = 0;
        int wrong = 0;
        for (int i = 0; i < hypotheses.Count; i++)
        {
            if (references[i].Count == 0) throw new ArgumentException($"Item {i} has no reference; expected one at least.", nameof(references));
            (int best, int bestLength) = (int.MaxValue, 0);
            foreach (string[] reference in references[i])
            {
                int found = Of<string>(hypotheses[i], reference);
                if (found < best) (best, bestLength) = (found, reference.Length);
            }

            distance += best;
            length += bestLength;
            if (best > 0) wrong++;
        }

        double items = hypotheses.Count;
        return new ErrorRates(length == 0 ? 0 : (double)distance / length, wrong / items, (items - wrong) / items);
    }
}

/// <summary>What <see cref="EditDistance.Rates"/> gives, each from 0 on.</summary>
/// <param name="TokenErrorRate">Errors a token of the references; above 1 where hypotheses are far too long.</param>
/// <param name="WordErrorRate">The share of items that are not exactly right.</param>
/// <param name="ExactMatch">The share that are.</param>
public sealed record ErrorRates(double TokenErrorRate, double WordErrorRate, double ExactMatch);
