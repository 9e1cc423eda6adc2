using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Reference;
using HighPerfRnn.Simd;
using HighPerfRnn.Tests.Generation;
using HighPerfRnn.Threading;
using HighPerfRnn.Training;
using Xunit;

namespace HighPerfRnn.Tests.Training.Losses;

/// <summary>Label smoothing, class weights and rows that are passed over, against the definition; a case's B·T are its rows, H its classes.</summary>
[Trait("Category", "Width")]
public sealed class CrossEntropyOptionsTests
{
    private const int Ignored = -100;

    private static readonly WorkerGroup Workers = new(3, 0);

    [CaseProperty]
    public void LossAndGradientAreTheDefinitions(RnnCase shape)
    {
        CheckDefinition<float>(shape);
        CheckDefinition<double>(shape);
    }

    [CaseProperty]
    public void GradientsAreCentralDifferences(RnnCase shape)
    {
        // The step grows with the logit, and with it truncation.
        shape = shape with { Steps = 1, Batch = Math.Min(shape.Batch, 4), Options = shape.Options & ~CaseOptions.LargeInput };
        var data = new Data<double>(shape);
        (_, _, double[] gradient) = data.Run(1);
        var random = new CaseRandom(shape.Seed, 9);
        for (int check = 0; check < 6; check++)
        {
            // Truncation is h²/6 of the third derivative, which stays below the weights' sum; rounding 1e-15 / h of the losses.
            int i = random.Below(gradient.Length);
            CentralDifference quotient = CentralDifferences.Entry(() => data.Loss(1), data.Logits, i);
            Assert.Equal(quotient.Derivative, gradient[i], 1e-7 + quotient.Roundoff);
        }
    }

    [CaseProperty]
    public void OptionsThatChangeNothingChangeNoBit(RnnCase shape)
    {
        var data = new Data<float>(shape) { Smoothing = 0, HasIgnored = false, Weights = [] };
        for (int i = 0; i < data.Targets.Length; i++) data.Targets[i] = Math.Max(0, data.Targets[i]);
        (double plain, float[] plainLosses, float[] plainGradient) = data.Run(null);
        float[] losses = new float[plainLosses.Length], gradient = new float[plainGradient.Length];
        Assert.Equal(plain, SoftmaxCrossEntropy<float>.ForwardBackward(data.Logits, data.Targets, data.Classes, gradient, losses));
        Compare.Bits(plainLosses, losses, "losses");
        Compare.Bits(plainGradient, gradient, "gradient");

        // Ones, and a target that no row has.
        data.Weights = new float[data.Classes];
        Array.Fill(data.Weights, 1f);
        data.HasIgnored = true;
        (double loss, losses, gradient) = data.Run(null);
        Assert.Equal(plain, loss);
        Compare.Bits(plainLosses, losses, "losses");
        Compare.Bits(plainGradient, gradient, "gradient");
    }

    [CaseProperty]
    public void RowsThatArePassedOverAreAsIfTheyWereNotThere(RnnCase shape)
    {
        var data = new Data<float>(shape) { HasIgnored = true };
        (double loss, float[] losses, float[] gradient) = data.Run(null);
        int[] kept = [.. Enumerable.Range(0, data.Targets.Length).Where(r => data.Targets[r] != Ignored)];
        var others = new Data<float>(shape)
        {
            Smoothing = data.Smoothing,
            HasIgnored = false,
            Weights = data.Weights,
            Targets = [.. kept.Select(r => data.Targets[r])],
            Logits = [.. kept.SelectMany(r => data.Logits[(r * data.Classes)..((r + 1) * data.Classes)])],
        };
        (double otherLoss, float[] otherLosses, float[] otherGradient) = others.Run(null);
        Assert.Equal(otherLoss, loss);
        Compare.Bits(otherLosses, (float[])[.. kept.Select(r => losses[r])], "losses");
        Compare.Bits(otherGradient, (float[])[.. kept.SelectMany(r => gradient[(r * data.Classes)..((r + 1) * data.Classes)])], "gradient");
        foreach (int r in Enumerable.Range(0, losses.Length).Except(kept))
        {
            Assert.Equal(0, losses[r]);
            Assert.All(gradient[(r * data.Classes)..((r + 1) * data.Classes)], g => Assert.True(Compare.SameBits(0f, g)));
        }
    }

