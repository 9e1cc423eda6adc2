using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;
using HighPerfRnn.Tests.Generation;
using Xunit;

namespace HighPerfRnn.Tests.Kernels;

/// <summary>The residual sum: each number by itself, at every length, in place, on every lane.</summary>
[Trait("Category", "Width")]
public sealed class ElementwiseAddTests
{
    [Fact]
    public void SumsAreThoseOfTheNumbersAtEveryLength()
    {
        for (int length = 0; length <= 66; length++)
        {
            Check<float>(length);
            Check<double>(length);
        }
    }

    [Fact]
    public void EveryLaneGivesTheSameBits()
    {
        for (int length = 0; length <= 66; length++)
        {
            float[] expected = RunAt<ScalarLane<float>>(length);
            Compare.Bits(expected, RunAt<VectorLane<float>>(length), "vector");
            Compare.Bits(expected, RunAt<Vector512Lane<float>>(length), "512 bits");
        }

        static float[] RunAt<TLane>(int length)
            where TLane : struct, ILane<TLane, float>
        {
            // One more than a span of no numbers has, so that there is a reference.
            float[] x = Numbers<float>(length + 1, 1), f = Numbers<float>(length + 1, 2), y = new float[length + 1];
            new SumWork<float> { X = ref x[0], F = ref f[0], Y = ref y[0], Length = length }.Run<TLane>(0);
            Assert.Equal(0, y[length]);
            return y;
        }
    }

    [Fact]
    public void WrongArgumentsAreNamedBeforeAnythingIsWritten()
    {
        float[] a = [1, 2, 3, 4], b = [5, 6, 7];
        Refuses("3 numbers; expected 4", "f", () => Elementwise.Add<float>(a, b, a));
        Refuses("3 numbers; expected 4", "y", () => Elementwise.Add<float>(a, a, b));
        Refuses("overlaps the input without being the same", "y", () => Elementwise.Add<float>(a.AsSpan(1), b, a.AsSpan(0, 3)));
        Refuses("overlaps the input without being the same", "y", () => Elementwise.Add<float>(b, a.AsSpan(1), a.AsSpan(0, 3)));
        Refuses("3 numbers; expected 4", "inputGradient", () => Elementwise.AddBackward<float>(a, b, []));
        Refuses("3 numbers; expected 4", "branchGradient", () => Elementwise.AddBackward<float>(a, [], b));
        Refuses("overlaps outputGradient", "inputGradient", () => Elementwise.AddBackward<float>(a, a, []));
        Refuses("overlaps outputGradient", "branchGradient", () => Elementwise.AddBackward<float>(a, [], a));
        Refuses("overlaps inputGradient", "branchGradient", () => Elementwise.AddBackward<float>(b, a.AsSpan(1), a.AsSpan(0, 3)));
        Assert.Equal([1, 2, 3, 4], a);
        Assert.Equal([5, 6, 7], b);

        static void Refuses(string message, string name, Action run) =>
            Assert.Contains(message, Assert.Throws<ArgumentException>(name, run).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NothingIsAllocated()
    {
        double[] x = new double[100], f = new double[100], y = new double[100];
        long least = long.MaxValue;
        for (int attempt = 0; attempt < 5 && least > 0; attempt++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Elementwise.Add<double>(x, f, y);
            Elementwise.AddBackward<double>(y, x, f);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }

    private static T[] Numbers<T>(int length, int stream)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => new CaseRandom(7, stream).Numbers<T>(length);

    private static void Check<T>(int length)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] x = Numbers<T>(length, 1), f = Numbers<T>(length, 2);
        if (length > 2) (x[0], f[1], x[2], f[2]) = (T.NaN, T.PositiveInfinity, T.NegativeZero, T.NegativeZero);
        T[] expected = [.. x.Zip(f, (a, b) => a + b)];
        T[] y = new T[length];
        Elementwise.Add<T>(x, f, y);
        Compare.Bits(expected, y, "y");
        T[] inX = (T[])x.Clone(), inF = (T[])f.Clone();
        Elementwise.Add<T>(inX, f, inX);
        Elementwise.Add<T>(x, inF, inF);
        Compare.Bits(expected, inX, "in place of x");
        Compare.Bits(expected, inF, "in place of f");

        T[] dX = (T[])x.Clone(), dF = Numbers<T>(length, 3);
        T[] expectedF = [.. dF.Zip(f, (a, b) => a + b)];
        Elementwise.AddBackward<T>(f, dX, dF);
        Compare.Bits(expected, dX, "dX");
        Compare.Bits(expectedF, dF, "dF");
        Elementwise.AddBackward<T>(f, [], []);
    }
}
