using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Generation;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>NaN and infinities do what IEEE arithmetic makes of them, and stay in their row.</summary>
/// <remarks>
/// Compared are classes: NaN, which infinity, finite. A sum's class does not depend on its order or rounding. Behind an
/// infinite input a gradient's may: a unit saturated to exactly 1 in one arithmetic and not in the other gives ∞·0 or ∞·ε, so
/// that the backward pass takes NaN alone.
/// </remarks>
[Trait("Category", "Width")]
public sealed class SpecialValueTests
{
    [CaseProperty]
    public void ForwardGivesWhatTheReferenceGives(RnnCase shape)
    {
        CheckForward<float>(shape);
        CheckForward<double>(shape);
    }

    [CaseProperty]
    public void BackwardGivesWhatTheReferenceGives(RnnCase shape)
    {
        CheckBackward<float>(shape);
        CheckBackward<double>(shape);
    }

    [CaseProperty]
    public void OtherRowsKeepTheirBits(RnnCase shape)
    {
        CheckOtherRows<float>(shape);
        CheckOtherRows<double>(shape);
    }

    /// <summary>A unit that is off stops whatever comes, and one whose state is NaN lets its gradient through.</summary>
    [Fact]
    public void ReluSelects()
    {
        Assert.Equal(0.0, ReluGradient(-1, double.NaN));
        Assert.Equal(0.0, ReluGradient(0, double.PositiveInfinity));
        Assert.Equal(3.0, ReluGradient(double.NaN, 3));
        Assert.Equal(3.0, ReluGradient(2, 3));
    }

    private static double ReluGradient(double input, double gradient)
    {
        var layer = new Rnn<double>(1, 1, Activation.Relu);
        layer.Parameters["weight_ih"][0] = 1;
        layer.Repack();
        double[] output = new double[1];
        double[] inputGradient = new double[1];
        double[] workspace = new double[new Rnn<double>(1, 1).WorkspaceSize(1, 1)];
        layer.Forward(new RnnForward<double> { Steps = 1, Batch = 1, Input = [input], Output = output, Workspace = workspace });
        layer.Backward(new RnnBackward<double>
        {
            Steps = 1,
            Batch = 1,
            Input = [input],
            Output = output,
            OutputGradient = [gradient],
            InputGradient = inputGradient,
            Gradients = layer.Parameters.CreateZeros(),
            Workspace = workspace,
        });
        return inputGradient[0];
    }

    private static void CheckForward<T>(RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        shape = shape.Within(1_000_000);
        var data = new RnnData<T>(shape);
        var random = new CaseRandom(shape.Seed, 3012);
        for (int i = random.Below(3); i >= 0; i--)
        {
            T[][] places = [data.Input, data.InitialState, data.InputWeights, data.RecurrentWeights, data.Bias];
            Put(places[random.Below(places.Length)], random, Special<T>(random));
        }

        var run = new RnnRun<T>(data);
        run.Forward();
        Compare.Class<T>(ReferenceStates(data), run.Output, "output");
    }

    private static void CheckBackward<T>(RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        shape = shape.Within(1_000_000) with { Options = shape.Options & ~CaseOptions.Relu };
        var data = new RnnData<T>(shape);
        var random = new CaseRandom(shape.Seed, 3013);
        T[][] places =
        [
            data.Input, data.InitialState, data.InputWeights, data.RecurrentWeights, data.Bias, data.OutputGradient,
            data.FinalStateGradient,
        ];
        Put(places[random.Below(places.Length)], random, T.NaN);
        RnnRun<T> run = RnnRun<T>.Both(data);
        double[] states = ReferenceStates(data);
        (int batch, int steps, int inputSize, int hiddenSize, _, _) = shape;
        double[] dX = new double[shape.Rows * inputSize];
        double[] dWx = new double[inputSize * hiddenSize];
        double[] dWh = new double[hiddenSize * hiddenSize];
        double[] db = new double[hiddenSize];
        double[] dh0 = new double[batch * hiddenSize];
        (double[] wx, double[] wh, double[] b) = Weights(data);
        ReferenceRnn.Backward(
            Cell(data, wx, wh, b),
            RnnData<T>.Wide(data.Input),
            InitialState(data),
            states,
            RnnData<T>.Wide(data.OutputGradient),
            RnnData<T>.Wide(data.FinalStateGradient),
            new ReferenceRnnGradients<double>(dX, dWx, dWh, db, dh0));
        Compare.Class<T>(dX, run.InputGradient, "dX");
        Compare.Class<T>(dh0, run.InitialStateGradient, "dh0");
        Compare.Class<T>(dWx, run.Gradients["weight_ih"], "dWx");
        Compare.Class<T>(dWh, run.Gradients["weight_hh"], "dWh");
        Compare.Class<T>(db, run.Gradients["bias"], "db");
    }

