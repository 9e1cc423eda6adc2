using HighPerfRnn.Kernels;

namespace HighPerfRnn.Data.Batching;

/// <summary>Batches of examples of alike lengths, in an order that a seed and an epoch decide: little padding, and still a shuffle.</summary>
public static class LengthBatches
{
    // Examples are sorted within so many batches' worth of the shuffled order: enough that lengths meet, few enough that epochs differ.
    private const int BatchesSortedTogether = 50;

    /// <summary>How many batches <see cref="Create"/> makes: ⌈N / B⌉.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The count is negative or the batch not positive.</exception>
    public static int Count(int examples, int batch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(examples);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        return (int)(((long)examples + batch - 1) / batch);
    }

    /// <summary>All examples, each in one batch of up to B.</summary>
    /// <param name="lengths">A length an example.</param>
    /// <param name="batch">B.</param>
    /// <param name="seed">What the order follows from.</param>
    /// <param name="epoch">Each has an order of its own.</param>
    /// <exception cref="ArgumentOutOfRangeException">The batch is not positive or the epoch negative.</exception>
    public static int[][] Create(ReadOnlySpan<int> lengths, int batch, ulong seed, int epoch)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        var random = new CounterRandom(seed, (ulong)epoch);
        int[] order = new int[lengths.Length];
        for (int i = 0; i < order.Length; i++) order[i] = i;
        random.Shuffle<int>(order);
        int[][] batches = new int[Count(order.Length, batch)][];
        int window = (int)Math.Min((long)batch * BatchesSortedTogether, int.MaxValue / batch * batch);
        int made = 0;
        long[] keys = new long[Math.Min(window, order.Length)];
        for (int start = 0; start < order.Length; start += window)
        {
            Span<int> together = order.AsSpan(start, Math.Min(window, order.Length - start));
            // The place in the shuffled order settles equal lengths.
            for (int i = 0; i < together.Length; i++) keys[i] = ((long)lengths[together[i]] << 32) | (uint)i;
            keys.AsSpan(0, together.Length).Sort(together);
            for (int at = 0; at < together.Length; at += batch)
            {
                batches[made++] = together.Slice(at, Math.Min(batch, together.Length - at)).ToArray();
            }
        }

        random.Shuffle<int[]>(batches);
        return batches;
    }
}
