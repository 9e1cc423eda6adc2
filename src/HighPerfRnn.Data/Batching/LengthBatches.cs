using HighPerfRnn.Kernels;

namespace HighPerfRnn.Data.Batching;

/// <summary>
/// Batches of examples of alike lengths, in an order that a seed and an epoch decide: little padding, and still a shuffle. Nothing is
/// allocated after the constructor but by <see cref="Sort"/>.
/// </summary>
public sealed class LengthBatches
{
    // Examples are sorted within so many batches' worth of the shuffled order: enough that lengths meet, few enough that epochs differ.
    private const int BatchesSortedTogether = 50;

    private readonly int[] _lengths;
    private readonly int _batch;
    private readonly int[] _examples;
    private readonly int[] _batches;
    private readonly long[] _keys;

    /// <summary>All examples, each in one batch of up to B; in their own order at first.</summary>
    /// <param name="lengths">A length an example.</param>
    /// <param name="batch">B.</param>
    /// <exception cref="ArgumentOutOfRangeException">The batch is not positive.</exception>
    public LengthBatches(ReadOnlySpan<int> lengths, int batch)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        _lengths = lengths.ToArray();
        _batch = batch;
        _examples = new int[lengths.Length];
        _batches = new int[(int)(((long)lengths.Length + batch - 1) / batch)];
        _keys = new long[Math.Min(Window, lengths.Length)];
        Number(_examples);
        Number(_batches);
    }

    /// <summary>How many batches there are: ⌈N / B⌉.</summary>
    public int Count => _batches.Length;

    private int Window => (int)Math.Min((long)_batch * BatchesSortedTogether, int.MaxValue / _batch * _batch);

    /// <summary>The examples of a batch, until they are put into others.</summary>
    /// <exception cref="IndexOutOfRangeException">There is no such batch.</exception>
    public ReadOnlySpan<int> this[int index]
    {
        get
        {
            int start = _batches[index] * _batch;
            return _examples.AsSpan(start, Math.Min(_batch, _examples.Length - start));
        }
    }

    /// <summary>Puts examples into batches, and batches into an order.</summary>
    /// <param name="seed">What the order follows from.</param>
    /// <param name="epoch">Each has an order of its own.</param>
    /// <exception cref="ArgumentOutOfRangeException">The epoch is negative.</exception>
    public void Shuffle(ulong seed, int epoch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        var random = new CounterRandom(seed, (ulong)epoch);
        Number(_examples);
        random.Shuffle<int>(_examples);
        int window = Window;
        for (int start = 0; start < _examples.Length; start += window)
        {
            Span<int> together = _examples.AsSpan(start, Math.Min(window, _examples.Length - start));
            // The place in the shuffled order settles equal lengths.
            for (int i = 0; i < together.Length; i++) _keys[i] = ((long)_lengths[together[i]] << 32) | (uint)i;
            _keys.AsSpan(0, together.Length).Sort(together);
        }

        Number(_batches);
        random.Shuffle<int>(_batches);
    }

    /// <summary>Puts examples into batches from the shortest to the longest, those of one length in their own order.</summary>
    public void Sort()
    {
        Number(_examples);
        long[] keys = new long[_examples.Length];
        for (int i = 0; i < keys.Length; i++) keys[i] = ((long)_lengths[i] << 32) | (uint)i;
        keys.AsSpan().Sort(_examples.AsSpan());
        Number(_batches);
    }

    private static void Number(int[] items)
    {
        for (int i = 0; i < items.Length; i++) items[i] = i;
    }
}
