using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Layers;

/// <summary>Hands the sums of a tile of a sequence's step to the cell.</summary>
internal ref struct CellForwardEpilogue<T, TLane, TCell, TPhase> : IEpilogue<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
    where TCell : struct, IRecurrentCell<T>
    where TPhase : struct, ICellPhase
{
    public CellUnits<T, TLane, TCell, TPhase> Units;
    public ref T InputParts;
    public int InputStride;
    public ReadOnlySpan<int> Tokens;
    public ref T TokenTable;

    // What the next step writes and what the product before the next group reads.
    public Prefetcher<T> NextOutput;
    public Prefetcher<T> NextGroupInput;

    public CellForwardEpilogue(TCell cell, scoped in RecurrentWeights<T> weights)
    {
        Units.Cell = cell;
        Units.Bias = ref weights.Bias;
        Units.Vectors = ref weights.Vectors;
        Units.HiddenSize = weights.Gates.HiddenSize;
        Units.VectorStride = weights.VectorStride;
        Units.KeptStride = weights.KeptStride;
    }

    /// <inheritdoc/>
    public readonly int TargetStride => 0;

    /// <inheritdoc/>
    public readonly ref T Target(int row, int column) => ref Unsafe.NullRef<T>();

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Finish(ref T sums, int stride, int row, int rows, int column, int columns)
    {
        NextOutput.Advance();
        NextGroupInput.Advance();
        if (Tokens.IsEmpty)
        {
            ref T inputs = ref Unsafe.Add(ref InputParts, (nint)row * InputStride);
            Units.Forward<InputSums>(ref inputs, InputStride, default, ref sums, stride, row, rows, column, columns);
        }
        else
        {
            Units.Forward<InputTable>(ref TokenTable, 0, Tokens, ref sums, stride, row, rows, column, columns);
        }
    }

    /// <summary>The cell's step on units and rows where no product comes before it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void FinishUnits(int row, int rows, int firstUnit, int units)
    {
        if (rows <= 0 || units <= 0) return;
        NextOutput.Advance();
        NextGroupInput.Advance();
        ref T none = ref Unsafe.NullRef<T>();
        if (Tokens.IsEmpty)
        {
            ref T inputs = ref Unsafe.Add(ref InputParts, (nint)row * InputStride);
            Units.ForwardUnits<InputSums>(ref inputs, InputStride, default, ref none, 0, row, rows, firstUnit, units);
        }
        else
        {
            Units.ForwardUnits<InputTable>(ref TokenTable, 0, Tokens, ref none, 0, row, rows, firstUnit, units);
        }
    }
}
