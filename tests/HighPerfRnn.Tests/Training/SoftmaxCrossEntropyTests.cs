using System.Numerics;
using FsCheck;
using FsCheck.Xunit;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;
using HighPerfRnn.Threading;
using HighPerfRnn.Training;
using Xunit;

namespace HighPerfRnn.Tests.Training;

public class SoftmaxCrossEntropyTests
{
    [Property(MaxTest = 150)]
    public void LossAndGradientAreTheDefinitionsInFloat(ulong seed, byte rows, byte size, byte magnitude) =>
        CheckDefinition<float>(seed, rows % 20, Classes(size), magnitude, 6e-8);

    [Property(MaxTest = 150)]
    public void LossAndGradientAreTheDefinitionsInDouble(ulong seed, byte rows, byte size, byte magnitude) =>
        CheckDefinition<double>(seed, rows % 20, Classes(size), magnitude, 1.2e-16);

    [Property(MaxTest = 60)]
    public void GradientsAreCentralDifferences(ulong seed, byte rowCount, byte size)
    {
        int rows = 1 + (rowCount % 5), classes = Classes(size);
        var data = new Data<double>(seed, rows, classes, 3);
        double[] gradient = new double[rows * classes];
        double[] losses = new double[rows];
        SoftmaxCrossEntropy<double>.ForwardBackward(data.Logits, data.Targets, classes, gradient, losses, 0.7);
        var random = new CounterRandom(seed, 1);
        for (int check = 0; check < 6; check++)
        {
            // Truncation is h²/6 of the third derivative, which stays below 1; rounding 1e-15 / h.
            const double h = 1e-5;
            int i = random.NextInt(gradient.Length);
            double x = data.Logits[i];
            data.Logits[i] = x + h;
            double above = SoftmaxCrossEntropy<double>.Forward(data.Logits, data.Targets, classes, losses, 0.7);
            data.Logits[i] = x - h;
            double below = SoftmaxCrossEntropy<double>.Forward(data.Logits, data.Targets, classes, losses, 0.7);
            data.Logits[i] = x;
            Assert.Equal((above - below) / (2 * h), gradient[i], 1e-8);
        }
    }

    [Property(MaxTest = 60)]
    public void EveryWidthGivesTheSameBitsInFloat(ulong seed, byte size, byte magnitude) =>
        CheckWidths<float>(seed, Classes(size), magnitude);

    [Property(MaxTest = 60)]
    public void EveryWidthGivesTheSameBitsInDouble(ulong seed, byte size, byte magnitude) =>
        CheckWidths<double>(seed, Classes(size), magnitude);

    [Fact]
    public void EveryLengthGivesTheSameBitsAtEveryWidth()
    {
        for (int classes = 1; classes <= 66; classes++)
        {
            CheckWidths<float>((ulong)classes, classes, 4);
            CheckWidths<double>((ulong)classes, classes, 4);
        }
    }

    [Property(MaxTest = 40)]
    public void InPlaceForwardAloneAndWorkersGiveTheSameBits(ulong seed, byte rowCount, byte size)
    {
        int rows = rowCount % 40, classes = Classes(size);
        var data = new Data<float>(seed, rows, classes, 5);
        float[] gradient = new float[rows * classes], losses = new float[rows], again = new float[rows];
        double loss = SoftmaxCrossEntropy<float>.ForwardBackward(data.Logits, data.Targets, classes, gradient, losses);
        Assert.Equal(loss, SoftmaxCrossEntropy<float>.Forward(data.Logits, data.Targets, classes, again));
        Assert.Equal(losses, again);

        float[] inPlace = [.. data.Logits];
        Assert.Equal(loss, SoftmaxCrossEntropy<float>.ForwardBackward(inPlace, data.Targets, classes, inPlace, again, null, Workers));
        Assert.Equal(gradient, inPlace);
        Assert.Equal(losses, again);
        Assert.Equal(loss, SoftmaxCrossEntropy<float>.Forward(data.Logits, data.Targets, classes, again, null, Workers));
    }

    [Theory]
    [InlineData(1e4)]
    [InlineData(1e30)]
    [InlineData(1.7e38)]
    [InlineData(3e38)]
    public void VeryLargeLogitsGiveNoNaN(double size)
    {
        float large = (float)size;
        float[] logits = new float[19 * 3];
        logits.AsSpan().Fill(-large);
        logits[5] = large; // row 0: sure and right
        logits[19 + 4] = large; // row 1: sure and wrong
        int[] targets = [5, 5, 5]; // row 2: all the same
        float[] losses = new float[3];
        float[] gradient = new float[logits.Length];
        SoftmaxCrossEntropy<float>.ForwardBackward(logits, targets, 19, gradient, losses, 1);
        Assert.Equal(0, losses[0]);
        // Past 3.4e38 the difference, and so the loss, is +∞ in float.
        Assert.Equal((float)(2 * (double)large), losses[1]);
        Assert.Equal(size < 1.71e38, float.IsFinite(losses[1]));
        Assert.Equal((float)Math.Log(19), losses[2], 1e-6);
        Assert.All(gradient[..19], g => Assert.Equal(0, g));
        Assert.Equal(1, gradient[19 + 4]);
        Assert.Equal(-1, gradient[19 + 5]);
        Assert.Equal(1 / 19f, gradient[38], 1e-8);
        Assert.Equal((1 / 19f) - 1, gradient[43], 1e-7);
    }

