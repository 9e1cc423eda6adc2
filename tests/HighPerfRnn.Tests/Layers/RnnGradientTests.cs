using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Memory;
using HighPerfRnn.Tests.Generation;
using Xunit;
using Xunit.Abstractions;

namespace HighPerfRnn.Tests.Layers;

/// <summary>Gradients add into what is there, and are linear in what comes from above.</summary>
[Trait("Category", "Width")]
public sealed class RnnGradientTests(ITestOutputHelper log) : IDisposable
{
    [CaseProperty]
    public void GradientsAddIntoWhatIsThere(RnnCase shape)
    {
        CheckAdding<float>(shape);
        CheckAdding<double>(shape);
    }

    [CaseProperty]
    public void MicroBatchesAccumulate(RnnCase shape)
    {
        CheckMicroBatches<float>(shape);
        CheckMicroBatches<double>(shape);
    }

    [CaseProperty]
    public void BackwardIsLinearInTheUpstreamGradient(RnnCase shape)
    {
        CheckScaling<float>(shape);
        CheckScaling<double>(shape);
    }

    [CaseProperty]
    public void AbsentSpansStandForZeros(RnnCase shape)
    {
        CaseOptions optional = CaseOptions.InitialState | CaseOptions.OutputGradient | CaseOptions.FinalGradient;
        var data = new RnnData<float>(shape with { Options = shape.Options & ~optional });
        var zeros = new RnnData<float>(shape with { Options = shape.Options & ~optional })
        {
            InitialState = new float[shape.Batch * shape.HiddenSize],
            OutputGradient = new float[shape.Rows * shape.HiddenSize],
            FinalStateGradient = new float[shape.Batch * shape.HiddenSize],
        };
        Compare.SameRun(RnnRun<float>.Both(zeros), RnnRun<float>.Both(data), "absent");
    }

    [CaseProperty]
    public void UnwantedGradientsChangeNoOther(RnnCase shape)
    {
        var data = new RnnData<float>(shape);
        RnnRun<float> all = RnnRun<float>.Both(data);
        var some = new RnnRun<float>(data) { InputGradient = [], InitialStateGradient = [], FinalState = [] };
        some.Forward();
        some.Backward();
        Compare.Bits(all.Output, some.Output, "output");
        foreach (Parameter parameter in all.Gradients.Parameters)
        {
            Compare.Bits<float>(all.Gradients.Span(parameter), some.Gradients.Span(parameter), parameter.Name);
        }
    }

    public void Dispose()
    {
        foreach (string line in Redraws.Report(nameof(MicroBatchesAccumulate))) log.WriteLine(line);
    }

    /// <summary>
    /// dX and dh0 are one sum, then one addition: start + gradient, to the bit. So are parameter gradients of one row block;
    /// those of n blocks are n additions to the start one after the other, each off by u of its result at most.
    /// </summary>
    private static void CheckAdding<T>(RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        RnnRun<T> fromZero = RnnRun<T>.Both(new RnnData<T>(shape with { Options = shape.Options & ~CaseOptions.GradientsStart }));
        var data = new RnnData<T>(shape with { Options = shape.Options | CaseOptions.GradientsStart });
        var start = new RnnRun<T>(data);
        RnnRun<T> added = RnnRun<T>.Both(data);
        Compare.Bits(Sum<T>(start.InputGradient, fromZero.InputGradient), added.InputGradient, "dX");
        Compare.Bits(Sum<T>(start.InitialStateGradient, fromZero.InitialStateGradient), added.InitialStateGradient, "dh0");
        int blockSteps = CanonicalSum.StepsInRowBlock(shape.Batch);
        int blocks = (shape.Steps + blockSteps - 1) / blockSteps;
        foreach (Parameter parameter in start.Gradients.Parameters)
        {
            Span<T> result = added.Gradients.Span(parameter);
            T[] sum = Sum<T>(start.Gradients.Span(parameter), fromZero.Gradients.Span(parameter));
            if (blocks <= 1)
            {
                Compare.Bits<T>(sum, result, parameter.Name);
                continue;
            }

            // Partial sums of blocks may be larger than their total: they are bounded by the sum over the blocks' own gradients.
            double[] blockMagnitudes = BlockMagnitudes<T>(shape, parameter);
            double[] bound = new double[sum.Length];
            Span<T> first = start.Gradients.Span(parameter);
            for (int i = 0; i < bound.Length; i++)
            {
                double magnitude = Math.Abs(double.CreateChecked(first[i])) + blockMagnitudes[i];
                bound[i] = 2 * (blocks + 1) * Tolerances.UnitRoundoff<T>() * magnitude * 1.001;
            }

            Compare.Within<T>(RnnData<T>.Wide(sum), result, bound, parameter.Name);
        }
    }

    /// <summary>Σ over blocks of |gradient of that block|, which a pass over that block's gradient alone gives.</summary>
    private static double[] BlockMagnitudes<T>(RnnCase shape, Parameter parameter)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var data = new RnnData<T>(shape with { Options = shape.Options & ~CaseOptions.GradientsStart });
        var run = new RnnRun<T>(data);
        run.Forward();
        int blockSteps = CanonicalSum.StepsInRowBlock(shape.Batch);
        double[] magnitudes = new double[parameter.Length];
        T[] carried = data.FinalStateGradient;
        for (int start = (shape.Steps - 1) / blockSteps * blockSteps; start >= 0; start -= blockSteps)
        {
            RnnRun<T> part = StepsOf(run, start, Math.Min(shape.Steps, start + blockSteps), carried);
            part.Backward();
            carried = part.InitialStateGradient;
            Span<T> gradient = part.Gradients.Span(parameter);
            for (int i = 0; i < magnitudes.Length; i++) magnitudes[i] += Math.Abs(double.CreateChecked(gradient[i]));
        }

