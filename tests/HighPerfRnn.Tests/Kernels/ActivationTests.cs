using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;
using HighPerfRnn.Tests.Generation;
using Xunit;
using Xunit.Abstractions;

namespace HighPerfRnn.Tests.Kernels;

/// <summary>tanh, σ and eˣ over all exponents: the worst error in units in the last place, symmetry, limits, special values.</summary>
[Trait("Category", "Width")]
public sealed class ActivationTests(ITestOutputHelper log)
{
    /// <summary>
    /// A prime stride over all 2³² patterns: 2.1 million floats, every exponent with 4,100 of each sign, and 16 times as dense
    /// where the functions bend.
    /// </summary>
    private const uint Stride = 2039;

    /// <summary>Floats in a run of the child processes, where one operation takes nanoseconds.</summary>
    private static readonly uint _stride = TestSettings.Cases < 200 ? 16381 : Stride;

    [Fact]
    public void FloatTanhIsWithinItsUlps()
    {
        (float[] x, float[] y) = OverFloats(ActivationKernel.Tanh, _ => true);
        double worst = 0;
        float worstAt = 0;
        for (int i = 0; i < x.Length; i++)
        {
            if (float.IsNaN(x[i]))
            {
                Assert.True(float.IsNaN(y[i]));
                continue;
            }

            if (!(Math.Abs(y[i]) <= 1)) Assert.Fail($"tanh {x[i]:R} is {y[i]:R}, beyond 1.");
            double ulps = Ulps(y[i], Math.Tanh(x[i]));
            if (ulps > worst) (worst, worstAt) = (ulps, x[i]);
        }

        log.WriteLine($"tanh in float: {worst:F3} ulp at {worstAt:R} of {x.Length} numbers");
        Assert.True(worst <= Tolerances.FloatTanhUlps, $"{worst} ulp at {worstAt:R}");
    }

    [Fact]
    public void DoubleTanhIsWithinItsUlps()
    {
        double[] x = SpreadDoubles(_stride == Stride ? 60_000 : 6_000);
        (double worst, double worstAt) = WorstInDouble(ActivationKernel.Tanh, x, DoubleDouble.Tanh, least: -1);
        log.WriteLine($"tanh in double: {worst:F3} ulp at {worstAt:R} of {x.Length} numbers");
        Assert.True(worst <= Tolerances.DoubleTanhUlps, $"{worst} ulp at {worstAt:R}");
    }

    [Fact]
    public void TanhIsOddSaturatesAndKeepsSpecialValues()
    {
        (float[] x, float[] y) = OverFloats(ActivationKernel.Tanh, _ => true);
        float[] mirrored = Apply(ActivationKernel.Tanh, Array.ConvertAll(x, v => -v));
        for (int i = 0; i < x.Length; i++)
        {
            if (!Compare.SameBits(-y[i], mirrored[i])) Assert.Fail($"tanh {-x[i]:R} is {mirrored[i]:R}, of its negative {y[i]:R}.");
            if (Math.Abs(x[i]) >= 9.02f) Assert.Equal(MathF.Sign(x[i]), y[i]);
            if (Math.Abs(x[i]) < 1e-8f && !Compare.SameBits(x[i], y[i])) Assert.Fail($"tanh {x[i]:R} is {y[i]:R}.");
        }

        CheckSpecialValues<float>(float.Epsilon, 1e-40f);
        CheckSpecialValues<double>(double.Epsilon, 1e-310);
        Assert.Equal([1.0, -1.0, 1.0], Apply(ActivationKernel.Tanh, [19.1, -19.1, 1e300]));
    }

    [Fact]
    public void FloatSigmoidIsWithinItsUlps()
    {
        (float[] x, float[] y) = OverFloats(ActivationKernel.Sigmoid, v => !float.IsNaN(v));
        double worst = 0;
        for (int i = 0; i < x.Length; i++)
        {
            if (!(y[i] >= 0 && y[i] <= 1)) Assert.Fail($"sigmoid {x[i]:R} is {y[i]:R}, beyond 0 and 1.");
            double e = Math.Exp(-Math.Abs((double)x[i]));
            worst = Math.Max(worst, Ulps(y[i], (x[i] < 0 ? e : 1) / (1 + e)));
        }

        log.WriteLine($"sigmoid in float: {worst:F3} ulp of {x.Length} numbers");
        Assert.True(worst <= ErrorBounds.SigmoidSingleUlps, $"{worst} ulp");
    }

