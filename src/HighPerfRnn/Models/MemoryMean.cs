using System.Numerics;
using HighPerfRnn.Kernels;

namespace HighPerfRnn.Models;

/// <summary>The mean over a row's own steps of a memory [S, B, M]: sums in the order of the steps, then one product with 1 / length.</summary>
internal static class MemoryMean
{
    public static void Forward<T>(ReadOnlySpan<T> memory, int size, int batch, ReadOnlySpan<int> lengths, Span<T> mean)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int steps = memory.Length / (batch * size);
        mean.Clear();
        for (int row = 0; row < batch; row++)
        {
            Span<T> sum = mean.Slice(row * size, size);
            int length = lengths.IsEmpty ? steps : lengths[row];
            for (int step = 0; step < length; step++) Elementwise.Add(sum, memory.Slice(((step * batch) + row) * size, size), sum);
            Scale(sum, length);
        }
    }

    /// <summary>Each of a row's steps takes its share of the gradient; the gradient of the mean is overwritten.</summary>
    public static void Backward<T>(Span<T> meanGradient, int size, int batch, ReadOnlySpan<int> lengths, Span<T> memoryGradient)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int steps = memoryGradient.Length / (batch * size);
        for (int row = 0; row < batch; row++)
        {
            Span<T> share = meanGradient.Slice(row * size, size);
            int length = lengths.IsEmpty ? steps : lengths[row];
            Scale(share, length);
            for (int step = 0; step < length; step++)
            {
                Span<T> gradient = memoryGradient.Slice(((step * batch) + row) * size, size);
                Elementwise.Add(gradient, share, gradient);
            }
        }
    }

    private static void Scale<T>(Span<T> values, int length)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (length == 0) return;
        T factor = ExactMath.Narrow<T>(1.0 / length);
        foreach (ref T value in values) value *= factor;
    }
}
