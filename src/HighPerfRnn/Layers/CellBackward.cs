using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Layers;

/// <summary>A few units of one row at one step of the backward pass, as a cell sees them: a lane holds a number of each unit.</summary>
/// <typeparam name="T">float or double.</typeparam>
/// <typeparam name="TLane">The lane.</typeparam>
/// <remarks>A gradient of a gate or a state whose magnitude is below 2⁻¹⁰⁰ (2⁻⁹⁰⁰ in double) becomes +0 when it is set.</remarks>
public ref struct CellBackward<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    internal TLane Gradient;

    // Rows of the caller, of which only so many numbers belong to this row.
    internal ref T PreviousStates;
    internal ref T States;
    internal int Count;

    // Rows of gradients, gate after gate without gaps: a lane may not reach into the next gate.
    internal ref T Gradients;
    internal nint GateStride;
    internal nint RecurrentOffset;
    internal nint VectorOffset;

    // Padded rows of the library's own.
    internal ref T PreviousStateGradients;
    internal ref T CellStateGradients;
    internal nint CellStateStride;
    internal ref T Vectors;
    internal nint VectorStride;
    internal ref T KeptValues;
    internal nint KeptStride;

    /// <summary>dL/dh_t: from above, from the step after and, at the end, of the final state.</summary>
    public readonly TLane StateGradient => Gradient;

    /// <summary>h_t.</summary>
    public readonly TLane State
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => PartialLane<T, TLane>.Load(ref States, Count);
    }

    /// <summary>h_{t-1}, for a cell whose layout says that it uses it.</summary>
    public readonly TLane PreviousState
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => PartialLane<T, TLane>.Load(ref PreviousStates, Count);
    }

    /// <summary>dL/d of a cell state after step t, until <see cref="SetCellStateGradient"/> has replaced it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly TLane CellStateGradient(int index) => TLane.Load(ref Unsafe.Add(ref CellStateGradients, index * CellStateStride));

    /// <summary>What the forward pass kept.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly TLane Kept(int index) => TLane.Load(ref Unsafe.Add(ref KeptValues, index * KeptStride));

    /// <summary>One of the cell's vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly TLane Vector(int index) => TLane.Load(ref Unsafe.Add(ref Vectors, index * VectorStride));

    /// <summary>Sets the gradient of a gate's input part, and of its recurrent sum where the layout gives them one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void SetGateGradient(int gate, TLane value) => Set(gate * GateStride, value);

    /// <summary>Sets the gradient of a gate's recurrent sum, for a cell whose layout says that it differs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void SetRecurrentGateGradient(int gate, TLane value) => Set(RecurrentOffset + (gate * GateStride), value);

    /// <summary>Sets the gradient of a gate's input part to what is zero wherever it is tiny already.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly void SetFlushedGateGradient(int gate, TLane value) => Store(gate * GateStride, value);

    /// <summary>As <see cref="SetFlushedGateGradient"/>, of a gate's recurrent sum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly void SetFlushedRecurrentGateGradient(int gate, TLane value) =>
        Store(RecurrentOffset + (gate * GateStride), value);

    /// <summary>Sets the gradient of one of the cell's vectors, as it is however small: it goes nowhere but into a sum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void SetVectorGradient(int index, TLane value) => Store(VectorOffset + (index * GateStride), value);

    /// <summary>Sets dL/dh_{t-1} other than through the recurrent product, for a cell whose layout says that there is such.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void SetPreviousStateGradient(TLane value) => Activations<T, TLane>.FlushTiny(value).Store(ref PreviousStateGradients);

    /// <summary>Adds to what the second phase set as dL/dh_{t-1}, in the first phase of a cell of two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void AddPreviousStateGradient(TLane value) =>
        (TLane.Load(ref PreviousStateGradients) + value).Store(ref PreviousStateGradients);

    /// <summary>Sets dL/d of a cell state before step t.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void SetCellStateGradient(int index, TLane value) =>
        Activations<T, TLane>.FlushTiny(value).Store(ref Unsafe.Add(ref CellStateGradients, index * CellStateStride));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void Set(nint offset, TLane value) => Store(offset, Activations<T, TLane>.FlushTiny(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void Store(nint offset, TLane value) =>
        PartialLane<T, TLane>.Store(value, ref Unsafe.Add(ref Gradients, offset), Count);
}
