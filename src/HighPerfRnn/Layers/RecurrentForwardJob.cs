using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Layers;

/// <summary>
/// The forward pass of any cell: the input part x·Wx of a group of steps is one product before them, and only h·Wh runs step by
/// step, the cell being its epilogue; then, where a cell has a second phase or a projection, the product of what the first left.
/// </summary>
/// <remarks>
/// Workers split rows: a row never looks at another, so that they need not meet before the end. Where there are too few rows they
/// split units, and meet after each product of a step.
/// </remarks>
internal readonly ref struct RecurrentForwardJob<T, TCell> : ITeamJob, ILaneWork<T, WorkerTeam>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TCell : struct, IRecurrentCell<T>
{
    public required TCell Cell { get; init; }

    public required RnnShape Shape { get; init; }

    public required RnnForward<T> Pass { get; init; }

    public required RecurrentWeights<T> Weights { get; init; }

    private StepRows Rows => new(Shape.Batch, Pass.Offsets);

    public void Execute(WorkerTeam team) => Lanes.Run<T, RecurrentForwardJob<T, TCell>, WorkerTeam>(ref Unsafe.AsRef(in this), team);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run<TLane>(WorkerTeam team)
        where TLane : struct, ILane<TLane, T>
    {
        var part = TeamPart.Of(team, Shape.Batch, UnitGroups<TLane>());
        (int firstRow, int endRow) = (part.FirstRow, part.EndRow);
        var room = new ForwardRoom<T>(Pass.Workspace, Shape, Weights.Layer);
        ReadOnlySpan<T> state = Pass.InitialState;
        int size = Weights.Layer.StateSize;
        if (state.IsEmpty)
        {
            room.ZeroState[(firstRow * size)..(endRow * size)].Clear();
            state = room.ZeroState[..(Shape.Batch * size)];
        }

        SetCellStates(room.CellStates, firstRow, endRow);
        if (part.SplitsUnits) team.Synchronize();
        StepRows rows = Rows;
        for (int start = 0; start < Shape.Steps; start += room.GroupSteps)
        {
            int end = Math.Min(Shape.Steps, start + room.GroupSteps);
            if (Pass.Tokens.IsEmpty)
            {
                SumInputs<TLane>(team, part, start, end, room);
                if (part.SharesInputs) team.Synchronize();
            }

            for (int t = start; t < end; t++)
            {
                Span<T> output = Pass.Output.Slice(rows.Before(t) * size, rows.Of(t) * size);
                Step<TLane>(team, part, t, state, output, room.InputParts[(rows.Of(start, t) * room.PartsStride)..], room);
                state = output;
                // Where no product reads all units' states, each worker goes on with its own.
                if (part.SplitsUnits && Weights.HasStepProducts) team.Synchronize();
            }

            // The next group's input parts take the place of these.
            if (part.SharesInputs) team.Synchronize();
        }

        CopyFinalStates(state, room.CellStates, firstRow, endRow);
    }

    // How many parts units can be split into.
    private int UnitGroups<TLane>()
        where TLane : struct, ILane<TLane, T> =>
        Weights.Recurrent.Depth > 0 ? Weights.Recurrent.GroupCount : (Shape.HiddenSize + GateLayout.UnitBlockOf<T>() - 1) / GateLayout.UnitBlockOf<T>();

    /// <summary>Cell states lie dense, as the caller's do: [C, B, H].</summary>
    private void SetCellStates(Span<T> cellStates, int firstRow, int endRow)
    {
        int hidden = Shape.HiddenSize;
        for (int i = 0; i < Weights.Cell.CellStates; i++)
        {
            int start = ((i * Shape.Batch) + firstRow) * hidden;
            Span<T> target = cellStates.Slice(start, (endRow - firstRow) * hidden);
            if (Pass.InitialCellState.IsEmpty) target.Clear();
            else Pass.InitialCellState.Slice(start, target.Length).CopyTo(target);
        }
    }

    /// <summary>The final states where all rows end together; of others, whoever sorted them knows where each one's stands.</summary>
    private void CopyFinalStates(ReadOnlySpan<T> state, ReadOnlySpan<T> cellStates, int firstRow, int endRow)
    {
        int size = Weights.Layer.StateSize;
        int start = firstRow * size;
        if (!Pass.FinalState.IsEmpty) state[start..(endRow * size)].CopyTo(Pass.FinalState[start..]);
        if (Pass.FinalCellState.IsEmpty) return;
        for (int i = 0; i < Weights.Cell.CellStates; i++)
        {
            int first = ((i * Shape.Batch) + firstRow) * Shape.HiddenSize;
            cellStates.Slice(first, (endRow - firstRow) * Shape.HiddenSize).CopyTo(Pass.FinalCellState[first..]);
        }
    }

    /// <summary>Input parts of steps [start, end): x·Wx of this worker's rows or, where rows are few, of its share of all of them.</summary>
    private void SumInputs<TLane>(WorkerTeam team, TeamPart part, int start, int end, scoped in ForwardRoom<T> room)
        where TLane : struct, ILane<TLane, T>
    {
        StepRows rows = Rows;
        int size = Shape.InputSize;
        var epilogue = new StoreEpilogue<T, TLane>(
            room.InputParts, room.PartsStride, bias: default, GateLayout.Of<T>(1, Weights.Gates.Columns));
        ReadOnlySpan<T> input = Pass.Input[(rows.Before(start) * size)..];
        if (part.SharesInputs || team.Count == 1)
        {
            (int firstRow, int endRow) = team.Share(rows.Of(start, end));
            MatrixProduct<T, TLane>.RunRows(input, size, firstRow, endRow, Weights.Input, ref epilogue);
            return;
        }

        for (int t = start; t < end; t++)
        {
            int before = rows.Of(start, t);
            int endRow = Math.Min(part.EndRow, rows.Of(t));
            MatrixProduct<T, TLane>.RunRows(input, size, before + part.FirstRow, before + endRow, Weights.Input, ref epilogue);
        }
    }

    private void Step<TLane>(
        WorkerTeam team, TeamPart part, int t, ReadOnlySpan<T> state, Span<T> output, Span<T> inputParts, scoped in ForwardRoom<T> room)
        where TLane : struct, ILane<TLane, T>
    {
        int endRow = Math.Min(part.EndRow, Rows.Of(t));
        CellForwardEpilogue<T, TLane, TCell, FirstPhase> first = Epilogue<TLane, FirstPhase>(part, t, state, output, inputParts, room);
        if (Weights.Recurrent.Depth > 0)
        {
            Multiply<TLane, CellForwardEpilogue<T, TLane, TCell, FirstPhase>>(
                state, Weights.Layer.StateSize, part.FirstRow, endRow, Weights.Recurrent, part.FirstGroup, part.EndGroup, t, ref first);
        }
        else
        {
            int block = GateLayout.UnitBlockOf<T>();
            int firstUnit = part.FirstGroup * block;
            first.FinishUnits(part.FirstRow, endRow - part.FirstRow, firstUnit, Math.Min(Shape.HiddenSize, part.EndGroup * block) - firstUnit);
        }

        if (!Weights.Layer.HasScratch) return;
        if (part.SplitsUnits) team.Synchronize();
        Span<T> scratch = room.Scratch(Pass.Reserve, Rows.Before(t));
        PackedMatrix<T> right = Weights.HasProjection ? Weights.Projection : Weights.Scratch;
        (int firstGroup, int endGroup) = part.SplitsUnits ? team.Share(right.GroupCount) : (0, right.GroupCount);
        if (Weights.HasProjection)
        {
            var project = new StateEpilogue<T, TLane>(output, Weights.Layer.StateSize);
            Multiply<TLane, StateEpilogue<T, TLane>>(
                scratch, Weights.KeptStride, part.FirstRow, endRow, right, firstGroup, endGroup, t, ref project);
            return;
        }

        CellForwardEpilogue<T, TLane, TCell, SecondPhase> second = Epilogue<TLane, SecondPhase>(part, t, state, output, inputParts, room);
        Multiply<TLane, CellForwardEpilogue<T, TLane, TCell, SecondPhase>>(
            scratch, Weights.KeptStride, part.FirstRow, endRow, right, firstGroup, endGroup, t, ref second);
    }

    private CellForwardEpilogue<T, TLane, TCell, TPhase> Epilogue<TLane, TPhase>(
        TeamPart part, int t, ReadOnlySpan<T> state, Span<T> output, Span<T> inputParts, scoped in ForwardRoom<T> room)
        where TLane : struct, ILane<TLane, T>
        where TPhase : struct, ICellPhase
    {
        int rowsBefore = Rows.Before(t);
        int rows = Math.Min(part.EndRow, Rows.Of(t)) - part.FirstRow;
        int tiles = MatrixProduct<T, TLane>.TileCount(rows, part.FirstGroup, part.EndGroup, Weights.Recurrent.Shape);
        var soon = new StepPrefetch(Rows, Shape.Steps, part.FirstRow, part.EndRow, tiles);
        int size = Weights.Layer.StateSize;
        var epilogue = new CellForwardEpilogue<T, TLane, TCell, TPhase>(Cell, Weights)
        {
            InputParts = ref MemoryMarshal.GetReference(inputParts),
            InputStride = room.PartsStride,
            Tokens = Pass.Tokens.IsEmpty ? default : Pass.Tokens.Slice(rowsBefore, Rows.Of(t)),
            TokenTable = ref MemoryMarshal.GetReference(Pass.TokenTable.IsEmpty ? Weights.TokenTable : Pass.TokenTable),
        };
        if (typeof(TPhase) == typeof(FirstPhase))
        {
            epilogue.NextOutput = soon.Of<T>(Pass.Output, size, t + 1);
            epilogue.NextGroupInput = soon.Of(Pass.Input, Shape.InputSize, t + room.GroupSteps);
        }

        ref CellUnits<T, TLane, TCell, TPhase> units = ref epilogue.Units;
        bool keeps = !Pass.Reserve.IsEmpty;
        Span<T> kept = room.Kept(Pass.Reserve, rowsBefore);
        units.Keeps = keeps || Weights.HasSecondPhase;
        units.KeepsTiny = Weights.HasProjection;
        units.Kept = ref MemoryMarshal.GetReference(kept);
        units.Scratch = ref Unsafe.Add(ref units.Kept, Weights.KeptStride - Weights.VectorStride);
        units.PreviousStates = ref MemoryMarshal.GetReference(state);
        units.StateStride = size;
        units.NextStates = ref Weights.HasProjection ? ref units.Scratch : ref MemoryMarshal.GetReference(output);
        units.NextStateStride = Weights.HasProjection ? Weights.KeptStride : size;
        units.CellStates = ref MemoryMarshal.GetReference(room.CellStates);
        units.NextCellStates = ref units.CellStates;
        units.CellStateStride = Shape.Batch * Shape.HiddenSize;
        return epilogue;
    }

    private static void Multiply<TLane, TEpilogue>(
        ReadOnlySpan<T> left,
        int stride,
        int firstRow,
        int endRow,
        scoped in PackedMatrix<T> right,
        int firstGroup,
        int endGroup,
        int t,
        ref TEpilogue epilogue)
        where TLane : struct, ILane<TLane, T>
        where TEpilogue : struct, IEpilogue<T, TLane>, allows ref struct =>
        MatrixProduct<T, TLane>.Run<AsStored, TEpilogue>(
            ref MemoryMarshal.GetReference(left),
            stride,
            firstRow,
            endRow,
            right,
            firstGroup,
            endGroup,
            right.Shape.Block,
            isBackwards: (t & 1) != 0,
            ref epilogue);
}
