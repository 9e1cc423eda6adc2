using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Tests.Generation;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>Wrong lengths at the linear layer's door.</summary>
public sealed class DenseArgumentTests
{
    [CaseProperty]
    public void WrongLengthIsNamed(RnnCase shape)
    {
        shape = shape.Within(20_000);
        (int rows, int inputSize, int outputSize) = (shape.Rows, shape.InputSize, shape.HiddenSize);
        var layer = new Dense<float>(inputSize, outputSize);
        ParameterSet<float> gradients = layer.Parameters.CreateZeros();
        int input = rows * inputSize;
        int output = rows * outputSize;
        int workspace = Dense<float>.WorkspaceSize(rows, outputSize);
        Refuses("input", input + 1, input, () => layer.Forward(rows, new float[input + 1], Nan(output)));
        Refuses("output", output + 1, output, () => layer.Forward(rows, new float[input], Nan(output + 1)));
        Refuses("input", input + 1, input, () => Backward(input + 1, output, input, workspace));
        Refuses("outputGradient", output + 1, output, () => Backward(input, output + 1, input, workspace));
        Refuses("inputGradient", input + 1, input, () => Backward(input, output, input + 1, workspace));
        if (workspace > 0)
        {
            ArgumentException failure = Assert.ThrowsAny<ArgumentException>(() => Backward(input, output, input, workspace - 1));
            Assert.StartsWith(
                $"workspace has length {workspace - 1}; expected at least {workspace}.", failure.Message, StringComparison.Ordinal);
        }

        Assert.True(gradients.Values.IndexOfAnyExcept(0f) < 0);

        void Backward(int x, int dY, int dX, int scratch) =>
            layer.Backward(rows, new float[x], new float[dY], Nan(dX), gradients, Nan(scratch));
    }

    [Fact]
    public void WhatIsNotTrainableHasNoBackwardPass()
    {
        var layer = new Dense<float>(2, 2, isTrainable: false);
        Assert.Throws<InvalidOperationException>(
            () => layer.Backward(0, [], [], [], layer.Parameters.CreateZeros(), []));
        Assert.Throws<ArgumentOutOfRangeException>(() => layer.Forward(-1, [], []));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Dense<float>(2, 0));
    }

    private static float[] Nan(int length) => RnnRun<float>.Filled(length);

    private static void Refuses(string name, int given, int expected, Action pass)
    {
        ArgumentException failure = Assert.ThrowsAny<ArgumentException>(pass);
        Assert.Equal(name, failure.ParamName);
        Assert.StartsWith($"{name} has length {given}; expected {expected},", failure.Message, StringComparison.Ordinal);
    }
}
