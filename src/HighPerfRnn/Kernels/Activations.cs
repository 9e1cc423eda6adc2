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
    // 1.5·2²³ and 1.5·2⁵²: adding them rounds to a whole number, which then stands in the low bits.
    private const double Float23 = 12582912;
    private const double Double52 = 6755399441055744;

    /// <summary>
    /// tanh |x| = (1 - E) / (1 + E) with E = exp(-2|x|) = s·(1 - 2m), the sign of x put back: no cancellation near 0, never
    /// beyond ±1, exactly ±1 from |x| ≈ 9.01 (float) or 19.1 (double) on, ±0 for ±0, NaN for NaN. At most
    /// <see cref="ErrorBounds.TanhSingleUlps"/> or <see cref="ErrorBounds.TanhDoubleUlps"/> units in the last place off.
    /// </summary>
    /// <remarks>
    /// |x| = h - n·ln 2 / 2 with |h| ≤ ln 2 / 4, s = 2ⁿ, and 2m = 1 - exp(-2h) as its Taylor polynomial. Numerator and
    /// denominator, halved, are (1 - s) / 2 + s·m and (1 + s) / 2 - s·m: where s = 1 the first is m itself, so that small
    /// arguments keep their relative accuracy, and each is rounded once.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Tanh(TLane x)
    {
        // Past the bound the result is 1 whatever the argument; the bound keeps 2ⁿ a normal number.
        TLane magnitude = TLane.Min(Constant(10, 20), TLane.Abs(x));
        TLane magic = Constant(Float23, Double52);
        TLane shifted = TLane.FusedMultiplyAdd(magnitude, Constant(-2.8853900817779268, -2.8853900817779268), magic);
        TLane n = shifted - magic;

        // One part of ln 2 / 2 is enough: its error, n·1e-9 in float, meets a factor s = 2ⁿ.
        TLane h = TLane.FusedMultiplyAdd(n, Constant(0.34657359027997264, 0.34657359027997264), magnitude);
        TLane q;
        if (typeof(T) == typeof(float))
        {
            q = Constant(4.0 / 315, 0);
        }
        else
        {
            q = Constant(0, -4.0 / 42567525);
            q = TLane.FusedMultiplyAdd(q, h, Constant(0, 4.0 / 6081075));
            q = TLane.FusedMultiplyAdd(q, h, Constant(0, -2.0 / 467775));
            q = TLane.FusedMultiplyAdd(q, h, Constant(0, 4.0 / 155925));
            q = TLane.FusedMultiplyAdd(q, h, Constant(0, -2.0 / 14175));
            q = TLane.FusedMultiplyAdd(q, h, Constant(0, 2.0 / 2835));
            q = TLane.FusedMultiplyAdd(q, h, Constant(0, -1.0 / 315));
            q = TLane.FusedMultiplyAdd(q, h, Constant(0, 4.0 / 315));
        }

        q = TLane.FusedMultiplyAdd(q, h, Constant(-2.0 / 45, -2.0 / 45));
        q = TLane.FusedMultiplyAdd(q, h, Constant(2.0 / 15, 2.0 / 15));
        q = TLane.FusedMultiplyAdd(q, h, Constant(-1.0 / 3, -1.0 / 3));
        q = TLane.FusedMultiplyAdd(q, h, Constant(2.0 / 3, 2.0 / 3));
        q = TLane.FusedMultiplyAdd(q, h, Constant(-1.0, -1.0));
        TLane m = TLane.FusedMultiplyAdd(h * h, q, h);
        TLane s = TLane.PowerOfTwo(shifted);
        TLane half = Constant(0.5, 0.5);
        TLane minusHalf = Constant(-0.5, -0.5);
        TLane numerator = TLane.FusedMultiplyAdd(s, m, TLane.FusedMultiplyAdd(s, minusHalf, half));
        TLane denominator = TLane.NegatedFusedMultiplyAdd(s, m, TLane.FusedMultiplyAdd(s, half, half));
        return TLane.CopySign(numerator / denominator, x);
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
        TLane magic = Constant(Float23, Double52);
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
