using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Layers;

/// <summary>
/// Backpropagation through time for any cell: step by step from the last, dh_t = dY_t + dA_{t+1}·Whᵀ and what goes past the
/// product, from which the cell makes dA_t; and for each block of steps dX += dA·Wxᵀ, dWx += Xᵀ·dA, dWh += H₋₁ᵀ·dA, db += Σ dA as
/// one product each, while dA is in the cache.
/// </summary>
/// <remarks>
/// A block is as many whole steps as make at most 256 rows, counted from step 0; parameter gradients take blocks from the last
/// to the first, rows within a block in order. Workers split rows of dA (units, where rows are few), of dX and of the weights' gradients.
/// </remarks>
internal readonly ref partial struct RecurrentBackwardJob<T, TCell> : ITeamJob, ILaneWork<T, WorkerTeam>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TCell : struct, IRecurrentCell<T>
{
    public required TCell Cell { get; init; }

    public required RnnShape Shape { get; init; }

    public required RnnBackward<T> Pass { get; init; }

    public required RecurrentWeights<T> Weights { get; init; }

    /// <summary>dWx [I, G·H]; with tokens the gradient of their table.</summary>
    public required Span<T> InputWeightsGradient { get; init; }

    private StepRows Rows => new(Shape.Batch, Pass.Offsets);

    public void Execute(WorkerTeam team) => Lanes.Run<T, RecurrentBackwardJob<T, TCell>, WorkerTeam>(ref Unsafe.AsRef(in this), team);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run<TLane>(WorkerTeam team)
        where TLane : struct, ILane<TLane, T>
    {
        int blockSteps = RecurrentWorkspace.BlockSteps(Shape);
        var room = new BackwardRoom<T>(Pass.Workspace, Shape, Weights.Layer);
        int width = 2 * TLane.Count;
        var part = TeamPart.Of(team, Shape.Batch, (Weights.Layer.StateSize + width - 1) / width);
        // Every worker for itself: all of them write the same.
        room.Zeros.Clear();
        SetFinalGradients(room, part.FirstRow, part.EndRow);
        if (part.SplitsUnits) team.Synchronize();
        // Without a product of all units' gradients each worker goes on with its own.
        bool meetsEachStep = Weights.HasStepProducts;
        StepRows rows = Rows;
        for (int start = (Shape.Steps - 1) / blockSteps * blockSteps; start >= 0 && Shape.Steps > 0; start -= blockSteps)
        {
            int end = Math.Min(Shape.Steps, start + blockSteps);
            for (int t = end - 1; t >= start; t--)
            {
                Span<T> next = t == end - 1 ? room.StepAfter : room.Gradients[(rows.Of(start, t + 1) * room.GradientStride)..];
                Step<TLane>(team, part, t, next, room.Gradients[(rows.Of(start, t) * room.GradientStride)..], room);
                if (part.SplitsUnits && meetsEachStep) team.Synchronize();
            }

            if (part.SplitsUnits && !meetsEachStep) team.Synchronize();

            int rowsOfStart = rows.Of(start);
            (int firstRow, int endRow) = part.SplitsUnits
                ? team.Share(rowsOfStart)
                : (Math.Min(part.FirstRow, rowsOfStart), Math.Min(part.EndRow, rowsOfStart));
            int first = firstRow * room.GradientStride;
            room.Gradients[first..(endRow * room.GradientStride)].CopyTo(room.StepAfter[first..]);
            if (start == 0 || !Pass.Offsets.IsEmpty) GatherPreviousStates(team, room.PreviousStates, start, end);
            team.Synchronize();
            AddParameterGradients<TLane>(team, start, end, room);
            AddInputGradients<TLane>(team, start, end, room);
            team.Synchronize();
        }

        AddInitialStateGradients<TLane>(room, part);
    }

    /// <summary>What comes from beyond a row's last step is not dA·Whᵀ but the final states' gradients themselves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void SetFinalGradients(scoped in BackwardRoom<T> room, int firstRow, int endRow)
    {
        int hidden = Shape.HiddenSize;
        int size = Weights.Layer.StateSize;
        for (int row = firstRow; row < endRow; row++)
        {
            Span<T> target = room.FinalGradients.Slice(row * room.StateStride, room.StateStride);
            target.Clear();
            if (!Pass.FinalStateGradient.IsEmpty) Pass.FinalStateGradient.Slice(row * size, size).CopyTo(target);
            if (!room.PastProduct.IsEmpty) room.PastProduct.Slice(row * room.UnitStride, room.UnitStride).Clear();
            for (int i = 0; i < Weights.Cell.CellStates; i++)
            {
                Span<T> cell = room.CellStateGradients.Slice(((i * Shape.Batch) + row) * room.UnitStride, room.UnitStride);
                cell.Clear();
                if (!Pass.FinalCellStateGradient.IsEmpty)
                {
                    Pass.FinalCellStateGradient.Slice(((i * Shape.Batch) + row) * hidden, hidden).CopyTo(cell);
                }
            }
        }
    }

    private void Step<TLane>(WorkerTeam team, TeamPart part, int t, Span<T> next, Span<T> target, scoped in BackwardRoom<T> room)
        where TLane : struct, ILane<TLane, T>
    {
        if (!Weights.Layer.HasScratch)
        {
            CellBackwardEpilogue<T, TLane, TCell, FirstPhase> only = Epilogue<TLane, FirstPhase>(part, t, target, room, takesOutputGradient: true);
            TakeStateGradients<TLane, CellBackwardEpilogue<T, TLane, TCell, FirstPhase>>(part, t, next, room, ref only);
            return;
        }

        // From the second product's gradients follow those of what the first phase left.
        PackedMatrix<T> right;
        int offset;
        if (Weights.HasProjection)
        {
            ReadOnlySpan<T> fromAbove = Pass.OutputGradient.IsEmpty ? default : Pass.OutputGradient[(Rows.Before(t) * Weights.Layer.StateSize)..];
            var sum = new SumEpilogue<T, TLane>(target[room.ProjectionOffset..], room.GradientStride, fromAbove, Weights.Layer.StateSize);
            TakeStateGradients<TLane, SumEpilogue<T, TLane>>(part, t, next, room, ref sum);
            right = Weights.ProjectionTransposed;
            offset = room.ProjectionOffset;
        }
        else
        {
            CellBackwardEpilogue<T, TLane, TCell, SecondPhase> second = Epilogue<TLane, SecondPhase>(part, t, target, room, takesOutputGradient: true);
            TakeStateGradients<TLane, CellBackwardEpilogue<T, TLane, TCell, SecondPhase>>(part, t, next, room, ref second);
            right = Weights.ScratchTransposed;
            offset = room.RecurrentOffset + (Weights.Cell.StateGates * Shape.HiddenSize);
        }

        if (part.SplitsUnits) team.Synchronize();
        CellBackwardEpilogue<T, TLane, TCell, FirstPhase> first = Epilogue<TLane, FirstPhase>(part, t, target, room, takesOutputGradient: false);
        (int firstGroup, int endGroup) = part.SplitsUnits ? team.Share(right.GroupCount) : (0, right.GroupCount);
        MatrixProduct<T, TLane>.Run<AsStored, CellBackwardEpilogue<T, TLane, TCell, FirstPhase>>(
            ref target[offset],
            room.GradientStride,
            part.FirstRow,
            Math.Min(part.EndRow, Rows.Of(t)),
            right,
            firstGroup,
            endGroup,
            right.Shape.Block,
            isBackwards: (t & 1) != 0,
            ref first);
    }

    private CellBackwardEpilogue<T, TLane, TCell, TPhase> Epilogue<TLane, TPhase>(
        TeamPart part, int t, Span<T> target, scoped in BackwardRoom<T> room, bool takesOutputGradient)
        where TLane : struct, ILane<TLane, T>
        where TPhase : struct, ICellPhase
    {
        StepRows stepRows = Rows;
        int size = Weights.Layer.StateSize;
        int rowsBefore = stepRows.Before(t);
        int rows = Math.Min(part.EndRow, stepRows.Of(t)) - part.FirstRow;
        int tiles = MatrixProduct<T, TLane>.TileCount(rows, part.FirstGroup, part.EndGroup, Weights.RecurrentTransposed.Shape);
        var soon = new StepPrefetch(stepRows, Shape.Steps, part.FirstRow, part.EndRow, tiles);
        ReadOnlySpan<T> previous = t > 0 ? Pass.Output[(stepRows.Before(t - 1) * size)..]
            : Pass.InitialState.IsEmpty ? room.Zeros : Pass.InitialState;
        bool hasGradients = takesOutputGradient && !Pass.OutputGradient.IsEmpty;
        return new CellBackwardEpilogue<T, TLane, TCell, TPhase>(Cell, Weights, room)
        {
            States = ref MemoryMarshal.GetReference(Pass.Output[(rowsBefore * size)..]),
            PreviousStates = ref MemoryMarshal.GetReference(previous),
            PreviousStateStride = t == 0 && Pass.InitialState.IsEmpty ? 0 : size,
            StateGradients = ref MemoryMarshal.GetReference(hasGradients ? Pass.OutputGradient[(rowsBefore * size)..] : default),
            HasStateGradients = hasGradients,
            Gradients = ref MemoryMarshal.GetReference(target),
            Kept = ref MemoryMarshal.GetReference(Pass.Reserve.IsEmpty ? default : Pass.Reserve[(rowsBefore * Weights.KeptStride)..]),
            NextOutput = soon.Of(Pass.Output, size, t - 1),
            NextOutputGradient = soon.Of(Pass.OutputGradient, size, t - 1),
            NextKept = soon.Of<T>(Pass.Reserve, Weights.KeptStride, t - 1),
            Input = soon.Of(Pass.Input, Shape.InputSize, t),
            InputGradient = soon.Of<T>(Pass.InputGradient, Shape.InputSize, t),
        };
    }

    /// <summary>Hands an epilogue what reaches h_t from later steps: of rows that go on dA_{t+1}·Whᵀ, of those that end the final gradients.</summary>
    private void TakeStateGradients<TLane, TEpilogue>(
        TeamPart part, int t, Span<T> next, scoped in BackwardRoom<T> room, ref TEpilogue epilogue)
        where TLane : struct, ILane<TLane, T>
        where TEpilogue : struct, IEpilogue<T, TLane>, allows ref struct
    {
        int endRow = Math.Min(part.EndRow, Rows.Of(t));
        int goingOn = Math.Clamp(t + 1 < Shape.Steps ? Rows.Of(t + 1) : 0, part.FirstRow, Math.Max(part.FirstRow, endRow));
        if (goingOn > part.FirstRow)
        {
            if (Weights.Recurrent.Depth > 0)
            {
                MultiplyRecurrent<TLane, TEpilogue>(next, room, part, part.FirstRow, goingOn, isBackwards: (t & 1) != 0, ref epilogue);
            }
            else
            {
                Hand<TLane, TEpilogue>(room.Zeros, 0, part, part.FirstRow, goingOn, ref epilogue);
            }
        }

        Hand<TLane, TEpilogue>(room.FinalGradients, room.StateStride, part, goingOn, endRow, ref epilogue);
    }

    /// <summary>dA·Whᵀ, or the gradients of the recurrent sums where they differ from dA.</summary>
    private void MultiplyRecurrent<TLane, TEpilogue>(
        Span<T> gradients, scoped in BackwardRoom<T> room, TeamPart part, int firstRow, int endRow, bool isBackwards, ref TEpilogue epilogue)
        where TLane : struct, ILane<TLane, T>
        where TEpilogue : struct, IEpilogue<T, TLane>, allows ref struct
    {
        PackedMatrix<T> weights = Weights.RecurrentTransposed;
        MatrixProduct<T, TLane>.Run<AsStored, TEpilogue>(
            ref gradients[room.RecurrentOffset],
            room.GradientStride,
            firstRow,
            endRow,
            weights,
            part.FirstGroup,
            part.EndGroup,
            weights.Shape.Block,
            isBackwards,
            ref epilogue);
    }

    /// <summary>Hands an epilogue this worker's part of rows [firstRow, endRow) of numbers that no product made.</summary>
    private void Hand<TLane, TEpilogue>(Span<T> numbers, int stride, TeamPart part, int firstRow, int endRow, ref TEpilogue epilogue)
        where TLane : struct, ILane<TLane, T>
        where TEpilogue : struct, IEpilogue<T, TLane>, allows ref struct
    {
        if (firstRow >= endRow) return;
        int width = 2 * TLane.Count;
        int size = Weights.Layer.StateSize;
        int endColumn = Math.Min(size, part.EndGroup * width);
        for (int column = part.FirstGroup * width; column < endColumn; column += width)
        {
            ref T sums = ref MemoryMarshal.GetReference(numbers[((firstRow * stride) + column)..]);
            epilogue.Finish(ref sums, stride, firstRow, endRow - firstRow, column, Math.Min(width, size - column));
        }
    }

    /// <summary>dh₋₁ += dA_0·Whᵀ and what went past the product; of rows without steps the final state is the initial one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddInitialStateGradients<TLane>(scoped in BackwardRoom<T> room, TeamPart part)
        where TLane : struct, ILane<TLane, T>
    {
        if (!Pass.InitialStateGradient.IsEmpty)
        {
            var epilogue = new AddEpilogue<T, TLane>(Pass.InitialStateGradient, Weights.Layer.StateSize);
            int endRow = Math.Clamp(Shape.Steps > 0 ? Rows.Of(0) : 0, part.FirstRow, part.EndRow);
            if (endRow > part.FirstRow)
            {
                if (Weights.Recurrent.Depth > 0)
                {
                    MultiplyRecurrent<TLane, AddEpilogue<T, TLane>>(
                        room.StepAfter, room, part, part.FirstRow, endRow, isBackwards: false, ref epilogue);
                }

                if (!room.PastProduct.IsEmpty)
                {
                    Hand<TLane, AddEpilogue<T, TLane>>(room.PastProduct, room.UnitStride, part, part.FirstRow, endRow, ref epilogue);
                }
            }

            Hand<TLane, AddEpilogue<T, TLane>>(room.FinalGradients, room.StateStride, part, endRow, part.EndRow, ref epilogue);
        }

        if (!Pass.InitialCellStateGradient.IsEmpty) AddInitialCellStateGradients<TLane>(room, part);
    }

    private void AddInitialCellStateGradients<TLane>(scoped in BackwardRoom<T> room, TeamPart part)
        where TLane : struct, ILane<TLane, T>
    {
        // Units of a projected layer are other columns than those of its states: the first worker adds all of them.
        int hidden = Shape.HiddenSize;
        int width = 2 * TLane.Count;
        bool isOwn = hidden == Weights.Layer.StateSize;
        int firstUnit = isOwn ? Math.Min(hidden, part.FirstGroup * width) : 0;
        int endUnit = isOwn ? Math.Min(hidden, part.EndGroup * width) : part.FirstGroup == 0 ? hidden : 0;
        for (int i = 0; i < Weights.Cell.CellStates; i++)
        {
            for (int row = part.FirstRow; row < part.EndRow && firstUnit < endUnit; row++)
            {
                int first = ((i * Shape.Batch) + row) * hidden;
                var epilogue = new AddEpilogue<T, TLane>(Pass.InitialCellStateGradient[first..], hidden);
                ref T sums = ref room.CellStateGradients[(((i * Shape.Batch) + row) * room.UnitStride) + firstUnit];
                epilogue.Finish(ref sums, 0, 0, 1, firstUnit, endUnit - firstUnit);
            }
        }
    }
}
