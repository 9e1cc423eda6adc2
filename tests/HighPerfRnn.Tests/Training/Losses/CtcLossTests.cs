using System.Numerics;
using HighPerfRnn.Reference;
using HighPerfRnn.Simd;
using HighPerfRnn.Tests.Generation;
using HighPerfRnn.Threading;
using HighPerfRnn.Training;
using Xunit;

namespace HighPerfRnn.Tests.Training.Losses;

/// <summary>The loss against all paths of tiny sequences, and against plain α and β of longer ones; a case's H are its classes.</summary>
[Trait("Category", "Width")]
public sealed class CtcLossTests
{
    private static readonly WorkerGroup Workers = new(3, 0);

    [CaseProperty]
    public void TinySequencesAreTheSumOverAllPaths(RnnCase shape)
    {
        shape = shape with { Batch = Math.Min(shape.Batch, 3), Steps = shape.Seed % 6, HiddenSize = 2 + (shape.HiddenSize % 2) };
        var data = new CtcCase<double>(shape, 3);
        (double loss, double[] losses, double[] gradient) = data.Run();
        for (int b = 0; b < data.Batch; b++)
        {
            double[] logits = data.LogitsOf(b), occupancy = new double[logits.Length], alphaBeta = new double[logits.Length];
            double probability = ReferenceCtc.Probability(logits, data.Classes, data.Blank, data.TargetOf(b), occupancy);
            Assert.Equal(probability > 0 ? -Math.Log(probability) : double.PositiveInfinity, losses[b], 1e-12);
            Assert.Equal(losses[b], ReferenceCtc.Run(logits, data.Classes, data.Blank, data.TargetOf(b), alphaBeta, out _), 1e-12);
            double[] logP = ReferenceCtc.LogSoftmax(logits, data.Classes);
            double[] actual = data.FramesOf(gradient, b);
            for (int i = 0; i < logits.Length; i++)
            {
                Assert.Equal(probability > 0 ? Math.Exp(logP[i]) - occupancy[i] : double.NaN, actual[i], 1e-12);
                if (probability > 0) Assert.Equal(actual[i], alphaBeta[i], 1e-12);
            }

            Assert.All(actual[logits.Length..], g => Assert.Equal(0, g));
        }

        Assert.Equal(losses.Sum(), loss);
    }

    [CaseProperty]
    public void LongerSequencesAreWithinTheBound(RnnCase shape)
    {
        CheckBound<float>(Smaller(shape));
        CheckBound<double>(Smaller(shape));
    }

    [CaseProperty]
    public void GradientsAreCentralDifferences(RnnCase shape)
    {
        var data = new CtcCase<double>(Smaller(shape) with { Batch = 2, Steps = 1 + (shape.Seed % 12) }, 3) { Reduction = CtcReduction.Mean };
        (double loss, _, double[] gradient) = data.Run();
        if (!double.IsFinite(loss)) return;
        var random = new CaseRandom(shape.Seed, 9);
        for (int check = 0; check < 8; check++)
        {
            // Derivatives of p - γ stay below 1 in magnitude for each frame; rounding 1e-13 of the loss over h.
            int i = random.Below(gradient.Length);
            CentralDifference quotient = CentralDifferences.Entry(() => data.Forward().Loss, data.Logits, i, fourthOrder: true);
            Assert.Equal(quotient.Derivative, gradient[i], 1e-7 + quotient.Roundoff);
        }
    }

    [CaseProperty]
    public void EveryWidthWorkersInPlaceAndForwardAloneGiveTheSameBits(RnnCase shape)
    {
        CheckBits<float>(Smaller(shape));
        CheckBits<double>(Smaller(shape));
    }

    [CaseProperty]
    public void RowAloneEqualsRowAmongOthers(RnnCase shape)
    {
        var data = new CtcCase<float>(Smaller(shape), 5);
        (_, float[] losses, float[] gradient) = data.Run();
        int row = shape.Seed % data.Batch;
        (_, float[] lossAlone, float[] gradientAlone) = data.Alone(row).Run();
        Compare.Bits((float[])[losses[row]], lossAlone, "loss");
        Compare.Bits(data.FramesOf(gradient, row), gradientAlone, "gradient");
    }

