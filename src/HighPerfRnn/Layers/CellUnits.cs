using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Layers;

/// <summary>Where input parts come from, as a constant to the JIT.</summary>
internal interface IInputSource
{
    static abstract bool IsTable { get; }
}

/// <summary>Sums in packed order.</summary>
internal readonly struct InputSums : IInputSource
{
    public static bool IsTable => false;
}

/// <summary>Rows of a table, gate after gate.</summary>
internal readonly struct InputTable : IInputSource
{
    public static bool IsTable => true;
}

/// <summary>Walks a tile of sums a lane of units at a time, and a row at a time, and has the cell compute its step on each.</summary>
internal ref struct CellUnits<T, TLane, TCell>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
    where TCell : struct, IRecurrentCell<T>
{
    public ref T PreviousStates;
    public ref T NextStates;
    public ref T CellStates;
    public ref T NextCellStates;
    public ref T Bias;
    public ref T Vectors;
    public ref T Kept;
    public int Gates;
    public int HiddenSize;
    public int CellStateStride;
    public int VectorStride;
    public int KeptStride;
    public bool Keeps;
    public TCell Cell;

    /// <summary>The cell's step on the units of columns [column, column + columns) and rows [row, row + rows).</summary>
    /// <param name="inputs">The tile's first input part, or the table.</param>
    /// <param name="inputStride">From one row of input parts to the next.</param>
    /// <param name="tokens">Rows of the table, one for each row of the product.</param>
    /// <param name="sums">The tile's recurrent sums.</param>
    /// <param name="stride">From one row of sums to the next.</param>
    /// <param name="row">The first row in the product.</param>
    /// <param name="rows">How many rows.</param>
    /// <param name="column">The first packed column.</param>
    /// <param name="columns">How many.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Forward<TInput>(
        ref T inputs, nint inputStride, ReadOnlySpan<int> tokens, ref T sums, nint stride, int row, int rows, int column, int columns)
        where TInput : struct, IInputSource
    {
        int firstUnit = column, units = columns;
        if (Gates > 1)
        {
            firstUnit = (int)((uint)column / (uint)Gates);
            units = Math.Min((int)((uint)columns / (uint)Gates), HiddenSize - firstUnit);
        }

        // Two lanes at a time as far as they go: constants and addresses serve both, and one's division runs beside the other's polynomial.
        int unit = 0;
        if (Gates == 1 || GateLayout.UnitBlockOf<T>() >= LanePair<T, TLane>.Count)
        {
            for (; unit <= units - LanePair<T, TLane>.Count; unit += LanePair<T, TLane>.Count)
            {
                Forward<LanePair<T, TLane>, TInput>(
                    ref inputs, inputStride, tokens, ref sums, stride, row, rows, column, firstUnit, unit, units - unit);
            }
        }

        for (; unit < units; unit += TLane.Count)
        {
            Forward<TLane, TInput>(ref inputs, inputStride, tokens, ref sums, stride, row, rows, column, firstUnit, unit, units - unit);
        }
    }

    /// <summary>The cell's step on one lane of units, the tile's units from one on, of each row.</summary>
    /// <remarks>Compiled for itself: with all of its instances in one method the compiler gives up keeping values in registers.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Forward<TUnits, TInput>(
        ref T inputs,
        nint inputStride,
        ReadOnlySpan<int> tokens,
        ref T sums,
        nint stride,
        int row,
        int rows,
        int column,
        int firstUnit,
        int unitInTile,
        int count)
        where TUnits : struct, ILane<TUnits, T>
        where TInput : struct, IInputSource
    {
        // A constant to the JIT, so that no division is left.
        uint unitBlock = (uint)GateLayout.UnitBlockOf<T>();
        nint packed = Gates == 1
            ? unitInTile
            : (nint)(((uint)unitInTile / unitBlock * (uint)Gates * unitBlock) + ((uint)unitInTile % unitBlock));
        int unit = firstUnit + unitInTile;
        nint state = ((nint)row * HiddenSize) + unit;
        nint stateStride = HiddenSize;
        scoped CellForward<T, TUnits> at;
        at.GateStride = (nint)unitBlock;
        at.InputGateStride = TInput.IsTable ? HiddenSize : (nint)unitBlock;
        at.CellStateStride = CellStateStride;
        at.VectorStride = VectorStride;
        at.KeptStride = VectorStride;
        at.Keeps = Keeps;
        at.Count = count;
        at.InputCount = TInput.IsTable ? count : TUnits.Count;
        at.InputParts = ref TInput.IsTable ? ref inputs : ref Unsafe.Add(ref inputs, packed);
        at.Bias = ref Unsafe.Add(ref Bias, column + packed);
        at.Sums = ref Unsafe.Add(ref sums, packed);
        at.PreviousStates = ref Unsafe.Add(ref PreviousStates, state);
        at.NextStates = ref Unsafe.Add(ref NextStates, state);
        at.CellStates = ref Unsafe.Add(ref CellStates, state);
        at.NextCellStates = ref Unsafe.Add(ref NextCellStates, state);
        at.Vectors = ref Unsafe.Add(ref Vectors, unit);
        at.KeptValues = ref Unsafe.Add(ref Kept, ((nint)row * KeptStride) + unit);
        for (int r = 0; r < rows; r++)
        {
            if (TInput.IsTable)
            {
                at.InputParts = ref Unsafe.Add(ref inputs, ((nint)Unsafe.Add(ref MemoryMarshal.GetReference(tokens), row + r) * Gates * HiddenSize) + unit);
            }

            Cell.Forward(ref at);
            if (!TInput.IsTable) at.InputParts = ref Unsafe.Add(ref at.InputParts, inputStride);
            at.Sums = ref Unsafe.Add(ref at.Sums, stride);
            at.PreviousStates = ref Unsafe.Add(ref at.PreviousStates, stateStride);
            at.NextStates = ref Unsafe.Add(ref at.NextStates, stateStride);
            at.CellStates = ref Unsafe.Add(ref at.CellStates, stateStride);
            at.NextCellStates = ref Unsafe.Add(ref at.NextCellStates, stateStride);
            at.KeptValues = ref Unsafe.Add(ref at.KeptValues, KeptStride);
        }
    }
}