    [Fact]
    public void DoubleSigmoidIsWithinItsUlps()
    {
        double[] x = [.. SpreadDoubles(_stride == Stride ? 60_000 : 6_000), .. SpreadDoubles(2_000).Select(v => v * 35)];
        (double worst, double worstAt) = WorstInDouble(ActivationKernel.Sigmoid, x, DoubleDouble.Sigmoid, least: 0);
        log.WriteLine($"sigmoid in double: {worst:F3} ulp at {worstAt:R} of {x.Length} numbers");
        Assert.True(worst <= ErrorBounds.SigmoidDoubleUlps, $"{worst} ulp at {worstAt:R}");
    }

    [Fact]
    public void SigmoidSaturatesAndKeepsSpecialValues()
    {
        float[] x = [0, -0f, float.Epsilon, -1e-40f, float.PositiveInfinity, float.NegativeInfinity, float.NaN, 17.4f, -104];
        Compare.Bits((float[])[0.5f, 0.5f, 0.5f, 0.5f, 1, 0, float.NaN, 1, 0], Apply(ActivationKernel.Sigmoid, x), "sigmoid in float");
        double[] wideX = [0, -0.0, double.Epsilon, -1e-310, double.PositiveInfinity, double.NegativeInfinity, double.NaN, 37.5, -745.2];
        Compare.Bits((double[])[0.5, 0.5, 0.5, 0.5, 1, 0, double.NaN, 1, 0], Apply(ActivationKernel.Sigmoid, wideX), "sigmoid in double");
    }

    [Fact]
    public void FloatExpOfNonPositiveIsWithinThreeUlps()
    {
        (float[] x, float[] y) = OverFloats(ActivationKernel.Exp, v => v <= 0);
        double worst = 0;
        for (int i = 0; i < x.Length; i++)
        {
            if (x[i] < -87.3f) Assert.True(Compare.SameBits(0f, y[i]), $"exp {x[i]:R} is {y[i]:R}");
            else worst = Math.Max(worst, Ulps(y[i], Math.Exp(x[i])));
        }

        log.WriteLine($"exp in float: {worst:F3} ulp of {x.Length} numbers");
        Assert.True(worst <= 3, $"{worst} ulp");
        Assert.Equal([1f, 1f, 0f, float.NaN], Apply(ActivationKernel.Exp, [0f, -0f, float.NegativeInfinity, float.NaN]));
    }

    [Fact]
    public void DoubleExpOfNonPositiveIsWithinThreeUlps()
    {
        double[] x = Array.ConvertAll(SpreadDoubles(20_000), v => -Math.Abs(v));
        double[] y = Apply(ActivationKernel.Exp, x);
        double worst = 0;
        for (int i = 0; i < x.Length; i++)
        {
            if (x[i] < -708.3) Assert.True(Compare.SameBits(0.0, y[i]), $"exp {x[i]:R} is {y[i]:R}");
            else
            {
                DoubleDouble exact = DoubleDouble.ExpOfNonPositive(x[i]);
                double ulp = Ulp(exact.High);
                worst = Math.Max(worst, Math.Abs((y[i] - exact.High) - exact.Low) / ulp);
            }
        }

        log.WriteLine($"exp in double: {worst:F3} ulp of {x.Length} numbers");
        Assert.True(worst <= 3, $"{worst} ulp");
        Assert.Equal([1.0, 1.0, 0.0, double.NaN], Apply(ActivationKernel.Exp, [0.0, -0.0, double.NegativeInfinity, double.NaN]));
    }

    [Fact]
    public void ReluIsPlusZeroAtAndBelowZero()
    {
        float[] x = [-1, -0f, 0, float.Epsilon, 2, float.NegativeInfinity, float.PositiveInfinity, float.NaN];
        float[] expected = [0, 0, 0, 0, 2, 0, float.PositiveInfinity, float.NaN];
        Compare.Bits(expected, Apply(ActivationKernel.Relu, x), "relu");
    }