    [CaseProperty]
    public void ReductionsAndZeroInfinity(RnnCase shape)
    {
        var data = new CtcCase<double>(Smaller(shape), 5) { ZeroInfinity = true };
        (_, double[] losses, double[] ofSum) = data.Run();
        Assert.All(losses, loss => Assert.True(double.IsFinite(loss)));
        Assert.All(ofSum, g => Assert.True(double.IsFinite(g)));
        data.ZeroInfinity = false;
        double[] plain = data.Run().Losses;
        for (int b = 0; b < losses.Length; b++) Assert.Equal(double.IsInfinity(plain[b]) ? 0 : plain[b], losses[b]);
        data.ZeroInfinity = true;
        data.Reduction = CtcReduction.Mean;
        data.Scale = 3;
        (double mean, _, double[] gradient) = data.Run();
        double expected = 3 * losses.Select((loss, b) => loss / Math.Max(1, data.TargetLengths[b])).Average();
        Assert.Equal(expected, mean, Math.Abs(expected) * 1e-14);
        for (int i = 0; i < gradient.Length; i++)
        {
            int b = i / data.Classes % data.Batch;
            Assert.Equal(ofSum[i] * 3 / (data.Batch * (double)Math.Max(1, data.TargetLengths[b])), gradient[i], 1e-13);
        }
    }

    [Fact]
    public void ByHand()
    {
        // Two frames of p = (½, ½): of the paths aa, a-, -a and -- three say a, one nothing; aa needs three frames.
        double[] logits = new double[4];
        CtcCase<double> one = Case([1], [2], [1], logits);
        (double loss, _, double[] gradient) = one.Run();
        Assert.Equal(-Math.Log(0.75), loss, 1e-15);
        // Each frame is a in two of three paths.
        double[] expected = [0.5 - (1.0 / 3), 0.5 - (2.0 / 3), 0.5 - (1.0 / 3), 0.5 - (2.0 / 3)];
        for (int i = 0; i < 4; i++) Assert.Equal(expected[i], gradient[i], 1e-15);
        Assert.Equal(Math.Log(4), Case([], [2], [0], logits).Run().Loss, 1e-15);
        Assert.Equal(double.PositiveInfinity, Case([1, 1], [2], [2], logits).Run().Loss);
    }

    [Fact]
    public void NoFramesAndNoLabels()
    {
        (double loss, double[] losses, double[] gradient) = Case([1], [0, 0], [0, 1], new double[8]).Run();
        Assert.Equal([0, double.PositiveInfinity], losses);
        Assert.Equal(double.PositiveInfinity, loss);
        Assert.Equal(new double[8], gradient);
        CtcCase<double> none = Case([], [], [], []);
        Assert.Equal(0, none.Run().Loss);
        none.Reduction = CtcReduction.Mean;
        Assert.True(double.IsNaN(none.Run().Loss));
    }

    [Fact]
    public void WhatIsNotFiniteStaysInItsRow()
    {
        foreach (float bad in (float[])[float.NaN, float.PositiveInfinity])
        {
            var data = new CtcCase<float>(new RnnCase(3, 6, 1, 5, 3, CaseOptions.None), 3) { Blank = 0, InputLengths = [6, 5, 6], TargetLengths = [1, 2, 0], Targets = [4, 3, 4] };
            // In the last frame that counts of row 1, and one that does not.
            data.Logits[((4 * 3) + 1) * 5] = bad;
            (_, float[] losses, float[] gradient) = data.Run();
            Assert.Equal([true, false, true], losses.Select(float.IsFinite));
            Assert.True(float.IsNaN(losses[1]));
            Assert.All(data.FramesOf(gradient, 0).Concat(data.FramesOf(gradient, 2)), g => Assert.True(float.IsFinite(g)));
            Assert.Contains(data.FramesOf(gradient, 1), float.IsNaN);
            Assert.Equal(new float[5], data.FramesOf(gradient, 1)[25..]);
            data.Logits[((4 * 3) + 1) * 5] = 0;
            data.Logits[((5 * 3) + 1) * 5] = bad;
            Assert.All(data.Run().Losses, loss => Assert.True(float.IsFinite(loss)));
        }

        // A label of probability 0 that the target needs; the others do not.
        double[] logits = [0, double.NegativeInfinity, 0, 0, double.NegativeInfinity, 0];
        CtcCase<double> impossible = Case([1], [2], [1], logits, classes: 3);
        (double loss, _, double[] nan) = impossible.Run();
        Assert.Equal(double.PositiveInfinity, loss);
        Assert.All(nan, g => Assert.True(double.IsNaN(g)));
        Assert.Equal(-Math.Log(0.75), Case([2], [2], [1], logits, classes: 3).Run().Loss, 1e-15);
    }

