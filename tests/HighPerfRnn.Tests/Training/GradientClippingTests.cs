using System.Numerics;
using FsCheck.Xunit;
using HighPerfRnn.Kernels;
using HighPerfRnn.Memory;
using HighPerfRnn.Simd;
using HighPerfRnn.Training;
using Xunit;

namespace HighPerfRnn.Tests.Training;

public class GradientClippingTests
{
    [Fact]
    public void TheNormOfThreeAndFourIsFive()
    {
        var first = new ParameterSet<double>(("a", 0, 1));
        var second = new ParameterSet<double>(("b", 1, 3));
        first["a"][0] = 3;
        second["b"][2] = -4;
        Assert.Equal(5, GradientClipping.ByGlobalNorm([first, second], 10));
        Assert.Equal(3, first["a"][0]);
        Assert.Equal(5, GradientClipping.ByGlobalNorm([first, second], 1));
        Assert.Equal(3 / 5.000001, first["a"][0], 1e-15);
        Assert.Equal(-4 / 5.000001, second["b"][2], 1e-15);
        Assert.Equal(0, GradientClipping.ByGlobalNorm<double>([], 1));
    }

    [Property(MaxTest = 40)]
    public void NormsAreTheDefinitionsInEveryPrecision(ulong seed, ushort length)
    {
        Check<double>(seed, length % 12000, 1e-15);
        // Chains of 256 squares in a block, and the tree: (256 + 4)·u of the sum, half of that of its root.
        Check<float>(seed, length % 12000, 130 * 6e-8);
    }

    [Property(MaxTest = 40)]
    public void EveryWidthGivesTheSameBits(ulong seed, ushort length)
    {
        CheckWidths<float>(seed, length % 9000);
        CheckWidths<double>(seed, length % 9000);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(1e30f)]
    public void ANormThatIsNotFiniteScalesNothing(float bad)
    {
        var set = new ParameterSet<float>(("a", 0, 40));
        set["a"].Fill(2);
        set["a"][37] = bad;
        float[] before = set.Values.ToArray();
        Assert.False(double.IsFinite(GradientClipping.ByGlobalNorm([set], 1)));
        Assert.Equal(before, set.Values.ToArray());
    }

    [Fact]
    public void ABoundIsPositive()
    {
        Assert.Throws<ArgumentOutOfRangeException>("maxNorm", () => GradientClipping.ByGlobalNorm<float>([], 0));
        Assert.Throws<ArgumentOutOfRangeException>("maxNorm", () => GradientClipping.ByGlobalNorm<float>([], double.NaN));
        var set = new ParameterSet<float>(("a", 0, 1));
        set["a"][0] = 7;
        Assert.Equal(7, GradientClipping.ByGlobalNorm([set], double.PositiveInfinity));
        Assert.Equal(7, set["a"][0]);
    }

    private static void Check<T>(ulong seed, int length, double tolerance)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var set = new ParameterSet<T>(("a", 0, length), ("b", 3, 5));
        var random = new CounterRandom(seed);
        Initialization.Normal(set["a"], 0, 1, ref random);
        Initialization.Normal(set["b"], 0, 1, ref random);
        double sum = 0;
        foreach (T value in set.Values) sum += double.CreateChecked(value) * double.CreateChecked(value);
        T[] before = set.Values.ToArray();
        double norm = GradientClipping.ByGlobalNorm([set], 0.5);
        Assert.Equal(Math.Sqrt(sum), norm, tolerance * Math.Sqrt(sum));
        T factor = T.CreateChecked(Math.Min(1, 0.5 / (norm + 1e-6)));
        Assert.Equal(before.Select(value => value * factor), set.Values.ToArray());
    }

    private static void CheckWidths<T>(ulong seed, int length)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] values = new T[length];
        var random = new CounterRandom(seed);
        Initialization.Normal<T>(values, 0, 1, ref random);
        var scalar = new GradientClipping.SumOfSquares<T> { Values = values };
        var narrow = new GradientClipping.SumOfSquares<T> { Values = values };
        var wide = new GradientClipping.SumOfSquares<T> { Values = values };
        scalar.Run<ScalarLane<T>>(4096);
        narrow.Run<VectorLane<T>>(4096);
        wide.Run<Vector512Lane<T>>(4096);
        Assert.Equal(scalar.Sum, narrow.Sum);
        Assert.Equal(scalar.Sum, wide.Sum);
    }
}
