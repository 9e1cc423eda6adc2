using System.Numerics;

namespace HighPerfRnn.Layers;

/// <summary>The workspace of a backward pass, carved.</summary>
internal readonly ref struct BackwardRoom<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public BackwardRoom(Span<T> workspace, in RnnShape shape, in CellLayout cell)
    {
        int hidden = shape.HiddenSize;
        int gateColumns = cell.Gates * hidden;
        int rows = RecurrentWorkspace.BlockSteps(shape) * shape.Batch;
        StateStride = RecurrentWorkspace.Stride<T>(hidden);
        GradientStride = RecurrentWorkspace.Stride<T>(hidden * cell.GradientsPerUnit);
        RecurrentOffset = cell.HasRecurrentGateGradients ? gateColumns : 0;
        VectorOffset = cell.HasRecurrentGateGradients ? 2 * gateColumns : gateColumns;
        var carver = new WorkspaceCarver<T>(workspace);
        StepAfter = carver.Take(shape.Batch * GradientStride);
        Gradients = carver.Take(rows * GradientStride);
        Packed = carver.Take(rows * RecurrentWorkspace.Stride<T>(gateColumns));
        PreviousStates = carver.Take(rows * StateStride);
        CellStateGradients = carver.Take(shape.Batch * cell.CellStates * StateStride);
        PastProduct = carver.Take(cell.UsesPreviousState ? shape.Batch * StateStride : 0);
        Zeros = carver.Take(StateStride);
    }

    /// <summary>Of rows of states and of their gradients.</summary>
    public int StateStride { get; }

    /// <summary>Of rows of a unit's gradients.</summary>
    public int GradientStride { get; }

    /// <summary>Of the final state's gradients, which stand where the gradients of the step after the last would.</summary>
    public int FinalStride => GradientStride;

    /// <summary>Where in a row the gradients of the recurrent sums start.</summary>
    public int RecurrentOffset { get; }

    /// <summary>Where in a row the gradients of the cell's vectors start.</summary>
    public int VectorOffset { get; }

    /// <summary>The gradients of the step after a block, [B, stride].</summary>
    public Span<T> StepAfter { get; }

    /// <summary>Those of a block of steps: of gates, of recurrent sums where they differ, of vectors.</summary>
    public Span<T> Gradients { get; }

    /// <summary>A block's gradients packed.</summary>
    public Span<T> Packed { get; }

    /// <summary>h before each step of the first block, dense.</summary>
    public Span<T> PreviousStates { get; }

    /// <summary>[C, B, stride].</summary>
    public Span<T> CellStateGradients { get; }

    /// <summary>dh_{t-1} other than through the product, [B, stride], or empty.</summary>
    public Span<T> PastProduct { get; }

    /// <summary>A row of zeros: h₋₁ where none is given.</summary>
    public Span<T> Zeros { get; }
}
