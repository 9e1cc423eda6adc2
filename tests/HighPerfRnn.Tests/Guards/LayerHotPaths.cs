using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Tests.Guards;

/// <summary>The calls of the layers.</summary>
internal static class LayerHotPaths<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int OutputSize = 4;

    public static IReadOnlyList<HotPath> All { get; } =
    [
        new("Activation.Affine(Double, Double)", _ => () => Activation.Affine(1, 2)),
        new("Activation.Elu(Double)", _ => () => Activation.Elu(1)),
        new("Activation.HardSigmoid(Double, Double)", _ => () => Activation.HardSigmoid(1, 2)),
        new("Activation.LeakyRelu(Double)", _ => () => Activation.LeakyRelu(1)),
        new("Activation.ScaledTanh(Double, Double)", _ => () => Activation.ScaledTanh(1, 2)),
        new("Activation.ThresholdedRelu(Double)", _ => () => Activation.ThresholdedRelu(1)),
        new("RecurrentLayer.WorkspaceSize(Int32, Int32)", _ => Layer(round => round.Rnn.WorkspaceSize(7, 3))),
        new("RecurrentLayer.ForwardWorkspaceSize(Int32, Int32)", _ => Layer(round => round.Rnn.ForwardWorkspaceSize(7, 3))),
        new("RecurrentLayer.ReserveSize(Int32, Int32)", _ => Layer(round => round.Rnn.ReserveSize(7, 3))),
        new("RecurrentLayer.Repack()", _ => LayerAndCells(round => round.Rnn.Repack(), cell => cell.Layer.Repack())),
        new("RecurrentLayer.Forward(ref RnnForward, WorkerGroup)", workers => LayerInEveryFormat(
            round =>
            {
                round.ForwardRnn(workers);
                round.ForwardTokens(workers);
            },
            cell =>
            {
                cell.Forward(workers);
                cell.ForwardOrdered(workers);
            })),
        new(
            "RecurrentLayer.Step(ReadOnlySpan<T>, ReadOnlySpan<T>, Span<T>, Span<T>, WorkerGroup)",
            workers => LayerInEveryFormat(round => round.Step(workers))),
        new(
            "RecurrentLayer.Step(ref RnnStep, WorkerGroup)",
            workers => LayerInEveryFormat(round => round.Step(workers), cell => cell.Step(workers))),
        new("RecurrentLayer.Backward(ref RnnBackward, WorkerGroup)", workers => LayerAndCells(
            round =>
            {
                round.ClearGradients();
                round.BackwardRnn(workers);
                round.BackwardTokens(workers);
            },
            cell =>
            {
                cell.ClearGradients();
                cell.Backward(workers);
                cell.BackwardOrdered(workers);
            })),
        new("RecurrentLayer.OrderedWorkspaceSize(Int32, Int32)", _ => Layer(round => round.Rnn.OrderedWorkspaceSize(7, 3))),
        new("RecurrentLayer.ForwardBatchMajor(ref RnnForward, WorkerGroup)", workers => LayerInEveryFormat(round => round.ForwardBatchMajor(workers))),
        new("RecurrentLayer.BackwardBatchMajor(ref RnnBackward, WorkerGroup)", workers => Layer(round =>
        {
            round.ClearGradients();
            round.BackwardBatchMajor(workers);
        })),
        new(
            "RecurrentLayer.CheckpointedWorkspaceSize(ref CheckpointPlan)",
            _ => Layer(round => round.CheckpointedWorkspaceSize())),
        new(
            "RecurrentLayer.ForwardCheckpointed(ref CheckpointedForward, WorkerGroup)",
            workers => LongLayer(round => round.ForwardCheckpointed(workers))),
        new("RecurrentLayer.BackwardCheckpointed(ref CheckpointedBackward, WorkerGroup)", workers => LongLayer(round =>
        {
            round.ClearGradients();
            round.ForwardCheckpointed(workers);
            round.BackwardCheckpointed(workers);
        })),
        new("RecurrentLayer.BackwardCheckpointed(ref CheckpointedBackward, ref TLoss, WorkerGroup)", workers => LongLayer(round =>
        {
            round.ClearGradients();
            round.ForwardCheckpointed(workers);
            round.BackwardCheckpointedLoss(workers);
        })),
        new("RecurrentLayer.ProjectInput(Int32, ReadOnlySpan<T>, Span<T>, WorkerGroup)", workers => LayerInEveryFormat(round => round.ProjectInput(workers))),
        new(
            "RecurrentLayer.ProjectInputBackward(Int32, ReadOnlySpan<T>, ReadOnlySpan<T>, Span<T>, ParameterSet, Span<T>, WorkerGroup)",
            workers => Layer(round =>
            {
                round.ClearGradients();
                round.ProjectInputBackward(workers);
            })),
        new("Dense.WorkspaceSize(Int32, Int32)", _ => () => Dense<T>.WorkspaceSize(300, OutputSize)),
        new("Dense.Repack()", _ => Layer(round => round.Dense.Repack())),
        new("Dense.Forward(Int32, ReadOnlySpan<T>, Span<T>, WorkerGroup)", workers => Layer(round => round.ForwardDense(workers))),
        new(
            "Dense.Backward(Int32, ReadOnlySpan<T>, ReadOnlySpan<T>, Span<T>, ParameterSet, Span<T>, WorkerGroup)",
            workers => Layer(round =>
            {
                round.ClearGradients();
                round.BackwardDense(workers);
            })),
        new("Embedding.Forward(ReadOnlySpan<Int32>, Span<T>)", _ => Layer(round => round.Embed())),
        new("Embedding.Backward(ReadOnlySpan<Int32>, ReadOnlySpan<T>, ParameterSet)", _ => Layer(round =>
        {
            round.ClearGradients();
            round.BackwardEmbedding();
        })),
    ];

    private static Action Layer(Action<LayerRound<T>> call) => Layer(AllocationChild.Shape, call);

    /// <summary>Of more steps than a block has.</summary>
    private static Action LongLayer(Action<LayerRound<T>> call) => Layer(AllocationChild.Shape with { Batch = 130 }, call);

    private static Action Layer(RnnShape shape, Action<LayerRound<T>> call)
    {
        var round = new LayerRound<T>(shape, OutputSize, Activation.Tanh, new HeapRoom(), seed: 1);
        return () => call(round);
    }

    /// <summary>The plain layer, and every other cell and option.</summary>
    private static Action LayerAndCells(Action<LayerRound<T>> call, Action<CellRound<T>> cellCall)
    {
        Action plain = Layer(call);
        CellRound<T>[] cells = CellRound<T>.Every(AllocationChild.Shape, new HeapRoom());
        // Backward reads what a forward pass kept.
        foreach (CellRound<T> cell in cells) cell.Run(null);
        return () =>
        {
            plain();
            for (int i = 0; i < cells.Length; i++) cellCall(cells[i]);
        };
    }

    private static Action LayerInEveryFormat(Action<LayerRound<T>> call, Action<CellRound<T>>? cellCall = null)
    {
        Action full = cellCall is null ? Layer(call) : LayerAndCells(call, cellCall);
        LayerRound<T>[] smaller = [.. AllocationChild.WithSmallerWeights<T>()];
        return () =>
        {
            full();
            for (int i = 0; i < smaller.Length; i++) call(smaller[i]);
        };
    }
}
