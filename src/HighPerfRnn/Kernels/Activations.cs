using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>Elementary functions over lanes, from exactly rounded operations alone, so that every width gives the same bits.</summary>
/// <remarks>
/// Exponentials are reduced after Cody and Waite (Software Manual for the Elementary Functions, 1980): x = n·ln 2 + r, then
/// eˣ = 2ⁿ·eʳ, where adding 1.5·2ᵖ rounds n to a whole number and leaves it in the low bits for the exponent.
/// </remarks>
internal static partial class Activations<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    // 1.5·2²³ and 1.5·2⁵²: adding them rounds to a whole number, which then stands in the low bits.
    private const double Float23 = 12582912;
    private const double Double52 = 6755399441055744;

    /// <summary>
    /// <see cref="FlushTiny"/> of max(x, 0) in one comparison, as both make +0 of what is less than the guard; NaN for NaN.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane FlushedRelu(TLane x) => TLane.SelectLess(x, Guard, TLane.Zero, x);

    /// <summary>eˣ for x ≤ 0 and on to 88 (709 in double); +0 below the smallest normal result (x &lt; -87.3 or -708.3); NaN for NaN.</summary>
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
        TLane.SelectLess(TLane.Abs(x), Guard, TLane.Zero, x);

    /// <summary>2⁻¹⁰⁰ or 2⁻⁹⁰⁰.</summary>
    public static TLane Guard
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Constant(7.888609052210118E-31, 1.1830521861667747E-271);
    }

    /// <summary>
    /// eˣ = scale·(1 + expMinusOne), scale a power of two. eʳ - 1 is its Taylor polynomial, |r| ≤ ln 2 / 2, to r⁷ in float
    /// (next term 5e-9 of the result) and to r¹³ in double (4e-18): truncation adds less than a tenth of a unit in the last place.
    /// </summary>
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
