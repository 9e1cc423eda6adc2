using FsCheck.Xunit;
using HighPerfRnn.Kernels;
using Xunit;

namespace HighPerfRnn.Tests.Training;

public class ExactMathTests
{
    /// <summary>Two units of ours and one of the framework's, in parts of the result.</summary>
    private const double Bound = 3 * 2.220446049250313E-16;

    [Property(MaxTest = 500)]
    public void ExpIsTheFrameworksWithinItsBound(ulong seed)
    {
        var random = new CounterRandom(seed);
        foreach (double range in (ReadOnlySpan<double>)[1e-8, 1, 20, 700])
        {
            double x = ((2 * random.NextDouble()) - 1) * range;
            AssertClose(Math.Exp(x), ExactMath.Exp(x), x);
        }
    }

    [Property(MaxTest = 500)]
    public void LogIsTheFrameworksWithinItsBound(ulong seed)
    {
        var random = new CounterRandom(seed);
        double near1 = 1 + ((random.NextDouble() - 0.5) * 1e-3);
        AssertClose(Math.Log(near1), ExactMath.Log(near1), near1);
        double any = Math.Abs(BitConverter.UInt64BitsToDouble(random.NextUInt64() & 0x7FEFFFFFFFFFFFFF));
        AssertClose(Math.Log(any), ExactMath.Log(any), any);
        double subnormal = BitConverter.UInt64BitsToDouble(1 + (random.NextUInt64() >> 13));
        AssertClose(Math.Log(subnormal), ExactMath.Log(subnormal), subnormal);
    }

    [Property(MaxTest = 500)]
    public void CosPiIsTheFrameworksWithinItsBound(ulong seed)
    {
        double x = new CounterRandom(seed).NextDouble();
        // Near its zero at one half the framework's argument is rounded: there compare with the sine of the distance.
        double expected = Math.Abs(x - 0.5) < 0.25 ? Math.Sin(Math.PI * (0.5 - x)) : Math.Cos(Math.PI * x);
        AssertClose(expected, ExactMath.CosPi(x), x);
        Assert.Equal(ExactMath.CosPi(x), ExactMath.CosPi(-x));
    }

    [Fact]
    public void ExpAtItsEnds()
    {
        Assert.Equal(1, ExactMath.Exp(0));
        Assert.Equal(1, ExactMath.Exp(-0.0));
        Assert.Equal(double.PositiveInfinity, ExactMath.Exp(double.PositiveInfinity));
        Assert.Equal(double.PositiveInfinity, ExactMath.Exp(709.7828));
        AssertClose(Math.Exp(709.78), ExactMath.Exp(709.78), 709.78);
        Assert.Equal(0, ExactMath.Exp(double.NegativeInfinity));
        Assert.Equal(0, ExactMath.Exp(-746));
        Assert.Equal(double.Epsilon, ExactMath.Exp(-745.1));
        Assert.Equal(Math.Exp(-740.5), ExactMath.Exp(-740.5), double.Epsilon);
        Assert.True(double.IsNaN(ExactMath.Exp(double.NaN)));
    }

    [Fact]
    public void LogAtItsEnds()
    {
        Assert.Equal(0, ExactMath.Log(1));
        Assert.False(double.IsNegative(ExactMath.Log(1)));
        Assert.Equal(double.NegativeInfinity, ExactMath.Log(0));
        Assert.Equal(double.NegativeInfinity, ExactMath.Log(-0.0));
        Assert.Equal(double.PositiveInfinity, ExactMath.Log(double.PositiveInfinity));
        Assert.True(double.IsNaN(ExactMath.Log(-1)));
        Assert.True(double.IsNaN(ExactMath.Log(double.NegativeInfinity)));
        Assert.True(double.IsNaN(ExactMath.Log(double.NaN)));
        AssertClose(Math.Log(double.MaxValue), ExactMath.Log(double.MaxValue), double.MaxValue);
        AssertClose(Math.Log(double.Epsilon), ExactMath.Log(double.Epsilon), double.Epsilon);
    }

    [Fact]
    public void CosPiIsExactAtQuarterTurns()
    {
        double[] exact = [1, 0, -1, 0];
        for (int i = -40; i <= 40; i++) Assert.Equal(exact[(i & 3)], ExactMath.CosPi(i / 2.0) + 0.0);
        Assert.Equal(1, ExactMath.CosPi(1e300));
        Assert.Equal(-1, ExactMath.CosPi(9007199254740991));
        AssertClose(0.5, ExactMath.CosPi(7 / 3.0), 7 / 3.0, 1e-15);
        Assert.True(double.IsNaN(ExactMath.CosPi(double.PositiveInfinity)));
        Assert.True(double.IsNaN(ExactMath.CosPi(double.NaN)));
    }

    [Theory]
    [InlineData(0.9, 0)]
    [InlineData(0.9, 1)]
    [InlineData(0.9, 7)]
    [InlineData(0.999, 1000)]
    [InlineData(0.9999, 123457)]
    [InlineData(-2, 31)]
    [InlineData(0, 5)]
    public void PowIntIsTheFrameworks(double x, long n) =>
        AssertClose(Math.Pow(x, n), ExactMath.PowInt(x, n), x, (n + 2) * 2.3e-16);

    [Fact]
    public void PowIntOfALongRunEndsAtZero()
    {
        Assert.Equal(0, ExactMath.PowInt(0.999, long.MaxValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => ExactMath.PowInt(0.5, -1));
    }

    [Fact]
    public void BitsAreTheOnesOfEveryMachine()
    {
        // One number over many results: a build that rounds anything otherwise gives another.
        ulong sum = 14695981039346656037;
        var random = new CounterRandom(3);
        for (int i = 0; i < 2000; i++)
        {
            double u = random.NextDouble();
            Add(ExactMath.Exp((u - 0.5) * 200));
            Add(ExactMath.Log(u * 1e3));
            Add(ExactMath.CosPi(u * 4));
            Add(random.NextGaussian());
        }

        Assert.Equal(265690630153972760UL, sum);

        void Add(double value) => sum = (sum ^ BitConverter.DoubleToUInt64Bits(value)) * 1099511628211;
    }

    private static void AssertClose(double expected, double actual, double x, double bound = Bound) =>
        Assert.True(Math.Abs(actual - expected) <= bound * Math.Abs(expected), $"x = {x:R}: {actual:R} instead of {expected:R}");
}
