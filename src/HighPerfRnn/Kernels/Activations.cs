using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>Elementary functions over lanes, from exactly rounded operations alone, so that every width gives the same bits.</summary>
/// <remarks>
/// Reduction after Cody and Waite (Software Manual for the Elementary Functions, 1980): x = n·ln 2 + r with ln 2 in two
/// parts, |r| ≤ ln 2 / 2, then eˣ = 2ⁿ·eʳ. eʳ - 1 is its Taylor polynomial, to r⁷ in float (next term 5e-9 of the result)
/// and to r¹³ in double (4e-18), so that truncation adds less than a tenth of a unit in the last place.
/// </remarks>
internal static class Activations<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    /// <summary>
    /// tanh x = -e / (2 + e) with e = exp(-2|x|) - 1, the sign of x put back: no cancellation near 0, never beyond ±1,
    /// exactly ±1 from |x| ≈ 9.01 (float) or 19.1 (double) on, ±0 for ±0, NaN for NaN.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Tanh(TLane x)
    {
        // Past the bound the result is 1 whatever the argument; the bound keeps 2ⁿ a normal number.
        TLane magnitude = TLane.Min(Constant(10, 20), TLane.Abs(x));
        ReduceExp(magnitude * Constant(-2, -2), out TLane expMinusOne, out TLane scale);
        TLane e = TLane.FusedMultiplyAdd(scale, expMinusOne, scale - Constant(1, 1));
        return TLane.CopySign(e / (Constant(2, 2) + e), x);
    }

    /// <summary>max(x, 0): +0 for every x ≤ 0, -0 included, and NaN for NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Relu(TLane x) => TLane.SelectLessOrEqual(x, TLane.Zero, TLane.Zero, x);

    /// <summary>eˣ for x ≤ 0; +0 below the smallest normal result (x &lt; -87.3 or -708.3); NaN for NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane ExpOfNonPositive(TLane x)
    {
        TLane smallest = Constant(-87.3, -708.3);
        ReduceExp(TLane.Max(smallest, x), out TLane expMinusOne, out TLane scale);
        return TLane.SelectLess(x, smallest, TLane.Zero, TLane.FusedMultiplyAdd(scale, expMinusOne, scale));
    }

    /// <summary>
    /// Numbers below 2⁻¹⁰⁰ (2⁻⁹⁰⁰ in double) become +0: a state or a carried gradient that decays towards zero would
    /// otherwise end among the subnormal numbers, where each operation costs 10 to 30 times as much.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane FlushTiny(TLane x) =>
        TLane.SelectLess(TLane.Abs(x), Constant(7.888609052210118E-31, 1.1830521861667747E-271), TLane.Zero, x);

    /// <summary>eˣ = scale·(1 + expMinusOne), scale a power of two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ReduceExp(TLane x, out TLane expMinusOne, out TLane scale)
    {
        TLane magic = Constant(12582912, 6755399441055744); // 1.5·2²³, 1.5·2⁵²
        TLane shifted = TLane.FusedMultiplyAdd(x, Constant(1.4426950408889634, 1.4426950408889634), magic);
        TLane n = shifted - magic;
        TLane r = TLane.FusedMultiplyAdd(n, Constant(-0.693359375, -0.69314718036912382), x);
        r = TLane.FusedMultiplyAdd(n, Constant(2.12194440054690583e-4, -1.90821492927058770e-10), r);
        TLane q;
        if (typeof(T) == typeof(float))
        {
            q = Constant(1.0 / 5040, 0);
        }
        else
        {
            q = Constant(0, 1.0 / 6227020800);
            q = TLane.FusedMultiplyAdd(q, r, Constant(0, 1.0 / 479001600));
            q = TLane.FusedMultiplyAdd(q, r, Constant(0, 1.0 / 39916800));
            q = TLane.FusedMultiplyAdd(q, r, Constant(0, 1.0 / 3628800));
            q = TLane.FusedMultiplyAdd(q, r, Constant(0, 1.0 / 362880));
            q = TLane.FusedMultiplyAdd(q, r, Constant(0, 1.0 / 40320));
            q = TLane.FusedMultiplyAdd(q, r, Constant(0, 1.0 / 5040));
        }

        q = TLane.FusedMultiplyAdd(q, r, Constant(1.0 / 720, 1.0 / 720));
        q = TLane.FusedMultiplyAdd(q, r, Constant(1.0 / 120, 1.0 / 120));
        q = TLane.FusedMultiplyAdd(q, r, Constant(1.0 / 24, 1.0 / 24));
        q = TLane.FusedMultiplyAdd(q, r, Constant(1.0 / 6, 1.0 / 6));
        q = TLane.FusedMultiplyAdd(q, r, Constant(0.5, 0.5));
        expMinusOne = TLane.FusedMultiplyAdd(r * r, q, r);
        scale = TLane.PowerOfTwo(shifted);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLane Constant(double inFloat, double inDouble) =>
        typeof(T) == typeof(float)
            ? TLane.Broadcast(Unsafe.BitCast<float, T>((float)inFloat))
            : TLane.Broadcast(Unsafe.BitCast<double, T>(inDouble));
}
