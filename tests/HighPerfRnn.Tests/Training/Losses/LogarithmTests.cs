using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;
using HighPerfRnn.Tests.Generation;
using Xunit;
using Xunit.Abstractions;

namespace HighPerfRnn.Tests.Training.Losses;

/// <summary>ln(1 + x) and ln(eᵃ + eᵇ + eᶜ) over lanes: worst errors, special values, and the same bits at every width.</summary>
[Trait("Category", "Width")]
public sealed class LogarithmTests(ITestOutputHelper log)
{
    private static readonly int _stride = TestSettings.Cases < 200 ? 16381 : 509;

    /// <summary>1 / (2n + 1).</summary>
    private static readonly DoubleDouble[] Reciprocals =
        [.. Enumerable.Range(0, 60).Select(n => new DoubleDouble(1, 0) / new DoubleDouble((2 * n) + 1, 0))];

    [Fact]
    public void FloatLogOnePlusIsWithinItsUlps()
    {
        var numbers = new List<float>();
        for (long bits = 0; bits <= BitConverter.SingleToInt32Bits(2f); bits += _stride) numbers.Add(BitConverter.Int32BitsToSingle((int)bits));
        numbers.AddRange([2f, 1f, 0.5f, MathF.BitIncrement(0.5f), MathF.BitDecrement(0.5f)]);
        float[] x = [.. numbers], y = LogOnePlus(x);
        double worst = 0;
        float at = 0;
        for (int i = 0; i < x.Length; i++)
        {
            // What 1 + x loses by rounding is lost in the denominator alike.
            double sum = 1.0 + x[i];
            double exact = sum == 1 ? x[i] : Math.Log(sum) * x[i] / (sum - 1);
            double ulp = Math.ScaleB(1, Math.Max(-149, x[i] == 0 ? -149 : Math.ILogB(exact) - 23));
            double ulps = Math.Abs(y[i] - exact) / ulp;
            if (ulps > worst) (worst, at) = (ulps, x[i]);
        }

        log.WriteLine($"ln(1 + x) in float: {worst:F3} ulp at {at:R} of {x.Length}");
        Assert.True(worst <= LogarithmUlps.LogOnePlusSingle, $"{worst} ulp at {at:R}");
    }

    [Fact]
    public void DoubleLogOnePlusIsWithinItsUlps()
    {
        var random = new CaseRandom(3);
        double[] x = new double[_stride == 509 ? 40_000 : 2_000];
        for (int i = 0; i < x.Length; i++)
        {
            double value = random.Signed() + 1;
            x[i] = i % 2 == 0 ? value : Math.ScaleB(value, -random.Below(60));
        }

        double[] y = LogOnePlus(x);
        double worst = 0, at = 0;
        for (int i = 0; i < x.Length; i++)
        {
            (double high, double low) = Exact(x[i]);
            double ulps = Math.Abs((y[i] - high) - low) / Math.ScaleB(1, Math.ILogB(high) - 52);
            if (ulps > worst) (worst, at) = (ulps, x[i]);
        }

        log.WriteLine($"ln(1 + x) in double: {worst:F3} ulp at {at:R} of {x.Length}");
        Assert.True(worst <= LogarithmUlps.LogOnePlusDouble, $"{worst} ulp at {at:R}");
    }

    [Fact]
    public void SpecialValues()
    {
        Assert.Equal([0, float.Epsilon, 1e-30f, float.NaN], LogOnePlus([0f, float.Epsilon, 1e-30f, float.NaN]));
        Assert.Equal([0, double.Epsilon, 1e-300, double.NaN], LogOnePlus([0, double.Epsilon, 1e-300, double.NaN]));
        double none = double.NegativeInfinity, nan = double.NaN;
        double[][] triples = [[none, none, none], [none, none, 3], [none, -5e4, none], [nan, none, 0], [0, nan, none], [none, 0, nan], [none, none, nan]];
        double[] expected = [none, 3, -5e4, nan, nan, nan, nan];
        for (int i = 0; i < triples.Length; i++) Assert.Equal(expected[i], LogSumExp(triples[i])[0]);
    }

    [CaseProperty]
    public void LogSumExpIsWithinItsBound(RnnCase shape)
    {
        var random = new CaseRandom(shape.Seed);
        double largest = Math.ScaleB(1, random.Below(12));
        Check(random.Numbers<float>(3, largest));
        Check(random.Numbers<double>(3, largest));

        static void Check<T>(T[] x)
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            double[] wide = Array.ConvertAll(x, double.CreateChecked);
            double m = wide.Max(), exact = m + Math.Log(wide.Sum(v => Math.Exp(v - m)));
            T[] y = LogSumExp(x);
            Assert.Equal(exact, double.CreateChecked(y[0]), 4 * (Tolerances.UnitRoundoff<T>() + 1e-16) * (1 + Math.Abs(m)));
            Assert.All(y, value => Assert.Equal(y[0], value));
        }
    }

    private static T[] LogOnePlus<T>(T[] x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] y = At<VectorLane<T>>();
        Compare.Bits(y, At<Vector512Lane<T>>(), "512 bits");
        if (x.Length < 10_000) Compare.Bits(y, At<ScalarLane<T>>(), "scalar");
        return y;

        T[] At<TLane>()
            where TLane : struct, ILane<TLane, T>
        {
            T[] result = new T[x.Length];
            for (int i = 0; i < x.Length; i += TLane.Count)
            {
                TLane value = PartialLane<T, TLane>.Load(ref x[i], x.Length - i);
                PartialLane<T, TLane>.Store(Activations<T, TLane>.LogOnePlus(value), ref result[i], x.Length - i);
            }

            return result;
        }
    }

    /// <summary>Of three numbers, at every width.</summary>
    private static T[] LogSumExp<T>(T[] x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        return [At<ScalarLane<T>>(), At<VectorLane<T>>(), At<Vector512Lane<T>>()];

        T At<TLane>()
            where TLane : struct, ILane<TLane, T>
        {
            T[] result = new T[16];
            Activations<T, TLane>.LogSumExp(TLane.Broadcast(x[0]), TLane.Broadcast(x[1]), TLane.Broadcast(x[2])).Store(ref result[0]);
            return result[0];
        }
    }

    /// <summary>ln(1 + x) as two doubles: 2·artanh(x / (2 + x)), whose series converges for x ≤ 2 as 4⁻ⁿ.</summary>
    private static (double High, double Low) Exact(double x)
    {
        var wide = new DoubleDouble(x, 0);
        DoubleDouble s = wide / (new DoubleDouble(2, 0) + wide);
        DoubleDouble z = s * s, sum = new(0, 0);
        for (int n = Reciprocals.Length - 1; n >= 0; n--) sum = (sum * z) + Reciprocals[n];
        DoubleDouble result = sum * s * new DoubleDouble(2, 0);
        return (result.High, result.Low);
    }
}
