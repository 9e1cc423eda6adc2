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
/// A row runs in blocks of sixteen; its last few numbers are copied into a block of their own, filled up with -∞, whose
/// exponential is +0, so that no pass has a tail. The maximum passes over NaN: which number it is decides no bit, since the
/// NaN itself reaches the sum, and with it the loss and the row's gradient. So does +∞, as ∞ - ∞. -∞ is a probability of 0.
/// </remarks>
internal static class SoftmaxCrossEntropyKernel<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    private const int BlockLength = StridedSum<T, TLane>.Chains;

    /// <summary>The loss of a row in nats; the logits stay as they are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    public static T Forward(ReadOnlySpan<T> logits, int target)
    {
        Unsafe.SkipInit(out Block16<T> tail);
        ref T source = ref MemoryMarshal.GetReference(logits);
        int whole = CopyTail(logits, ref tail);
        T maximum = Maximum(ref source, whole, ref tail, whole < logits.Length);
        T logit = logits[target];
        var body = new ExpTerms<T, TLane>(ref source, TLane.Broadcast(maximum));
        var last = new ExpTerms<T, TLane>(ref tail[0], TLane.Broadcast(maximum));
        T sum = StridedSum<T, TLane>.Run(body, whole / BlockLength, last, whole < logits.Length);
        return Loss(sum, logit, maximum);
    }

    /// <summary>The loss of a row in nats, and its gradient times <paramref name="scale"/>.</summary>
    /// <param name="logits">x [V].</param>
    /// <param name="target">The index whose probability counts.</param>
    /// <param name="gradient">dx [V], overwritten; it may be the logits themselves.</param>
    /// <param name="scale">What the gradient is multiplied by.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    public static T ForwardBackward(ReadOnlySpan<T> logits, int target, Span<T> gradient, T scale)
    {
        Unsafe.SkipInit(out Block16<T> tail);
        ref T source = ref MemoryMarshal.GetReference(logits);
        ref T destination = ref MemoryMarshal.GetReference(gradient);
        int whole = CopyTail(logits, ref tail);
        T maximum = Maximum(ref source, whole, ref tail, whole < logits.Length);
        T logit = logits[target];
        var body = new StoredExpTerms<T, TLane>(ref source, ref destination, TLane.Broadcast(maximum));
        var last = new StoredExpTerms<T, TLane>(ref tail[0], ref tail[0], TLane.Broadcast(maximum));
        T sum = StridedSum<T, TLane>.Run(body, whole / BlockLength, last, whole < logits.Length);
        T factor = scale / sum;
        TLane factors = TLane.Broadcast(factor);
        for (int i = 0; i < whole; i += TLane.Count)
        {
            ref T at = ref Unsafe.Add(ref destination, i);
            (TLane.Load(ref at) * factors).Store(ref at);
        }

        for (int i = whole; i < gradient.Length; i++) gradient[i] = tail[i - whole] * factor;
        gradient[target] -= scale;
        return Loss(sum, logit, maximum);
    }

    /// <summary>In double and rounded once: a logarithm a row costs little beside V exponentials.</summary>
    private static T Loss(T sum, T logit, T maximum) =>
        ExactMath.Narrow<T>(ExactMath.Log(ExactMath.Widen(sum)) - (ExactMath.Widen(logit) - ExactMath.Widen(maximum)));

    /// <summary>How many numbers stand in whole blocks; the others are in the tail then.</summary>
    private static int CopyTail(ReadOnlySpan<T> logits, ref Block16<T> tail)
    {
        int whole = logits.Length / BlockLength * BlockLength;
        if (whole == logits.Length) return whole;
        TLane fill = TLane.Broadcast(T.NegativeInfinity);
        for (int i = 0; i < BlockLength; i += TLane.Count) fill.Store(ref tail[i]);
        for (int i = whole; i < logits.Length; i++) tail[i - whole] = logits[i];
        return whole;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
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

        Unsafe.SkipInit(out Block16<T> lanes);
        TLane.Max(a, b).Store(ref lanes[0]);
        T maximum = lanes[0];
        for (int j = 1; j < TLane.Count; j++) maximum = T.MaxNative(maximum, lanes[j]);
        return maximum;
    }
}

/// <summary>exp(x - m).</summary>
internal readonly ref struct ExpTerms<T, TLane>(ref T source, TLane maximum) : ITerms<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    private readonly ref T _source = ref source;
    private readonly TLane _maximum = maximum;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane AddTo(TLane sums, int index) =>
        sums + Activations<T, TLane>.ExpOfNonPositive(TLane.Load(ref Unsafe.Add(ref _source, index)) - _maximum);
}

/// <summary>exp(x - m), kept.</summary>
internal readonly ref struct StoredExpTerms<T, TLane>(ref T source, ref T destination, TLane maximum) : ITerms<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    private readonly ref T _source = ref source;
    private readonly ref T _destination = ref destination;
    private readonly TLane _maximum = maximum;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane AddTo(TLane sums, int index)
    {
        TLane exponential = Activations<T, TLane>.ExpOfNonPositive(TLane.Load(ref Unsafe.Add(ref _source, index)) - _maximum);
        exponential.Store(ref Unsafe.Add(ref _destination, index));
        return sums + exponential;
    }
}
