using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>What is summed: a lane of terms at an index, added to a lane of sums.</summary>
internal interface ITerms<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    TLane AddTo(TLane sums, int index);
}

/// <summary>
/// The one order of sums that run along the lanes: sixteen chains whatever the width, chain j taking terms j, j + 16, ... in
/// order from +0, and at the end sixteen sums halved four times, the upper half added to the lower.
/// </summary>
/// <remarks>
/// Sixteen, since that is the widest lane: it takes one register, narrower lanes take up to four, and those of fewer than four
/// numbers sweep the terms several times. A sum of n terms is off by at most (⌈n / 16⌉ + 4)·u·Σ|term| to first order.
/// </remarks>
internal static class StridedSum<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    /// <summary>How many chains, and how many terms a block has.</summary>
    public const int Chains = 16;

    /// <summary>The sum of <paramref name="blocks"/> blocks of terms, then of one block more when there is a tail.</summary>
    /// <param name="terms">The terms of whole blocks.</param>
    /// <param name="blocks">How many.</param>
    /// <param name="tail">The last terms, filled up to a block with terms that add +0.</param>
    /// <param name="hasTail">Whether there are any.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static T Run<TTerms, TTail>(scoped in TTerms terms, int blocks, scoped in TTail tail, bool hasTail)
        where TTerms : struct, ITerms<T, TLane>, allows ref struct
        where TTail : struct, ITerms<T, TLane>, allows ref struct
    {
        Unsafe.SkipInit(out Block16<T> sums);
        // Copies, since a call through a read-only reference would copy each time; they stay in registers.
        TTerms body = terms;
        TTail last = tail;
        int count = TLane.Count;
        for (int chain = 0; chain < Chains; chain += 4 * count)
        {
            TLane a = TLane.Zero, b = TLane.Zero, c = TLane.Zero, d = TLane.Zero;
            for (int index = chain; index < (blocks * Chains) + chain; index += Chains)
            {
                a = body.AddTo(a, index);
                if (TLane.Count <= 8) b = body.AddTo(b, index + count);
                if (TLane.Count <= 4) c = body.AddTo(c, index + (2 * count));
                if (TLane.Count <= 4) d = body.AddTo(d, index + (3 * count));
            }

            if (hasTail)
            {
                a = last.AddTo(a, chain);
                if (TLane.Count <= 8) b = last.AddTo(b, chain + count);
                if (TLane.Count <= 4) c = last.AddTo(c, chain + (2 * count));
                if (TLane.Count <= 4) d = last.AddTo(d, chain + (3 * count));
            }

            a.Store(ref sums[chain]);
            if (TLane.Count <= 8) b.Store(ref sums[chain + count]);
            if (TLane.Count <= 4) c.Store(ref sums[chain + (2 * count)]);
            if (TLane.Count <= 4) d.Store(ref sums[chain + (3 * count)]);
        }

        return Total(ref sums[0]);
    }

    /// <summary>The sum of sixteen chains: the upper half added to the lower, four times.</summary>
    /// <param name="sums">The first of them. A reference, since each index into a block would be a call once the caller is large.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Total(ref T sums)
    {
        T s0 = sums + Unsafe.Add(ref sums, 8);
        T s1 = Unsafe.Add(ref sums, 1) + Unsafe.Add(ref sums, 9);
        T s2 = Unsafe.Add(ref sums, 2) + Unsafe.Add(ref sums, 10);
        T s3 = Unsafe.Add(ref sums, 3) + Unsafe.Add(ref sums, 11);
        T s4 = Unsafe.Add(ref sums, 4) + Unsafe.Add(ref sums, 12);
        T s5 = Unsafe.Add(ref sums, 5) + Unsafe.Add(ref sums, 13);
        T s6 = Unsafe.Add(ref sums, 6) + Unsafe.Add(ref sums, 14);
        T s7 = Unsafe.Add(ref sums, 7) + Unsafe.Add(ref sums, 15);
        return (s0 + s4 + (s2 + s6)) + (s1 + s5 + (s3 + s7));
    }
}

/// <summary>One block of terms, or one number a chain.</summary>
[InlineArray(16)]
internal struct Block16<T>
    where T : unmanaged
{
    private T _first;
}

/// <summary>Σ aₖ·bₖ, each chain by fused multiply-adds; with b = a, the sum of squares.</summary>
internal readonly ref struct DotTerms<T, TLane>(ref T a, ref T b) : ITerms<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    private readonly ref T _a = ref a;
    private readonly ref T _b = ref b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane AddTo(TLane sums, int index) =>
        TLane.FusedMultiplyAdd(TLane.Load(ref Unsafe.Add(ref _a, index)), TLane.Load(ref Unsafe.Add(ref _b, index)), sums);

    /// <summary>The sum over vectors of one length, whatever it is.</summary>
    public static T Sum(ReadOnlySpan<T> a, ReadOnlySpan<T> b) =>
        Sum(ref MemoryMarshal.GetReference(a), ref MemoryMarshal.GetReference(b), a.Length);

    /// <inheritdoc cref="Sum(ReadOnlySpan{T}, ReadOnlySpan{T})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Sum(ref T a, ref T b, int length)
    {
        int blocks = length / StridedSum<T, TLane>.Chains;
        int rest = blocks * StridedSum<T, TLane>.Chains;
        var terms = new DotTerms<T, TLane>(ref a, ref b);
        var tail = new LastDotTerms<T, TLane>(ref Unsafe.Add(ref a, rest), ref Unsafe.Add(ref b, rest), length - rest);
        return StridedSum<T, TLane>.Run(in terms, blocks, in tail, rest < length);
    }
}

/// <summary>The last of <see cref="DotTerms{T, TLane}"/>, fewer than a block: what lies behind them is not read and adds +0.</summary>
internal readonly ref struct LastDotTerms<T, TLane>(ref T a, ref T b, int length) : ITerms<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    private readonly ref T _a = ref a;
    private readonly ref T _b = ref b;
    private readonly int _length = length;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane AddTo(TLane sums, int index) => TLane.FusedMultiplyAdd(
        PartialLane<T, TLane>.LoadAt(ref _a, index, _length), PartialLane<T, TLane>.LoadAt(ref _b, index, _length), sums);
}
