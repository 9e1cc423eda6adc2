using System.Numerics;
using HighPerfRnn.Kernels;

namespace HighPerfRnn.Layers;

/// <summary>What the passes read of a recurrent layer: its packed parameters and how they are arranged.</summary>
internal ref struct RecurrentWeights<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public CellLayout Cell;

    public GateLayout Gates;

    /// <summary>Wx [I, G·H], gates side by side.</summary>
    public PackedMatrix<T> Input;

    /// <summary>Wh [H, G·H], gates side by side.</summary>
    public PackedMatrix<T> Recurrent;

    /// <summary>b, arranged as the columns of the packed weights are.</summary>
    public ref T Bias;

    /// <summary>The cell's own vectors, each padded to whole cache lines.</summary>
    public ref T Vectors;

    /// <summary>Rows for tokens where the pass gives none: Wx itself [I, G·H].</summary>
    public ReadOnlySpan<T> TokenTable;

    /// <summary>Wxᵀ [G·H, I]; nothing in a layer that is not trainable.</summary>
    public PackedMatrix<T> InputTransposed;

    /// <summary>Whᵀ [G·H, H]; nothing in a layer that is not trainable.</summary>
    public PackedMatrix<T> RecurrentTransposed;

    /// <summary>From one of the cell's vectors to the next, and from one kept value to the next.</summary>
    public int VectorStride;

    /// <summary>Numbers that a row keeps at each step for the backward pass.</summary>
    public int KeptStride;
}