    [CaseProperty]
    public void EveryWidthWorkersInPlaceAndForwardAloneGiveTheSameBits(RnnCase shape)
    {
        CheckBits<float>(shape);
        CheckBits<double>(shape);
    }

    [Fact]
    public void ByHand()
    {
        // Uniform logits: -ln p = ln 2. Row 0: 0.9·3·ln 2 + 0.05·(1 + 3)·ln 2; row 1: 0.9·1·ln 2 + 0.05·4·ln 2; the mean divides by 3 + 1.
        double[] losses = new double[2], gradient = new double[4];
        var options = new CrossEntropyOptions<double> { LabelSmoothing = 0.1, ClassWeights = [1, 3] };
        double loss = SoftmaxCrossEntropy<double>.ForwardBackward([5, 5, -2, -2], [1, 0], 2, gradient, losses, options);
        Assert.Equal(2.9 * Math.Log(2), losses[0], 1e-15);
        Assert.Equal(1.1 * Math.Log(2), losses[1], 1e-15);
        Assert.Equal(Math.Log(2), loss, 1e-15);
        // Row 0: (2.9·½ - 0.05·1) / 4 and (2.9·½ - 2.7 - 0.15) / 4; row 1: (1.1·½ - 0.9 - 0.05) / 4 and (1.1·½ - 0.15) / 4.
        double[] expected = [0.35, -0.35, -0.1, 0.1];
        for (int i = 0; i < 4; i++) Assert.Equal(expected[i], gradient[i], 1e-15);
    }

    [Fact]
    public void WhereNoRowCountsTheMeanIsNaNAndTheGradientZero()
    {
        float[] logits = [1, float.NaN, 3, 4], gradient = [9, 9, 9, 9], losses = [9, 9];
        var options = new CrossEntropyOptions<float> { IgnoredTarget = 0 };
        Assert.True(double.IsNaN(SoftmaxCrossEntropy<float>.ForwardBackward(logits, [0, 0], 2, gradient, losses, options)));
        Assert.Equal([0, 0, 0, 0], gradient);
        Assert.Equal([0, 0], losses);
        Assert.Equal(0, SoftmaxCrossEntropy<float>.Forward(logits, [0, 0], 2, losses, options, scale: 2));
        Assert.True(double.IsNaN(SoftmaxCrossEntropy<float>.Forward([], [], 2, [], options)));
    }

    [Fact]
    public void SpecialLogits()
    {
        double[] losses = new double[1], gradient = new double[3];
        double infinity = double.PositiveInfinity;
        var smooth = new CrossEntropyOptions<double> { LabelSmoothing = 0.5 };
        Assert.Equal(infinity, SoftmaxCrossEntropy<double>.ForwardBackward([0, -infinity, 0], [0], 3, gradient, losses, smooth));
        double[] expected = [-0.5 / 3, -0.5 / 3, 0.5 - (0.5 / 3)];
        for (int i = 0; i < 3; i++) Assert.Equal(expected[i], gradient[i], 1e-15);
        foreach (double bad in (double[])[double.NaN, infinity])
        {
            Assert.True(double.IsNaN(SoftmaxCrossEntropy<double>.ForwardBackward([0, bad, 0], [0], 3, gradient, losses, smooth)));
            Assert.All(gradient, g => Assert.True(double.IsNaN(g)));
        }

        // A weight of 0 leaves the row out of the loss, even where its target has the probability 0.
        var weighted = new CrossEntropyOptions<double> { ClassWeights = [0, 1, 1] };
        Assert.Equal(0, SoftmaxCrossEntropy<double>.ForwardBackward([-infinity, 0, 0], [0], 3, gradient, losses, weighted, 1));
        Assert.Equal([0, 0, 0], gradient);
    }

