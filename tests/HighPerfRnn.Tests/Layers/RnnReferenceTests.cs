using System.Numerics;
using HighPerfRnn.Memory;
using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Generation;
using Xunit;
using Xunit.Abstractions;

namespace HighPerfRnn.Tests.Layers;

/// <summary>The layer against the reference in double on the same numbers, within the bound that the arithmetic gives.</summary>
/// <remarks>
/// <para>The bound is <see cref="ReferenceRnnErrorBound"/>'s: an inequality for every element, propagated along the steps. It
/// knows the unit roundoff, the blocks in which the library sums and the worst error of its tanh, and nothing of the
/// library's results. Sequences of more than 4 steps draw Wh with a spectral norm of at most 1, so that the bound grows with
/// T and not exponentially; up to 4 steps weights are arbitrary.</para>
/// <para>In float over 60 steps the bound of a gradient may reach a percent of it; a wrong factor is caught where the same code
/// runs in double, whose bound is 5e8 times narrower, and in float where T ≤ 4.</para>
/// <para>Where rounding may decide whether a ReLU unit is on, the two sides may rightly differ by a whole gradient: the data are
/// drawn again, of half the steps and rows from the third time on.</para>
/// </remarks>
[Trait("Category", "Width")]
public sealed class RnnReferenceTests(ITestOutputHelper log) : IDisposable
{
    [CaseProperty]
    public void FloatForwardIsWithinTheBound(RnnCase shape) => Forward<float>(shape);

    [CaseProperty]
    public void DoubleForwardIsWithinTheBound(RnnCase shape) => Forward<double>(shape);

    [CaseProperty]
    public void FloatBackwardIsWithinTheBound(RnnCase shape) => Backward<float>(shape);

    [CaseProperty]
    public void DoubleBackwardIsWithinTheBound(RnnCase shape) => Backward<double>(shape);

    public void Dispose()
    {
        foreach (string line in Redraws.Report(nameof(RnnReferenceTests))) log.WriteLine(line);
    }

    private static void Forward<T>(RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var data = new RnnData<T>(shape);
        var run = new RnnRun<T>(data);
        run.Forward();
        ReferenceRun reference = ReferenceRun.Forward(data);
        Compare.Within<T>(reference.States, run.Output, reference.ForwardBound.States, "output");
        Span<T> last = shape.Steps > 0 ? run.Output.AsSpan(^run.FinalState.Length..)
            : data.InitialState.Length > 0 ? data.InitialState
            : new T[run.FinalState.Length];
        Compare.Bits<T>(last, run.FinalState, "finalState");
    }

    private static void Backward<T>(RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (RnnData<T> data, ReferenceRun reference) = DrawCertain<T>(shape);
        var run = RnnRun<T>.Both(data);
        reference.Backward();
        ReferenceRnnBackwardBound bound = reference.BackwardBound!;
        ParameterSet<T> gradients = run.Gradients;
        Compare.Within<T>(reference.Gradients[0], run.InputGradient, bound.DInput, "dX");
        Compare.Within<T>(reference.Gradients[1], run.InitialStateGradient, bound.DInitialState, "dh0");
        Compare.Within<T>(reference.Gradients[2], gradients["weight_ih"], bound.DWx, "dWx");
        Compare.Within<T>(reference.Gradients[3], gradients["weight_hh"], bound.DWh, "dWh");
        Compare.Within<T>(reference.Gradients[4], gradients["bias"], bound.DBias, "db");
    }

    private static (RnnData<T> Data, ReferenceRun Reference) DrawCertain<T>(RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        string name = $"{nameof(RnnReferenceTests)}, {typeof(T).Name}, {(shape.Has(CaseOptions.Relu) ? "ReLU" : "tanh")}";
        for (int draw = 0; ; draw++)
        {
            var data = new RnnData<T>(shape, draw);
            ReferenceRun reference = ReferenceRun.Forward(data);
            if (reference.ForwardBound.UncertainMasks == 0)
            {
                Redraws.Keep(name);
                return (data, reference);
            }

            Redraws.Again(name);
            if (draw >= 2) shape = shape with { Steps = (shape.Steps + 1) / 2, Batch = (shape.Batch + 1) / 2 };
            Assert.True(draw < 200, $"No draw of {shape} keeps its ReLU units off their kinks.");
        }
    }
}
