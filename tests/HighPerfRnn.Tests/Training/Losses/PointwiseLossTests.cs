using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Reference;
using HighPerfRnn.Simd;
using HighPerfRnn.Tests.Generation;
using HighPerfRnn.Threading;
using HighPerfRnn.Training;
using Xunit;

namespace HighPerfRnn.Tests.Training.Losses;

/// <summary>Binary cross-entropy and squared error against their definitions; a case's B·T·H are its numbers, H its classes.</summary>
[Trait("Category", "Width")]
public sealed class PointwiseLossTests
{
    private static readonly WorkerGroup Workers = new(3, 0);

    [CaseProperty]
    public void LossesAndGradientsAreTheDefinitions(RnnCase shape)
    {
        CheckDefinition<float>(shape);
        CheckDefinition<double>(shape);
    }

    [CaseProperty]
    public void GradientsAreCentralDifferences(RnnCase shape)
    {
        var data = new Data<double>(shape with { Steps = 1, Batch = Math.Min(shape.Batch, 4), Options = shape.Options & ~CaseOptions.LargeInput });
        (_, _, double[] binary) = data.Binary(1);
        (_, _, double[] squared) = data.Squared(1);
        var random = new CaseRandom(shape.Seed, 9);
        for (int check = 0; check < 6; check++)
        {
            int i = random.Below(binary.Length);
            CheckQuotient(CentralDifferences.Entry(() => data.Binary(1).Loss, data.X, i), binary[i]);
            CheckQuotient(CentralDifferences.Entry(() => data.Squared(1).Loss, data.X, i), squared[i]);
        }
    }

    [CaseProperty]
    public void EveryWidthWorkersInPlaceAndForwardAloneGiveTheSameBits(RnnCase shape)
    {
        CheckBits<float>(shape);
        CheckBits<double>(shape);
    }

    [Fact]
    public void MeansDivideByWhatCounts()
    {
        double[] x = [1, double.NaN, 3, -2], y = [0, 1, 5, 1], losses = new double[4], gradient = new double[4];
        double mean = MeanSquaredError<double>.ForwardBackward(x, y, gradient, losses, [1, 0, 2, 1]);
        Assert.Equal([1, 0, 8, 9], losses);
        Assert.Equal(18.0 / 4, mean);
        Assert.Equal([0.5, 0, -2, -1.5], gradient);
        Assert.Equal(18, MeanSquaredError<double>.Forward(x, y, losses, [1, 0, 2, 1], scale: 1));
        Assert.Equal(2.5, MeanSquaredError<double>.Forward([1, 3], [0, 5], losses.AsSpan(0, 2)));
        var weighted = new BinaryCrossEntropyOptions<double> { Weights = [1, 0, 2, 1] };
        mean = BinaryCrossEntropy<double>.ForwardBackward([0, double.NaN, 0, 0], [0, 1, 1, 0.5], gradient, losses, weighted);
        Assert.Equal(Math.Log(2), mean, 1e-15);
        Assert.Equal([0.125, 0, -0.25, 0], gradient);
        Assert.True(double.IsNaN(MeanSquaredError<double>.Forward([], [], [])));
        Assert.True(double.IsNaN(BinaryCrossEntropy<double>.Forward([], [], [])));
        Assert.Equal(0, BinaryCrossEntropy<double>.Forward([], [], [], scale: 1));
    }

    [Fact]
    public void PositiveWeightsGoOverAndOver()
    {
        // Rows of three classes, whose ends lie within lanes.
        float[] x = new float[3 * 11], y = new float[3 * 11], losses = new float[3 * 11];
        Array.Fill(y, 1f);
        BinaryCrossEntropy<float>.Forward(x, y, losses, new BinaryCrossEntropyOptions<float> { PositiveWeights = [1, 2, 5] }, workers: Workers);
        for (int i = 0; i < x.Length; i++) Assert.Equal((float)Math.Log(2) * (i % 3 == 0 ? 1 : i % 3 == 1 ? 2 : 5), losses[i], 1e-6f);
    }

