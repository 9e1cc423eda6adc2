using System.Numerics;
using System.Runtime.CompilerServices;

namespace HighPerfRnn.Kernels;

/// <summary>
/// Elementary functions in double from exactly rounded operations and moves of bits alone: the same bits on every machine,
/// which <see cref="Math"/> does not promise. Errors stay below two units in the last place.
/// </summary>
/// <remarks>
/// Argument reduction after Cody and Waite (Software Manual for the Elementary Functions, 1980). What is left is a Taylor
/// series over the reduced range, long enough that what it leaves out is below 2⁻⁵⁶ of the result.
/// </remarks>
internal static class ExactMath
{
    /// <summary>ln 2 rounded to 32 bits, so that a product with an exponent is exact.</summary>
    private const double Ln2High = 0.69314718036912382;

    /// <summary>ln 2 less <see cref="Ln2High"/>.</summary>
    private const double Ln2Low = 1.90821492927058770e-10;

    /// <summary>eˣ: +∞ from 709.79 on, +0 below -745.2, NaN for NaN.</summary>
    public static double Exp(double x)
    {
        if (double.IsNaN(x)) return x;
        if (x > 709.79) return double.PositiveInfinity;
        if (x < -745.2) return 0;
        const double magic = 6755399441055744; // 1.5·2⁵²: adding it rounds to a whole number.
        double n = Math.FusedMultiplyAdd(x, 1.4426950408889634, magic) - magic;
        double r = Math.FusedMultiplyAdd(n, -Ln2Low, Math.FusedMultiplyAdd(n, -Ln2High, x));
        double q = 1.0 / 6227020800;
        q = Math.FusedMultiplyAdd(q, r, 1.0 / 479001600);
        q = Math.FusedMultiplyAdd(q, r, 1.0 / 39916800);
        q = Math.FusedMultiplyAdd(q, r, 1.0 / 3628800);
        q = Math.FusedMultiplyAdd(q, r, 1.0 / 362880);
        q = Math.FusedMultiplyAdd(q, r, 1.0 / 40320);
        q = Math.FusedMultiplyAdd(q, r, 1.0 / 5040);
        q = Math.FusedMultiplyAdd(q, r, 1.0 / 720);
        q = Math.FusedMultiplyAdd(q, r, 1.0 / 120);
        q = Math.FusedMultiplyAdd(q, r, 1.0 / 24);
        q = Math.FusedMultiplyAdd(q, r, 1.0 / 6);
        q = Math.FusedMultiplyAdd(q, r, 0.5);
        double exponential = 1 + Math.FusedMultiplyAdd(r * r, q, r);
        // In two factors, since 2ⁿ itself may lie outside the normal numbers; only the second product rounds.
        int exponent = (int)n;
        int half = exponent / 2;
        return exponential * PowerOfTwo(half) * PowerOfTwo(exponent - half);
    }

    /// <summary>ln x: -∞ for ±0, NaN below, +∞ for +∞, NaN for NaN.</summary>
    /// <remarks>
    /// x = 2ᵏ·(1 + f) with √½ ≤ 1 + f &lt; √2 and s = f / (2 + f): ln(1 + f) = 2·artanh s = 2s + s·R(s²), where
    /// 2s = f - f²/2 + s·f²/2 keeps the leading term exact.
    /// </remarks>
    public static double Log(double x)
    {
        if (!(x > 0)) return x == 0 ? double.NegativeInfinity : double.NaN;
        if (double.IsPositiveInfinity(x)) return x;
        int exponent = 0;
        if (x < 2.2250738585072014E-308)
        {
            x *= 18014398509481984; // 2⁵⁴, out of the subnormal numbers
            exponent = -54;
        }

        // Less the bits of √½, so that the exponent's field counts from there; no branch, since it would go either way.
        long bits = BitConverter.DoubleToInt64Bits(x);
        long power = (bits - 0x3FE6A09E667F3BCD) >> 52;
        exponent += (int)power;
        double mantissa = BitConverter.Int64BitsToDouble(bits - (power << 52));
        double f = mantissa - 1;
        double s = f / (2 + f);
        double z = s * s;
        double r = 2.0 / 25;
        r = Math.FusedMultiplyAdd(r, z, 2.0 / 23);
        r = Math.FusedMultiplyAdd(r, z, 2.0 / 21);
        r = Math.FusedMultiplyAdd(r, z, 2.0 / 19);
        r = Math.FusedMultiplyAdd(r, z, 2.0 / 17);
        r = Math.FusedMultiplyAdd(r, z, 2.0 / 15);
        r = Math.FusedMultiplyAdd(r, z, 2.0 / 13);
        r = Math.FusedMultiplyAdd(r, z, 2.0 / 11);
        r = Math.FusedMultiplyAdd(r, z, 2.0 / 9);
        r = Math.FusedMultiplyAdd(r, z, 2.0 / 7);
        r = Math.FusedMultiplyAdd(r, z, 2.0 / 5);
        r = Math.FusedMultiplyAdd(r, z, 2.0 / 3) * z;
        double halfSquare = 0.5 * f * f;
        double low = Math.FusedMultiplyAdd(s, halfSquare + r, exponent * Ln2Low);
        return (exponent * Ln2High) - (halfSquare - low - f);
    }

