using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Memory;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Training;

/// <summary>Gradients kept from growing past a bound.</summary>
public static class GradientClipping
{
    /// <summary>How many squares are summed in T before the sum goes into one in double.</summary>
    private const int BlockLength = 4096;

    /// <summary>
    /// With n = √Σg² over every value of every set: g = g·maxNorm / (n + 1e-6) where that factor is below 1 (PyTorch's
    /// clip_grad_norm_). A norm that is not finite is returned and nothing is scaled: the caller decides.
    /// </summary>
    /// <remarks>
    /// Squares add in T in blocks of 4,096, blocks in double, in order: the bits depend on the layout of the sets alone. In float
    /// a gradient past 1e19 makes the norm +∞. Allocates nothing.
    /// </remarks>
    /// <param name="gradients">The sets; scaled in place.</param>
    /// <param name="maxNorm">The bound; +∞ for the norm alone.</param>
    /// <returns>n as it was before.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The bound is not positive.</exception>
    public static double ByGlobalNorm<T>(IReadOnlyList<ParameterSet<T>> gradients, double maxNorm)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(gradients);
        if (!(maxNorm > 0)) throw new ArgumentOutOfRangeException(nameof(maxNorm), maxNorm, "expected a positive norm");
        double sum = 0;
        for (int i = 0; i < gradients.Count; i++)
        {
            var work = new SumOfSquares<T> { Values = gradients[i].Values };
            Lanes.Run<T, SumOfSquares<T>, int>(ref work, BlockLength);
            sum += work.Sum;
        }

        double norm = Math.Sqrt(sum);
        double factor = maxNorm / (norm + 1e-6);
        if (!double.IsFinite(norm) || !(factor < 1)) return norm;
        for (int i = 0; i < gradients.Count; i++)
        {
            var work = new Scaling<T> { Values = gradients[i].Values };
            Lanes.Run<T, Scaling<T>, T>(ref work, ExactMath.Narrow<T>(factor));
        }

        return norm;
    }

    internal ref struct SumOfSquares<T> : ILaneWork<T, int>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public required ReadOnlySpan<T> Values { get; init; }

        public double Sum { get; private set; }

        public void Run<TLane>(int blockLength)
            where TLane : struct, ILane<TLane, T>
        {
            double sum = 0;
            for (int i = 0; i < Values.Length; i += blockLength)
            {
                ReadOnlySpan<T> block = Values.Slice(i, Math.Min(blockLength, Values.Length - i));
                sum += ExactMath.Widen(DotTerms<T, TLane>.Sum(block, block));
            }

            Sum = sum;
        }
    }

    internal readonly ref struct Scaling<T> : ILaneWork<T, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public required Span<T> Values { get; init; }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run<TLane>(T factor)
            where TLane : struct, ILane<TLane, T>
        {
            TLane factors = TLane.Broadcast(factor);
            // A set is whole cache lines, and so whole lanes.
            for (int i = 0; i < Values.Length; i += TLane.Count) (TLane.Load(ref Values[i]) * factors).Store(ref Values[i]);
        }
    }
}
