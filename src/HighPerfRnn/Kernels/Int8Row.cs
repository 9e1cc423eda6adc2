using System.Runtime.CompilerServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>Rounds a row to the whole numbers that <see cref="Int8Format"/> multiplies.</summary>
internal static class Int8Row<TInteger>
    where TInteger : struct, IIntegerLane<TInteger>
{
    private const int ExponentBias = 127;
    private const int FractionBits = 23;
    private const int Infinity = 0x7F800000;

    // 2¹⁴ is above max|x|·2ᵉ for e = 14 + bias - 1 - the biased exponent of max|x|.
    private const int LargestExponentSum = 14 + ExponentBias - 1;

    /// <summary>target = row·2ᵉ, rounded. What lies behind an odd row meets weights of zero.</summary>
    /// <param name="row">The row.</param>
    /// <param name="length">Its length.</param>
    /// <param name="target">Where to.</param>
    /// <returns>2⁻ᵉ; NaN when an element of the row is not finite.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Quantize(ref float row, int length, ref short target)
    {
        int largest = LargestMagnitude(ref row, length);
        // One less than the bits, so that a power of two belongs to the binade below it, whose end it is.
        int exponent = Math.Min(Int8Format.MaxExponent, LargestExponentSum - ((largest - 1) >> FractionBits));
        float scale = PowerOfTwo(exponent);
        nint i = 0;
        for (; i <= length - (2 * TInteger.Count); i += 2 * TInteger.Count)
        {
            TInteger.Quantize(ref Unsafe.Add(ref row, i), scale, ref Unsafe.Add(ref target, i));
        }

        for (; i < length; i++) Unsafe.Add(ref target, i) = ScalarIntegerLane.One(Unsafe.Add(ref row, i), scale);
        return largest >= Infinity ? float.NaN : PowerOfTwo(-exponent);
    }

    /// <summary>The bits of max|x|; those of a NaN where there is one, above all others.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int LargestMagnitude(ref float row, int length)
    {
        TInteger vector = TInteger.Zero;
        nint i = 0;
        for (; i <= length - TInteger.Count; i += TInteger.Count)
        {
            vector = TInteger.Max(vector, TInteger.LoadMagnitudes(ref Unsafe.Add(ref row, i)));
        }

        int largest = vector.MaxElement();
        for (; i < length; i++) largest = Math.Max(largest, ScalarIntegerLane.LoadMagnitudes(ref Unsafe.Add(ref row, i)).MaxElement());
        return largest;
    }

    private static float PowerOfTwo(int exponent) => Unsafe.BitCast<int, float>((exponent + ExponentBias) << FractionBits);
}