    [Fact]
    public void AThousandFramesKeepTheirDigitsInFloat()
    {
        var shape = new RnnCase(1, 1000, 1, 30, 5, CaseOptions.None);
        var data = new CtcCase<float>(shape, 4) { InputLengths = [1000] };
        double[] expected = new double[30_000];
        double loss = ReferenceCtc.Run(data.LogitsOf(0), data.Classes, data.Blank, data.TargetOf(0), expected, out _);
        Assert.InRange(loss, 2000, 6000);
        (_, float[] losses, float[] gradient) = data.Run();
        // Logarithms near 4,000 would be off by 1e-4 each step, the loss by 1e-3 and posteriors by as much; the maximum taken off, by a tenth.
        Assert.Equal(loss, losses[0], 1e-3);
        for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], gradient[i], 7e-5);
    }

    [Fact]
    public void WrongArgumentsAreNamedAndNothingIsWritten()
    {
        float[] logits = new float[12], gradient = new float[12], losses = [8, 8], workspace = new float[CtcLoss<float>.WorkspaceSize(2, 2, 1)];
        Array.Fill(gradient, 9f);
        Check("Logits has length 11; expected 12, [T, B, C] = [2, 2, 3].", "Logits", logits.AsMemory(1), [2, 2], [1, 2], [1, 1], losses, gradient, workspace);
        Check("InputLengths has length 1; expected 2", "InputLengths", logits, [2], [1, 2], [1, 1], losses, gradient, workspace);
        Check("InputLengths[1] is 3; expected 0 to 2.", "InputLengths", logits, [2, 3], [1, 2], [1, 1], losses, gradient, workspace);
        Check("TargetLengths[0] is -1; expected 0 to 2.", "TargetLengths", logits, [2, 2], [1, 2], [-1, 1], losses, gradient, workspace);
        Check("Targets has length 2; expected 1, the sum of TargetLengths.", "Targets", logits, [2, 2], [1, 2], [1, 0], losses, gradient, workspace);
        Check("Targets[1] is 3; expected 0 to 2.", "Targets", logits, [2, 2], [1, 3], [1, 1], losses, gradient, workspace);
        Check("Targets[1] is 0, the blank.", "Targets", logits, [2, 2], [1, 0], [1, 1], losses, gradient, workspace);
        Check("RowLosses has length 1; expected 2", "RowLosses", logits, [2, 2], [1, 2], [1, 1], losses.AsMemory(1), gradient, workspace);
        Check("LogitsGradient has length 11; expected 12", "LogitsGradient", logits, [2, 2], [1, 2], [1, 1], losses, gradient.AsMemory(1), workspace);
        Check("Workspace has length", "Workspace", logits, [2, 2], [1, 2], [1, 1], losses, gradient, workspace.AsMemory(1));
        Check("RowLosses overlaps Logits.", "RowLosses", logits, [2, 2], [1, 2], [1, 1], logits.AsMemory(0, 2), gradient, workspace);
        Check("Workspace overlaps Logits.", "Workspace", workspace.AsMemory(0, 12), [2, 2], [1, 2], [1, 1], losses, gradient, workspace);
        Check("Workspace overlaps RowLosses.", "Workspace", logits, [2, 2], [1, 2], [1, 1], workspace.AsMemory(0, 2), gradient, workspace);
        Check("LogitsGradient overlaps RowLosses.", "LogitsGradient", logits, [2, 2], [1, 2], [1, 1], gradient.AsMemory(0, 2), gradient, workspace);
        Check("LogitsGradient overlaps Workspace.", "LogitsGradient", logits, [2, 2], [1, 2], [1, 1], losses, workspace.AsMemory(0, 12), workspace);
        Assert.All(gradient, g => Assert.Equal(9, g));
        Assert.Equal([8, 8], losses);
        Assert.Throws<ArgumentOutOfRangeException>(() => Run(logits, [], [], [], losses, gradient, workspace, blank: 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => CtcLoss<float>.WorkspaceSize(-1, 1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => CtcLoss<float>.ForwardWorkspaceSize(1, -1));

        static void Check(
            string message, string name, Memory<float> logits, int[] inputs, int[] targets, int[] lengths, Memory<float> losses, Memory<float> gradient, Memory<float> workspace)
        {
            ArgumentException failure = Assert.Throws<ArgumentException>(name, () => Run(logits, inputs, targets, lengths, losses, gradient, workspace, 0));
            Assert.Contains(message, failure.Message, StringComparison.Ordinal);
        }

        static void Run(
            Memory<float> logits, int[] inputs, int[] targets, int[] lengths, Memory<float> losses, Memory<float> gradient, Memory<float> workspace, int blank) =>
            CtcLoss<float>.ForwardBackward(new CtcBatch<float>
            {
                Steps = 2,
                Classes = 3,
                Logits = logits.Span,
                InputLengths = inputs,
                Targets = targets,
                TargetLengths = lengths,
                Blank = blank,
                RowLosses = losses.Span,
                LogitsGradient = gradient.Span,
                Workspace = workspace.Span,
            });
    }

    private static RnnCase Smaller(RnnCase shape) =>
        shape with { Batch = Math.Min(shape.Batch, 6), Steps = Math.Min(shape.Steps, 40), HiddenSize = Math.Min(shape.HiddenSize, 40) };

    private static CtcCase<double> Case(int[] targets, int[] inputLengths, int[] targetLengths, double[] logits, int classes = 2)
    {
        int steps = inputLengths.Length == 0 ? 0 : logits.Length / classes / inputLengths.Length;
        var shape = new RnnCase(Math.Max(1, inputLengths.Length), steps, 1, classes, 0, CaseOptions.None);
        return new CtcCase<double>(shape, 1)
        {
            Logits = logits,
            InputLengths = inputLengths,
            TargetLengths = targetLengths,
            Targets = targets,
            Blank = 0,
        };
    }

    /// <summary>
    /// A step adds three logarithms, takes off the maximum and adds an emission: 4·(1 + A) + 2·A + 3·E + ⌈C / 16⌉ + ln C + 8 roundings, A and E
    /// the largest magnitudes of what is kept and of emissions; a logarithm of a sum passes on what its terms are off, and no more.
    /// γ is off by the factor of four times that.
    /// </summary>
    private static void CheckBound<T>(RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var data = new CtcCase<T>(shape, shape.Has(CaseOptions.LargeInput) ? 30 : 4);
        (_, T[] losses, T[] gradient) = data.Run();
        for (int b = 0; b < data.Batch; b++)
        {
            double[] logits = data.LogitsOf(b), expected = new double[logits.Length];
            double loss = ReferenceCtc.Run(logits, data.Classes, data.Blank, data.TargetOf(b), expected, out double[] alpha);
            Compare.Class<T>([loss], [losses[b]], "loss");
            T[] actual = data.FramesOf(gradient, b);
            if (!double.IsFinite(loss))
            {
                Assert.All(actual[..logits.Length], g => Assert.True(T.IsNaN(g)));
                continue;
            }

            double emission = ReferenceCtc.LogSoftmax(logits, data.Classes).DefaultIfEmpty().Max(Math.Abs);
            double kept = Kept(alpha, (2 * data.TargetLengths[b]) + 1);
            double perStep = (4 * (1 + kept)) + (2 * kept) + (3 * emission) + (data.Classes / 16) + Math.Log(data.Classes) + 9;
            double bound = (Tolerances.UnitRoundoff<T>() + 3e-16) * ((data.InputLengths[b] * perStep) + loss);
            Assert.Equal(loss, double.CreateChecked(losses[b]), bound);
            for (int i = 0; i < logits.Length; i++)
            {
                Assert.Equal(expected[i], double.CreateChecked(actual[i]), Math.Exp(4 * bound) - 1 + (20 * Tolerances.UnitRoundoff<T>()));
            }
        }
    }

    /// <summary>The largest finite magnitude of α less the maximum of the frame before.</summary>
    private static double Kept(double[] alpha, int states)
    {
        double kept = 0, before = 0;
        for (int start = 0; start < alpha.Length; start += states)
        {
            double[] finite = [.. alpha.AsSpan(start, states).ToArray().Where(double.IsFinite)];
            if (finite.Length == 0) continue;
            kept = Math.Max(kept, finite.Max(a => Math.Abs(a - before)));
            before = finite.Max();
        }

        return kept;
    }

    private static void CheckBits<T>(RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var data = new CtcCase<T>(shape, 5) { Scale = 0.7 };
        (double loss, T[] losses, T[] gradient) = data.Run();
        (double many, T[] lossesOfMany, T[] gradientOfMany) = data.Run(Workers);
        Assert.Equal(loss, many);
        Compare.Bits(losses, lossesOfMany, "losses of workers");
        Compare.Bits(gradient, gradientOfMany, "gradient of workers");
        (double forward, T[] lossesAlone) = data.Forward(Workers);
        Assert.Equal(loss, forward);
        Compare.Bits(losses, lossesAlone, "losses alone");
        T[] start = [.. data.Logits];
        T[] workspace = RnnRun<T>.Filled(CtcLoss<T>.WorkspaceSize(data.Steps, data.Batch, data.LongestTarget));
        CtcLoss<T>.ForwardBackward(data.Pass(lossesAlone, data.Logits, workspace));
        Compare.Bits(gradient, data.Logits, "gradient in place");
        start.CopyTo(data.Logits, 0);
        RunAt<ScalarLane<T>>();
        RunAt<VectorLane<T>>();
        RunAt<Vector512Lane<T>>();

        void RunAt<TLane>()
            where TLane : struct, ILane<TLane, T>
        {
            T[] ofLane = RnnRun<T>.Filled(gradient.Length);
            new CtcJob<T> { Batch = data.Pass(lossesAlone, ofLane, workspace), WantsGradient = true, LongestTarget = data.LongestTarget }
                .Run<TLane>(WorkerTeam.Alone);
            Compare.Bits(losses, lossesAlone, typeof(TLane).Name);
            Compare.Bits(gradient, ofLane, typeof(TLane).Name);
        }
    }
}
