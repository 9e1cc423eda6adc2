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
    public int HiddenSize;
    public int CellStateStride;
    public int VectorStride;
    public int KeptStride;
    public bool Keeps;
    public TCell Cell;

    /// <summary>A constant to the JIT, so that a cell of one gate pays nothing for others, and no division is left.</summary>
    private static int Gates
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TCell.Layout.Gates;
    }

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
        int paired = Gates == 1 || GateLayout.UnitBlockOf<T>() >= LanePair<T, TLane>.Count ? units & -LanePair<T, TLane>.Count : 0;
        if (paired > 0)
        {
            Forward<LanePair<T, TLane>, TInput>(
                ref inputs, inputStride, tokens, ref sums, stride, row, rows, column, firstUnit, 0, paired, units);
        }

        if (paired < units)
        {
            Forward<TLane, TInput>(ref inputs, inputStride, tokens, ref sums, stride, row, rows, column, firstUnit, paired, units, units);
        }
    }

    /// <summary>The cell's step on the tile's units [start, end) of each row, a lane at a time.</summary>
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
        int start,
        int end,
        int units)
        where TUnits : struct, ILane<TUnits, T>
        where TInput : struct, IInputSource
    {
        // A constant to the JIT, so that no division is left.
        int unitBlock = GateLayout.UnitBlockOf<T>();
        nint state = ((nint)row * HiddenSize) + firstUnit;
        nint kept = ((nint)row * KeptStride) + firstUnit;
        ref T bias = ref Unsafe.Add(ref Bias, column);
        ref T vectors = ref Unsafe.Add(ref Vectors, firstUnit);
        scoped CellForward<T, TUnits> at;
        at.GateStride = unitBlock;
        at.InputGateStride = TInput.IsTable ? HiddenSize : unitBlock;
        at.CellStateStride = CellStateStride;
        at.VectorStride = VectorStride;
        at.KeptStride = VectorStride;
        at.Keeps = Keeps;
        do
        {
            ref T inputParts = ref inputs;
            if (TInput.IsTable)
            {
                nint token = Unsafe.Add(ref MemoryMarshal.GetReference(tokens), row);
                inputParts = ref Unsafe.Add(ref inputs, (token * Gates * HiddenSize) + firstUnit);
            }

            for (int unit = start; unit < end; unit += TUnits.Count)
            {
                int packed = Gates == 1 ? unit : ((unit & -unitBlock) * Gates) + (unit & (unitBlock - 1));
                at.Count = units - unit;
                at.InputCount = TInput.IsTable ? at.Count : TUnits.Count;
                at.InputParts = ref Unsafe.Add(ref inputParts, TInput.IsTable ? unit : packed);
                at.Bias = ref Unsafe.Add(ref bias, packed);
                at.Sums = ref Unsafe.Add(ref sums, packed);
                at.PreviousStates = ref Unsafe.Add(ref PreviousStates, state + unit);
                at.NextStates = ref Unsafe.Add(ref NextStates, state + unit);
                at.CellStates = ref Unsafe.Add(ref CellStates, state + unit);
                at.NextCellStates = ref Unsafe.Add(ref NextCellStates, state + unit);
                at.Vectors = ref Unsafe.Add(ref vectors, unit);
                at.KeptValues = ref Unsafe.Add(ref Kept, kept + unit);
                Cell.Forward(ref at);
            }

            if (!TInput.IsTable) inputs = ref Unsafe.Add(ref inputs, inputStride);
            sums = ref Unsafe.Add(ref sums, stride);
            state += HiddenSize;
            kept += KeptStride;
            row++;
        }
        while (--rows > 0);
    }
}