    [Fact]
    public void WhatIsNotFiniteMakesItsOwnRowNaN()
    {
        foreach (float bad in (float[])[float.NaN, float.PositiveInfinity])
        {
            for (int at = 0; at < 37; at++)
            {
                var data = new Data<float>(6, 3, 37, 3);
                data.Logits[37 + at] = bad;
                float[] losses = new float[3], gradient = new float[37 * 3];
                double loss = SoftmaxCrossEntropy<float>.ForwardBackward(data.Logits, data.Targets, 37, gradient, losses);
                Assert.True(double.IsNaN(loss));
                Assert.True(float.IsNaN(losses[1]));
                Assert.True(float.IsFinite(losses[0]) && float.IsFinite(losses[2]));
                Assert.All(gradient[37..74], g => Assert.True(float.IsNaN(g)));
                Assert.All(gradient[..37], g => Assert.True(float.IsFinite(g)));
                Assert.All(gradient[74..], g => Assert.True(float.IsFinite(g)));
                Assert.True(double.IsNaN(SoftmaxCrossEntropy<float>.Forward(data.Logits, data.Targets, 37, losses)));
            }
        }
    }

    [Fact]
    public void MinusInfinityIsAProbabilityOfZero()
    {
        double[] logits = [0, double.NegativeInfinity, 0, double.NegativeInfinity];
        double[] losses = new double[2], gradient = new double[4];
        double loss = SoftmaxCrossEntropy<double>.ForwardBackward(logits, [0, 1], 2, gradient, losses, 1);
        Assert.Equal([0, double.PositiveInfinity], losses);
        Assert.Equal(double.PositiveInfinity, loss);
        Assert.Equal([0, 0, 1, -1], gradient);
        SoftmaxCrossEntropy<double>.Forward([double.NegativeInfinity, double.NegativeInfinity], [0], 2, losses.AsSpan(0, 1));
        Assert.True(double.IsNaN(losses[0]));
    }

    [Fact]
    public void NothingIsWrittenBesideTheGradient()
    {
        for (int classes = 1; classes <= 49; classes++)
        {
            var data = new Data<float>(4, 2, classes, 3);
            float[] memory = new float[(2 * classes) + 64];
            Array.Fill(memory, 7f);
            float[] losses = [7, 7, 7, 7];
            Span<float> gradient = memory.AsSpan(32, 2 * classes);
            SoftmaxCrossEntropy<float>.ForwardBackward(data.Logits, data.Targets, classes, gradient, losses.AsSpan(1, 2));
            Assert.All(memory[..32], x => Assert.Equal(7, x));
            Assert.All(memory[^32..], x => Assert.Equal(7, x));
            Assert.Equal((7, 7), (losses[0], losses[3]));
        }
    }

    [Fact]
    public void ScaleIsTheMeansUnlessGiven()
    {
        var data = new Data<double>(3, 8, 5, 2);
        double[] mean = new double[40], sum = new double[40], losses = new double[8];
        double meanLoss = SoftmaxCrossEntropy<double>.ForwardBackward(data.Logits, data.Targets, 5, mean, losses);
        double sumLoss = SoftmaxCrossEntropy<double>.ForwardBackward(data.Logits, data.Targets, 5, sum, losses, 1);
        Assert.Equal(sumLoss / 8, meanLoss);
        Assert.Equal(sum.Select(x => x / 8), mean);
        Assert.Equal(losses.Sum(), sumLoss);
        Assert.True(double.IsNaN(SoftmaxCrossEntropy<double>.Forward([], [], 5, [])));
        Assert.Equal(0, SoftmaxCrossEntropy<double>.Forward([], [], 5, [], 1));
    }

