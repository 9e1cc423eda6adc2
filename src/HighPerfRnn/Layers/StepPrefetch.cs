using HighPerfRnn.Simd;

namespace HighPerfRnn.Layers;

/// <summary>Asks for one worker's rows of another step of a sequence, in as many portions as the present step has tiles.</summary>
internal readonly ref struct StepPrefetch(StepRows rows, int steps, int firstRow, int endRow, int tiles)
{
    private readonly StepRows _rows = rows;

    /// <param name="sequence">[rows, size], step after step, or empty where there is none.</param>
    /// <param name="size">Numbers a row.</param>
    /// <param name="t">The step; outside the sequence, nothing is asked for.</param>
    public Prefetcher<T> Of<T>(ReadOnlySpan<T> sequence, int size, int t)
        where T : unmanaged
    {
        if (sequence.IsEmpty || t < 0 || t >= steps || firstRow >= _rows.Of(t)) return default;
        int before = _rows.Before(t);
        return new Prefetcher<T>(sequence[((before + firstRow) * size)..((before + Math.Min(endRow, _rows.Of(t))) * size)], tiles);
    }
}
