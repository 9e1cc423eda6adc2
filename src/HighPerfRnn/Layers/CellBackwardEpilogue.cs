using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Layers;

/// <summary>Hands dA_{t+1}·Whᵀ of a tile to the cell as part of dh_t, a lane of units of one row at a time.</summary>
internal ref struct CellBackwardEpilogue<T, TLane, TCell, TPhase> : IEpilogue<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
    where TCell : struct, IRecurrentCell<T>
    where TPhase : struct, ICellPhase
{
    public ref T States;
    public ref T PreviousStates;
    public int PreviousStateStride;
    public ref T StateGradients;
    public bool HasStateGradients;
    public ref T Gradients;
    public ref T Kept;

    // What the step before this one reads, and what the products at the block's end do.
    public Prefetcher<T> NextOutput;
    public Prefetcher<T> NextOutputGradient;
    public Prefetcher<T> NextKept;
    public Prefetcher<T> Input;
    public Prefetcher<T> InputGradient;

    private readonly TCell _cell;
    private readonly ref T _vectors;
    private readonly ref T _cellStateGradients;
    private readonly ref T _pastProduct;
    private readonly bool _hasPastProduct;
    private readonly int _cellStateStride;
    private readonly int _hidden;
    private readonly int _stateSize;
    private readonly int _unitStride;
    private readonly int _gradientStride;
    private readonly int _recurrentOffset;
    private readonly int _vectorOffset;
    private readonly int _keptStride;

    public CellBackwardEpilogue(TCell cell, scoped in RecurrentWeights<T> weights, scoped in BackwardRoom<T> room)
    {
        _cell = cell;
        _vectors = ref weights.Vectors;
        _cellStateGradients = ref MemoryMarshal.GetReference(room.CellStateGradients);
        _pastProduct = ref MemoryMarshal.GetReference(room.PastProduct);
        _hasPastProduct = !room.PastProduct.IsEmpty;
        _cellStateStride = weights.Cell.CellStates == 0 ? 0 : room.CellStateGradients.Length / weights.Cell.CellStates;
        _hidden = weights.Gates.HiddenSize;
        _stateSize = weights.Layer.StateSize;
        _unitStride = room.UnitStride;
        _gradientStride = room.GradientStride;
        _recurrentOffset = room.RecurrentOffset;
        _vectorOffset = room.VectorOffset;
        _keptStride = weights.KeptStride;
    }

    // In a cell of two phases, what went past the product belongs to h_t, which the second one takes.
    private static bool TakesPastProduct
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => typeof(TPhase) == typeof(SecondPhase) || CellShape<T, TCell>.ScratchGates == 0;
    }

    /// <inheritdoc/>
    public readonly int TargetStride => 0;

    /// <inheritdoc/>
    public readonly ref T Target(int row, int column) => ref Unsafe.NullRef<T>();

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Finish(ref T sums, int stride, int row, int rows, int column, int columns)
    {
        NextOutput.Advance();
        NextOutputGradient.Advance();
        NextKept.Advance();
        Input.Advance();
        InputGradient.Advance();
        int c = 0;
        for (; c <= columns - LanePair<T, TLane>.Count; c += LanePair<T, TLane>.Count)
        {
            Finish<LanePair<T, TLane>>(ref Unsafe.Add(ref sums, c), stride, row, rows, column + c, columns - c);
        }

        for (; c < columns; c += TLane.Count)
        {
            Finish<TLane>(ref Unsafe.Add(ref sums, c), stride, row, rows, column + c, columns - c);
        }
    }

    /// <summary>One lane of units, from one on, of each row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Finish<TUnits>(ref T sum, nint stride, int row, int rows, int unit, int count)
        where TUnits : struct, ILane<TUnits, T>
    {
        nint stateSize = _stateSize, gradientStride = _gradientStride;
        nint state = (row * stateSize) + unit;
        nint padded = ((nint)row * _unitStride) + unit;
        ref T fromAbove = ref Unsafe.Add(ref StateGradients, state);
        var at = new CellBackward<T, TUnits>
        {
            Count = count,
            PreviousStates = ref Unsafe.Add(ref PreviousStates, ((nint)row * PreviousStateStride) + unit),
            States = ref Unsafe.Add(ref States, state),
            Gradients = ref Unsafe.Add(ref Gradients, (row * gradientStride) + unit),
            GateStride = _hidden,
            RecurrentOffset = _recurrentOffset,
            VectorOffset = _vectorOffset,
            PreviousStateGradients = ref Unsafe.Add(ref _pastProduct, padded),
            CellStateGradients = ref Unsafe.Add(ref _cellStateGradients, padded),
            CellStateStride = _cellStateStride,
            Vectors = ref Unsafe.Add(ref _vectors, unit),
            VectorStride = _unitStride,
            KeptValues = ref Unsafe.Add(ref Kept, ((nint)row * _keptStride) + unit),
            KeptStride = _unitStride,
        };
        for (int r = 0; r < rows; r++)
        {
            TUnits gradient = TUnits.Load(ref sum);
            if (TakesPastProduct && _hasPastProduct) gradient += TUnits.Load(ref at.PreviousStateGradients);
            if (HasStateGradients) gradient += PartialLane<T, TUnits>.Load(ref fromAbove, at.Count);
            at.Gradient = gradient;
            if (typeof(TPhase) == typeof(SecondPhase)) _cell.BackwardSecond(ref at);
            else _cell.Backward(ref at);
            sum = ref Unsafe.Add(ref sum, stride);
            fromAbove = ref Unsafe.Add(ref fromAbove, stateSize);
            at.PreviousStates = ref Unsafe.Add(ref at.PreviousStates, PreviousStateStride);
            at.States = ref Unsafe.Add(ref at.States, stateSize);
            at.Gradients = ref Unsafe.Add(ref at.Gradients, gradientStride);
            at.PreviousStateGradients = ref Unsafe.Add(ref at.PreviousStateGradients, _unitStride);
            at.CellStateGradients = ref Unsafe.Add(ref at.CellStateGradients, _unitStride);
            at.KeptValues = ref Unsafe.Add(ref at.KeptValues, _keptStride);
        }
    }
}
