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
        Unsafe.SkipInit(out Block16<T> tail);
        ref T source = ref MemoryMarshal.GetReference(logits);
        int whole = CopyTail(logits, in tailMask, ref tail);
        T maximum = Maximum(ref source, whole, ref tail, whole < logits.Length);
        T logit = logits[target];
        var body = new ExpTerms<T, TLane>(ref source, maximum);
        var last = new ExpTerms<T, TLane>(ref tail[0], maximum);
        T sum = StridedSum<T, TLane>.Run(in body, whole / BlockLength, in last, whole < logits.Length);
        return Loss(sum, logit, maximum);
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
        Unsafe.SkipInit(out Block16<T> tail);
        ref T source = ref MemoryMarshal.GetReference(logits);
        ref T destination = ref MemoryMarshal.GetReference(gradient);
        int whole = CopyTail(logits, in tailMask, ref tail);
        T maximum = Maximum(ref source, whole, ref tail, whole < logits.Length);
        T logit = logits[target];
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
        gradient[target] -= scale;
        return Loss(sum, logit, maximum);
    }

    /// <summary>In double and rounded once: a logarithm a row costs little beside V exponentials.</summary>
    private static T Loss(T sum, T logit, T maximum) =>
        ExactMath.Narrow<T>(ExactMath.Log(ExactMath.Widen(sum)) - (ExactMath.Widen(logit) - ExactMath.Widen(maximum)));

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