    [Fact]
    public void SpecialLogits()
    {
        double infinity = double.PositiveInfinity;
        double[] x = [1e300, -1e300, 1e300, -1e300, infinity, -infinity, double.NaN, -800];
        double[] y = [1, 0, 0, 1, 0, 1, 0, 0];
        double[] losses = new double[8], gradient = new double[8];
        BinaryCrossEntropy<double>.ForwardBackward(x, y, gradient, losses, scale: 1);
        Assert.Equal([0, 0, 1e300, 1e300, infinity, infinity, double.NaN, 0], losses);
        Assert.Equal([0, 0, 1, -1, 1, -1, double.NaN, 0], gradient);
        MeanSquaredError<double>.ForwardBackward([infinity, double.NaN, 1], [0, 0, infinity], gradient.AsSpan(0, 3), losses.AsSpan(0, 3), scale: 1);
        Assert.Equal([infinity, double.NaN, infinity], losses[..3]);
        Assert.Equal([infinity, double.NaN, -infinity], gradient[..3]);
    }

    [Fact]
    public void WrongArgumentsAreNamedAndNothingIsWritten()
    {
        float[] x = [1, 2, 3, 4, 5, 6], gradient = [9, 9, 9, 9, 9, 9], losses = [8, 8, 8, 8, 8, 8];
        float[] y = new float[6];
        Check("targets has length 5; expected 6, [N] = [6].", "targets", () => Binary(x, y.AsSpan(1), gradient, losses, [], []));
        Check("losses has length 5; expected 6", "losses", () => Binary(x, y, gradient, losses.AsSpan(1), [], []));
        Check("logitsGradient has length 5; expected 6", "logitsGradient", () => Binary(x, y, gradient.AsSpan(1), losses, [], []));
        Check("weights has length 1; expected 6", "weights", () => Binary(x, y, gradient, losses, [1], []));
        Check("weights[1] is -1; expected a finite number, not negative.", "weights", () => Binary(x, y, gradient, losses, [1, -1, 1, 1, 1, 1], []));
        Check("PositiveWeights has length 4; expected a divisor of 6, the length of logits.", "PositiveWeights", () => Binary(x, y, gradient, losses, [], new float[4]));
        Check("PositiveWeights[0] is Infinity", "PositiveWeights", () => Binary(x, y, gradient, losses, [], [float.PositiveInfinity]));
        Check("losses overlaps logits.", "losses", () => Binary(x, y, gradient, x, [], []));
        Check("losses overlaps targets.", "losses", () => Binary(x, y, gradient, y, [], []));
        Check("losses overlaps logitsGradient.", "losses", () => Binary(x, y, gradient, gradient, [], []));
        Check("logitsGradient overlaps targets.", "logitsGradient", () => Binary(x, y, y, losses, [], []));
        Check("logitsGradient overlaps logits.", "logitsGradient", () => Binary(x.AsSpan(0, 5), y.AsSpan(0, 5), x.AsSpan(1), losses.AsSpan(0, 5), [], []));
        Check("logitsGradient overlaps PositiveWeights.", "logitsGradient", () => Binary(x, y, gradient, losses, [], gradient.AsSpan(0, 3)));
        Check("losses overlaps PositiveWeights.", "losses", () => Binary(x, y, gradient, losses, [], losses.AsSpan(0, 3)));
        Check("losses overlaps weights.", "losses", () => Squared(x, y, gradient, losses, losses));
        Check("predictionsGradient overlaps weights.", "predictionsGradient", () => Squared(x, y, gradient, losses, gradient));
        Check("predictionsGradient has length 5; expected 6", "predictionsGradient", () => Squared(x, y, gradient.AsSpan(1), losses, []));
        Check("targets has length 5; expected 6", "targets", () => Squared(x, y.AsSpan(1), gradient, losses, []));
        Check("losses overlaps predictions.", "losses", () => MeanSquaredError<float>.Forward(x, y, x));
        Assert.Equal([9, 9, 9, 9, 9, 9], gradient);
        Assert.Equal([8, 8, 8, 8, 8, 8], losses);
        Assert.Equal([1, 2, 3, 4, 5, 6], x);

        static void Binary(
            ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> gradient, Span<float> losses, ReadOnlySpan<float> weights, ReadOnlySpan<float> positive) =>
            BinaryCrossEntropy<float>.ForwardBackward(
                x, y, gradient, losses, new BinaryCrossEntropyOptions<float> { Weights = weights, PositiveWeights = positive });

        static void Squared(ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> gradient, Span<float> losses, ReadOnlySpan<float> weights) =>
            MeanSquaredError<float>.ForwardBackward(x, y, gradient, losses, weights);

        static void Check(string message, string name, Action run) =>
            Assert.Contains(message, Assert.Throws<ArgumentException>(name, run).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NothingIsWrittenBesideTheNumbers()
    {
        for (int length = 0; length <= 35; length++)
        {
            float[] x = new float[length], y = new float[length], gradient = new float[length + 64], losses = new float[length + 64];
            Array.Fill(gradient, 7f);
            Array.Fill(losses, 7f);
            BinaryCrossEntropy<float>.ForwardBackward(x, y, gradient.AsSpan(32, length), losses.AsSpan(32, length));
            Assert.All((float[])[.. gradient[..32], .. gradient[^32..], .. losses[..32], .. losses[^32..]], v => Assert.Equal(7, v));
            Assert.All(losses[32..^32], v => Assert.NotEqual(7, v));
        }
    }

    private static void CheckQuotient(CentralDifference quotient, double gradient) =>
        Assert.Equal(quotient.Derivative, gradient, (1e-7 * Math.Max(1, Math.Abs(gradient))) + quotient.Roundoff);

    private static void CheckDefinition<T>(RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var data = new Data<T>(shape);
        const double scale = 0.25;
        double unit = Tolerances.UnitRoundoff<T>();
        double smallest = typeof(T) == typeof(float) ? 1.2e-38 : 2.3e-308;
        (double loss, T[] losses, T[] gradient) = data.Binary(scale);
        (double squaredLoss, T[] squaredLosses, T[] squaredGradient) = data.Squared(scale);
        for (int i = 0; i < losses.Length; i++)
        {
            (double x, double y) = (double.CreateChecked(data.X[i]), double.CreateChecked(data.Y[i]));
            double w = data.Weights.Length == 0 ? 1 : double.CreateChecked(data.Weights[i]);
            double p = data.Positive.Length == 0 ? 1 : double.CreateChecked(data.Positive[i % data.Positive.Length]);
            (double expected, double slope) = ReferencePointwiseLoss.BinaryCrossEntropy(x, y, p);
            // Nine units in the last place are at most 18·u; in double the reference itself has as many.
            Assert.Equal(w * expected, double.CreateChecked(losses[i]), (w * expected * ((18 * unit) + 3e-15)) + (3 * smallest * (1 + p)));
            Assert.Equal(scale * w * slope, double.CreateChecked(gradient[i]), (scale * w * (1 + p) * ((6 * unit) + 8e-16)) + smallest);
            (expected, slope) = ReferencePointwiseLoss.SquaredError(x, y);
            Assert.Equal(w * expected, double.CreateChecked(squaredLosses[i]), (w * expected * ((4 * unit) + 1e-15)) + smallest);
            Assert.Equal(scale * w * slope, double.CreateChecked(squaredGradient[i]), (scale * w * Math.Abs(slope) * ((4 * unit) + 1e-15)) + smallest);
        }

        CheckSum(losses, loss);
        CheckSum(squaredLosses, squaredLoss);
        double weights = data.Weights.Length == 0 ? losses.Length : data.Weights.Sum(double.CreateChecked);
        double expectedMean = losses.Sum(double.CreateChecked) / weights;
        if (weights > 0) Assert.Equal(expectedMean, data.Binary(null).Loss, Math.Abs(expectedMean) * 1e-12);

        static void CheckSum(T[] losses, double loss)
        {
            double expected = losses.Sum(double.CreateChecked) * scale;
            Assert.Equal(expected, loss, Math.Abs(expected) * losses.Length * 3e-16);
        }
    }

    private static void CheckBits<T>(RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var data = new Data<T>(shape);
        (double loss, T[] losses, T[] gradient) = data.Binary(0.3);
        T[] inPlace = [.. data.X], again = new T[losses.Length];
        Assert.Equal(loss, BinaryCrossEntropy<T>.ForwardBackward(inPlace, data.Y, inPlace, again, data.Options, 0.3, Workers));
        Compare.Bits(losses, again, "losses");
        Compare.Bits(gradient, inPlace, "gradient");
        Array.Fill(again, T.NaN);
        Assert.Equal(loss, BinaryCrossEntropy<T>.Forward(data.X, data.Y, again, data.Options, 0.3));
        Compare.Bits(losses, again, "losses alone");
        (double squared, T[] squaredLosses, T[] squaredGradient) = data.Squared(0.3);
        Assert.Equal(squared, MeanSquaredError<T>.Forward(data.X, data.Y, again, data.Weights, 0.3, Workers));
        Compare.Bits(squaredLosses, again, "squared losses alone");
        inPlace = [.. data.X];
        Assert.Equal(squared, MeanSquaredError<T>.ForwardBackward(inPlace, data.Y, inPlace, again, data.Weights, 0.3, Workers));
        Compare.Bits(squaredGradient, inPlace, "squared gradient");
        RunAt<ScalarLane<T>>();
        RunAt<VectorLane<T>>();
        RunAt<Vector512Lane<T>>();

        void RunAt<TLane>()
            where TLane : struct, ILane<TLane, T>
        {
            T[] ofLane = new T[losses.Length];
            new PointwiseLossJob<T, BinaryCrossEntropyFunction<T>>
            {
                Predictions = data.X,
                Targets = data.Y,
                Weights = data.Weights,
                PositiveWeights = data.Positive,
                Losses = again,
                Gradient = ofLane,
                Scale = 0.3,
            }.Run<TLane>(WorkerTeam.Alone);
            Compare.Bits(losses, again, typeof(TLane).Name);
            Compare.Bits(gradient, ofLane, typeof(TLane).Name);
        }
    }

    private sealed class Data<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Data(RnnCase shape)
        {
            shape = shape with { Batch = Math.Min(shape.Batch, 8), Steps = Math.Min(shape.Steps, 3) };
            var random = new CaseRandom(shape.Seed, 1);
            int count = shape.Rows * shape.HiddenSize;
            X = random.Numbers<T>(count, shape.Has(CaseOptions.LargeInput) ? 200 : 8);
            Y = Array.ConvertAll(random.Numbers<T>(count), T.Abs);
            foreach (ref T y in Y.AsSpan())
            {
                if (random.Below(3) > 0) y = T.CreateChecked(random.Below(2));
            }

            Weights = shape.Has(CaseOptions.FinalGradient) ? Array.ConvertAll(random.Numbers<T>(count, 2, spread: true), T.Abs) : [];
            int positive = shape.Has(CaseOptions.Relu) ? shape.HiddenSize : shape.Has(CaseOptions.InitialState) ? 1 : 0;
            Positive = Array.ConvertAll(random.Numbers<T>(positive, 3), T.Abs);
        }

        public T[] X { get; }

        public T[] Y { get; }

        public T[] Weights { get; }

        public T[] Positive { get; }

        public BinaryCrossEntropyOptions<T> Options => new() { Weights = Weights, PositiveWeights = Positive };

        public (double Loss, T[] Losses, T[] Gradient) Binary(double? scale)
        {
            T[] losses = RnnRun<T>.Filled(X.Length), gradient = RnnRun<T>.Filled(X.Length);
            return (BinaryCrossEntropy<T>.ForwardBackward(X, Y, gradient, losses, Options, scale), losses, gradient);
        }

        public (double Loss, T[] Losses, T[] Gradient) Squared(double? scale)
        {
            T[] losses = RnnRun<T>.Filled(X.Length), gradient = RnnRun<T>.Filled(X.Length);
            return (MeanSquaredError<T>.ForwardBackward(X, Y, gradient, losses, Weights, scale), losses, gradient);
        }
    }
}
