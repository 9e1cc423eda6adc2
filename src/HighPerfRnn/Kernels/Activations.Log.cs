using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

internal static partial class Activations<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    /// <summary>
    /// ln(1 + x) for 0 ≤ x ≤ 2: exactly x for tiny x, +0 for +0, NaN for NaN. At most <see cref="LogarithmUlps"/> units in the
    /// last place off, relative to the result however small it is.
    /// </summary>
    /// <remarks>
    /// 1 + x = 2ᵏ·(1 + f) with k = [x > ½], so that -¼ &lt; f ≤ ½: f is x or (x - 1) / 2, which is exact. With s = f / (2 + f), |s| ≤ 1/5,
    /// ln(1 + f) = 2·artanh s = 2s + 2s·z·(1/3 + z/5 + z²/7 + …), z = s² ≤ 1/25: five terms leave out 2e-9 of the result in float,
    /// eleven 2e-18 in double.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane LogOnePlus(TLane x)
    {
        TLane half = Constant(0.5, 0.5);
        TLane f = TLane.SelectLess(half, x, (x - Constant(1, 1)) * half, x);
        TLane offset = TLane.SelectLess(half, x, Constant(0.6931471805599453, 0.6931471805599453), TLane.Zero);
        TLane s = f / (Constant(2, 2) + f);
        TLane z = s * s;
        TLane q;
        if (typeof(T) == typeof(float))
        {
            q = Constant(1.0 / 11, 0);
        }
        else
        {
            q = Constant(0, 1.0 / 23);
            q = TLane.FusedMultiplyAdd(q, z, Constant(0, 1.0 / 21));
            q = TLane.FusedMultiplyAdd(q, z, Constant(0, 1.0 / 19));
            q = TLane.FusedMultiplyAdd(q, z, Constant(0, 1.0 / 17));
            q = TLane.FusedMultiplyAdd(q, z, Constant(0, 1.0 / 15));
            q = TLane.FusedMultiplyAdd(q, z, Constant(0, 1.0 / 13));
            q = TLane.FusedMultiplyAdd(q, z, Constant(0, 1.0 / 11));
        }

        q = TLane.FusedMultiplyAdd(q, z, Constant(1.0 / 9, 1.0 / 9));
        q = TLane.FusedMultiplyAdd(q, z, Constant(1.0 / 7, 1.0 / 7));
        q = TLane.FusedMultiplyAdd(q, z, Constant(1.0 / 5, 1.0 / 5));
        q = TLane.FusedMultiplyAdd(q, z, Constant(1.0 / 3, 1.0 / 3));

        // 2s = f - s·f, so that f leads and the quotient's rounding counts a fifth at most.
        TLane correction = s * (((z + z) * q) - f);
        return (f + correction) + offset;
    }

    /// <summary>
    /// ln(eᵃ + eᵇ + eᶜ), -∞ when all are; NaN when one is. Off by at most 4·u·(1 + |m|) to first order, m the largest of the three.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane LogSumExp(TLane a, TLane b, TLane c)
    {
        // The least finite number instead of -∞, so that the differences are not ∞ - ∞; NaN passes through the sum.
        TLane largest = TLane.Max(c, TLane.Max(b, TLane.Max(a, Constant(float.MinValue, double.MinValue))));
        TLane sum = ExpOfNonPositive(a - largest) + ExpOfNonPositive(b - largest) + ExpOfNonPositive(c - largest);
        TLane logarithm = largest + LogOnePlus(sum - Constant(1, 1));
        return TLane.SelectLess(sum, Constant(0.5, 0.5), Constant(double.NegativeInfinity, double.NegativeInfinity), logarithm);
    }
}

/// <summary>How far logarithms over lanes may be from the truth, in units in the last place: documentation and tests read it here.</summary>
internal static class LogarithmUlps
{
    /// <summary>ln(1 + x) in float, above the worst of one float in 509 from 0 to 2.</summary>
    public const double LogOnePlusSingle = 1;

    /// <summary>ln(1 + x) in double, above the worst of a sample.</summary>
    public const double LogOnePlusDouble = 1.3;
}