        return magnitudes;
    }

    /// <summary>Steps [start, end) of a run whose forward pass is done, as a run of their own.</summary>
    private static RnnRun<T> StepsOf<T>(RnnRun<T> run, int start, int end, T[] finalGradient)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        RnnData<T> whole = run.Data;
        int state = whole.Case.Batch * whole.Case.HiddenSize;
        int input = whole.Case.Batch * whole.Case.InputSize;
        var data = new RnnData<T>(whole.Case with { Steps = end - start })
        {
            InputWeights = whole.InputWeights,
            RecurrentWeights = whole.RecurrentWeights,
            Bias = whole.Bias,
            Input = whole.Input[(start * input)..(end * input)],
            InitialState = start == 0 ? whole.InitialState : run.Output[((start - 1) * state)..(start * state)],
            OutputGradient = whole.OutputGradient.Length == 0 ? [] : whole.OutputGradient[(start * state)..(end * state)],
            FinalStateGradient = finalGradient,
        };
        return new RnnRun<T>(data) { Output = run.Output[(start * state)..(end * state)] };
    }

    /// <summary>
    /// Two halves of the batch, one after the other into the same gradients: both they and the whole are within the bound for
    /// sums over rows in any order of the reference.
    /// </summary>
    private static void CheckMicroBatches<T>(RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        shape = shape.Within(1_000_000);
        if (shape.Batch < 2) return;
        var data = new RnnData<T>(shape);
        ReferenceRun reference = ReferenceRun.Forward(data, arithmetic: Tolerances.AnyOrder<T>());
        if (reference.ForwardBound.UncertainMasks > 0)
        {
            CheckMicroBatches<T>(Redraws.Smaller(nameof(MicroBatchesAccumulate), shape));
            return;
        }

        Redraws.Keep(nameof(MicroBatchesAccumulate));
        reference.Backward();
        ParameterSet<T> gradients = new RnnRun<T>(data).Gradients;
        int half = shape.Batch / 2;
        foreach ((int first, int count) in ((int, int)[])[(0, half), (half, shape.Batch - half)])
        {
            var rows = new RowsOf(shape, first, count);
            var part = new RnnRun<T>(new RnnData<T>(shape with { Batch = count })
            {
                InputWeights = data.InputWeights,
                RecurrentWeights = data.RecurrentWeights,
                Bias = data.Bias,
                Input = rows.Take(data.Input, shape.InputSize),
                InitialState = rows.Take(data.InitialState, shape.HiddenSize),
                OutputGradient = rows.Take(data.OutputGradient, shape.HiddenSize),
                FinalStateGradient = rows.Take(data.FinalStateGradient, shape.HiddenSize),
            })
            { Gradients = gradients };
            part.Forward();
            part.Backward();
        }

        Compare.Within<T>(reference.Gradients[2], gradients["weight_ih"], reference.BackwardBound!.DWx, "dWx");
        Compare.Within<T>(reference.Gradients[3], gradients["weight_hh"], reference.BackwardBound.DWh, "dWh");
        Compare.Within<T>(reference.Gradients[4], gradients["bias"], reference.BackwardBound.DBias, "db");
    }

    /// <summary>
    /// Twice the upstream gradient is twice every gradient, exactly, and its negative the negative: scaling by 2 rounds nothing.
    /// Every output has a gradient, so that none decays to where the guard flushes.
    /// </summary>
    private static void CheckScaling<T>(RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        CaseOptions options = (shape.Options | CaseOptions.OutputGradient)
            & ~(CaseOptions.Spread | CaseOptions.LargeInput | CaseOptions.GradientsStart);
        var data = new RnnData<T>(shape with { Options = options });
        RnnRun<T> one = RnnRun<T>.Both(data);
        foreach (int factor in (int[])[2, -1])
        {
            T scale = T.CreateChecked(factor);
            var scaled = new RnnData<T>(data.Case)
            {
                OutputGradient = Array.ConvertAll(data.OutputGradient, g => g * scale),
                FinalStateGradient = Array.ConvertAll(data.FinalStateGradient, g => g * scale),
            };
            RnnRun<T> other = RnnRun<T>.Both(scaled);
            AssertScaled<T>(one.InputGradient, other.InputGradient, scale, "dX");
            AssertScaled<T>(one.InitialStateGradient, other.InitialStateGradient, scale, "dh0");
            AssertScaled<T>(one.Gradients.Values, other.Gradients.Values, scale, "parameters");
        }
    }

    private static void AssertScaled<T>(ReadOnlySpan<T> one, ReadOnlySpan<T> scaled, T scale, string what)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < one.Length; i++)
        {
            if (one[i] * scale != scaled[i]) Assert.Fail($"{what}[{i}] is {scaled[i]:R}, expected {scale} times {one[i]:R}.");
        }
    }

    private static T[] Sum<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] sum = new T[a.Length];
        for (int i = 0; i < sum.Length; i++) sum[i] = a[i] + b[i];
        return sum;
    }
}
