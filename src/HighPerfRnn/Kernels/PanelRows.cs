using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>
/// How a panel stores the one or two vectors that one k has in it: a type argument of the tiles, so that they have one body for
/// every format whose weights become numbers before they are multiplied.
/// </summary>
internal interface IPanelRows<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    /// <summary>How many elements a row of so many vectors takes.</summary>
    static abstract nint Length(int vectors);

    /// <summary>What both vectors are made of, loaded once; of no meaning where they have nothing in common.</summary>
    static abstract TLane Shared(ref T row);

    /// <summary>The first vector.</summary>
    static abstract TLane First(TLane shared, ref T row);

    /// <summary>The second vector.</summary>
    static abstract TLane Second(TLane shared, ref T row);
}

/// <summary>Weights as they are, vector after vector.</summary>
internal readonly struct FullRows<T, TLane> : IPanelRows<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Length(int vectors) => vectors * TLane.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Shared(ref T row) => TLane.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane First(TLane shared, ref T row) => TLane.Load(ref row);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Second(TLane shared, ref T row) => TLane.Load(ref Unsafe.Add(ref row, TLane.Count));
}

/// <summary>
/// Weights in half of their bits, those of the first vector below those of the second: one load, a shift and a mask give both. A
/// row always has room for two.
/// </summary>
internal readonly struct HalfRows<T, TLane> : IPanelRows<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Length(int vectors) => TLane.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Shared(ref T row) => TLane.Load(ref row);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane First(TLane shared, ref T row) => TLane.FromLowerHalf(shared);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Second(TLane shared, ref T row) => TLane.FromUpperHalf(shared);
}
