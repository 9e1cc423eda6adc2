using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Kernels;

namespace HighPerfRnn.Layers;

/// <summary>Takes spans off a workspace, one after the other.</summary>
internal ref struct WorkspaceCarver<T>(Span<T> memory)
{
    private Span<T> _rest = memory;

    public Span<T> Take(int length)
    {
        Span<T> taken = _rest[..length];
        _rest = _rest[length..];
        return taken;
    }

    /// <summary>What is left.</summary>
    public readonly Span<T> Rest => _rest;
}

/// <summary>How the workspace of a recurrent layer is cut.</summary>
internal static class RecurrentWorkspace
{
    /// <summary>A group's input parts stay in the second-level cache beside the weights: half of the 512 KB that small cores have.</summary>
    private const int GroupBytes = 256 * 1024;

    /// <summary>Rows of so many numbers that each start on a cache line.</summary>
    public static int Stride<T>(int numbers)
        where T : unmanaged
    {
        int line = GateLayout.UnitBlockOf<T>();
        return checked(numbers + line - 1) / line * line;
    }

    /// <summary>Numbers that a row keeps at each step.</summary>
    public static int KeptStride<T>(in LayerLayout layer)
        where T : unmanaged => checked(layer.KeptRows * Stride<T>(layer.HiddenSize));

    /// <summary>For how many steps the input part is summed at once. It decides no bit.</summary>
    public static int StepsInGroup<T>(in RnnShape shape, int gates)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long bytesOfStep = (long)shape.Batch * gates * Stride<T>(shape.HiddenSize) * Unsafe.SizeOf<T>();
        return (int)Math.Clamp(GroupBytes / bytesOfStep, 1, Math.Max(1, shape.Steps));
    }

    /// <summary>How many steps of the backward pass make one block of rows.</summary>
    public static int BlockSteps(in RnnShape shape) =>
        Math.Min(CanonicalSum.StepsInRowBlock(shape.Batch), Math.Max(1, shape.Steps));

    /// <summary>
    /// Numbers of the forward pass: a row of zeros for each row, cell states, what the phases of a step hand on, input parts of a group
    /// of steps.
    /// </summary>
    public static int ForwardSize<T>(in RnnShape shape, in LayerLayout layer)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int stride = Stride<T>(shape.HiddenSize);
        int handedOn = layer.HasScratch ? checked(shape.Batch * KeptStride<T>(layer)) : 0;
        int rows = checked(shape.Batch * (layer.Cell.CellStates + (StepsInGroup<T>(shape, layer.Cell.Gates) * layer.Cell.Gates)));
        return checked((shape.Batch * Stride<T>(layer.StateSize)) + handedOn + (rows * stride));
    }

    /// <summary>
    /// Numbers of the backward pass: gradients of a step and of a block of steps, a block's gates packed, the states before the first
    /// block's steps, the gradients of final states, of cell states and those that go past the product, a row of zeros.
    /// </summary>
    public static int BackwardSize<T>(in RnnShape shape, in LayerLayout layer)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int stride = Stride<T>(shape.HiddenSize);
        int stateStride = Stride<T>(layer.StateSize);
        int rows = checked(BlockSteps(shape) * shape.Batch);
        int gradients = Stride<T>(layer.GradientsPerRow);
        int packed = Stride<T>(checked(Math.Max(shape.HiddenSize * layer.Cell.Gates, layer.ProjectionSize)));
        int rowsOfUnits = checked(shape.Batch * (layer.Cell.CellStates + (layer.Cell.UsesPreviousState ? 1 : 0)));
        return checked((shape.Batch * (gradients + stateStride)) + (rows * (gradients + packed + stateStride)) + (rowsOfUnits * stride) + stateStride);
    }
}