    [Fact]
    public void FlushTinyStopsAtTheGuard()
    {
        float guard = MathF.ScaleB(1, -100);
        float[] x = [guard, MathF.BitDecrement(guard), -guard, -MathF.BitDecrement(guard), -0f, float.Epsilon, float.NaN, 1];
        Compare.Bits((float[])[guard, 0, -guard, 0, 0, 0, float.NaN, 1], Apply(ActivationKernel.Flush, x), "flush");
        double wide = Math.ScaleB(1, -900);
        double[] wideX = [wide, Math.BitDecrement(wide), -wide, -double.Epsilon];
        Compare.Bits((double[])[wide, 0, -wide, 0], Apply(ActivationKernel.Flush, wideX), "flush");
    }

    /// <summary>The worst error in units in the last place, and where; no result is below the least or above 1.</summary>
    private static (double Ulps, double At) WorstInDouble(
        ActivationKernel kernel, double[] x, Func<double, DoubleDouble> truth, double least)
    {
        double[] y = Apply(kernel, x);
        (double Ulps, double At) worst = (0, 0);
        for (int i = 0; i < x.Length; i++)
        {
            if (!(y[i] >= least && y[i] <= 1)) Assert.Fail($"of {x[i]:R} comes {y[i]:R}, beyond {least} and 1.");
            DoubleDouble exact = truth(x[i]);
            double ulps = Math.Abs((y[i] - exact.High) - exact.Low) / Ulp(exact.High);
            if (ulps > worst.Ulps) worst = (ulps, x[i]);
        }

        return worst;
    }

    private static void CheckSpecialValues<T>(T smallest, T subnormal)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] x = [T.Zero, T.NegativeZero, T.NaN, T.PositiveInfinity, T.NegativeInfinity, smallest, -smallest, subnormal, -subnormal];
        T[] expected = [T.Zero, T.NegativeZero, T.NaN, T.One, T.NegativeOne, smallest, -smallest, subnormal, -subnormal];
        Compare.Bits(expected, Apply(ActivationKernel.Tanh, x), $"tanh in {typeof(T).Name}");
    }

    /// <summary>f(x), by every lane to the same bits.</summary>
    private static T[] Apply<T>(ActivationKernel kernel, T[] x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] result = kernel.Run<T, ScalarLane<T>>(x);
        Compare.Bits(result, kernel.Run<T, VectorLane<T>>(x), "vector lane");
        Compare.Bits(result, kernel.Run<T, Vector512Lane<T>>(x), "512-bit lane");
        return result;
    }

    private static (float[] X, float[] Y) OverFloats(ActivationKernel kernel, Predicate<float> isWanted)
    {
        var x = new List<float>();
        Add(0, uint.MaxValue, _stride);
        // Denser where the functions bend: 2⁻⁸ to 16 of either sign.
        Add(0x3B800000, 0x41800000, _stride / 16);
        Add(0xBB800000, 0xC1800000, _stride / 16);

        float[] all = x.ToArray();
        return (all, Apply(kernel, all));

        void Add(uint first, uint last, uint stride)
        {
            for (ulong bits = first; bits <= last; bits += stride)
            {
                float value = BitConverter.UInt32BitsToSingle((uint)bits);
                if (isWanted(value)) x.Add(value);
            }
        }
    }

    /// <summary>Half of them over the exponents from -1000 to 9, half uniform to ±20, where tanh bends.</summary>
    private static double[] SpreadDoubles(int count)
    {
        var random = new CaseRandom(7);
        double[] values = new double[count];
        for (int i = 0; i < count; i++)
        {
            int exponent = i % 4 == 1 ? -random.Below(1000) : 5 - random.Below(20);
            values[i] = i % 2 == 0 ? random.Signed() * 20 : Math.ScaleB(random.Signed(), exponent);
        }

        return values;
    }

    private static double Ulp(double value) => Math.BitIncrement(Math.Abs(value)) - Math.Abs(value);

    /// <summary>|actual - exact| in units of the last place of a float with the exact value's exponent.</summary>
    private static double Ulps(float actual, double exact)
    {
        int exponent = exact == 0 ? -126 : Math.Max(-126, Math.ILogB(exact));
        return Math.Abs(actual - exact) / Math.ScaleB(1, exponent - 23);
    }
}
