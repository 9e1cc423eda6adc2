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

    /// <summary>dWh [H, G·H].</summary>
    public required Span<T> RecurrentWeightsGradient { get; init; }

    /// <summary>db [G·H].</summary>
    public required Span<T> BiasGradient { get; init; }

    public void Execute(WorkerTeam team) => Lanes.Run<T, RecurrentBackwardJob<T, TCell>, WorkerTeam>(ref Unsafe.AsRef(in this), team);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run<TLane>(WorkerTeam team)
        where TLane : struct, ILane<TLane, T>
    {
        int blockSteps = RecurrentWorkspace.BlockSteps(Shape);
        var room = new BackwardRoom<T>(Pass.Workspace, Shape, Weights.Cell);
        var part = TeamPart.Of(team, Shape.Batch, Weights.RecurrentTransposed.GroupCount);
        SetFinalGradients(room, part.FirstRow, part.EndRow);
        if (part.SplitsUnits) team.Synchronize();
        int stepLength = Shape.Batch * room.GradientStride;
        for (int start = (Shape.Steps - 1) / blockSteps * blockSteps; start >= 0 && Shape.Steps > 0; start -= blockSteps)
        {
            int end = Math.Min(Shape.Steps, start + blockSteps);
            for (int t = end - 1; t >= start; t--)
            {
                Span<T> next = t == end - 1 ? room.StepAfter : room.Gradients[((t + 1 - start) * stepLength)..];
                Step<TLane>(next, room.Gradients[((t - start) * stepLength)..], room, t, part);
                if (part.SplitsUnits) team.Synchronize();
            }

            (int firstRow, int endRow) = team.Share(Shape.Batch);
            int first = firstRow * room.GradientStride;
            room.Gradients[first..(endRow * room.GradientStride)].CopyTo(room.StepAfter[first..]);
            if (start == 0) GatherPreviousStates(room.PreviousStates, end, firstRow, endRow);
            team.Synchronize();
            AddParameterGradients<TLane>(team, start, end, room);
            AddInputGradients<TLane>(team, start, end, room);
            team.Synchronize();
        }

        AddInitialStateGradients<TLane>(room, part);
    }

    /// <summary>What comes from beyond the last step is not dA·Whᵀ but the final states' gradients themselves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void SetFinalGradients(scoped in BackwardRoom<T> room, int firstRow, int endRow)
    {
        int hidden = Shape.HiddenSize;
        for (int row = firstRow; row < endRow; row++)
        {
            Span<T> target = room.StepAfter.Slice(row * room.FinalStride, room.FinalStride);
            target.Clear();
            if (!Pass.FinalStateGradient.IsEmpty) Pass.FinalStateGradient.Slice(row * hidden, hidden).CopyTo(target);
            if (!room.PastProduct.IsEmpty) room.PastProduct.Slice(row * room.StateStride, room.StateStride).Clear();
            for (int i = 0; i < Weights.Cell.CellStates; i++)
            {
                Span<T> cell = room.CellStateGradients.Slice(((i * Shape.Batch) + row) * room.StateStride, room.StateStride);
                cell.Clear();
                if (!Pass.FinalCellStateGradient.IsEmpty)
                {
                    Pass.FinalCellStateGradient.Slice(((i * Shape.Batch) + row) * hidden, hidden).CopyTo(cell);
                }
            }
        }
    }

    private void Step<TLane>(Span<T> next, Span<T> target, scoped in BackwardRoom<T> room, int t, TeamPart part)
        where TLane : struct, ILane<TLane, T>
    {
        int hidden = Shape.HiddenSize;
        int rowsBefore = t * Shape.Batch;
        int rows = part.EndRow - part.FirstRow;
        int tiles = MatrixProduct<T, TLane>.TileCount(rows, part.FirstGroup, part.EndGroup, Weights.RecurrentTransposed.Shape);
        var soon = new StepPrefetch(Shape, part.FirstRow, part.EndRow, tiles);
        ReadOnlySpan<T> previous = t > 0 ? Pass.Output[((t - 1) * Shape.Batch * hidden)..]
            : Pass.InitialState.IsEmpty ? room.Zeros : Pass.InitialState;
        var epilogue = new CellBackwardEpilogue<T, TLane, TCell>(Cell, Weights, room)
        {
            States = ref MemoryMarshal.GetReference(Pass.Output[(rowsBefore * hidden)..]),
            PreviousStates = ref MemoryMarshal.GetReference(previous),
            PreviousStateStride = t == 0 && Pass.InitialState.IsEmpty ? 0 : hidden,
            StateGradients = ref MemoryMarshal.GetReference(
                Pass.OutputGradient.IsEmpty ? default : Pass.OutputGradient[(rowsBefore * hidden)..]),
            HasStateGradients = !Pass.OutputGradient.IsEmpty,
            Gradients = ref MemoryMarshal.GetReference(target),
            Kept = ref MemoryMarshal.GetReference(Pass.Reserve.IsEmpty ? default : Pass.Reserve[(rowsBefore * Weights.KeptStride)..]),
            NextOutput = soon.Of(Pass.Output, hidden, t - 1),
            NextOutputGradient = soon.Of(Pass.OutputGradient, hidden, t - 1),
            NextKept = soon.Of<T>(Pass.Reserve, Weights.KeptStride, t - 1),
            Input = soon.Of(Pass.Input, Shape.InputSize, t),
            InputGradient = soon.Of<T>(Pass.InputGradient, Shape.InputSize, t),
        };
        if (t == Shape.Steps - 1)
        {
            int width = 2 * TLane.Count;
            int endColumn = Math.Min(hidden, part.EndGroup * width);
            for (int column = part.FirstGroup * width; column < endColumn; column += width)
            {
                ref T sums = ref MemoryMarshal.GetReference(next[((part.FirstRow * room.FinalStride) + column)..]);
                epilogue.Finish(ref sums, room.FinalStride, part.FirstRow, rows, column, Math.Min(width, hidden - column));
            }
        }
        else
        {
            MultiplyRecurrent<TLane, CellBackwardEpilogue<T, TLane, TCell>>(next, room, part, isBackwards: (t & 1) != 0, ref epilogue);
        }
    }

    /// <summary>dA·Whᵀ, or the gradients of the recurrent sums where they differ from dA.</summary>
    private void MultiplyRecurrent<TLane, TEpilogue>(
        Span<T> gradients, scoped in BackwardRoom<T> room, TeamPart part, bool isBackwards, ref TEpilogue epilogue)
        where TLane : struct, ILane<TLane, T>
        where TEpilogue : struct, IEpilogue<T, TLane>, allows ref struct
    {
        PackedMatrix<T> weights = Weights.RecurrentTransposed;
        MatrixProduct<T, TLane>.Run<AsStored, TEpilogue>(
            ref gradients[room.RecurrentOffset],
            room.GradientStride,
            part.FirstRow,
            part.EndRow,
            weights,
            part.FirstGroup,
            part.EndGroup,
            CanonicalSum.Block(weights.Depth),
            isBackwards,
            ref epilogue);
    }

    /// <summary>dh₋₁ += dA_0·Whᵀ and what went past the product; without steps the final state is the initial one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddInitialStateGradients<TLane>(scoped in BackwardRoom<T> room, TeamPart part)
        where TLane : struct, ILane<TLane, T>
    {
        int hidden = Shape.HiddenSize;
        if (!Pass.InitialStateGradient.IsEmpty)
        {
            var epilogue = new AddEpilogue<T, TLane>(Pass.InitialStateGradient, hidden);
            if (Shape.Steps > 0)
            {
                MultiplyRecurrent<TLane, AddEpilogue<T, TLane>>(room.StepAfter, room, part, isBackwards: false, ref epilogue);
            }

            Span<T> past = Shape.Steps == 0 ? room.StepAfter : room.PastProduct;
            if (!past.IsEmpty) AddRows(past, Shape.Steps == 0 ? room.FinalStride : room.StateStride, part, ref epilogue);
        }

        if (Pass.InitialCellStateGradient.IsEmpty) return;
        for (int i = 0; i < Weights.Cell.CellStates; i++)
        {
            int first = i * Shape.Batch;
            var epilogue = new AddEpilogue<T, TLane>(Pass.InitialCellStateGradient[(first * hidden)..], hidden);
            AddRows(room.CellStateGradients[(first * room.StateStride)..], room.StateStride, part, ref epilogue);
        }
    }

    /// <summary>Adds this worker's part of rows that no product made.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddRows<TLane>(Span<T> rows, int stride, TeamPart part, ref AddEpilogue<T, TLane> epilogue)
        where TLane : struct, ILane<TLane, T>
    {
        int width = 2 * TLane.Count;
        int column = part.FirstGroup * width;
        int columns = Math.Min(Shape.HiddenSize, part.EndGroup * width) - column;
        if (columns <= 0) return;
        for (int row = part.FirstRow; row < part.EndRow; row++)
        {
            epilogue.Finish(ref rows[(row * stride) + column], stride, row, 1, column, columns);
        }
    }
}
