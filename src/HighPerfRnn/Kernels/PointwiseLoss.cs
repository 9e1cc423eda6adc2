using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>A loss of each number of a lane against its target, and its derivative.</summary>
internal interface IPointwiseLoss<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <param name="x">What was predicted.</param>
    /// <param name="target">y.</param>
    /// <param name="positiveWeight">What a loss that knows positive targets multiplies theirs by.</param>
    /// <param name="gradient">dl/dx.</param>
    /// <returns>l.</returns>
    static abstract TLane Of<TLane>(TLane x, TLane target, TLane positiveWeight, out TLane gradient)
        where TLane : struct, ILane<TLane, T>;
}

/// <summary>
/// l = (1 - y)·softplus(x) + p·y·softplus(-x), with e = exp(-|x|), softplus(±x) = max(±x, 0) + ln(1 + e), and
/// dl/dx = (1 - y)·σ(x) - p·y·σ(-x), where σ(±|x|) are 1 / (1 + e) and e / (1 + e): no term is ever the difference of two near ones.
/// </summary>
internal readonly struct BinaryCrossEntropyFunction<T> : IPointwiseLoss<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Of<TLane>(TLane x, TLane target, TLane positiveWeight, out TLane gradient)
        where TLane : struct, ILane<TLane, T>
    {
        TLane one = TLane.Broadcast(T.One);
        TLane zero = TLane.Zero;
        TLane e = Activations<T, TLane>.ExpOfNonPositive(zero - TLane.Abs(x));
        TLane logarithm = Activations<T, TLane>.LogOnePlus(e);
        TLane negative = one - target;
        TLane positive = positiveWeight * target;
        TLane larger = one / (one + e);
        TLane smaller = e * larger;
        TLane sigmoid = TLane.SelectLess(x, zero, smaller, larger);
        TLane opposite = TLane.SelectLess(x, zero, larger, smaller);
        gradient = TLane.NegatedFusedMultiplyAdd(positive, opposite, negative * sigmoid);
        TLane softplus = TLane.Max(zero, x) + logarithm;
        TLane softplusOfNegative = TLane.Max(zero, zero - x) + logarithm;
        return TLane.FusedMultiplyAdd(positive, softplusOfNegative, negative * softplus);
    }
}

/// <summary>l = (x - y)², dl/dx = 2·(x - y).</summary>
internal readonly struct SquaredErrorFunction<T> : IPointwiseLoss<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Of<TLane>(TLane x, TLane target, TLane positiveWeight, out TLane gradient)
        where TLane : struct, ILane<TLane, T>
    {
        TLane difference = x - target;
        gradient = difference + difference;
        return difference * difference;
    }
}

/// <summary>Losses of numbers [start, end), of which every number is a lane of its own: no sum is taken here.</summary>
internal static class PointwiseLossKernel<T, TLane, TLoss>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
    where TLoss : struct, IPointwiseLoss<T>
{
    /// <summary>losses = w·l, 0 where w is 0, and if wanted gradient = scale·w·dl/dx.</summary>
    /// <param name="x">What was predicted.</param>
    /// <param name="targets">y, as many.</param>
    /// <param name="weights">w, as many; empty for ones.</param>
    /// <param name="positiveWeights">One for all, or as many as there are numbers.</param>
    /// <param name="losses">Overwritten.</param>
    /// <param name="gradient">Overwritten, it may be x itself; empty when it is not wanted.</param>
    /// <param name="scale">What the gradient is multiplied by.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(
        ReadOnlySpan<T> x,
        ReadOnlySpan<T> targets,
        ReadOnlySpan<T> weights,
        ReadOnlySpan<T> positiveWeights,
        Span<T> losses,
        Span<T> gradient,
        T scale)
    {
        ref T source = ref MemoryMarshal.GetReference(x);
        ref T target = ref MemoryMarshal.GetReference(targets);
        ref T weight = ref MemoryMarshal.GetReference(weights);
        ref T positive = ref MemoryMarshal.GetReference(positiveWeights);
        ref T loss = ref MemoryMarshal.GetReference(losses);
        ref T destination = ref MemoryMarshal.GetReference(gradient);
        TLane scales = TLane.Broadcast(scale);
        TLane positives = TLane.Broadcast(positiveWeights[0]);
        for (int i = 0; i < x.Length; i += TLane.Count)
        {
            int count = x.Length - i;
            TLane numbers = PartialLane<T, TLane>.Load(ref Unsafe.Add(ref source, i), count);
            TLane labels = PartialLane<T, TLane>.Load(ref Unsafe.Add(ref target, i), count);
            if (positiveWeights.Length > 1) positives = PartialLane<T, TLane>.Load(ref Unsafe.Add(ref positive, i), count);
            TLane values = TLoss.Of(numbers, labels, positives, out TLane slopes);
            slopes *= scales;
            if (!weights.IsEmpty)
            {
                // Chosen, not multiplied, where the weight is 0: what is masked may be anything.
                TLane factors = PartialLane<T, TLane>.Load(ref Unsafe.Add(ref weight, i), count);
                values = TLane.SelectLess(TLane.Zero, factors, factors * values, TLane.Zero);
                slopes = TLane.SelectLess(TLane.Zero, factors, factors * slopes, TLane.Zero);
            }

            PartialLane<T, TLane>.Store(values, ref Unsafe.Add(ref loss, i), count);
            if (!gradient.IsEmpty) PartialLane<T, TLane>.Store(slopes, ref Unsafe.Add(ref destination, i), count);
        }
    }
}