    /// <summary>
    /// cos(π·x), the multiple of π taken off exactly: ±1 and 0 where they belong, NaN for what is not finite. Away from zeros
    /// of the function and near them alike, the error is relative.
    /// </summary>
    public static double CosPi(double x)
    {
        double turns = Math.Abs(x);
        if (!double.IsFinite(turns)) return double.NaN;
        // Each difference below is exact: its operands are within a factor of two, or share their last bit.
        turns -= 2 * Math.Floor(turns * 0.5);
        if (turns > 1) turns = 2 - turns;
        bool isNegative = turns > 0.5;
        if (isNegative) turns = 1 - turns;
        double value = turns <= 0.25 ? CosReduced(Math.PI * turns) : SinReduced(Math.PI * (0.5 - turns));
        return isNegative ? -value : value;
    }

    /// <summary>xⁿ for n ≥ 0 by repeated squaring: a function of x and n alone, so that a resumed run finds the same bits.</summary>
    /// <remarks>The relative error grows as n units in the last place, at most.</remarks>
    public static double PowInt(double x, long n)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(n);
        double result = 1;
        for (double square = x; n > 0; n >>= 1)
        {
            if ((n & 1) != 0) result *= square;
            square *= square;
        }

        return result;
    }

    /// <summary>A number in T, rounded once when T is float.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Narrow<T>(double value)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        typeof(T) == typeof(float) ? Unsafe.BitCast<float, T>((float)value) : Unsafe.BitCast<double, T>(value);

    /// <summary>A number of T in double, exactly.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Widen<T>(T value)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        typeof(T) == typeof(float) ? Unsafe.BitCast<T, float>(value) : Unsafe.BitCast<T, double>(value);

    private static double PowerOfTwo(int exponent) => BitConverter.Int64BitsToDouble((long)(exponent + 1023) << 52);

    /// <summary>cos y for 0 ≤ y ≤ π/4.</summary>
    private static double CosReduced(double y)
    {
        double z = y * y;
        double q = 1.0 / 20922789888000;
        q = Math.FusedMultiplyAdd(q, z, -1.0 / 87178291200);
        q = Math.FusedMultiplyAdd(q, z, 1.0 / 479001600);
        q = Math.FusedMultiplyAdd(q, z, -1.0 / 3628800);
        q = Math.FusedMultiplyAdd(q, z, 1.0 / 40320);
        q = Math.FusedMultiplyAdd(q, z, -1.0 / 720);
        q = Math.FusedMultiplyAdd(q, z, 1.0 / 24);
        double half = 0.5 * z;
        double leading = 1 - half;
        return leading + Math.FusedMultiplyAdd(z * z, q, 1 - leading - half);
    }

    /// <summary>sin y for 0 ≤ y ≤ π/4.</summary>
    private static double SinReduced(double y)
    {
        double z = y * y;
        double q = 1.0 / 355687428096000;
        q = Math.FusedMultiplyAdd(q, z, -1.0 / 1307674368000);
        q = Math.FusedMultiplyAdd(q, z, 1.0 / 6227020800);
        q = Math.FusedMultiplyAdd(q, z, -1.0 / 39916800);
        q = Math.FusedMultiplyAdd(q, z, 1.0 / 362880);
        q = Math.FusedMultiplyAdd(q, z, -1.0 / 5040);
        q = Math.FusedMultiplyAdd(q, z, 1.0 / 120);
        q = Math.FusedMultiplyAdd(q, z, -1.0 / 6);
        return Math.FusedMultiplyAdd(y * z, q, y);
    }
}
