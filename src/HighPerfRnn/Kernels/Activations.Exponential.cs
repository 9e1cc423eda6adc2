using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

internal static partial class Activations<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    /// <summary>
    /// eˣ; +0 below the smallest normal result, +∞ from x = 88 (709 in double) on, a little before the largest finite one; NaN for
    /// NaN. At most 2 units in the last place off.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Exp(TLane x)
    {
        TLane largest = Constant(88, 709);
        TLane positive = TLane.Broadcast(T.PositiveInfinity);
        TLane result = ExpOfNonPositive(TLane.Min(largest, x));
        return TLane.SelectLess(largest, x, positive, result);
    }

    /// <summary>eˣ - 1 for x ≤ 0, accurate near 0: off by at most 3 units in the last place. NaN for NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane ExpMinusOneOfNonPositive(TLane x)
    {
        // Below, the result is -1 to the last bit.
        ReduceExp(TLane.Max(Constant(-40, -80), x), out TLane expMinusOne, out TLane scale);
        return TLane.FusedMultiplyAdd(scale, expMinusOne, scale - TLane.Broadcast(T.One));
    }

    /// <summary>ln(1 + eˣ) = max(x, 0) + ln(1 + e^-|x|), accurate to a few units in the last place for every x. NaN for NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Softplus(TLane x)
    {
        TLane e = ExpOfNonPositive(TLane.Zero - TLane.Abs(x));
        return TLane.Max(TLane.Zero, x) + LogOnePlus(e);
    }
}
