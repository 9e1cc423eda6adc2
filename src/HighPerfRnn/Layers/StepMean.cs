using System.Numerics;
using HighPerfRnn.Kernels;

namespace HighPerfRnn.Layers;

/// <summary>The mean over a row's own steps of a sequence [T, B, I]: sums in the order of the steps, then one product with 1 / length.</summary>
internal static class StepMean
{
    public static void Forward<T>(ReadOnlySpan<T> input, int size, int batch, ReadOnlySpan<int> lengths, Span<T> mean)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int steps = input.Length / (batch * size);
        mean.Clear();
        for (int row = 0; row < batch; row++)
        {
            Span<T> sum = mean.Slice(row * size, size);
            int length = lengths.IsEmpty ? steps : lengths[row];
            for (int step = 0; step < length; step++) Elementwise.Add(sum, input.Slice(((step * batch) + row) * size, size), sum);
            if (length == 0) continue;
            T share = Share<T>(length);
            foreach (ref T value in sum) value *= share;
        }
    }

    /// <summary>Each of a row's steps takes its share of the gradient.</summary>
    public static void Backward<T>(ReadOnlySpan<T> meanGradient, int size, int batch, ReadOnlySpan<int> lengths, Span<T> inputGradient)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int steps = inputGradient.Length / (batch * size);
        for (int row = 0; row < batch; row++)
        {
            ReadOnlySpan<T> gradient = meanGradient.Slice(row * size, size);
            int length = lengths.IsEmpty ? steps : lengths[row];
            if (length == 0) continue;
            T share = Share<T>(length);
            for (int step = 0; step < length; step++)
            {
                Span<T> target = inputGradient.Slice(((step * batch) + row) * size, size);
                for (int i = 0; i < target.Length; i++) target[i] += gradient[i] * share;
            }
        }
    }

    private static T Share<T>(int length)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => ExactMath.Narrow<T>(1.0 / length);
}
