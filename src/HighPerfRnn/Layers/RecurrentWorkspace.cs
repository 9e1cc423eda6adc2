using System.Numerics;
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

    /// <summary>For how many steps the input part is summed at once. It decides no bit.</summary>
    public static int StepsInGroup<T>(in RnnShape shape, int gates)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long bytesOfStep = (long)shape.Batch * gates * Stride<T>(shape.HiddenSize) * System.Runtime.CompilerServices.Unsafe.SizeOf<T>();
        return (int)Math.Clamp(GroupBytes / bytesOfStep, 1, Math.Max(1, shape.Steps));
    }

    /// <summary>How many steps of the backward pass make one block of rows.</summary>
    public static int BlockSteps(in RnnShape shape) =>
        Math.Min(CanonicalSum.StepsInRowBlock(shape.Batch), Math.Max(1, shape.Steps));

    /// <summary>Numbers of the forward pass: a row of zeros for each row, cell states, input parts of a group of steps.</summary>
    public static int ForwardSize<T>(in RnnShape shape, in CellLayout cell)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int stride = Stride<T>(shape.HiddenSize);
        int rowsOfStates = checked(shape.Batch * (1 + cell.CellStates));
        int rowsOfParts = checked(shape.Batch * StepsInGroup<T>(shape, cell.Gates) * cell.Gates);
        return checked((rowsOfStates + rowsOfParts) * stride);
    }

    /// <summary>
    /// Numbers of the backward pass: gradients of a step and of a block of steps, a block's gates packed, the states before the first
    /// block's steps, the gradients of cell states and those that go past the product, a row of zeros.
    /// </summary>
    public static int BackwardSize<T>(in RnnShape shape, in CellLayout cell)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int stride = Stride<T>(shape.HiddenSize);
        int rows = checked(BlockSteps(shape) * shape.Batch);
        int gradients = Stride<T>(checked(shape.HiddenSize * cell.GradientsPerUnit));
        int packed = Stride<T>(checked(shape.HiddenSize * cell.Gates));
        int rowsOfStates = checked((shape.Batch * (cell.CellStates + (cell.UsesPreviousState ? 1 : 0))) + 1);
        return checked((shape.Batch * gradients) + (rows * (gradients + packed + stride)) + (rowsOfStates * stride));
    }
}
