using System.Numerics;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>ln Σ exp(x) of rows: what is taken from a logit for the logarithm of its probability.</summary>
internal static class LogNormalizers
{
    /// <summary>The exponentials and their sum as the softmax has them, the logarithm in double.</summary>
    /// <param name="logits">x [N, V].</param>
    /// <param name="classes">V.</param>
    /// <param name="normalizers">At least N places, overwritten from the first on. NaN for a row with a NaN or +∞, or of -∞ alone.</param>
    public static void Run<T>(ReadOnlySpan<T> logits, int classes, Span<double> normalizers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var work = new Work<T> { Logits = logits, Normalizers = normalizers };
        Lanes.Run<T, Work<T>, int>(ref work, classes);
    }

    private readonly ref struct Work<T> : ILaneWork<T, int>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public required ReadOnlySpan<T> Logits { get; init; }

        public required Span<double> Normalizers { get; init; }

        public void Run<TLane>(int classes)
            where TLane : struct, ILane<TLane, T>
        {
            Block16<T> tailMask = SoftmaxKernel<T, TLane>.TailMask(classes);
            for (int row = 0; row * classes < Logits.Length; row++)
            {
                ReadOnlySpan<T> logits = Logits.Slice(row * classes, classes);
                T sum = SoftmaxKernel<T, TLane>.SumOfExponentials(logits, in tailMask, out T maximum);
                Normalizers[row] = ExactMath.Widen(maximum) + ExactMath.Log(ExactMath.Widen(sum));
            }
        }
    }
}
