using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Generation;
using HighPerfRnn.Threading;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>Two directions against two layers by themselves, bit for bit, and against the reference.</summary>
[Trait("Category", "Width")]
public sealed class BidirectionalTests
{
    [CaseProperty]
    public void EqualsTwoLayersByThemselves(CellCase shape)
    {
        EqualsTwoLayers<float>(shape);
        EqualsTwoLayers<double>(shape);
    }

    [CaseProperty]
    public void WorkersGiveTheSameBits(CellCase shape)
    {
        BidirectionalRun<float> alone = BidirectionalRun<float>.Both(shape);
        using var workers = new WorkerGroup(1 + (shape.Seed % 3), multiplyAddsPerWorker: 0);
        BidirectionalRun<float> shared = BidirectionalRun<float>.Both(shape, workers);
        foreach (((string name, float[] expected), (_, float[] actual)) in alone.Tensors.Zip(shared.Tensors)) Compare.Bits(expected, actual, name);
    }

    /// <summary>Few steps, within what rounding may do to numbers near 1; each direction's own errors are bounded elsewhere.</summary>
    [CaseProperty]
    public void IsCloseToTheReference(CellCase drawn)
    {
        const CellTraits usual = CellTraits.Ragged | CellTraits.InitialState | CellTraits.OutputGradient | CellTraits.FinalGradient
            | CellTraits.Projection | CellTraits.Peepholes | CellTraits.ResetBefore;
        CellCase shape = drawn with { Steps = Math.Min(drawn.Steps, 3), Traits = drawn.Traits & usual };
        BidirectionalRun<double> run = BidirectionalRun<double>.Both(shape);
        var math = new ReferenceFloatingPoint<double>(ReferenceRnn.FlushBelowDouble);
        ReferenceCell<double> Cell(CellData data)
        {
            ReferenceCell<double> cell = data.Options.Create(math, shape.InputSize, shape.HiddenSize);
            for (int i = 0; i < data.Shapes.Count; i++) data.Parameters[i].CopyTo(cell.Parameters[data.Shapes[i].Name], 0);
            return cell;
        }

        var reference = new ReferenceBidirectional<double>(
            Cell(run.First), Cell(run.Second), shape.Batch, shape.Steps, run.First.Lengths, (ReferenceMerge)run.Layer.Merge);
        reference.Forward(run.First.Input, run.InitialState, run.InitialCellState);
        reference.Backward(
            run.OutputGradient.Length > 0 ? run.OutputGradient : new double[reference.Output.Length], run.FinalStateGradient, run.FinalCellStateGradient);
        Close(reference.Output, run.Output, "output");
        Close([.. reference.Forwards.FinalState, .. reference.Backwards.FinalState], run.FinalState, "final states");
        Close(reference.InputGradient, run.InputGradient, "dX");
        Close(
            [.. reference.Forwards.InitialStateGradient, .. reference.Backwards.InitialStateGradient], run.InitialStateGradient, "dh0");
    }

    private static void Close(double[] expected, double[] actual, string what)
    {
        double largest = expected.Length == 0 ? 0 : expected.Max(Math.Abs);
        Compare.Within<double>(expected, actual, [.. expected.Select(_ => 1e-10 * (1 + largest))], what);
    }

    private static void EqualsTwoLayers<T>(CellCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        BidirectionalRun<T> run = BidirectionalRun<T>.Both(shape);
        int size = run.Layer.ForwardLayer.OutputSize, length = run.Rows * size;
        bool isSum = run.Layer.Merge == BidirectionalMerge.Sum;
        T[] Of(T[] merged, int direction) => merged.Length == 0 || isSum
            ? merged
            : [.. Enumerable.Range(0, length).Select(i => merged[(i / size * 2 * size) + (direction * size) + (i % size)])];
        T[] inputGradient = new T[run.InputGradient.Length];
        T[][] outputs = new T[2][];
        foreach ((RecurrentLayer<T> layer, int direction) in new[] { (run.Layer.ForwardLayer, 0), (run.Layer.ReverseLayer, 1) })
        {
            outputs[direction] = Alone(run, layer, direction, Of(run.OutputGradient, direction), inputGradient);
        }

        T[] expected = isSum
            ? [.. outputs[0].Zip(outputs[1], (a, b) => a + b)]
            : [.. Enumerable.Range(0, run.Rows).SelectMany(row => outputs.SelectMany(output => output.AsSpan(row * size, size).ToArray()))];
        Compare.Bits(expected, run.Output, "output");
        Compare.Bits(inputGradient, run.InputGradient, "dX");
    }

    /// <summary>One direction by itself; its states and parameters' gradients are compared here.</summary>
    private static T[] Alone<T>(BidirectionalRun<T> run, RecurrentLayer<T> layer, int direction, T[] outputGradient, T[] inputGradient)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (int steps, int batch) = (run.First.Case.Steps, run.First.Case.Batch);
        static T[] Half(T[] both, int index) => [.. both.Skip(index * (both.Length / 2)).Take(both.Length / 2)];
        T[] output = new T[run.Rows * layer.OutputSize], reserve = new T[layer.ReserveSize(steps, batch)];
        T[] finalState = new T[batch * layer.OutputSize], finalCellState = new T[run.FinalCellState.Length / 2];
        T[] stateGradient = new T[finalState.Length], cellStateGradient = new T[finalCellState.Length];
        T[] workspace = new T[layer.OrderedWorkspaceSize(steps, batch)];
        layer.Forward(new RnnForward<T>
        {
            Steps = steps,
            Batch = batch,
            Input = run.Input,
            Lengths = run.First.Lengths,
            IsReverse = direction == 1,
            InitialState = Half(run.InitialState, direction),
            InitialCellState = Half(run.InitialCellState, direction),
            Output = output,
            FinalState = finalState,
            FinalCellState = finalCellState,
            Reserve = reserve,
            Workspace = workspace,
        });
        Memory.ParameterSet<T> gradients = layer.Parameters.CreateZeros();
        layer.Backward(new RnnBackward<T>
        {
            Steps = steps,
            Batch = batch,
            Input = run.Input,
            Lengths = run.First.Lengths,
            IsReverse = direction == 1,
            InitialState = Half(run.InitialState, direction),
            Output = output,
            Reserve = reserve,
            OutputGradient = outputGradient,
            FinalStateGradient = Half(run.FinalStateGradient, direction),
            FinalCellStateGradient = Half(run.FinalCellStateGradient, direction),
            InputGradient = inputGradient,
            InitialStateGradient = stateGradient,
            InitialCellStateGradient = cellStateGradient,
            Gradients = gradients,
            Workspace = workspace,
        });
        Compare.Bits(finalState, Half(run.FinalState, direction), "final state");
        Compare.Bits(finalCellState, Half(run.FinalCellState, direction), "final cell state");
        Compare.Bits(stateGradient, Half(run.InitialStateGradient, direction), "dh0");
        Compare.Bits(cellStateGradient, Half(run.InitialCellStateGradient, direction), "dc0");
        Compare.Bits<T>(gradients.Values, (direction == 0 ? run.ForwardGradients : run.ReverseGradients).Values, "gradients");
        return output;
    }
}
