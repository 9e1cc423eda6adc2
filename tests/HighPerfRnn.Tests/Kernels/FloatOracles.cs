using System.Runtime.CompilerServices;

namespace HighPerfRnn.Tests.Kernels;

/// <summary>
/// Functions of floats in double, by the system's functions where they bend and by what is left of a series where they do not:
/// nearly all floats are tiny or huge. All numbers of a call lie in one of these regions.
/// </summary>
internal static class FloatOracles
{
    /// <summary>
    /// How far results may be off, of themselves: EveryFloatTests compares them with arithmetic of twice the digits. A millionth of a
    /// unit in the last place of a float.
    /// </summary>
    public const double RelativeError = 1.0 / (1L << 43);

    /// <summary>Below it, series of three terms leave out less than 2⁻⁷⁰ of the result.</summary>
    private const float Tiny = 1f / 8192;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tanh(ReadOnlySpan<float> x, Span<double> exact)
    {
        (float least, float most) = Magnitudes(x);
        if (most < Tiny)
        {
            for (int i = 0; i < x.Length; i++)
            {
                double v = x[i], square = v * v;
                exact[i] = v * (1 - (square * ((1.0 / 3) - (square * (2.0 / 15)))));
            }
        }
        else if (least > 20)
        {
            for (int i = 0; i < x.Length; i++) exact[i] = x[i] < 0 ? -1 : 1;
        }
        else
        {
            for (int i = 0; i < x.Length; i++) exact[i] = Math.Tanh(x[i]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Sigmoid(ReadOnlySpan<float> x, Span<double> exact)
    {
        (float least, float most) = Magnitudes(x);
        if (most < Tiny)
        {
            for (int i = 0; i < x.Length; i++)
            {
                double v = x[i];
                exact[i] = 0.5 + (v * (0.25 - (v * v * (1.0 / 48))));
            }
        }
        else if (least > 136)
        {
            // The smallest float is 2⁻¹⁴⁹; exp(-136) is 2⁻¹⁹⁶, which is less of it than may be off.
            for (int i = 0; i < x.Length; i++) exact[i] = x[i] < 0 ? 0 : 1;
        }
        else
        {
            for (int i = 0; i < x.Length; i++)
            {
                double e = Math.Exp(-Math.Abs((double)x[i]));
                exact[i] = (x[i] < 0 ? e : 1) / (1 + e);
            }
        }
    }

    /// <summary>Of the first and the last number, between which the others lie.</summary>
    private static (float Least, float Most) Magnitudes(ReadOnlySpan<float> x)
    {
        float first = MathF.Abs(x[0]), last = MathF.Abs(x[^1]);
        return (MathF.Min(first, last), MathF.Max(first, last));
    }
}
