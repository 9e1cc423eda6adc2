using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Layers;

/// <summary>A few units of one row at one step of the forward pass, as a cell sees them: a lane holds a number of each unit.</summary>
/// <typeparam name="T">float or double.</typeparam>
/// <typeparam name="TLane">The lane.</typeparam>
public ref struct CellForward<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    // Input parts without the bias, and how many numbers of them may be read.
    internal ref T InputParts;
    internal nint InputGateStride;
    internal int InputCount;

    // Packed alike: bias and recurrent sums, one gate's numbers after another's.
    internal ref T Bias;
    internal ref T Sums;
    internal nint GateStride;

    // Which gate's sums come first.
    internal int FirstSum;

    // Rows of the caller, of which only so many numbers belong to this row.
    internal ref T PreviousStates;
    internal ref T NextStates;
    internal ref T CellStates;
    internal ref T NextCellStates;
    internal nint CellStateStride;
    internal int Count;

    // Padded rows of the library's own.
    internal ref T Vectors;
    internal nint VectorStride;
    internal ref T KeptValues;
    internal nint KeptStride;
    internal bool Keeps;
    internal ref T Scratch;

    // What is projected is not yet a state: it stays as it is however small.
    internal bool KeepsTiny;

    /// <summary>h_{t-1}.</summary>
    public readonly TLane PreviousState
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => PartialLane<T, TLane>.Load(ref PreviousStates, Count);
    }

    /// <summary>x_t·Wx + b of a gate.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly TLane Input(int gate) =>
        PartialLane<T, TLane>.Load(ref Unsafe.Add(ref InputParts, gate * InputGateStride), InputCount)
        + TLane.Load(ref Unsafe.Add(ref Bias, gate * GateStride));

    /// <summary>h_{t-1}·Wh of a gate; in the second phase the product of what the first one left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly TLane Recurrent(int gate) => TLane.Load(ref Unsafe.Add(ref Sums, (gate - FirstSum) * GateStride));

    /// <summary>The pre-activation of a gate: <see cref="Input"/> + <see cref="Recurrent"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly TLane PreActivation(int gate) => Input(gate) + Recurrent(gate);

    /// <summary>A cell state of the step before, until <see cref="SetCellState"/> has replaced it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly TLane CellState(int index) =>
        PartialLane<T, TLane>.Load(ref Unsafe.Add(ref CellStates, index * CellStateStride), Count);

    /// <summary>One of the cell's vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly TLane Vector(int index) => TLane.Load(ref Unsafe.Add(ref Vectors, index * VectorStride));

    /// <summary>Sets h_t; a magnitude below 2⁻¹⁰⁰ (2⁻⁹⁰⁰ in double) becomes +0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void SetState(TLane value) =>
        PartialLane<T, TLane>.Store(KeepsTiny ? value : Activations<T, TLane>.FlushTiny(value), ref NextStates, Count);

    /// <summary>Sets h_t to what is zero wherever it is tiny already.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly void SetFlushedState(TLane value) => PartialLane<T, TLane>.Store(value, ref NextStates, Count);

    /// <summary>Sets a cell state; a magnitude below 2⁻¹⁰⁰ (2⁻⁹⁰⁰ in double) becomes +0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void SetCellState(int index, TLane value) =>
        PartialLane<T, TLane>.Store(
            Activations<T, TLane>.FlushTiny(value), ref Unsafe.Add(ref NextCellStates, index * CellStateStride), Count);

    /// <summary>What the first phase kept, in a cell of two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly TLane Kept(int index) => TLane.Load(ref Unsafe.Add(ref KeptValues, index * KeptStride));

    /// <summary>Sets a cell state to what is zero wherever it is tiny already.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly void SetFlushedCellState(int index, TLane value) =>
        PartialLane<T, TLane>.Store(value, ref Unsafe.Add(ref NextCellStates, index * CellStateStride), Count);

    /// <summary>Leaves a number of each unit, whose product the second phase takes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void SetScratch(TLane value) => value.Store(ref Scratch);

    /// <summary>Keeps a number of each unit for the second phase and the backward pass.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Keep(int index, TLane value)
    {
        if (Keeps) value.Store(ref Unsafe.Add(ref KeptValues, index * KeptStride));
    }
}
