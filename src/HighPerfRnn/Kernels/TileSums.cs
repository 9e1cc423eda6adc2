using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>What tiles do with the one or two vectors of a finished block's sums.</summary>
internal static class TileSums<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    /// <summary>Takes a block's sums to those of the blocks before it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddTotal<TVectors>(ref T sums, nint offset, ref TLane a, ref TLane b)
        where TVectors : struct, ISize
    {
        a = TLane.Load(ref Unsafe.Add(ref sums, offset)) + a;
        if (TVectors.Value > 1) b = TLane.Load(ref Unsafe.Add(ref sums, offset + TLane.Count)) + b;
    }

    /// <summary>Takes the next block's sums to those of this one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Join<TVectors>(ref TLane a, ref TLane b, TLane nextA, TLane nextB)
        where TVectors : struct, ISize
    {
        a += nextA;
        if (TVectors.Value > 1) b += nextB;
    }

    /// <summary>Stores them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<TVectors>(ref T sums, nint offset, TLane a, TLane b)
        where TVectors : struct, ISize
    {
        a.Store(ref Unsafe.Add(ref sums, offset));
        if (TVectors.Value > 1) b.Store(ref Unsafe.Add(ref sums, offset + TLane.Count));
    }
}
