using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Tests.Generation;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>The batch-major entry, and rows that are projected once and looked up.</summary>
[Trait("Category", "Width")]
public class RnnBatchMajorTests
{
    [CaseProperty]
    public void BatchMajorGivesTheBitsOfTimeMajor(RnnCase shape)
    {
        CheckBatchMajor<float>(shape);
        CheckBatchMajor<double>(shape);
    }

    [CaseProperty]
    public void ProjectedRowsGiveTheBitsOfTheirInputs(RnnCase shape)
    {
        CheckProjection<float>(shape);
        CheckProjection<double>(shape);
    }

    [CaseProperty]
    public void ProjectionsGradientIsThatOfALinearLayer(RnnCase shape)
    {
        CheckProjectionGradient<float>(shape);
        CheckProjectionGradient<double>(shape);
    }

    [Fact]
    public void AShortWorkspaceIsRefusedBeforeAnythingIsWritten()
    {
        var layer = new Rnn<float>(3, 5);
        float[] output = RnnRun<float>.Filled(2 * 4 * 5);
        int needed = new Rnn<float>(3, 5).OrderedWorkspaceSize(4, 2);
        ArgumentException error = Assert.Throws<ArgumentException>(() => layer.ForwardBatchMajor(
            new RnnForward<float> { Steps = 4, Batch = 2, Input = new float[24], Output = output, Workspace = new float[needed - 1] }));
        Assert.StartsWith($"Workspace has length {needed - 1}; expected at least {needed}.", error.Message, StringComparison.Ordinal);
        Assert.All(output, value => Assert.True(float.IsNaN(value)));
    }

    private static void CheckBatchMajor<T>(RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        shape = shape.Within(1_000_000);
        var data = new RnnData<T>(shape);
        RnnRun<T> expected = RnnRun<T>.Both(data);
        var run = new RnnRun<T>(data);
        (int batch, int steps, int inputSize, int hiddenSize, _, _) = shape;
        T[] workspace = RnnRun<T>.Filled(new Rnn<T>(inputSize, hiddenSize).OrderedWorkspaceSize(steps, batch));
        T[] output = RnnRun<T>.Filled(shape.Rows * hiddenSize);
        T[] input = Swap(data.Input, steps, batch, inputSize);
        run.Layer.ForwardBatchMajor(new RnnForward<T>
        {
            Steps = steps,
            Batch = batch,
            Input = input,
            InitialState = data.InitialState,
            Output = output,
            FinalState = run.FinalState,
            Workspace = workspace,
        });
        Compare.Bits(expected.Output, Swap(output, batch, steps, hiddenSize), "output");
        Compare.Bits(expected.FinalState, run.FinalState, "final state");

        T[] inputGradient = new T[data.Input.Length];
        workspace.AsSpan().Fill(T.NaN);
        run.Layer.BackwardBatchMajor(new RnnBackward<T>
        {
            Steps = steps,
            Batch = batch,
            Input = input,
            InitialState = data.InitialState,
            Output = output,
            OutputGradient = Swap(data.OutputGradient, steps, batch, hiddenSize),
            FinalStateGradient = data.FinalStateGradient,
            InputGradient = inputGradient,
            InitialStateGradient = run.InitialStateGradient,
            Gradients = run.Gradients,
            Workspace = workspace,
        });
        Compare.Bits<T>(expected.Gradients.Values, run.Gradients.Values, "parameter gradients");
        Compare.Bits(expected.InitialStateGradient, run.InitialStateGradient, "dh0");

        // Into zeros, so that adding rounds nothing.
        var fromZero = new RnnRun<T>(data) { InputGradient = new T[data.Input.Length] };
        fromZero.Forward();
        fromZero.Backward();
        Compare.Bits(fromZero.InputGradient, Swap(inputGradient, batch, steps, inputSize), "dX");
    }

    private static void CheckProjection<T>(RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        shape = shape.Within(1_000_000);
        if (shape.Rows == 0) return;
        var data = new RnnData<T>(shape);
        var dense = new RnnRun<T>(data);
        dense.Forward();
        T[] table = RnnRun<T>.Filled(shape.Rows * shape.HiddenSize);
        dense.Layer.ProjectInput(shape.Rows, data.Input, table);
        var looked = new RnnRun<T>(data) { Tokens = [.. Enumerable.Range(0, shape.Rows)], TokenTable = table };
        looked.Forward();
        Compare.Bits(dense.Output, looked.Output, "output");
    }

    private static void CheckProjectionGradient<T>(RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        shape = shape.Within(1_000_000);
        var data = new RnnData<T>(shape);
        var run = new RnnRun<T>(data);
        int rows = shape.Batch;
        var linear = new Dense<T>(shape.InputSize, shape.HiddenSize);
        data.InputWeights.CopyTo(linear.Parameters["weight"]);
        linear.Repack();
        T[] input = [.. Enumerable.Range(0, rows * shape.InputSize).Select(i => T.CreateChecked(((i * 37) % 19) - 9) / T.CreateChecked(8))];
        T[] gradient = [.. Enumerable.Range(0, rows * shape.HiddenSize).Select(i => T.CreateChecked(((i * 29) % 23) - 11) / T.CreateChecked(8))];
        T[] workspace = RnnRun<T>.Filled(Dense<T>.WorkspaceSize(rows, shape.HiddenSize));
        ParameterSet<T> expected = linear.Parameters.CreateZeros();
        ParameterSet<T> actual = run.Layer.Parameters.CreateZeros();
        T[] expectedInput = new T[input.Length], actualInput = new T[input.Length];
        linear.Backward(rows, input, gradient, expectedInput, expected, workspace);
        run.Layer.ProjectInputBackward(rows, input, gradient, actualInput, actual, workspace);
        Compare.Bits(expectedInput, actualInput, "dX");
        Compare.Bits<T>(expected["weight"], actual["weight_ih"], "dWx");
        Assert.All(actual["weight_hh"].ToArray(), value => Assert.Equal(T.Zero, value));
        Assert.All(actual["bias"].ToArray(), value => Assert.Equal(T.Zero, value));
    }

    /// <summary>[outer, inner, size] to [inner, outer, size].</summary>
    private static T[] Swap<T>(T[] source, int outer, int inner, int size)
    {
        T[] target = new T[source.Length];
        if (source.Length == 0) return target;
        for (int i = 0; i < outer; i++)
        {
            for (int j = 0; j < inner; j++) Array.Copy(source, ((i * inner) + j) * size, target, ((j * outer) + i) * size, size);
        }

        return target;
    }
}
