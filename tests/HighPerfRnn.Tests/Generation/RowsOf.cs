namespace HighPerfRnn.Tests.Generation;

/// <summary>Some rows of a batch, taken out of time-major arrays.</summary>
internal sealed class RowsOf(RnnCase shape, int first, int count)
{
    /// <summary>[T, B, width] or [B, width] to [T, count, width] or [count, width]; an empty array stays empty.</summary>
    public T[] Take<T>(T[] source, int width)
    {
        int steps = source.Length / (shape.Batch * width);
        T[] taken = new T[steps * count * width];
        for (int t = 0; t < steps; t++)
        {
            source.AsSpan(((t * shape.Batch) + first) * width, count * width).CopyTo(taken.AsSpan(t * count * width));
        }

        return taken;
    }
}