    [Fact]
    public void WrongArgumentsAreNamedBeforeAnythingIsWritten()
    {
        float[] logits = [1, 2, 3, 4, 5, 6], gradient = [9, 9, 9, 9, 9, 9], losses = [8, 8];
        Check("targets[1] is 3; expected 0 to 2.", "targets", () => Run(logits, [0, 3], gradient, losses));
        Check("targets[0] is -1; expected 0 to 2.", "targets", () => Run(logits, [-1, 0], gradient, losses));
        Check("logits has length 5; expected 6, [N, V] = [2, 3].", "logits", () => Run(logits.AsSpan(0, 5), [0, 1], gradient, losses));
        Check("logitsGradient has length 5", "logitsGradient", () => Run(logits, [0, 1], gradient.AsSpan(0, 5), losses));
        Check("rowLosses has length 1; expected 2, [N] = [2].", "rowLosses", () => Run(logits, [0, 1], gradient, losses.AsSpan(1)));
        Check("rowLosses overlaps logits.", "rowLosses", () => Run(logits, [0, 1], gradient, logits.AsSpan(4)));
        Check("rowLosses overlaps logitsGradient.", "rowLosses", () => Run(logits, [0, 1], gradient, gradient.AsSpan(4)));
        float[] longer = [1, 2, 3, 4, 5, 6, 7];
        Check("overlaps", "logitsGradient", () => Run(longer.AsSpan(0, 6), [0, 1], longer.AsSpan(1), losses));
        Assert.Throws<ArgumentOutOfRangeException>(() => SoftmaxCrossEntropy<float>.Forward([], [], 0, []));
        Assert.Equal([9, 9, 9, 9, 9, 9], gradient);
        Assert.Equal([8, 8], losses);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], longer);

        static void Run(ReadOnlySpan<float> logits, ReadOnlySpan<int> targets, Span<float> gradient, Span<float> losses) =>
            SoftmaxCrossEntropy<float>.ForwardBackward(logits, targets, 3, gradient, losses);

        static void Check(string message, string name, Action run) =>
            Assert.Contains(message, Assert.Throws<ArgumentException>(name, run).Message, StringComparison.Ordinal);
    }

    private static readonly WorkerGroup Workers = new(3);

    /// <summary>Around whole blocks more often than not.</summary>
    private static int Classes(byte size) =>
        size < 96 ? 1 + (size % 40) : size < 224 ? Math.Max(1, (16 * (1 + (size % 8))) - 2 + (size % 5)) : size;

    private static void CheckDefinition<T>(ulong seed, int rows, int classes, byte magnitude, double unit)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double range = magnitude % 4 == 3 ? 1e4 : 1 + magnitude;
        var data = new Data<T>(seed, rows, classes, range);
        T[] losses = new T[rows], gradient = new T[rows * classes];
        double loss = SoftmaxCrossEntropy<T>.ForwardBackward(data.Logits, data.Targets, classes, gradient, losses, 0.5);
        double sum = 0;
        for (int row = 0; row < rows; row++)
        {
            double[] x = [.. data.Logits.Skip(row * classes).Take(classes).Select(double.CreateChecked)];
            double maximum = x.Max();
            double total = x.Sum(value => Math.Exp(value - maximum));
            double expected = Math.Log(total) + maximum - x[data.Targets[row]];
            double bound = SoftmaxCrossEntropy<T>.LossErrorBound(classes, expected);
            // The test's own sums round in double; logits up to 1e4 do so by 1e-12 when they meet the logarithm.
            Assert.Equal(expected, double.CreateChecked(losses[row]), bound + (range * 4e-16) + (classes * 2e-16));
            sum += double.CreateChecked(losses[row]);
            for (int v = 0; v < classes; v++)
            {
                double p = Math.Exp(x[v] - maximum) / total;
                double difference = v == data.Targets[row] ? p - 1 : p;
                // As for the loss, with the rounding of x - m, which grows with it, and of the three last operations.
                double tolerance = 0.5 * unit * ((p * ((classes / 16) + Math.Log(classes) + (maximum - x[v]) + 13)) + 1);
                Assert.Equal(0.5 * difference, double.CreateChecked(gradient[(row * classes) + v]), tolerance + 1.2e-38);
            }
        }

        Assert.Equal(0.5 * sum, loss);
    }

    private static void CheckWidths<T>(ulong seed, int classes, byte magnitude)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var data = new Data<T>(seed, 3, classes, magnitude % 4 == 3 ? 1e4 : 1 + magnitude);
        (T[] Losses, T[] Gradient) scalar = RunAt<ScalarLane<T>>(true);
        foreach (bool wantsGradient in (bool[])[true, false])
        {
            CheckSame(RunAt<ScalarLane<T>>(wantsGradient), wantsGradient);
            CheckSame(RunAt<VectorLane<T>>(wantsGradient), wantsGradient);
            CheckSame(RunAt<Vector512Lane<T>>(wantsGradient), wantsGradient);
        }

        (T[] Losses, T[] Gradient) RunAt<TLane>(bool wantsGradient)
            where TLane : struct, ILane<TLane, T>
        {
            T[] losses = new T[3], gradient = new T[3 * classes];
            new SoftmaxCrossEntropyJob<T>
            {
                Logits = data.Logits,
                Targets = data.Targets,
                Classes = classes,
                RowLosses = losses,
                Gradient = gradient,
                WantsGradient = wantsGradient,
                Scale = T.CreateChecked(0.3),
            }.Run<TLane>(WorkerTeam.Alone);
            return (losses, gradient);
        }

        void CheckSame((T[] Losses, T[] Gradient) other, bool wantsGradient)
        {
            Assert.Equal(scalar.Losses, other.Losses);
            if (wantsGradient) Assert.Equal(scalar.Gradient, other.Gradient);
        }
    }

    private sealed class Data<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Data(ulong seed, int rows, int classes, double range)
        {
            var random = new CounterRandom(seed);
            Logits = new T[rows * classes];
            Initialization.Uniform<T>(Logits, range, ref random);
            Targets = new int[rows];
            foreach (ref int target in Targets.AsSpan()) target = random.NextInt(classes);
        }

        public T[] Logits { get; }

        public int[] Targets { get; }
    }
}
