using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Memory;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Layers;

/// <summary>The passes of a linear map, checked: <see cref="Dense{T}"/> is one, and so is the input part of a recurrent layer.</summary>
internal static class LinearPass
{
    /// <summary>output = input·W + b.</summary>
    public static void Forward<T>(
        int rows,
        ReadOnlySpan<T> input,
        Span<T> output,
        scoped in PackedMatrix<T> weights,
        scoped in GateLayout gates,
        ReadOnlySpan<T> bias,
        string outputName,
        WorkerGroup? workers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        Check.Shape(input.Length, nameof(input), "[rows, inputs]", rows, weights.Depth);
        Check.Shape(output.Length, outputName, "[rows, outputs]", rows, gates.Gates * gates.HiddenSize);
        Check.NoOverlap(output, input, outputName, nameof(input));
        var job = new LinearForwardJob<T> { Rows = rows, Input = input, Output = output, Weights = weights, Gates = gates, Bias = bias };
        WorkerGroup.Run(workers, ref job, (long)rows * weights.Depth * weights.Columns);
    }

    /// <summary>dX += dY·Wᵀ, dW += Xᵀ·dY, db += Σ dY; an empty dX or db is left out.</summary>
    public static void Backward<T>(
        int rows,
        ReadOnlySpan<T> input,
        ReadOnlySpan<T> outputGradient,
        Span<T> inputGradient,
        scoped in PackedMatrix<T> weightsTransposed,
        ParameterSet<T> gradients,
        Span<T> weightsGradient,
        Span<T> biasGradient,
        Span<T> workspace,
        string inputName,
        string outputGradientName,
        string inputGradientName,
        WorkerGroup? workers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        int inputs = weightsTransposed.Columns;
        int outputs = weightsTransposed.Depth;
        Check.Shape(input.Length, inputName, "[rows, inputs]", rows, inputs);
        Check.Shape(outputGradient.Length, outputGradientName, "[rows, outputs]", rows, outputs);
        Check.ShapeOrEmpty(inputGradient.Length, inputGradientName, "[rows, inputs]", rows, inputs);
        Check.AtLeast(workspace.Length, Dense<T>.WorkspaceSize(rows, outputs), nameof(workspace));
        Check.NoOverlap(inputGradient, input, inputGradientName, inputName);
        Check.NoOverlap(inputGradient, outputGradient, inputGradientName, outputGradientName);
        Check.NoOverlap(workspace, input, nameof(workspace), inputName);
        Check.NoOverlap(workspace, outputGradient, nameof(workspace), outputGradientName);
        Check.NoOverlap(workspace, inputGradient, nameof(workspace), inputGradientName);
        Check.NoOverlap<T>(gradients.Values, input, nameof(gradients), inputName);
        Check.NoOverlap<T>(gradients.Values, outputGradient, nameof(gradients), outputGradientName);
        Check.NoOverlap<T>(gradients.Values, inputGradient, nameof(gradients), inputGradientName);
        Check.NoOverlap<T>(gradients.Values, workspace, nameof(gradients), nameof(workspace));
        var job = new LinearBackwardJob<T>
        {
            Rows = rows,
            Input = input,
            OutputGradient = outputGradient,
            InputGradient = inputGradient,
            WeightsTransposed = weightsTransposed,
            WeightsGradient = weightsGradient,
            BiasGradient = biasGradient,
            Workspace = workspace,
        };
        WorkerGroup.Run(workers, ref job, 2L * rows * inputs * outputs);
    }
}
