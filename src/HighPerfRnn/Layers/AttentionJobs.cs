using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Layers;

/// <summary>Weights and contexts; workers split queries, those of one row of the batch side by side since they share its memory.</summary>
internal readonly ref struct AttentionForwardJob<T, TScore> : ITeamJob, ILaneWork<T, WorkerTeam>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TScore : struct, IAttentionScore<T>
{
    public required AttentionForward<T> Pass { get; init; }

    /// <summary>What meets the keys [Q, B, K].</summary>
    public required ReadOnlySpan<T> Queries { get; init; }

    /// <summary>[S, B, K].</summary>
    public required ReadOnlySpan<T> Keys { get; init; }

    public required int KeySize { get; init; }

    public required int MemorySize { get; init; }

    public required T Scale { get; init; }

    /// <summary>v [K], or empty.</summary>
    public required ReadOnlySpan<T> Vector { get; init; }

    public void Execute(WorkerTeam team) => Lanes.Run<T, AttentionForwardJob<T, TScore>, WorkerTeam>(ref Unsafe.AsRef(in this), team);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run<TLane>(WorkerTeam team)
        where TLane : struct, ILane<TLane, T>
    {
        (int start, int end) = team.Share(Pass.QuerySteps * Pass.Batch);
        for (int i = start; i < end; i++)
        {
            (int row, int step) = Math.DivRem(i, Pass.QuerySteps);
            RunQuery<TLane>(row, (step * Pass.Batch) + row);
        }
    }

    private void RunQuery<TLane>(int row, int query)
        where TLane : struct, ILane<TLane, T>
    {
        int length = Pass.Lengths.IsEmpty ? Pass.MemorySteps : Pass.Lengths[row];
        Span<T> weights = Pass.Weights.Slice(query * Pass.MemorySteps, Pass.MemorySteps);
        weights[length..].Clear();
        weights = weights[..length];
        Span<T> context = Pass.Context.Slice(query * MemorySize, MemorySize);
        if (length == 0)
        {
            context.Clear();
            return;
        }

        var keys = new ScoreRow<T>
        {
            Keys = ref Unsafe.Add(ref MemoryMarshal.GetReference(Keys), row * KeySize),
            Stride = (nint)Pass.Batch * KeySize,
            Count = length,
            Size = KeySize,
            Scale = Scale,
            Vector = ref MemoryMarshal.GetReference(Vector),
        };
        ref T weight = ref MemoryMarshal.GetReference(weights);
        TScore.Forward<TLane>(keys, ref Unsafe.Add(ref MemoryMarshal.GetReference(Queries), query * KeySize), ref weight);
        Block16<T> tailMask = SoftmaxKernel<T, TLane>.TailMask(length);
        SoftmaxKernel<T, TLane>.Scaled(weights, weights, T.One, in tailMask, out _);
        ref T memory = ref Unsafe.Add(ref MemoryMarshal.GetReference(Pass.Memory), row * MemorySize);
        WeightedRows<T, TLane>.Sum(
            ref weight, ref memory, (nint)Pass.Batch * MemorySize, length, MemorySize, ref MemoryMarshal.GetReference(context), add: false);
    }
}

