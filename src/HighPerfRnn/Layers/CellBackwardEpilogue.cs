using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Layers;

/// <summary>Hands dA_{t+1}·Whᵀ of a tile to the cell as part of dh_t, a lane of units of one row at a time.</summary>
internal ref struct CellBackwardEpilogue<T, TLane, TCell> : IEpilogue<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
    where TCell : struct, IRecurrentCell<T>
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
    private readonly int _stateStride;
    private readonly int _gradientStride;
    private readonly int _recurrentOffset;
    private readonly int _vectorOffset;
    private readonly int _keptStride;

    public CellBackwardEpilogue(TCell cell, in RecurrentWeights<T> weights, scoped in BackwardRoom<T> room)
    {
        _cell = cell;
        _vectors = ref weights.Vectors;
        _cellStateGradients = ref MemoryMarshal.GetReference(room.CellStateGradients);
        _pastProduct = ref MemoryMarshal.GetReference(room.PastProduct);
        _hasPastProduct = !room.PastProduct.IsEmpty;
        _cellStateStride = weights.Cell.CellStates == 0 ? 0 : room.CellStateGradients.Length / weights.Cell.CellStates;
        _hidden = weights.Gates.HiddenSize;
        _stateStride = room.StateStride;
        _gradientStride = room.GradientStride;
        _recurrentOffset = room.RecurrentOffset;
        _vectorOffset = room.VectorOffset;
        _keptStride = weights.KeptStride;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Finish(ref T sums, int stride, int row, int rows, int column, int columns)
    {
        NextOutput.Advance();
        NextOutputGradient.Advance();
        NextKept.Advance();
        Input.Advance();
        InputGradient.Advance();
        for (int c = 0; c < columns; c += TLane.Count)
        {
            int unit = column + c;
            nint state = ((nint)row * _hidden) + unit;
            nint padded = ((nint)row * _stateStride) + unit;
            ref T sum = ref Unsafe.Add(ref sums, c);
            ref T fromAbove = ref Unsafe.Add(ref StateGradients, state);
            var at = new CellBackward<T, TLane>
            {
                Count = columns - c,
                PreviousStates = ref Unsafe.Add(ref PreviousStates, ((nint)row * PreviousStateStride) + unit),
                States = ref Unsafe.Add(ref States, state),
                Gradients = ref Unsafe.Add(ref Gradients, ((nint)row * _gradientStride) + unit),
                GateStride = _hidden,
                RecurrentOffset = _recurrentOffset,
                VectorOffset = _vectorOffset,
                PreviousStateGradients = ref Unsafe.Add(ref _pastProduct, padded),
                CellStateGradients = ref Unsafe.Add(ref _cellStateGradients, padded),
                CellStateStride = _cellStateStride,
                Vectors = ref Unsafe.Add(ref _vectors, unit),
                VectorStride = _stateStride,
                KeptValues = ref Unsafe.Add(ref Kept, ((nint)row * _keptStride) + unit),
                KeptStride = _stateStride,
            };
            for (int r = 0; r < rows; r++)
            {
                TLane gradient = TLane.Load(ref sum);
                if (_hasPastProduct) gradient += TLane.Load(ref at.PreviousStateGradients);
                if (HasStateGradients) gradient += PartialLane<T, TLane>.Load(ref fromAbove, at.Count);
                at.Gradient = gradient;
                _cell.Backward(ref at);
                sum = ref Unsafe.Add(ref sum, stride);
                fromAbove = ref Unsafe.Add(ref fromAbove, _hidden);
                at.PreviousStates = ref Unsafe.Add(ref at.PreviousStates, PreviousStateStride);
                at.States = ref Unsafe.Add(ref at.States, _hidden);
                at.Gradients = ref Unsafe.Add(ref at.Gradients, _gradientStride);
                at.PreviousStateGradients = ref Unsafe.Add(ref at.PreviousStateGradients, _stateStride);
                at.CellStateGradients = ref Unsafe.Add(ref at.CellStateGradients, _stateStride);
                at.KeptValues = ref Unsafe.Add(ref at.KeptValues, _keptStride);
            }
        }
    }
}
