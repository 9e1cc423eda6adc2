using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>
/// One row of softmax cross-entropy: with m = max x and s = Σ exp(x - m), loss = ln s - (x_target - m) and
/// dx = scale·(exp(x - m) / s - [target]).
/// </summary>
internal static class SoftmaxCrossEntropyKernel<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    private const int BlockLength = StridedSum<T, TLane>.Chains;

    /// <summary>The loss of a row in nats; the logits stay as they are.</summary>
    /// <param name="logits">x [V].</param>
    /// <param name="target">The index whose probability counts.</param>
    /// <param name="tailMask"><see cref="SoftmaxKernel{T, TLane}.TailMask"/> of V.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static T Forward(ReadOnlySpan<T> logits, int target, ref readonly Block16<T> tailMask)
    {
        T sum = SoftmaxKernel<T, TLane>.SumOfExponentials(logits, in tailMask, out T maximum);
        return Loss(sum, logits[target], maximum);
    }

    /// <summary>The loss of a row in nats, and its gradient times <paramref name="scale"/>.</summary>
    /// <param name="logits">x [V].</param>
    /// <param name="target">The index whose probability counts.</param>
    /// <param name="gradient">dx [V], overwritten; it may be the logits themselves.</param>
    /// <param name="scale">What the gradient is multiplied by.</param>
    /// <param name="tailMask"><see cref="SoftmaxKernel{T, TLane}.TailMask"/> of V.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static T ForwardBackward(
        ReadOnlySpan<T> logits, int target, Span<T> gradient, T scale, ref readonly Block16<T> tailMask)
    {
        T logit = logits[target];
        T sum = SoftmaxKernel<T, TLane>.Scaled(logits, gradient, scale, in tailMask, out T maximum);
        gradient[target] -= scale;
        return Loss(sum, logit, maximum);
    }

    /// <summary>As <see cref="Forward(ReadOnlySpan{T}, int, ref readonly Block16{T})"/>, against a target that is not one word alone.</summary>
    /// <param name="logits">x [V].</param>
    /// <param name="target">The index whose probability counts most.</param>
    /// <param name="mixture">How much each probability counts.</param>
    /// <param name="weights">w [V]; empty for ones.</param>
    /// <param name="tailMask"><see cref="SoftmaxKernel{T, TLane}.TailMask"/> of V.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static T Forward(
        ReadOnlySpan<T> logits, int target, in TargetMixture mixture, ReadOnlySpan<T> weights, ref readonly Block16<T> tailMask)
    {
        T sum = SoftmaxKernel<T, TLane>.SumOfExponentials(logits, in tailMask, out T maximum);
        T distance = mixture.OnEach > 0 ? WeightedDistance(logits, weights, maximum) : T.Zero;
        return Loss(sum, logits[target], maximum, distance, in mixture);
    }

    /// <summary>As the other one, against a target that is not one word alone; dx may be the logits themselves.</summary>
    /// <param name="logits">x [V].</param>
    /// <param name="target">The index whose probability counts most.</param>
    /// <param name="mixture">How much each probability counts.</param>
    /// <param name="weights">w [V]; empty for ones.</param>
    /// <param name="gradient">dx [V], overwritten.</param>
    /// <param name="scale">What the gradient is multiplied by.</param>
    /// <param name="tailMask"><see cref="SoftmaxKernel{T, TLane}.TailMask"/> of V.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static T ForwardBackward(
        ReadOnlySpan<T> logits,
        int target,
        in TargetMixture mixture,
        ReadOnlySpan<T> weights,
        Span<T> gradient,
        double scale,
        ref readonly Block16<T> tailMask)
    {
        T logit = logits[target];
        // Before the gradient takes the place of the logits; the maximum is found again below, which costs little beside V exponentials.
        T distance = mixture.OnEach > 0 ? WeightedDistance(logits, weights, SoftmaxKernel<T, TLane>.Maximum(logits, in tailMask)) : T.Zero;

        T sum = SoftmaxKernel<T, TLane>.Scaled(logits, gradient, ExactMath.Narrow<T>(scale * mixture.Total), in tailMask, out T maximum);
        if (mixture.OnEach > 0) SubtractWeights(gradient, weights, ExactMath.Narrow<T>(scale * mixture.OnEach));
        gradient[target] -= ExactMath.Narrow<T>(scale * mixture.OnTarget);
        return Loss(sum, logit, maximum, distance, in mixture);
    }

    /// <summary>Σ w·(x - m); without weights Σ (x - m).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static T WeightedDistance(ReadOnlySpan<T> logits, ReadOnlySpan<T> weights, T maximum)
    {
        int blocks = logits.Length / BlockLength;
        int rest = blocks * BlockLength;
        Block16<T> tail = default;
        Block16<T> tailWeights = default;
        ((Span<T>)tail).Fill(maximum);
        logits[rest..].CopyTo(tail);
        ref T source = ref MemoryMarshal.GetReference(logits);
        bool hasTail = rest < logits.Length;
        if (weights.IsEmpty)
        {
            var terms = new DistanceTerms<T, TLane>(ref source, maximum);
            var last = new DistanceTerms<T, TLane>(ref tail[0], maximum);
            return StridedSum<T, TLane>.Run(in terms, blocks, in last, hasTail);
        }

        weights[rest..].CopyTo(tailWeights);
        var weighted = new WeightedDistanceTerms<T, TLane>(ref source, ref MemoryMarshal.GetReference(weights), maximum);
        var lastWeighted = new WeightedDistanceTerms<T, TLane>(ref tail[0], ref tailWeights[0], maximum);
        return StridedSum<T, TLane>.Run(in weighted, blocks, in lastWeighted, hasTail);
    }

    /// <summary>gradient -= factor·w; without weights gradient -= factor.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SubtractWeights(Span<T> gradient, ReadOnlySpan<T> weights, T factor)
    {
        ref T destination = ref MemoryMarshal.GetReference(gradient);
        ref T source = ref MemoryMarshal.GetReference(weights);
        TLane factors = TLane.Broadcast(factor);
        TLane one = TLane.Broadcast(T.One);
        for (int i = 0; i < gradient.Length; i += TLane.Count)
        {
            int count = gradient.Length - i;
            ref T at = ref Unsafe.Add(ref destination, i);
            TLane weight = weights.IsEmpty ? one : PartialLane<T, TLane>.Load(ref Unsafe.Add(ref source, i), count);
            TLane old = PartialLane<T, TLane>.Load(ref at, count);
            PartialLane<T, TLane>.Store(TLane.NegatedFusedMultiplyAdd(factors, weight, old), ref at, count);
        }
    }

    /// <summary>In double and rounded once: a logarithm a row costs little beside V exponentials.</summary>
    private static T Loss(T sum, T logit, T maximum) =>
        ExactMath.Narrow<T>(ExactMath.Log(ExactMath.Widen(sum)) - (ExactMath.Widen(logit) - ExactMath.Widen(maximum)));

    /// <summary>a·(ln s - d_target) + b·(W·ln s - Σ w·d), d = x - m ≤ 0: no term is negative, so that none cancels another.</summary>
    private static T Loss(T sum, T logit, T maximum, T distance, in TargetMixture mixture)
    {
        double logSum = ExactMath.Log(ExactMath.Widen(sum));
        double loss = logSum - (ExactMath.Widen(logit) - ExactMath.Widen(maximum));
        // Left out where they count nothing, so that 0·∞ is not NaN.
        if (mixture.OnTarget != 1) loss = mixture.OnTarget == 0 && !double.IsNaN(logSum) ? 0 : mixture.OnTarget * loss;
        if (mixture.OnEach > 0) loss += mixture.OnEach * ((mixture.Weights * logSum) - ExactMath.Widen(distance));
        return ExactMath.Narrow<T>(loss);
    }
}

/// <summary>x - m.</summary>
internal readonly ref struct DistanceTerms<T, TLane>(ref T source, T maximum) : ITerms<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    private readonly ref T _source = ref source;
    private readonly T _maximum = maximum;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane AddTo(TLane sums, int index) =>
        sums + (TLane.Load(ref Unsafe.Add(ref _source, index)) - TLane.Broadcast(_maximum));
}

/// <summary>w·(x - m).</summary>
internal readonly ref struct WeightedDistanceTerms<T, TLane>(ref T source, ref T weights, T maximum) : ITerms<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    private readonly ref T _source = ref source;
    private readonly ref T _weights = ref weights;
    private readonly T _maximum = maximum;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane AddTo(TLane sums, int index) => TLane.FusedMultiplyAdd(
        TLane.Load(ref Unsafe.Add(ref _weights, index)),
        TLane.Load(ref Unsafe.Add(ref _source, index)) - TLane.Broadcast(_maximum),
        sums);
}