    private static void CheckOtherRows<T>(RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (shape.Batch < 2 || shape.Steps == 0) return;
        RnnRun<T> clean = RnnRun<T>.Both(new RnnData<T>(shape));
        var data = new RnnData<T>(shape);
        var random = new CaseRandom(shape.Seed, 3014);
        int sick = random.Below(shape.Batch);
        int step = random.Below(shape.Steps);
        data.Input[(((step * shape.Batch) + sick) * shape.InputSize) + random.Below(shape.InputSize)] = Special<T>(random);
        RnnRun<T> run = RnnRun<T>.Both(data);
        foreach ((int first, int count) in ((int, int)[])[(0, sick), (sick + 1, shape.Batch - sick - 1)])
        {
            var rows = new RowsOf(shape, first, count);
            Compare.Bits(rows.Take(clean.Output, shape.HiddenSize), rows.Take(run.Output, shape.HiddenSize), "output");
            Compare.Bits(rows.Take(clean.InputGradient, shape.InputSize), rows.Take(run.InputGradient, shape.InputSize), "dX");
            Compare.Bits(
                rows.Take(clean.InitialStateGradient, shape.HiddenSize),
                rows.Take(run.InitialStateGradient, shape.HiddenSize),
                "dh0");
        }
    }

    private static void Put<T>(T[] array, CaseRandom random, T value)
    {
        if (array.Length > 0) array[random.Below(array.Length)] = value;
    }

    private static T Special<T>(CaseRandom random)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        random.Below(3) switch { 0 => T.NaN, 1 => T.PositiveInfinity, _ => T.NegativeInfinity };

    private static double[] ReferenceStates<T>(RnnData<T> data)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double[] states = new double[data.Case.Rows * data.Case.HiddenSize];
        (double[] wx, double[] wh, double[] b) = Weights(data);
        ReferenceRnn.Forward(Cell(data, wx, wh, b), RnnData<T>.Wide(data.Input), InitialState(data), states);
        return states;
    }

    /// <summary>An absent one as the zeros that it stands for: the reference leaves it out of its sums, and 0·NaN is NaN.</summary>
    private static double[] InitialState<T>(RnnData<T> data)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        data.InitialState.Length > 0 ? RnnData<T>.Wide(data.InitialState) : new double[data.Case.Batch * data.Case.HiddenSize];

    private static (double[] Wx, double[] Wh, double[] Bias) Weights<T>(RnnData<T> data)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        (RnnData<T>.Wide(data.InputWeights), RnnData<T>.Wide(data.RecurrentWeights), RnnData<T>.Wide(data.Bias));

    private static ReferenceRnnCell<double> Cell<T>(RnnData<T> data, double[] wx, double[] wh, double[] b)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => new(
            new ReferenceRnnShape(data.Case.Batch, data.Case.Steps, data.Case.InputSize, data.Case.HiddenSize),
            data.Case.Has(CaseOptions.Relu) ? ReferenceActivation.Relu : ReferenceActivation.Tanh,
            Tolerances.FlushBelow<T>(),
            wx,
            wh,
            b);
}
