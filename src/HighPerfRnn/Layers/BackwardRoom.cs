using System.Numerics;

namespace HighPerfRnn.Layers;

/// <summary>The workspace of a backward pass, carved.</summary>
internal readonly ref struct BackwardRoom<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public BackwardRoom(Span<T> workspace, in RnnShape shape, in LayerLayout layer)
    {
        CellLayout cell = layer.Cell;
        int hidden = shape.HiddenSize;
        int gateColumns = cell.Gates * hidden;
        int rows = RecurrentWorkspace.BlockSteps(shape) * shape.Batch;
        UnitStride = RecurrentWorkspace.Stride<T>(hidden);
        StateStride = RecurrentWorkspace.Stride<T>(layer.StateSize);
        GradientStride = RecurrentWorkspace.Stride<T>(layer.GradientsPerRow);
        RecurrentOffset = cell.HasRecurrentGateGradients ? gateColumns : 0;
        VectorOffset = gateColumns + (cell.HasRecurrentGateGradients ? cell.AllRecurrentGates * hidden : 0);
        ProjectionOffset = VectorOffset + (cell.VectorCount * hidden);
        var carver = new WorkspaceCarver<T>(workspace);
        StepAfter = carver.Take(shape.Batch * GradientStride);
        FinalGradients = carver.Take(shape.Batch * StateStride);
        Gradients = carver.Take(rows * GradientStride);
        Packed = carver.Take(rows * RecurrentWorkspace.Stride<T>(Math.Max(gateColumns, layer.ProjectionSize)));
        PreviousStates = carver.Take(rows * StateStride);
        CellStateGradients = carver.Take(shape.Batch * cell.CellStates * UnitStride);
        PastProduct = carver.Take(cell.UsesPreviousState ? shape.Batch * UnitStride : 0);
        Zeros = carver.Take(StateStride);
    }

    /// <summary>Of rows of H numbers.</summary>
    public int UnitStride { get; }

    /// <summary>Of rows of states and of their gradients.</summary>
    public int StateStride { get; }

    /// <summary>Of rows of a unit's gradients.</summary>
    public int GradientStride { get; }

    /// <summary>Where in a row the gradients of the recurrent sums start.</summary>
    public int RecurrentOffset { get; }

    /// <summary>Where in a row the gradients of the cell's vectors start.</summary>
    public int VectorOffset { get; }

    /// <summary>Where in a row dL/dh of a projected state starts.</summary>
    public int ProjectionOffset { get; }

    /// <summary>The gradients of the step after a block, [B, stride].</summary>
    public Span<T> StepAfter { get; }

    /// <summary>dL/dh of the final states, [B, stride]: what the step after a row's last would send.</summary>
    public Span<T> FinalGradients { get; }

    /// <summary>Those of a block of steps: of gates, of recurrent sums where they differ, of vectors, of projected states.</summary>
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
