using FsCheck;
using FsCheck.Xunit;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;
using HighPerfRnn.Training;
using Xunit;

namespace HighPerfRnn.Tests.Training;

public class InitializationTests
{
    [Property(MaxTest = 60)]
    public void OrthogonalRowsOrColumnsAreOrthonormal(ulong seed, byte r, byte c)
    {
        int rows = 1 + (r % 70), columns = 1 + (c % 70);
        var random = new CounterRandom(seed);
        double[] q = new double[rows * columns];
        Initialization.Orthogonal<double>(q, rows, columns, 2, ref random);
        int count = Math.Min(rows, columns), length = Math.Max(rows, columns);
        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double dot = 0;
                for (int k = 0; k < length; k++) dot += At(i, k) * At(j, k);
                Assert.Equal(i == j ? 1 : 0, dot, 1e-14);
            }
        }

        double At(int vector, int k) => (rows >= columns ? q[(k * columns) + vector] : q[(vector * columns) + k]) / 2;
    }

    [Fact]
    public void OrthogonalMatricesAreUniform()
    {
        // Entry (0, 0) of a uniform rotation has mean 0 and variance 1 / n; a factor R with signs left in would show.
        const int count = 4000, n = 4;
        double[] q = new double[n * n];
        double first = 0, last = 0, squares = 0;
        var random = new CounterRandom(5);
        for (int i = 0; i < count; i++)
        {
            Initialization.Orthogonal<double>(q, n, n, 1, ref random);
            first += q[0];
            last += q[^1];
            squares += q[^1] * q[^1];
        }

        Assert.Equal(0, first / count, 0.03);
        Assert.Equal(0, last / count, 0.03);
        Assert.Equal(0.25, squares / count, 0.02);
    }

    [Fact]
    public void OrthogonalizationHasTheSameBitsAtEveryWidth()
    {
        const int count = 21, length = 37;
        int stride = OrthonormalVectors.Stride(length);
        double[] scalar = Draws(), narrow = Draws(), wide = Draws();
        for (int i = 0; i < count; i++)
        {
            new OrthonormalVectors.GramSchmidt { Vectors = scalar, Index = i, Stride = stride }.Run<ScalarLane<double>>(0);
            new OrthonormalVectors.GramSchmidt { Vectors = narrow, Index = i, Stride = stride }.Run<VectorLane<double>>(0);
            new OrthonormalVectors.GramSchmidt { Vectors = wide, Index = i, Stride = stride }.Run<Vector512Lane<double>>(0);
        }

        Assert.Equal(scalar, narrow);
        Assert.Equal(scalar, wide);

        double[] Draws()
        {
            double[] values = new double[count * stride];
            var random = new CounterRandom(11);
            for (int i = 0; i < count; i++)
            {
                foreach (ref double value in values.AsSpan(i * stride, length)) value = random.NextGaussian();
            }

            return values;
        }
    }

    [Fact]
    public void EachGateIsAnOrthogonalMatrixOfItsOwn()
    {
        const int hidden = 5, gates = 3;
        CounterRandom random = new(3), same = new(3);
        float[] all = new float[hidden * gates * hidden], one = new float[hidden * hidden];
        Initialization.OrthogonalGates<float>(all, hidden, gates, 0.5, ref random);
        for (int gate = 0; gate < gates; gate++)
        {
            Initialization.Orthogonal<float>(one, hidden, hidden, 0.5, ref same);
            for (int i = 0; i < one.Length; i++) Assert.Equal(one[i], all[((((i / hidden) * gates) + gate) * hidden) + (i % hidden)]);
        }

        Assert.Equal(random.Position, same.Position);
    }

    [Fact]
    public void DecaysAreUniformBetweenTheirBounds()
    {
        double[] nu = new double[20_000];
        var random = new CounterRandom(6);
        Initialization.Decays<double>(nu, 0.5, 0.999, ref random);
        double[] decays = [.. nu.Select(value => Math.Exp(-Math.Exp(value)))];
        Assert.All(decays, decay => Assert.InRange(decay, 0.5 - 1e-15, 0.999 + 1e-15));
        Assert.Equal(0.7495, decays.Average(), 0.003);
        Assert.Equal(0.499 * 0.499 / 12, decays.Average(decay => (decay - 0.7495) * (decay - 0.7495)), 0.0005);
        Initialization.Decays<double>(nu, 0.25, 0.25, ref random);
        Assert.All(nu, value => Assert.Equal(0.25, Math.Exp(-Math.Exp(value)), 1e-15));
    }

    [Fact]
    public void XavierFillsItsRangeEvenly()
    {
        const int fanIn = 60, fanOut = 90;
        double bound = 2 * Math.Sqrt(6.0 / 150);
        double[] values = new double[fanIn * fanOut];
        var random = new CounterRandom(1);
        Initialization.XavierUniform<double>(values, fanIn, fanOut, ref random, gain: 2);
        Assert.All(values, value => Assert.InRange(value, -bound, bound));
        Assert.Equal(0, values.Average(), 0.02);
        Assert.Equal(bound * bound / 3, values.Average(value => value * value), 0.003);
        Assert.Equal(bound, values.Max(), 0.001);
    }

    [Fact]
    public void FloatsAreTheDoublesRounded()
    {
        float[] single = new float[12 * 9];
        double[] precise = new double[12 * 9];
        var random = new CounterRandom(2);
        var same = new CounterRandom(2);
        Initialization.XavierUniform<float>(single, 12, 9, ref random);
        Initialization.XavierUniform<double>(precise, 12, 9, ref same);
        Assert.Equal(precise.Select(x => (float)x), single);
        Initialization.Orthogonal<float>(single, 12, 9, 0.5, ref random);
        Initialization.Orthogonal<double>(precise, 12, 9, 0.5, ref same);
        Assert.Equal(precise.Select(x => (float)x), single);
        Initialization.Normal<float>(single, 3, 0.25, ref random);
        Initialization.Normal<double>(precise, 3, 0.25, ref same);
        Assert.Equal(precise.Select(x => (float)x), single);
        Assert.Equal(random.Position, same.Position);
    }

    [Fact]
    public void TheLargestDrawIsBelowTheBoundInDoubleAndTheBoundInFloat()
    {
        // One of the few draws above 1 - 2⁻²⁶.
        const ulong position = 77404624;
        double[] exact = new double[1];
        float[] rounded = new float[1];
        var random = new CounterRandom(1, 0, position);
        Initialization.Uniform<double>(exact, 0.25, ref random);
        random = new CounterRandom(1, 0, position);
        Initialization.Uniform<float>(rounded, 0.25, ref random);
        Assert.InRange(exact[0], 0.25 * (1 - (1.0 / (1 << 25))), Math.BitDecrement(0.25));
        Assert.Equal(0.25f, rounded[0]);
    }

    [Fact]
    public void NormalHasItsMeanAndDeviation()
    {
        double[] values = new double[40_000];
        var random = new CounterRandom(4);
        Initialization.Normal<double>(values, -2, 0.5, ref random);
        Assert.Equal(-2, values.Average(), 0.01);
        Assert.Equal(0.25, values.Average(value => (value + 2) * (value + 2)), 0.01);
        Initialization.Uniform<double>(values, 0, ref random);
        Assert.All(values, value => Assert.Equal(0, value));
    }

    [Fact]
    public void WrongSizesAndScalesAreRefused()
    {
        Assert.Throws<ArgumentException>("values", () => Orthogonal(5, 2, 3, 1));
        Assert.Throws<ArgumentOutOfRangeException>("rows", () => Orthogonal(0, 0, 3, 1));
        Assert.Throws<ArgumentOutOfRangeException>("gain", () => Orthogonal(6, 2, 3, double.NaN));
        Assert.Throws<ArgumentException>("values", () => Gates(17, 3, 2));
        Assert.Throws<ArgumentOutOfRangeException>("hiddenSize", () => Gates(0, 0, 2));
        Assert.Throws<ArgumentOutOfRangeException>("gates", () => Gates(0, 3, 0));
        Assert.Throws<ArgumentOutOfRangeException>("least", () => Decays(0, 0.5));
        Assert.Throws<ArgumentOutOfRangeException>("least", () => Decays(double.NaN, 0.5));
        Assert.Throws<ArgumentOutOfRangeException>("most", () => Decays(0.5, 0.4));
        Assert.Throws<ArgumentOutOfRangeException>("most", () => Decays(0.5, 1));
        Assert.Throws<ArgumentOutOfRangeException>("bound", () => Uniform(-1));
        Assert.Throws<ArgumentOutOfRangeException>("bound", () => Uniform(double.PositiveInfinity));

        static void Orthogonal(int length, int rows, int columns, double gain)
        {
            var random = new CounterRandom(1);
            Initialization.Orthogonal<float>(new float[length], rows, columns, gain, ref random);
        }

        static void Gates(int length, int hidden, int gates)
        {
            var random = new CounterRandom(1);
            Initialization.OrthogonalGates<float>(new float[length], hidden, gates, 1, ref random);
        }

        static void Decays(double least, double most)
        {
            var random = new CounterRandom(1);
            Initialization.Decays<float>(new float[3], least, most, ref random);
        }

        static void Uniform(double bound)
        {
            var random = new CounterRandom(1);
            Initialization.Uniform<float>(new float[3], bound, ref random);
        }
    }
}