    [Fact]
    public void WrongArgumentsAreNamedAndNothingIsWritten()
    {
        float[] logits = new float[6], gradient = [9, 9, 9, 9, 9, 9], losses = [8, 8], weights = [1, 1, 1];
        Check("LabelSmoothing is 1.5; expected 0 to 1.", "options", 1.5, weights, null, [0, 1]);
        Check("LabelSmoothing is NaN; expected 0 to 1.", "options", double.NaN, weights, null, [0, 1]);
        Check("ClassWeights has length 2; expected 3, [V] = [3].", "ClassWeights", 0.1, [1, 1], null, [0, 1]);
        Check("ClassWeights[1] is -1; expected a finite number, not negative.", "ClassWeights", 0, [1, -1, 1], null, [0, 1]);
        Check("ClassWeights[0] is NaN; expected a finite number, not negative.", "ClassWeights", 0, [float.NaN, 1, 1], null, [0, 1]);
        Check("targets[1] is 3; expected 0 to 2.", "targets", 0.1, weights, null, [0, 3]);
        Check("targets[1] is 3; expected 0 to 2 or -100.", "targets", 0.1, weights, -100, [-100, 3]);
        Check("rowLosses overlaps ClassWeights.", "rowLosses", 0, losses.Append(1f).ToArray(), null, [0, 1], overlap: true);
        Assert.Equal([9, 9, 9, 9, 9, 9], gradient);
        Assert.Equal([8, 8], losses);

        void Check(string message, string name, double smoothing, float[] weights, int? ignored, int[] targets, bool overlap = false)
        {
            ArgumentException failure = Assert.Throws<ArgumentException>(name, () =>
            {
                var options = new CrossEntropyOptions<float> { LabelSmoothing = smoothing, ClassWeights = weights, IgnoredTarget = ignored };
                Span<float> written = overlap ? weights.AsSpan(0, 2) : losses;
                SoftmaxCrossEntropy<float>.ForwardBackward(logits, targets, 3, gradient, written, options);
            });
            Assert.Contains(message, failure.Message, StringComparison.Ordinal);
        }
    }

    private static void CheckDefinition<T>(RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var data = new Data<T>(shape);
        const double scale = 0.5;
        (double loss, T[] losses, T[] gradient) = data.Run(scale);
        double[] logits = Wide(data.Logits), weights = Wide(data.Weights);
        double[] expectedLosses = new double[losses.Length], expectedGradient = new double[gradient.Length];
        int? ignored = data.HasIgnored ? Ignored : null;
        double counted = ReferenceMixtureCrossEntropy.Run<double>(
            data.Classes, logits, data.Targets, data.Smoothing, weights, ignored, scale, expectedLosses, expectedGradient);
        double unit = Tolerances.UnitRoundoff<T>();
        for (int r = 0; r < losses.Length; r++)
        {
            if (data.Targets[r] == ignored) continue;
            ReadOnlySpan<double> x = logits.AsSpan(r * data.Classes, data.Classes);
            double m = double.NegativeInfinity, sum = 0, distance = 0, weightSum = 0;
            foreach (double value in x) m = Math.Max(m, value);
            for (int v = 0; v < x.Length; v++)
            {
                double w = weights.Length == 0 ? 1 : weights[v];
                sum += Math.Exp(x[v] - m);
                weightSum += w;
                distance += w * (m - x[v]);
            }

            double weight = weights.Length == 0 ? 1 : weights[data.Targets[r]];
            var mixture = new TargetMixture((1 - data.Smoothing) * weight, data.Smoothing / data.Classes, weightSum);
            double plain = Math.Log(sum) + m - x[data.Targets[r]];
            double bound = SoftmaxCrossEntropy<T>.LossErrorBound(data.Classes, in mixture, plain, distance, expectedLosses[r]);
            double own = (expectedLosses[r] + (mixture.Total * Math.Abs(m)) + 1) * data.Classes * 4e-16;
            Assert.Equal(expectedLosses[r], double.CreateChecked(losses[r]), bound + own);
            for (int v = 0; v < x.Length; v++)
            {
                // As for the loss, with the rounding of x - m and of the last operations.
                double p = Math.Exp(x[v] - m) / sum;
                double w = weights.Length == 0 ? 1 : weights[v];
                double ofSoftmax = mixture.Total * p * ((data.Classes / 16) + Math.Log(data.Classes) + (m - x[v]) + 15);
                double tolerance = scale * unit * (ofSoftmax + (4 * (mixture.OnTarget + (mixture.OnEach * w))));
                int i = (r * data.Classes) + v;
                Assert.Equal(expectedGradient[i], double.CreateChecked(gradient[i]), tolerance + 1.2e-38 + (4e-16 * data.Classes * mixture.Total));
            }
        }

        Assert.Equal(losses.Sum(double.CreateChecked) * scale, loss);
        double mean = data.Run(null).Loss;
        double expectedMean = losses.Sum(double.CreateChecked) / counted;
        if (counted > 0) Assert.Equal(expectedMean, mean, Math.Abs(expectedMean) * 1e-14);
        else Assert.False(double.IsFinite(mean));
    }

