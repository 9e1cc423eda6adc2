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
        return TLane.Max(TLane.Zero, x) + LogOfOnePlus(e);
    }

    /// <summary>ln(1 + e) for 0 ≤ e ≤ 1.</summary>
    /// <remarks>
    /// 2·artanh s with s = e / (2 + e) ≤ 1/3, artanh s = s·(1 + s²/3 + s⁴/5 + …): the first term left out is below 2⁻²⁶ (2⁻⁵⁵) of
    /// the sum.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLane LogOfOnePlus(TLane e)
    {
        TLane s = e / (e + Constant(2, 2));
        TLane square = s * s;
        int terms = typeof(T) == typeof(float) ? 7 : 16;
        TLane sum = TLane.Zero;
        for (int i = terms; i > 0; i--)
        {
            TLane coefficient = Constant((float)(1.0 / ((2 * i) + 1)), 1.0 / ((2 * i) + 1));
            sum = TLane.FusedMultiplyAdd(sum, square, coefficient);
        }

        TLane twice = s + s;
        return TLane.FusedMultiplyAdd(sum * square, twice, twice);
    }
}
