using System.Numerics;
using HighPerfRnn.Threading;
using HighPerfRnn.Training;

namespace HighPerfRnn.Tests.Guards;

/// <summary>The calls of losses and decoders.</summary>
internal static class LossHotPaths<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static IReadOnlyList<HotPath> All { get; } =
    [
        new(
            "SoftmaxCrossEntropy.Forward(ReadOnlySpan<T>, ReadOnlySpan<Int32>, Int32, Span<T>, ref CrossEntropyOptions, Nullable<Double>, WorkerGroup)",
            workers => Round(round => round.CrossEntropyForward(workers))),
        new(
            "SoftmaxCrossEntropy.ForwardBackward(ReadOnlySpan<T>, ReadOnlySpan<Int32>, Int32, Span<T>, Span<T>, ref CrossEntropyOptions, Nullable<Double>, WorkerGroup)",
            workers => Round(round => round.CrossEntropy(workers))),
        new(
            "BinaryCrossEntropy.Forward(ReadOnlySpan<T>, ReadOnlySpan<T>, Span<T>, ref BinaryCrossEntropyOptions, Nullable<Double>, WorkerGroup)",
            workers => Round(round => round.BinaryForward(workers))),
        new(
            "BinaryCrossEntropy.ForwardBackward(ReadOnlySpan<T>, ReadOnlySpan<T>, Span<T>, Span<T>, ref BinaryCrossEntropyOptions, Nullable<Double>, WorkerGroup)",
            workers => Round(round => round.Binary(workers))),
        new(
            "MeanSquaredError.Forward(ReadOnlySpan<T>, ReadOnlySpan<T>, Span<T>, ReadOnlySpan<T>, Nullable<Double>, WorkerGroup)",
            workers => Round(round => round.SquaredForward(workers))),
        new(
            "MeanSquaredError.ForwardBackward(ReadOnlySpan<T>, ReadOnlySpan<T>, Span<T>, Span<T>, ReadOnlySpan<T>, Nullable<Double>, WorkerGroup)",
            workers => Round(round => round.Squared(workers))),
        new("CtcLoss.ForwardWorkspaceSize(Int32, Int32)", _ => () => CtcLoss<T>.ForwardWorkspaceSize(3, 5)),
        new("CtcLoss.WorkspaceSize(Int32, Int32, Int32)", _ => () => CtcLoss<T>.WorkspaceSize(9, 3, 5)),
        new("CtcLoss.Forward(ref CtcBatch, WorkerGroup)", workers => Round(round => round.CtcForward(workers))),
        new("CtcLoss.ForwardBackward(ref CtcBatch, WorkerGroup)", workers => Round(round => round.CtcBackward(workers))),
        new(
            "CtcDecoder.BestPath(ReadOnlySpan<T>, Int32, Span<Int32>, ref Double, Int32, Int32)",
            _ => Round(round => round.BestPath())),
        new("CtcDecoder.Search(ReadOnlySpan<T>, Int32, Int32, Int32)", _ => Round(round => round.Search())),
        new("CtcDecoder.LogProbability(Int32)", _ => AfterSearch(round => round.LogProbability(1))),
        new("CtcDecoder.Length(Int32)", _ => AfterSearch(round => round.Length(1))),
        new("CtcDecoder.CopyLabels(Int32, Span<Int32>)", _ => AfterSearch(round => round.CopyLabels(1))),
        new("HierarchicalSoftmax.WorkspaceSize(Int32)", _ => Round(round => round.HierarchicalWorkspace())),
        new(
            "HierarchicalSoftmax.Forward(ReadOnlySpan<T>, ReadOnlySpan<Int32>, Span<T>, Span<T>, Nullable<Double>, WorkerGroup)",
            workers => Round(round => round.HierarchicalForward(workers))),
        new(
            "HierarchicalSoftmax.ForwardBackward(ReadOnlySpan<T>, ReadOnlySpan<Int32>, Span<T>, Span<T>, ParameterSet, Span<T>, Nullable<Double>, WorkerGroup)",
            workers => Round(round => round.HierarchicalBackward(workers))),
        new(
            "HierarchicalSoftmax.LogProbabilities(ReadOnlySpan<T>, Span<T>, Span<T>, WorkerGroup)",
            workers => Round(round => round.LogProbabilities(workers))),
    ];

    private static Action Round(Action<LossRound<T>> call)
    {
        var round = new LossRound<T>(seed: 1);
        return () => call(round);
    }

    private static Action AfterSearch(Action<LossRound<T>> call)
    {
        var round = new LossRound<T>(seed: 1);
        round.Search();
        return () => call(round);
    }
}
