using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

internal static partial class Activations<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    /// <summary>
    /// σ(x) = 1 / (1 + exp(-x)): within [0, 1], ½ for ±0, exactly 1 for large x, correctly scaled through the subnormal numbers
    /// down to exactly +0 below x ≈ -103.97 (float) or -745.13 (double), NaN for NaN. At most
    /// <see cref="ErrorBounds.SigmoidSingleUlps"/> or <see cref="ErrorBounds.SigmoidDoubleUlps"/> units in the last place off,
    /// relative to the result however small it is.
    /// </summary>
    /// <remarks>
    /// <para>
    /// -x = n·ln 2 / 8 - t with |t| ≤ ln 2 / 16, so that exp(-x) = 2ᵏ·2^(i/8)·(1 - m) with n = 8k + i and m = 1 - exp(-t), a short
    /// polynomial. c·exp(-x) = s - s·m, where s = c·2^(n/8) comes from a table of eight numbers, and σ = c / (s + (c - s·m)): small
    /// terms first, so that but one rounding of the sum counts.
    /// </para>
    /// <para>
    /// c is near 2⁻²⁴ (2⁻⁵⁴), so that exp(-x) neither overflows where σ is the smallest number, nor has to be scaled back: the
    /// division itself rounds into the subnormal numbers. Its mantissa is one of the few by which all of c·2^(i/8) lie within
    /// a tenth of their rounding error from the truth; one part of each is then as good as two.
    /// </para>
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Sigmoid(TLane x)
    {
        // Past the bounds the result is 0 or 1 whatever the argument; they keep 2ᵏ a normal number.
        TLane bounded = TLane.Max(Constant(-104, -745.2), TLane.Min(Constant(60, 600), x));

        // The exponent of c is there from the start: 8·24 and 8·54 eighths.
        TLane magic = Constant(Float23 - 192, Double52 - 432);
        TLane shifted = TLane.FusedMultiplyAdd(bounded, Constant(-11.541560327111707, -11.541560327111707), magic);
        TLane n = shifted - magic;
        TLane t = TLane.FusedMultiplyAdd(n, Constant(0.693359375 / 8, 0.69314718036912382 / 8), bounded);
        t = TLane.FusedMultiplyAdd(n, Constant(-2.12194440054690583e-4 / 8, 1.90821492927058770e-10 / 8), t);
        TLane square = t * t;
        TLane q;
        if (typeof(T) == typeof(float))
        {
            q = TLane.FusedMultiplyAdd(t, Constant(0.16670624912, 0), Constant(-0.50006598234, 0));
        }
        else
        {
            q = TLane.FusedMultiplyAdd(t, Constant(0, 0.00019840568980495062), Constant(0, -0.0013889780493160722));
            TLane pair = TLane.FusedMultiplyAdd(t, Constant(0, 0.008333333371027906), Constant(0, -0.041666666570112774));
            q = TLane.FusedMultiplyAdd(q, square, pair);
            pair = TLane.FusedMultiplyAdd(t, Constant(0, 0.16666666666663732), Constant(0, -0.5000000000000296));
            q = TLane.FusedMultiplyAdd(q, square, pair);
        }

        TLane m = TLane.FusedMultiplyAdd(square, q, t);
        TLane s = TLane.PowerOfEighths<SigmoidScale>(shifted);
        TLane c = Constant(1.677485704421997 / (1 << 24), 1.6769716587686614 / (1L << 54));
        return c / (s + TLane.NegatedFusedMultiplyAdd(s, m, c));
    }
}

/// <summary>The mantissa of <see cref="Activations{T, TLane}.Sigmoid"/>'s c, times 2^(i/8): from 1.677485704421997f or 1.6769716587686614 on.</summary>
internal readonly struct SigmoidScale : IEighthsTable
{
    public static ReadOnlySpan<int> FloatBits =>
    [
        0x3FD6B7DA, 0x3FDA26DE, 0x3FDF5829, 0x3FDB3A3E, 0x3FD7D424, 0x3FD59202, 0x3FD48E45, 0x3FD4E5BE,
    ];

    public static ReadOnlySpan<long> DoubleBits =>
    [
        0x3FFAD4E03BEBAF32, 0x3FFB428FF2D87B18, 0x3FFBE8841FBE7AC5, 0x3FFB65EA3CD6EB94, 0x3FFAF9075B620477, 0x3FFAB0A09D124FC4,
        0x3FFA90035CB20D1C, 0x3FFA9AC977E51127,
    ];
}
