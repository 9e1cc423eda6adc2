using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

internal static partial class Activations<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    /// <summary>
    /// tanh |x| = (1 - E) / (1 + E) with E = exp(-2|x|), the sign of x put back: odd, no cancellation near 0, never beyond ±1,
    /// exactly ±1 from |x| ≈ 9.01 (float) or 19.1 (double) on, ±0 for ±0, NaN for NaN. At most
    /// <see cref="ErrorBounds.TanhSingleUlps"/> or <see cref="ErrorBounds.TanhDoubleUlps"/> units in the last place off.
    /// </summary>
    /// <remarks>
    /// |x| = u - n·(ln 2 / 2) with |u| ≤ ln 2 / 4, s = 2ⁿ, h = (1 - exp(-2u)) / 2, E = s·(1 - 2h). Numerator and denominator are
    /// (1 - s) + 2s·h and (1 + s) - 2s·h, where 1 ± s are exact until one of the terms is lost anyway, so that each is rounded
    /// once; where s = 1 the numerator is 2h itself, so that small arguments keep their relative accuracy. Taking the
    /// denominator as 2 less the numerator would save an operation and cost half a unit.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Tanh(TLane x)
    {
        // Past the bound the result is 1 whatever the argument; the bound keeps 2ⁿ a normal number.
        TLane magnitude = TLane.Min(Constant(10, 20), TLane.Abs(x));

        // n + 1, so that the power of two is 2s.
        TLane magic = Constant(Float23 + 1, Double52 + 1);
        TLane shifted = TLane.FusedMultiplyAdd(magnitude, Constant(-2.8853900817779268, -2.8853900817779268), magic);

        // One part of ln 2 is enough: its error, n·1e-9 in float, meets a factor s = 2ⁿ.
        TLane u = TLane.FusedMultiplyAdd(shifted - magic, Constant(0.34657359027997264, 0.34657359027997264), magnitude);
        TLane h = HalfOfOneMinusExp(u);
        TLane twice = TLane.PowerOfTwo(shifted);
        TLane one = Constant(1, 1);
        TLane numerator = TLane.FusedMultiplyAdd(twice, h, TLane.FusedMultiplyAdd(twice, Constant(-0.5, -0.5), one));
        TLane denominator = TLane.NegatedFusedMultiplyAdd(twice, h, TLane.FusedMultiplyAdd(twice, Constant(0.5, 0.5), one));
        return TLane.OrSign(numerator / denominator, x);
    }

    /// <summary>
    /// <see cref="FlushTiny"/> of <see cref="Tanh"/>. tanh x is x itself far above the guard, so that the comparison is of x
    /// and does not wait for the division.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane FlushedTanh(TLane x) => TLane.SelectLess(TLane.Abs(x), Guard, TLane.Zero, Tanh(x));

    /// <summary>(1 - exp(-2u)) / 2 for |u| ≤ ln 2 / 4, relative error below 2⁻²⁶ and 2⁻⁵⁹ but for rounding.</summary>
    /// <remarks>
    /// u + u²·2q(2u), where t + t²·q(t) is the minimax polynomial of 1 - exp(-t) by relative error (Remez), the first coefficients
    /// of q rounded before the others were fitted; the powers of two belong to 2u. Pairs of terms in powers of u² need no
    /// more operations than Horner's order, since u² is there, and half the latency.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLane HalfOfOneMinusExp(TLane u)
    {
        TLane square = u * u;
        TLane q;
        if (typeof(T) == typeof(float))
        {
            q = TLane.FusedMultiplyAdd(u, Constant(16 * 0.008367124014, 0), Constant(8 * -0.04166775569, 0));
            q = TLane.FusedMultiplyAdd(square, Constant(32 * -0.001383564202, 0), q);
            q = TLane.FusedMultiplyAdd(q, square, TLane.FusedMultiplyAdd(u, Constant(4 * 0.1666653901, 0), Constant(2 * -0.4999999702, 0)));
        }
        else
        {
            q = TLane.FusedMultiplyAdd(u, Constant(0, 1024 * 2.5108966516742305e-08), Constant(0, 512 * -2.755740275031207e-07));
            q = TLane.FusedMultiplyAdd(square, Constant(0, 2048 * -2.0875283774856343e-09), q);
            TLane pair = TLane.FusedMultiplyAdd(u, Constant(0, 256 * 2.7557244406868275e-06), Constant(0, 128 * -2.4801587172464857e-05));
            q = TLane.FusedMultiplyAdd(q, square, pair);
            pair = TLane.FusedMultiplyAdd(u, Constant(0, 64 * 0.00019841269885936545), Constant(0, 32 * -0.001388888888896238));
            q = TLane.FusedMultiplyAdd(q, square, pair);
            pair = TLane.FusedMultiplyAdd(u, Constant(0, 16 * 0.008333333333321702), Constant(0, 8 * -0.04166666666666651));
            q = TLane.FusedMultiplyAdd(q, square, pair);
            q = TLane.FusedMultiplyAdd(q, square, TLane.FusedMultiplyAdd(u, Constant(0, 4 * 0.16666666666666677), Constant(0, 2 * -0.5)));
        }

        return TLane.FusedMultiplyAdd(square, q, u);
    }
}
