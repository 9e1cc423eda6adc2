using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>
/// One row of softmax cross-entropy: with m = max x and s = Σ exp(x - m), loss = ln s - (x_target - m) and
/// dx = scale·(exp(x - m) / s - [target]).
/// </summary>
/// <remarks>
/// A row runs in blocks of sixteen; its last few numbers are copied to the end of a block of their own that begins with -∞,
/// whose exponential is +0, so that no pass has a tail. The copy is the row's last sixteen numbers plus a mask: numbers stored
/// one by one and loaded as a vector would wait for the stores to leave the core, half of a short row's time. The maximum passes over NaN: which number it is decides no bit, since the
/// NaN itself reaches the sum, and with it the loss and the row's gradient. So does +∞, as ∞ - ∞. -∞ is a probability of 0.
/// </remarks>
internal static class SoftmaxCrossEntropyKernel<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    private const int BlockLength = StridedSum<T, TLane>.Chains;

    /// <summary>
    /// What makes the last block of a row of <paramref name="classes"/> numbers out of its last sixteen by addition: -∞ for
    /// those that stand in whole blocks already, else 0.
    /// </summary>
    public static Block16<T> TailMask(int classes)
    {
        Block16<T> mask = default;
        for (int i = 0; i < BlockLength - (classes % BlockLength); i++) mask[i] = T.NegativeInfinity;
        return mask;
    }

    /// <summary>The loss of a row in nats; the logits stay as they are.</summary>
    /// <param name="logits">x [V].</param>
    /// <param name="target">The index whose probability counts.</param>
    /// <param name="tailMask"><see cref="TailMask"/> of V.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static T Forward(ReadOnlySpan<T> logits, int target, ref readonly Block16<T> tailMask)
    {
        (T sum, T maximum) = SumOfExponentials(logits, in tailMask);
        return Loss(sum, logits[target], maximum);
    }

    /// <summary>The loss of a row in nats, and its gradient times <paramref name="scale"/>.</summary>
    /// <param name="logits">x [V].</param>
    /// <param name="target">The index whose probability counts.</param>
    /// <param name="gradient">dx [V], overwritten; it may be the logits themselves.</param>
    /// <param name="scale">What the gradient is multiplied by.</param>
    /// <param name="tailMask"><see cref="TailMask"/> of V.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static T ForwardBackward(
        ReadOnlySpan<T> logits, int target, Span<T> gradient, T scale, ref readonly Block16<T> tailMask)
    {
        T logit = logits[target];
        (T sum, T maximum) = StoreSoftmax(logits, gradient, scale, in tailMask);
        gradient[target] -= scale;
        return Loss(sum, logit, maximum);
    }

    /// <summary>As <see cref="Forward(ReadOnlySpan{T}, int, ref readonly Block16{T})"/>, against a target that is not one word alone.</summary>
    /// <param name="logits">x [V].</param>
    /// <param name="target">The index whose probability counts most.</param>
    /// <param name="mixture">How much each probability counts.</param>
    /// <param name="weights">w [V]; empty for ones.</param>
    /// <param name="tailMask"><see cref="TailMask"/> of V.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static T Forward(
        ReadOnlySpan<T> logits, int target, in TargetMixture mixture, ReadOnlySpan<T> weights, ref readonly Block16<T> tailMask)
    {
        (T sum, T maximum) = SumOfExponentials(logits, in tailMask);
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
    /// <param name="tailMask"><see cref="TailMask"/> of V.</param>
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
        T distance = mixture.OnEach > 0 ? WeightedDistance(logits, weights, Maximum(logits, in tailMask)) : T.Zero;

        (T sum, T maximum) = StoreSoftmax(logits, gradient, ExactMath.Narrow<T>(scale * mixture.Total), in tailMask);
        if (mixture.OnEach > 0) SubtractWeights(gradient, weights, ExactMath.Narrow<T>(scale * mixture.OnEach));
        gradient[target] -= ExactMath.Narrow<T>(scale * mixture.OnTarget);
        return Loss(sum, logit, maximum, distance, in mixture);
    }

    /// <summary>Σ exp(x - m), m the maximum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (T Sum, T Maximum) SumOfExponentials(ReadOnlySpan<T> logits, ref readonly Block16<T> tailMask)
    {
        Unsafe.SkipInit(out Block16<T> tail);
        ref T source = ref MemoryMarshal.GetReference(logits);
        int whole = CopyTail(logits, in tailMask, ref tail);
        T maximum = Maximum(ref source, whole, ref tail, whole < logits.Length);
        var body = new ExpTerms<T, TLane>(ref source, maximum);
        var last = new ExpTerms<T, TLane>(ref tail[0], maximum);
        return (StridedSum<T, TLane>.Run(in body, whole / BlockLength, in last, whole < logits.Length), maximum);
    }

    /// <summary>gradient = scale·exp(x - m) / s; gives s = Σ exp(x - m) and m. The gradient may be the logits themselves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (T Sum, T Maximum) StoreSoftmax(
        ReadOnlySpan<T> logits, Span<T> gradient, T scale, ref readonly Block16<T> tailMask)
    {
        Unsafe.SkipInit(out Block16<T> tail);
        ref T source = ref MemoryMarshal.GetReference(logits);
        ref T destination = ref MemoryMarshal.GetReference(gradient);
        int whole = CopyTail(logits, in tailMask, ref tail);
        T maximum = Maximum(ref source, whole, ref tail, whole < logits.Length);
        var body = new StoredExpTerms<T, TLane>(ref source, ref destination, maximum);
        var last = new StoredExpTerms<T, TLane>(ref tail[0], ref tail[0], maximum);
        T sum = StridedSum<T, TLane>.Run(in body, whole / BlockLength, in last, whole < logits.Length);
        T factor = scale / sum;
        TLane factors = TLane.Broadcast(factor);
        for (int i = 0; i < whole; i += TLane.Count)
        {
            ref T at = ref Unsafe.Add(ref destination, i);
            (TLane.Load(ref at) * factors).Store(ref at);
        }

        int shift = BlockLength - logits.Length;
        for (int i = whole; i < gradient.Length; i++) gradient[i] = tail[i + shift] * factor;
        return (sum, maximum);
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

    /// <summary>How many numbers stand in whole blocks; the others end the tail then.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int CopyTail(ReadOnlySpan<T> logits, ref readonly Block16<T> tailMask, ref Block16<T> tail)
    {
        int whole = logits.Length / BlockLength * BlockLength;
        if (whole == logits.Length) return whole;
        int shift = BlockLength - logits.Length;
        if (whole == 0)
        {
            for (int i = 0; i < shift; i++) tail[i] = T.NegativeInfinity;
            logits.CopyTo(((Span<T>)tail)[shift..]);
            return whole;
        }

        ref T lastBlock = ref Unsafe.Subtract(ref MemoryMarshal.GetReference(logits), shift);
        for (int i = 0; i < BlockLength; i += TLane.Count)
        {
            (TLane.Load(ref Unsafe.Add(ref lastBlock, i)) + TLane.Load(in tailMask[i])).Store(ref tail[i]);
        }

        return whole;
    }

    private static T Maximum(ReadOnlySpan<T> logits, ref readonly Block16<T> tailMask)
    {
        Unsafe.SkipInit(out Block16<T> tail);
        int whole = CopyTail(logits, in tailMask, ref tail);
        return Maximum(ref MemoryMarshal.GetReference(logits), whole, ref tail, whole < logits.Length);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Larger(T a, T b) => T.MaxNative(a, b);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static T Maximum(ref T source, int whole, ref Block16<T> tail, bool hasTail)
    {
        // Two chains hide the latency of the comparisons; for a maximum the order means nothing.
        TLane a = TLane.Broadcast(T.NegativeInfinity);
        TLane b = a;
        int i = 0;
        for (; i <= whole - (2 * TLane.Count); i += 2 * TLane.Count)
        {
            a = TLane.Max(TLane.Load(ref Unsafe.Add(ref source, i)), a);
            b = TLane.Max(TLane.Load(ref Unsafe.Add(ref source, i + TLane.Count)), b);
        }

        for (; i < whole; i += TLane.Count) a = TLane.Max(TLane.Load(ref Unsafe.Add(ref source, i)), a);
        if (hasTail)
        {
            for (int j = 0; j < BlockLength; j += TLane.Count) b = TLane.Max(TLane.Load(ref tail[j]), b);
        }

        Unsafe.SkipInit(out Block16<T> m);
        TLane.Max(a, b).Store(ref m[0]);
        for (int width = TLane.Count; width < BlockLength; width += TLane.Count) a.Store(ref m[width]);
        T m0 = Larger(m[0], m[8]), m1 = Larger(m[1], m[9]), m2 = Larger(m[2], m[10]), m3 = Larger(m[3], m[11]);
        T m4 = Larger(m[4], m[12]), m5 = Larger(m[5], m[13]), m6 = Larger(m[6], m[14]), m7 = Larger(m[7], m[15]);
        return Larger(Larger(Larger(m0, m4), Larger(m2, m6)), Larger(Larger(m1, m5), Larger(m3, m7)));
    }
}

/// <summary>exp(x - m).</summary>
internal readonly ref struct ExpTerms<T, TLane>(ref T source, T maximum) : ITerms<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    private readonly ref T _source = ref source;
    private readonly T _maximum = maximum;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane AddTo(TLane sums, int index) =>
        sums + Activations<T, TLane>.ExpOfNonPositive(TLane.Load(ref Unsafe.Add(ref _source, index)) - TLane.Broadcast(_maximum));
}

/// <summary>exp(x - m), kept.</summary>
internal readonly ref struct StoredExpTerms<T, TLane>(ref T source, ref T destination, T maximum) : ITerms<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    private readonly ref T _source = ref source;
    private readonly ref T _destination = ref destination;
    private readonly T _maximum = maximum;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane AddTo(TLane sums, int index)
    {
        TLane exponential = Activations<T, TLane>.ExpOfNonPositive(TLane.Load(ref Unsafe.Add(ref _source, index)) - TLane.Broadcast(_maximum));
        exponential.Store(ref Unsafe.Add(ref _destination, index));
        return sums + exponential;
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
