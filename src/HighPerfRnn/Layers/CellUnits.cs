using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Layers;

/// <summary>Where input parts come from, as a constant to the JIT.</summary>
internal interface IInputSource;

/// <summary>Sums in packed order, a row of them.</summary>
internal readonly struct InputSums : IInputSource;

/// <summary>Sums in packed order, of the tile's columns alone.</summary>
internal readonly struct InputTile : IInputSource;

/// <summary>Rows of a table, gate after gate.</summary>
internal readonly struct InputTable : IInputSource;

/// <summary>Walks a tile of sums a lane of units at a time, and a row at a time, and has the cell compute its step on each.</summary>
internal ref struct CellUnits<T, TLane, TCell, TPhase>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
    where TCell : struct, IRecurrentCell<T>
    where TPhase : struct, ICellPhase
{
    public ref T PreviousStates;
    public ref T NextStates;
    public ref T CellStates;
    public ref T NextCellStates;
    public ref T Bias;
    public ref T Vectors;
    public ref T Kept;
    public ref T Scratch;
    public int HiddenSize;
    public int StateStride;
    public int NextStateStride;
    public int CellStateStride;
    public int VectorStride;
    public int KeptStride;
    public bool Keeps;
    public bool KeepsTiny;
    public TCell Cell;

    /// <summary>The cell's step on the units of columns [column, column + columns) of the product and rows [row, row + rows).</summary>
    /// <param name="inputs">Input parts of the first row or of the tile, or the table.</param>
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
        int sumGates = typeof(TPhase) == typeof(SecondPhase) ? CellShape<T, TCell>.ScratchGates : CellShape<T, TCell>.StateGates;
        if (sumGates > 1)
        {
            firstUnit = (int)((uint)column / (uint)sumGates);
            units = Math.Min((int)((uint)columns / (uint)sumGates), HiddenSize - firstUnit);
        }

        ForwardUnits<TInput>(ref inputs, inputStride, tokens, ref sums, stride, row, rows, firstUnit, units);
    }

    /// <summary>The cell's step on units [firstUnit, firstUnit + units) and rows [row, row + rows).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void ForwardUnits<TInput>(
        ref T inputs, nint inputStride, ReadOnlySpan<int> tokens, ref T sums, nint stride, int row, int rows, int firstUnit, int units)
        where TInput : struct, IInputSource
    {
        // A cell of one gate takes two lanes at a time as far as they go: constants and addresses serve both, and one's division runs
        // beside the other's polynomial. Several gates are chains enough, and twice as many operations than the compiler takes in.
        int paired = CellShape<T, TCell>.Gates == 1 ? units & -LanePair<T, TLane>.Count : 0;
        if (paired > 0)
        {
            Forward<LanePair<T, TLane>, TInput>(ref inputs, inputStride, tokens, ref sums, stride, row, rows, firstUnit, 0, paired, units);
        }

        if (paired < units)
        {
            Forward<TLane, TInput>(ref inputs, inputStride, tokens, ref sums, stride, row, rows, firstUnit, paired, units, units);
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
        int firstUnit,
        int start,
        int end,
        int units)
        where TUnits : struct, ILane<TUnits, T>
        where TInput : struct, IInputSource
    {
        int unitBlock = GateLayout.UnitBlockOf<T>();
        int gates = CellShape<T, TCell>.Gates;
        int sumGates = typeof(TPhase) == typeof(SecondPhase) ? CellShape<T, TCell>.ScratchGates : CellShape<T, TCell>.StateGates;
        nint previous = ((nint)row * StateStride) + firstUnit;
        nint next = ((nint)row * NextStateStride) + firstUnit;
        nint cell = ((nint)row * HiddenSize) + firstUnit;
        nint kept = ((nint)row * KeptStride) + firstUnit;
        scoped CellForward<T, TUnits> at;
        at.GateStride = unitBlock;
        at.FirstSum = typeof(TPhase) == typeof(SecondPhase) ? CellShape<T, TCell>.StateGates : 0;
        at.InputGateStride = typeof(TInput) == typeof(InputTable) ? HiddenSize : unitBlock;
        at.CellStateStride = CellStateStride;
        at.VectorStride = VectorStride;
        at.KeptStride = VectorStride;
        at.Keeps = Keeps;
        at.KeepsTiny = KeepsTiny;
        do
        {
            ref T inputParts = ref inputs;
            if (typeof(TInput) == typeof(InputTable))
            {
                nint token = Unsafe.Add(ref MemoryMarshal.GetReference(tokens), row);
                inputParts = ref Unsafe.Add(ref inputs, token * gates * HiddenSize);
            }

            for (int unit = start; unit < end; unit += TUnits.Count)
            {
                int ofGates = GateLayout.PackedColumn(gates, unitBlock, firstUnit + unit);
                at.Count = units - unit;
                at.InputCount = typeof(TInput) == typeof(InputTable) ? at.Count : TUnits.Count;
                at.InputParts = ref Unsafe.Add(
                    ref inputParts, typeof(TInput) == typeof(InputTable) ? firstUnit + unit : typeof(TInput) == typeof(InputTile) ? GateLayout.PackedColumn(gates, unitBlock, unit) : ofGates);
                at.Bias = ref Unsafe.Add(ref Bias, ofGates);
                at.Sums = ref Unsafe.Add(ref sums, GateLayout.PackedColumn(sumGates, unitBlock, unit));
                at.PreviousStates = ref Unsafe.Add(ref PreviousStates, previous + unit);
                at.NextStates = ref Unsafe.Add(ref NextStates, next + unit);
                at.CellStates = ref Unsafe.Add(ref CellStates, cell + unit);
                at.NextCellStates = ref Unsafe.Add(ref NextCellStates, cell + unit);
                at.Vectors = ref Unsafe.Add(ref Vectors, firstUnit + unit);
                at.KeptValues = ref Unsafe.Add(ref Kept, kept + unit);
                at.Scratch = ref Unsafe.Add(ref Scratch, kept + unit);
                if (typeof(TPhase) == typeof(SecondPhase)) Cell.ForwardSecond(ref at);
                else Cell.Forward(ref at);
            }

            if (typeof(TInput) != typeof(InputTable)) inputs = ref Unsafe.Add(ref inputs, inputStride);
            sums = ref Unsafe.Add(ref sums, stride);
            previous += StateStride;
            next += NextStateStride;
            cell += HiddenSize;
            kept += KeptStride;
            row++;
        }
        while (--rows > 0);
    }
}