/// <summary>
/// The way back of weights and contexts. Workers split rows of the batch, each of which has its own memory and keys; of a row, query
/// steps run from the last to the first.
/// </summary>
internal readonly ref struct AttentionBackwardJob<T, TScore> : ITeamJob, ILaneWork<T, WorkerTeam>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TScore : struct, IAttentionScore<T>
{
    public required AttentionBackward<T> Pass { get; init; }

    /// <summary>What meets the keys [Q, B, K].</summary>
    public required ReadOnlySpan<T> Queries { get; init; }

    /// <summary>Their gradient [Q, B, K], or empty.</summary>
    public required Span<T> QueriesGradient { get; init; }

    /// <summary>Whether that is added to; else it is overwritten.</summary>
    public required bool AddsToQueries { get; init; }

    /// <summary>[S, B, K].</summary>
    public required ReadOnlySpan<T> Keys { get; init; }

    /// <summary>[S, B, K], added to, or empty.</summary>
    public required Span<T> KeysGradient { get; init; }

    public required int KeySize { get; init; }

    public required int MemorySize { get; init; }

    public required T Scale { get; init; }

    /// <summary>v [K], or empty.</summary>
    public required ReadOnlySpan<T> Vector { get; init; }

    /// <summary>Each query's part of dv [Q, B, K], or empty.</summary>
    public required Span<T> VectorParts { get; init; }

    /// <summary>dv [K], added to, or empty.</summary>
    public required Span<T> VectorGradient { get; init; }

    public void Execute(WorkerTeam team) => Lanes.Run<T, AttentionBackwardJob<T, TScore>, WorkerTeam>(ref Unsafe.AsRef(in this), team);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run<TLane>(WorkerTeam team)
        where TLane : struct, ILane<TLane, T>
    {
        (int start, int end) = team.Share(Pass.Batch);
        for (int row = start; row < end; row++)
        {
            for (int step = Pass.QuerySteps - 1; step >= 0; step--) RunQuery<TLane>(row, (step * Pass.Batch) + row);
        }

        if (VectorGradient.IsEmpty) return;
        team.Synchronize();
        (int first, int last) = ColumnSums<T, TLane>.Share(KeySize, team.Index, team.Count);
        var parts = new RowNumbers<T, TLane>(VectorParts, KeySize);
        ColumnSums<T, TLane>.Add(in parts, Pass.QuerySteps * Pass.Batch, first, last, VectorGradient);
    }

    private void RunQuery<TLane>(int row, int query)
        where TLane : struct, ILane<TLane, T>
    {
        int length = Pass.Lengths.IsEmpty ? Pass.MemorySteps : Pass.Lengths[row];
        if (length == 0)
        {
            if (!AddsToQueries) QueriesGradient.Slice(query * KeySize, KeySize).Clear();
            if (!VectorParts.IsEmpty) VectorParts.Slice(query * KeySize, KeySize).Clear();
            return;
        }

        ReadOnlySpan<T> weights = Pass.Weights.Slice(query * Pass.MemorySteps, length);
        ref T weight = ref MemoryMarshal.GetReference(weights);
        ref T contextGradient = ref Unsafe.Add(ref MemoryMarshal.GetReference(Pass.ContextGradient), query * MemorySize);
        nint memoryStride = (nint)Pass.Batch * MemorySize;
        Span<T> scores = Pass.Workspace.Slice(row * Pass.MemorySteps, length);
        ref T score = ref MemoryMarshal.GetReference(scores);
        ref T memory = ref Unsafe.Add(ref MemoryMarshal.GetReference(Pass.Memory), row * MemorySize);
        WeightedRows<T, TLane>.Dot(ref memory, memoryStride, length, MemorySize, ref contextGradient, T.One, ref score);
        if (!Pass.MemoryGradient.IsEmpty)
        {
            ref T memoryGradient = ref Unsafe.Add(ref MemoryMarshal.GetReference(Pass.MemoryGradient), row * MemorySize);
            WeightedRows<T, TLane>.AddOuter(ref weight, ref contextGradient, ref memoryGradient, memoryStride, length, MemorySize);
        }

        SoftmaxKernel<T, TLane>.Backward(weights, scores, Scale);
        var keys = new ScoreRow<T>
        {
            Keys = ref Unsafe.Add(ref MemoryMarshal.GetReference(Keys), row * KeySize),
            Stride = (nint)Pass.Batch * KeySize,
            Count = length,
            Size = KeySize,
            Scale = Scale,
            Vector = ref MemoryMarshal.GetReference(Vector),
        };
        var gradients = new ScoreGradients<T>
        {
            Query = ref Unsafe.Add(ref MemoryMarshal.GetReference(QueriesGradient), query * KeySize),
            AddsToQuery = AddsToQueries,
            WantsQuery = !QueriesGradient.IsEmpty,
            Keys = ref Unsafe.Add(ref MemoryMarshal.GetReference(KeysGradient), row * KeySize),
            WantsKeys = !KeysGradient.IsEmpty,
            Vector = ref Unsafe.Add(ref MemoryMarshal.GetReference(VectorParts), query * KeySize),
        };
        TScore.Backward<TLane>(
            keys, ref Unsafe.Add(ref MemoryMarshal.GetReference(Queries), query * KeySize), ref score, gradients);
    }
}
