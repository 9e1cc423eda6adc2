using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>The softmax of one row: with m = max x and s = Σ exp(x - m), y = exp(x - m) / s.</summary>
/// <remarks>
/// A row runs in blocks of sixteen; its last few numbers are copied to the end of a block of their own that begins with -∞,
/// whose exponential is +0, so that no pass has a tail. The copy is the row's last sixteen numbers plus a mask: numbers stored
/// one by one and loaded as a vector would wait for the stores to leave the core, half of a short row's time. The maximum passes over NaN: which number it is decides no bit, since the
/// NaN itself reaches the sum, and with it the whole row. So does +∞, as ∞ - ∞. -∞ is a probability of 0.
/// </remarks>
internal static class SoftmaxKernel<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    private const int BlockLength = StridedSum<T, TLane>.Chains;

    /// <summary>
    /// What makes the last block of a row of <paramref name="length"/> numbers out of its last sixteen by addition: -∞ for
    /// those that stand in whole blocks already, else 0.
    /// </summary>
    public static Block16<T> TailMask(int length)
    {
        Block16<T> mask = default;
        for (int i = 0; i < BlockLength - (length % BlockLength); i++) mask[i] = T.NegativeInfinity;
        return mask;
    }

    /// <summary>s and m; the row stays as it is.</summary>
    /// <param name="x">The row, of at least one number.</param>
    /// <param name="tailMask"><see cref="TailMask"/> of its length.</param>
    /// <param name="maximum">m.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static T SumOfExponentials(ReadOnlySpan<T> x, ref readonly Block16<T> tailMask, out T maximum)
    {
        Unsafe.SkipInit(out Block16<T> tail);
        ref T source = ref MemoryMarshal.GetReference(x);
        int whole = CopyTail(x, in tailMask, ref tail);
        maximum = Maximum(ref source, whole, ref tail, whole < x.Length);
        var body = new ExpTerms<T, TLane>(ref source, maximum);
        var last = new ExpTerms<T, TLane>(ref tail[0], maximum);
        return StridedSum<T, TLane>.Run(in body, whole / BlockLength, in last, whole < x.Length);
    }

    /// <summary>y = exp(x - m) · (scale / s); returns s and m.</summary>
    /// <param name="x">The row, of at least one number.</param>
    /// <param name="y">As long, overwritten; it may be the row itself.</param>
    /// <param name="scale">What the probabilities are multiplied by.</param>
    /// <param name="tailMask"><see cref="TailMask"/> of the length.</param>
    /// <param name="maximum">m.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static T Scaled(ReadOnlySpan<T> x, Span<T> y, T scale, ref readonly Block16<T> tailMask, out T maximum)
    {
        Unsafe.SkipInit(out Block16<T> tail);
        ref T source = ref MemoryMarshal.GetReference(x);
        ref T destination = ref MemoryMarshal.GetReference(y);
        int whole = CopyTail(x, in tailMask, ref tail);
        maximum = Maximum(ref source, whole, ref tail, whole < x.Length);
        var body = new StoredExpTerms<T, TLane>(ref source, ref destination, maximum);
        var last = new StoredExpTerms<T, TLane>(ref tail[0], ref tail[0], maximum);
        T sum = StridedSum<T, TLane>.Run(in body, whole / BlockLength, in last, whole < x.Length);
        T factor = scale / sum;
        TLane factors = TLane.Broadcast(factor);
        for (int i = 0; i < whole; i += TLane.Count)
        {
            ref T at = ref Unsafe.Add(ref destination, i);
            (TLane.Load(ref at) * factors).Store(ref at);
        }

        int shift = BlockLength - x.Length;
        for (int i = whole; i < y.Length; i++) y[i] = tail[i + shift] * factor;
        return sum;
    }

    /// <summary>The way back: dx = scale · y∘(dy - Σ y·dy), written where dy is.</summary>
    /// <param name="y">The softmax of a row.</param>
    /// <param name="gradient">dy, overwritten with dx.</param>
    /// <param name="scale">What the gradient is multiplied by.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Backward(ReadOnlySpan<T> y, Span<T> gradient, T scale)
    {
        ref T values = ref MemoryMarshal.GetReference(y);
        ref T gradients = ref MemoryMarshal.GetReference(gradient);
        TLane mean = TLane.Broadcast(DotTerms<T, TLane>.Sum(y, gradient));
        TLane scales = TLane.Broadcast(scale);
        for (int i = 0; i < y.Length; i += TLane.Count)
        {
            int count = y.Length - i;
            ref T at = ref Unsafe.Add(ref gradients, i);
            TLane difference = PartialLane<T, TLane>.Load(ref at, count) - mean;
            TLane value = PartialLane<T, TLane>.Load(ref Unsafe.Add(ref values, i), count);
            PartialLane<T, TLane>.Store(value * difference * scales, ref at, count);
        }
    }

    /// <summary>How many numbers stand in whole blocks; the others end the tail then.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int CopyTail(ReadOnlySpan<T> x, ref readonly Block16<T> tailMask, ref Block16<T> tail)
    {
        int whole = x.Length / BlockLength * BlockLength;
        if (whole == x.Length) return whole;
        int shift = BlockLength - x.Length;
        if (whole == 0)
        {
            for (int i = 0; i < shift; i++) tail[i] = T.NegativeInfinity;
            x.CopyTo(((Span<T>)tail)[shift..]);
            return whole;
        }

        ref T lastBlock = ref Unsafe.Subtract(ref MemoryMarshal.GetReference(x), shift);
        for (int i = 0; i < BlockLength; i += TLane.Count)
        {
            (TLane.Load(ref Unsafe.Add(ref lastBlock, i)) + TLane.Load(in tailMask[i])).Store(ref tail[i]);
        }

        return whole;
    }

    /// <summary>m.</summary>
    /// <param name="x">The row, of at least one number.</param>
    /// <param name="tailMask"><see cref="TailMask"/> of its length.</param>
    public static T Maximum(ReadOnlySpan<T> x, ref readonly Block16<T> tailMask)
    {
        Unsafe.SkipInit(out Block16<T> tail);
        int whole = CopyTail(x, in tailMask, ref tail);
        return Maximum(ref MemoryMarshal.GetReference(x), whole, ref tail, whole < x.Length);
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
