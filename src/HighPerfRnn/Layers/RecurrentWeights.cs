using System.Numerics;
using HighPerfRnn.Kernels;

namespace HighPerfRnn.Layers;

/// <summary>What the passes read of a recurrent layer: its packed parameters and how they are arranged.</summary>
internal ref struct RecurrentWeights<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public LayerLayout Layer;

    public GateLayout Gates;

    /// <summary>Wx [I, G·H], gates side by side.</summary>
    public PackedMatrix<T> Input;

    /// <summary>Wh [P, R·H] of the gates that look at h_{t-1}, side by side; of depth 0 where none does.</summary>
    public PackedMatrix<T> Recurrent;

    /// <summary>Wh's columns [H, S·H] of the gates that look at what the first phase leaves; of depth 0 where none does.</summary>
    public PackedMatrix<T> Scratch;

    /// <summary>Wp [H, P]; of depth 0 where there is no projection.</summary>
    public PackedMatrix<T> Projection;

    /// <summary>b, arranged as the columns of the packed weights are.</summary>
    public ref T Bias;

    /// <summary>The cell's own vectors, each padded to whole cache lines.</summary>
    public ref T Vectors;

    /// <summary>Rows for tokens where the pass gives none: Wx itself [I, G·H].</summary>
    public ReadOnlySpan<T> TokenTable;

    /// <summary>Wxᵀ [G·H, I]; nothing in a layer that is not trainable, nor the following.</summary>
    public PackedMatrix<T> InputTransposed;

    /// <summary>The transpose of <see cref="Recurrent"/>, [R·H, P].</summary>
    public PackedMatrix<T> RecurrentTransposed;

    /// <summary>The transpose of <see cref="Scratch"/>, [S·H, H].</summary>
    public PackedMatrix<T> ScratchTransposed;

    /// <summary>Wpᵀ [P, H].</summary>
    public PackedMatrix<T> ProjectionTransposed;

    /// <summary>From one of the cell's vectors to the next, and from one kept value to the next.</summary>
    public int VectorStride;

    /// <summary>Numbers that a row keeps at each step for the backward pass, what the first phase leaves at their end.</summary>
    public int KeptStride;

    public readonly CellLayout Cell => Layer.Cell;

    public readonly bool HasSecondPhase => Layer.Cell.ScratchGates > 0;

    /// <summary>Whether a step takes products, which need what all units left before.</summary>
    public readonly bool HasStepProducts => Recurrent.Depth > 0 || Layer.HasScratch;

    public readonly bool HasProjection => Layer.ProjectionSize > 0;
}
