using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Tests.Guards;

/// <summary>The calls of what stands between and beside recurrent layers.</summary>
internal static class NeighbourHotPaths<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static IReadOnlyList<HotPath> All { get; } =
    [
        new("Attention.KeysSize(Int32, Int32)", _ => Every(round => round.Attention.KeysSize(7, 3))),
        new("Attention.ForwardWorkspaceSize(Int32, Int32)", _ => Every(round => round.Attention.ForwardWorkspaceSize(7, 3))),
        new("Attention.BackwardWorkspaceSize(Int32, Int32, Int32)", _ => Every(round => round.Attention.BackwardWorkspaceSize(7, 5, 3))),
        new("Attention.PrepareWorkspaceSize(Int32, Int32)", _ => Every(round => round.Attention.PrepareWorkspaceSize(7, 3))),
        new("Attention.Repack()", _ => Every(round => round.Attention.Repack())),
        new("Attention.Prepare(Int32, Int32, ReadOnlySpan<T>, Span<T>, WorkerGroup)", workers => Every(round => round.Prepare(workers))),
        new("Attention.Forward(ref AttentionForward, WorkerGroup)", workers => Every(round => round.Attend(workers))),
        new("Attention.Backward(ref AttentionBackward, WorkerGroup)", workers => Every(round =>
        {
            round.ClearGradients();
            round.AttendBackward(workers);
        })),
        new(
            "Attention.PrepareBackward(Int32, Int32, ReadOnlySpan<T>, ReadOnlySpan<T>, Span<T>, ParameterSet, Span<T>, WorkerGroup)",
            workers => Every(round =>
            {
                round.ClearGradients();
                round.PrepareBackward(workers);
            })),
        new(
            "LayerNorm.Forward(Int32, ReadOnlySpan<T>, Span<T>, Span<T>, WorkerGroup)",
            workers => Every(round => round.Normalize(workers))),
        new(
            "LayerNorm.Backward(Int32, ReadOnlySpan<T>, ReadOnlySpan<T>, ReadOnlySpan<T>, Span<T>, ParameterSet, WorkerGroup)",
            workers => Every(round =>
            {
                round.ClearGradients();
                round.NormalizeBackward(workers);
            })),
        new("Dropout.Forward(ref DropoutPass, ReadOnlySpan<T>, Span<T>, WorkerGroup)", workers => Every(round => round.Drop(workers))),
        new(
            "Dropout.Backward(ref DropoutPass, ReadOnlySpan<T>, Span<T>, WorkerGroup)",
            workers => Every(round => round.DropBackward(workers))),
    ];

    private static Action Every(Action<NeighbourRound<T>> call)
    {
        NeighbourRound<T>[] rounds =
        [
            .. Enum.GetValues<AttentionScore>().Select(
                score => new NeighbourRound<T>(new NeighbourSizes(score, 2, 5, 3, 7, 9, 6), new HeapRoom())),
        ];
        return () =>
        {
            for (int i = 0; i < rounds.Length; i++) call(rounds[i]);
        };
    }
}