    private static void CheckBits<T>(RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var data = new Data<T>(shape);
        (double loss, T[] losses, T[] gradient) = data.Run(0.3);
        Assert.Equal(loss, data.Loss(0.3));
        T[] inPlace = [.. data.Logits], again = new T[losses.Length];
        Assert.Equal(loss, SoftmaxCrossEntropy<T>.ForwardBackward(inPlace, data.Targets, data.Classes, inPlace, again, data.Options, 0.3, Workers));
        Compare.Bits(losses, again, "losses");
        Compare.Bits(gradient, inPlace, "gradient");
        RunAt<ScalarLane<T>>();
        RunAt<VectorLane<T>>();
        RunAt<Vector512Lane<T>>();

        void RunAt<TLane>()
            where TLane : struct, ILane<TLane, T>
        {
            if (data.Options.IsPlain) return;
            T[] ofLane = new T[gradient.Length];
            double weightSum = data.Weights.Length == 0 ? data.Classes : data.Weights.Sum(double.CreateChecked);
            new MixtureCrossEntropyJob<T>
            {
                Logits = data.Logits,
                Targets = data.Targets,
                Classes = data.Classes,
                RowLosses = again,
                Gradient = ofLane,
                Scale = 0.3,
                Options = data.Options,
                WeightSum = weightSum,
            }.Run<TLane>(WorkerTeam.Alone);
            Compare.Bits(losses, again, typeof(TLane).Name);
            Compare.Bits(gradient, ofLane, typeof(TLane).Name);
        }
    }

    private static double[] Wide<T>(T[] values)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Array.ConvertAll(values, double.CreateChecked);

    /// <summary>Logits, targets and options that a case decides.</summary>
    private sealed class Data<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Data(RnnCase shape)
        {
            shape = shape with { Batch = Math.Min(shape.Batch, 12), Steps = Math.Min(shape.Steps, 3) };
            var random = new CaseRandom(shape.Seed, 1);
            Classes = shape.HiddenSize;
            Logits = random.Numbers<T>(shape.Rows * Classes, shape.Has(CaseOptions.LargeInput) ? 1e4 : 5);
            Targets = random.Indices(shape.Rows, Classes);
            Smoothing = shape.Has(CaseOptions.Relu) ? random.Below(11) / 10.0 : 0;
            HasIgnored = shape.Has(CaseOptions.InitialState);
            if (HasIgnored)
            {
                foreach (ref int target in Targets.AsSpan())
                {
                    if (random.Below(4) == 0) target = Ignored;
                }
            }

            Weights = shape.Has(CaseOptions.FinalGradient) ? Array.ConvertAll(random.Numbers<T>(Classes, 2, spread: true), T.Abs) : [];
        }

        public int Classes { get; }

        public T[] Logits { get; init; }

        public int[] Targets { get; init; }

        public double Smoothing { get; init; }

        public bool HasIgnored { get; set; }

        public T[] Weights { get; set; }

        public CrossEntropyOptions<T> Options => new()
        {
            LabelSmoothing = Smoothing,
            IgnoredTarget = HasIgnored ? Ignored : null,
            ClassWeights = Weights,
        };

        public double Loss(double? scale) => SoftmaxCrossEntropy<T>.Forward(Logits, Targets, Classes, new T[Targets.Length], Options, scale);

        public (double Loss, T[] Losses, T[] Gradient) Run(double? scale)
        {
            T[] losses = RnnRun<T>.Filled(Targets.Length), gradient = RnnRun<T>.Filled(Logits.Length);
            double loss = SoftmaxCrossEntropy<T>.ForwardBackward(Logits, Targets, Classes, gradient, losses, Options, scale);
            return (loss, losses, gradient);
        }
    }
}
