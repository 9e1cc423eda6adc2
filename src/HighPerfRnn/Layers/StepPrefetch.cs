using HighPerfRnn.Simd;

namespace HighPerfRnn.Layers;

/// <summary>Asks for one worker's rows of another step of a sequence, in as many portions as the present step has tiles.</summary>
internal readonly struct StepPrefetch(RnnShape shape, int firstRow, int endRow, int tiles)
{
    /// <param name="sequence">[T, B, size], or empty where there is none.</param>
    /// <param name="size">Numbers a row.</param>
    /// <param name="t">The step; outside the sequence, nothing is asked for.</param>
    public Prefetcher<T> Of<T>(ReadOnlySpan<T> sequence, int size, int t)
        where T : unmanaged
    {
        if (sequence.IsEmpty || t < 0 || t >= shape.Steps) return default;
        ReadOnlySpan<T> rows = sequence.Slice(((t * shape.Batch) + firstRow) * size, (endRow - firstRow) * size);
        return new Prefetcher<T>(rows, tiles);
    }
}
