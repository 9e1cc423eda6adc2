using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Layers;

/// <summary>
/// The forward pass of h_t = a_t∘h_{t-1} + b_t as a prefix scan over time (Blelloch 1990, "Prefix sums and their applications"): blocks
/// of steps first reduce to A = Π a_t and B, what they come to from zeros; c' = A∘c + B carries a state over a block; then each block
/// runs its steps from the state before it. The state after a block's last step is c' itself, so that a cut there changes no bit.
/// </summary>
/// <remarks>
/// b_t waits in the output until h_t takes its place. A, B, c and h are +0 where they are tiny, as states are. What workers share in
/// each of the three parts of a window they share by blocks, rows and units; blocks are counted from a row's first step, so that
/// neither the window nor the batch decides a bit.
/// </remarks>
internal readonly ref struct ScanForwardJob<T, TCell> : ITeamJob, ILaneWork<T, WorkerTeam>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TCell : struct, ILinearCell<T>
{
    private const int BlockSteps = LinearRecurrentLayer<T>.ScanBlockSteps;

    public required TCell Cell { get; init; }

    public required RnnShape Shape { get; init; }

    public required RnnForward<T> Pass { get; init; }

    public required RecurrentWeights<T> Weights { get; init; }

    private StepRows Rows => new(Shape.Batch, Pass.Offsets);

    public void Execute(WorkerTeam team) => Lanes.Run<T, ScanForwardJob<T, TCell>, WorkerTeam>(ref Unsafe.AsRef(in this), team);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run<TLane>(WorkerTeam team)
        where TLane : struct, ILane<TLane, T>
    {
        var room = new ScanRoom<T>(Pass.Workspace, Shape, Weights.Layer);
        SetCarries(team, room);
        int blocks = room.BlocksFor(team.Count);
        int groups = (Shape.HiddenSize + GateLayout.UnitBlockOf<T>() - 1) / GateLayout.UnitBlockOf<T>();
        for (int start = 0, window = 0; start < Shape.Steps; start += blocks * BlockSteps, window++)
        {
            int end = Math.Min(Shape.Steps, start + (blocks * BlockSteps));
            if (Pass.Tokens.IsEmpty)
            {
                SumInputs<TLane>(team, start, end, room);
                team.Synchronize();
            }

            int here = (end - start + BlockSteps - 1) / BlockSteps;
            var share = new ScanShare(team, here, Shape.Batch, groups);
            while (share.Next()) Reduce<TLane>(share, start, end, room);
            team.Synchronize();
            share = new ScanShare(team, here, Shape.Batch, groups);
            while (share.Next()) RunBlock<TLane>(share, start, end, room, room.Carries(window), room.Carries(window + 1));
            team.Synchronize();
        }

        CopyFinalState(team);
    }

    /// <summary>The states before the first window; workers meet before anyone reads them.</summary>
    private void SetCarries(WorkerTeam team, scoped in ScanRoom<T> room)
    {
        int hidden = Shape.HiddenSize;
        (int firstRow, int endRow) = team.Share(Shape.Batch);
        for (int row = firstRow; row < endRow; row++)
        {
            Span<T> target = room.Carries(0).Slice(row * room.UnitStride, room.UnitStride);
            target.Clear();
            if (!Pass.InitialState.IsEmpty) Pass.InitialState.Slice(row * hidden, hidden).CopyTo(target);
        }
    }

    private void CopyFinalState(WorkerTeam team)
    {
        if (Pass.FinalState.IsEmpty) return;
        (int firstRow, int endRow) = team.Share(Shape.Batch);
        int first = firstRow * Shape.HiddenSize;
        Span<T> target = Pass.FinalState[first..(endRow * Shape.HiddenSize)];
        if (Shape.Steps > 0) Pass.Output.Slice((Rows.Before(Shape.Steps - 1) * Shape.HiddenSize) + first, target.Length).CopyTo(target);
        else if (Pass.InitialState.IsEmpty) target.Clear();
        else Pass.InitialState.Slice(first, target.Length).CopyTo(target);
    }

    private void SumInputs<TLane>(WorkerTeam team, int start, int end, scoped in ScanRoom<T> room)
        where TLane : struct, ILane<TLane, T>
    {
        StepRows rows = Rows;
        int size = Shape.InputSize;
        var epilogue = new StoreEpilogue<T, TLane>(
            room.InputParts, room.PartsStride, bias: default, GateLayout.Of<T>(1, Weights.Gates.Columns));
        (int firstRow, int endRow) = team.Share(rows.Of(start, end));
        MatrixProduct<T, TLane>.RunRows(Pass.Input[(rows.Before(start) * size)..], size, firstRow, endRow, Weights.Input, ref epilogue);
    }

    /// <summary>a_t and b_t of a share's steps, and what they come to together.</summary>
    private void Reduce<TLane>(scoped in ScanShare share, int start, int end, scoped in ScanRoom<T> room)
        where TLane : struct, ILane<TLane, T>
    {
        int first = start + (share.Block * BlockSteps);
        int last = EndOf(share.Row, first, end);
        int block = GateLayout.UnitBlockOf<T>();
        int endUnit = Math.Min(Shape.HiddenSize, share.EndGroup * block);
        for (int unit = share.FirstGroup * block; unit < endUnit && first < last; unit += TLane.Count)
        {
            int aggregate = (((share.Block * Shape.Batch) + share.Row) * room.UnitStride) + unit;
            ref T product = ref room.Products[aggregate];
            ref T sum = ref room.Sums[aggregate];
            if (Pass.Tokens.IsEmpty) ReduceUnits<TLane, InputSums>(share.Row, unit, start, first, last, room, ref product, ref sum);
            else ReduceUnits<TLane, InputTable>(share.Row, unit, start, first, last, room, ref product, ref sum);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ReduceUnits<TLane, TInput>(
        int row, int unit, int start, int first, int last, scoped in ScanRoom<T> room, ref T productTarget, ref T sumTarget)
        where TLane : struct, ILane<TLane, T>
        where TInput : struct, IInputSource
    {
        int hidden = Shape.HiddenSize;
        int gates = CellShape<T, TCell>.Gates;
        int unitBlock = GateLayout.UnitBlockOf<T>();
        int packed = GateLayout.PackedColumn(gates, unitBlock, unit);
        bool hasTable = typeof(TInput) == typeof(InputTable);
        StepRows rows = Rows;
        ref T none = ref Unsafe.NullRef<T>();
        ref T kept = ref Pass.Reserve.IsEmpty ? ref none : ref Unsafe.Add(ref MemoryMarshal.GetReference(Pass.Reserve), unit);
        ref T output = ref Unsafe.Add(ref MemoryMarshal.GetReference(Pass.Output), unit);
        ref T decays = ref room.Decays[unit];
        ref T parts = ref hasTable
            ? ref Unsafe.Add(ref MemoryMarshal.GetReference(Pass.TokenTable.IsEmpty ? Weights.TokenTable : Pass.TokenTable), unit)
            : ref room.InputParts[packed];
        var at = new CellForward<T, TLane>
        {
            InputGateStride = hasTable ? hidden : unitBlock,
            InputCount = hasTable ? hidden - unit : TLane.Count,
            Bias = ref Unsafe.Add(ref Weights.Bias, packed),
            GateStride = unitBlock,
            Vectors = ref Unsafe.Add(ref Weights.Vectors, unit),
            VectorStride = Weights.VectorStride,
            KeptStride = Weights.VectorStride,
            Keeps = !Pass.Reserve.IsEmpty,
        };
        TLane product = TLane.Broadcast(T.One);
        TLane sum = TLane.Zero;
        for (int t = first; t < last; t++)
        {
            nint place = rows.Before(t) + row;
            nint inWindow = rows.Of(start, t) + row;
            at.InputParts = ref Unsafe.Add(ref parts, hasTable ? (nint)Pass.Tokens[(int)place] * gates * hidden : inWindow * room.PartsStride);
            at.KeptValues = ref Unsafe.Add(ref kept, place * Weights.KeptStride);
            Cell.Terms(ref at, out TLane decay, out TLane addition);
            decay.Store(ref Unsafe.Add(ref decays, inWindow * room.UnitStride));
            PartialLane<T, TLane>.Store(addition, ref Unsafe.Add(ref output, place * hidden), hidden - unit);
            product = Activations<T, TLane>.FlushTiny(product * decay);
            sum = Activations<T, TLane>.FlushTiny(TLane.FusedMultiplyAdd(decay, sum, addition));
        }

        product.Store(ref productTarget);
        sum.Store(ref sumTarget);
    }

    /// <summary>The steps of a share's units in one block, from the state that the blocks before it in the window leave.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void RunBlock<TLane>(
        scoped in ScanShare share, int start, int end, scoped in ScanRoom<T> room, Span<T> carries, Span<T> nextCarries)
        where TLane : struct, ILane<TLane, T>
    {
        int first = start + (share.Block * BlockSteps);
        int last = EndOf(share.Row, first, end);
        if (first >= last) return;
        int hidden = Shape.HiddenSize;
        int unitBlock = GateLayout.UnitBlockOf<T>();
        bool isWhole = last - first == BlockSteps;
        bool isLastOfWindow = first + BlockSteps >= end;
        StepRows rows = Rows;
        int endUnit = Math.Min(hidden, share.EndGroup * unitBlock);
        for (int unit = share.FirstGroup * unitBlock; unit < endUnit; unit += TLane.Count)
        {
            int column = (share.Row * room.UnitStride) + unit;
            TLane state = TLane.Load(ref carries[column]);
            for (int block = 0; block < share.Block; block++) state = Carry<TLane>(state, block, column, room);
            TLane after = Carry<TLane>(state, share.Block, column, room);
            ref T output = ref Unsafe.Add(ref MemoryMarshal.GetReference(Pass.Output), unit);
            ref T decays = ref room.Decays[unit];
            for (int t = first; t < last; t++)
            {
                ref T target = ref Unsafe.Add(ref output, (nint)(rows.Before(t) + share.Row) * hidden);
                TLane decay = TLane.Load(ref Unsafe.Add(ref decays, (nint)(rows.Of(start, t) + share.Row) * room.UnitStride));
                state = TLane.FusedMultiplyAdd(decay, state, PartialLane<T, TLane>.Load(ref target, hidden - unit));
                state = isWhole && t + 1 == last ? after : Activations<T, TLane>.FlushTiny(state);
                PartialLane<T, TLane>.Store(state, ref target, hidden - unit);
            }

            if (isWhole && isLastOfWindow) after.Store(ref nextCarries[column]);
        }
    }

    /// <summary>The state after a block from the one before it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private TLane Carry<TLane>(TLane state, int block, int column, scoped in ScanRoom<T> room)
        where TLane : struct, ILane<TLane, T>
    {
        int at = (block * Shape.Batch * room.UnitStride) + column;
        return Activations<T, TLane>.FlushTiny(
            TLane.FusedMultiplyAdd(TLane.Load(ref room.Products[at]), state, TLane.Load(ref room.Sums[at])));
    }

    /// <summary>The step after a row's last one in a block: rows end one after the other, the last one first.</summary>
    private int EndOf(int row, int first, int end)
    {
        StepRows rows = Rows;
        int last = Math.Min(end, first + BlockSteps);
        if (Pass.Offsets.IsEmpty) return last;
        while (last > first && rows.Of(last - 1) <= row) last--;
        return last;
    }
}
