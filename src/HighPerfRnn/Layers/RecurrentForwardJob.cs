using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Layers;

/// <summary>
/// The forward pass of any cell: the input part x·Wx of a group of steps is one product before them, and only h·Wh runs step by
/// step, the cell being its epilogue.
/// </summary>
/// <remarks>
/// Workers split rows: a row never looks at another, so that they need not meet before the end. Where there are too few rows they
/// split units, and meet after each step.
/// </remarks>
internal readonly ref struct RecurrentForwardJob<T, TCell> : ITeamJob, ILaneWork<T, WorkerTeam>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TCell : struct, IRecurrentCell<T>
{
    public required TCell Cell { get; init; }

    public required RnnShape Shape { get; init; }

    public required RnnForward<T> Pass { get; init; }

    public required RecurrentWeights<T> Weights { get; init; }

    public void Execute(WorkerTeam team) => Lanes.Run<T, RecurrentForwardJob<T, TCell>, WorkerTeam>(ref Unsafe.AsRef(in this), team);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run<TLane>(WorkerTeam team)
        where TLane : struct, ILane<TLane, T>
    {
        int batch = Shape.Batch;
        int hidden = Shape.HiddenSize;
        var part = TeamPart.Of(team, batch, Weights.Recurrent.GroupCount);
        (int firstRow, int endRow) = (part.FirstRow, part.EndRow);
        var workspace = new WorkspaceCarver<T>(Pass.Workspace);
        Span<T> zeroState = workspace.Take(batch * RecurrentWorkspace.Stride<T>(hidden));
        Span<T> cellStates = workspace.Take(Weights.Cell.CellStates * batch * RecurrentWorkspace.Stride<T>(hidden));
        int partsStride = Weights.Gates.Gates * RecurrentWorkspace.Stride<T>(hidden);
        int group = RecurrentWorkspace.StepsInGroup<T>(Shape, Weights.Gates.Gates);
        Span<T> inputParts = workspace.Take(group * batch * partsStride);
        ReadOnlySpan<T> state = Pass.InitialState;
        if (state.IsEmpty)
        {
            zeroState[(firstRow * hidden)..(endRow * hidden)].Clear();
            state = zeroState[..(batch * hidden)];
        }

        SetCellStates(cellStates, firstRow, endRow);
        if (part.SplitsUnits) team.Synchronize();
        for (int start = 0; start < Shape.Steps; start += group)
        {
            int end = Math.Min(Shape.Steps, start + group);
            if (Pass.Tokens.IsEmpty)
            {
                SumInputs<TLane>(team, part, start, end, inputParts, partsStride);
                if (part.SharesInputs) team.Synchronize();
            }

            for (int t = start; t < end; t++)
            {
                Span<T> output = Pass.Output.Slice(t * batch * hidden, batch * hidden);
                Span<T> parts = inputParts[((t - start) * batch * partsStride)..];
                Step<TLane>(state, output, parts, partsStride, cellStates, t, part);
                state = output;
                if (part.SplitsUnits) team.Synchronize();
            }

            // The next group's input parts take the place of these.
            if (part.SharesInputs) team.Synchronize();
        }

        CopyFinalStates(state, cellStates, firstRow, endRow);
    }

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

    private void CopyFinalStates(ReadOnlySpan<T> state, ReadOnlySpan<T> cellStates, int firstRow, int endRow)
    {
        int hidden = Shape.HiddenSize;
        int start = firstRow * hidden;
        int length = (endRow - firstRow) * hidden;
        if (!Pass.FinalState.IsEmpty) state.Slice(start, length).CopyTo(Pass.FinalState[start..]);
        if (Pass.FinalCellState.IsEmpty) return;
        for (int i = 0; i < Weights.Cell.CellStates; i++)
        {
            int offset = (i * Shape.Batch * hidden) + start;
            cellStates.Slice(offset, length).CopyTo(Pass.FinalCellState[offset..]);
        }
    }

    /// <summary>Input parts of steps [start, end): x·Wx of this worker's rows or, where rows are few, of its share of all of them.</summary>
    private void SumInputs<TLane>(WorkerTeam team, TeamPart part, int start, int end, Span<T> inputParts, int stride)
        where TLane : struct, ILane<TLane, T>
    {
        int size = Shape.InputSize;
        int batch = Shape.Batch;
        var epilogue = new StoreEpilogue<T, TLane>(inputParts, stride, bias: default, GateLayout.Of<T>(1, Weights.Gates.Columns));
        ReadOnlySpan<T> input = Pass.Input[(start * batch * size)..];
        if (part.SharesInputs || team.Count == 1)
        {
            (int firstRow, int endRow) = team.Share((end - start) * batch);
            MatrixProduct<T, TLane>.RunRows(input, size, firstRow, endRow, Weights.Input, ref epilogue);
            return;
        }

        for (int row = 0; row < (end - start) * batch; row += batch)
        {
            MatrixProduct<T, TLane>.RunRows(input, size, row + part.FirstRow, row + part.EndRow, Weights.Input, ref epilogue);
        }
    }

    private void Step<TLane>(
        ReadOnlySpan<T> state, Span<T> output, Span<T> inputParts, int inputStride, Span<T> cellStates, int t, TeamPart part)
        where TLane : struct, ILane<TLane, T>
    {
        int hidden = Shape.HiddenSize;
        int tiles = MatrixProduct<T, TLane>.TileCount(
            part.EndRow - part.FirstRow, part.FirstGroup, part.EndGroup, Weights.Recurrent.Shape);
        var soon = new StepPrefetch(Shape, part.FirstRow, part.EndRow, tiles);
        int unitRowsBefore = t * Shape.Batch;
        var epilogue = new CellForwardEpilogue<T, TLane, TCell>(Cell, Weights)
        {
            InputParts = ref MemoryMarshal.GetReference(inputParts),
            InputStride = inputStride,
            Tokens = Pass.Tokens.IsEmpty ? default : Pass.Tokens.Slice(unitRowsBefore, Shape.Batch),
            TokenTable = ref MemoryMarshal.GetReference(Pass.TokenTable.IsEmpty ? Weights.TokenTable : Pass.TokenTable),
            NextOutput = soon.Of<T>(Pass.Output, hidden, t + 1),
            NextGroupInput = soon.Of(Pass.Input, Shape.InputSize, t + RecurrentWorkspace.StepsInGroup<T>(Shape, Weights.Gates.Gates)),
        };
        epilogue.Units.PreviousStates = ref MemoryMarshal.GetReference(state);
        epilogue.Units.NextStates = ref MemoryMarshal.GetReference(output);
        epilogue.Units.CellStates = ref MemoryMarshal.GetReference(cellStates);
        epilogue.Units.NextCellStates = ref MemoryMarshal.GetReference(cellStates);
        epilogue.Units.CellStateStride = Shape.Batch * hidden;
        epilogue.Units.Keeps = !Pass.Reserve.IsEmpty;
        if (!Pass.Reserve.IsEmpty)
        {
            epilogue.Units.Kept = ref MemoryMarshal.GetReference(Pass.Reserve[(unitRowsBefore * Weights.KeptStride)..]);
        }

        MatrixProduct<T, TLane>.Run<AsStored, CellForwardEpilogue<T, TLane, TCell>>(
            ref MemoryMarshal.GetReference(state),
            hidden,
            part.FirstRow,
            part.EndRow,
            Weights.Recurrent,
            part.FirstGroup,
            part.EndGroup,
            CanonicalSum.Block(hidden),
            isBackwards: (t & 1) != 0,
            ref epilogue);
    }
}
