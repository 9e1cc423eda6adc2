using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Tests.Generation;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Tests.Guards;

/// <summary>The calls of what joins layers.</summary>
internal static class NetworkHotPaths<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const CellTraits Traits =
        CellTraits.Ragged | CellTraits.InitialState | CellTraits.OutputGradient | CellTraits.FinalGradient;

    public static IReadOnlyList<HotPath> All { get; } =
    [
        new("Bidirectional.WorkspaceSize(Int32, Int32)", _ => BothWays((run, _) => run.Layer.WorkspaceSize(7, 3), null)),
        new("Bidirectional.ReserveSize(Int32, Int32)", _ => BothWays((run, _) => run.Layer.ReserveSize(7, 3), null)),
        new("Bidirectional.Repack()", _ => BothWays((run, _) => run.Layer.Repack(), null)),
        new("Bidirectional.Forward(ref BidirectionalForward, WorkerGroup)", workers => BothWays((run, group) => run.Forward(group), workers)),
        new("Bidirectional.Backward(ref BidirectionalBackward, WorkerGroup)", workers => BothWays(
            (run, group) =>
            {
                run.InputGradient.AsSpan().Clear();
                run.Forward(group);
                run.Backward(group);
            },
            workers)),
        new("Sequential.StateSize(Int32)", _ => Every((run, _) => run.Network.StateSize(3), null)),
        new("Sequential.ForwardWorkspaceSize(Int32, Int32, Boolean)", _ => Every((run, _) => run.Network.ForwardWorkspaceSize(7, 3, true), null)),
        new("Sequential.WorkspaceSize(Int32, Int32, Boolean)", _ => Every((run, _) => run.Network.WorkspaceSize(7, 3, true), null)),
        new("Sequential.ReserveSize(Int32, Int32)", _ => Every((run, _) => run.Network.ReserveSize(7, 3), null)),
        new("Sequential.Repack()", _ => Every((run, _) => run.Network.Repack(), null)),
        new("Sequential.Forward(ref SequentialForward, WorkerGroup)", workers => Every((run, group) => run.Forward(2, group), workers)),
        new("Sequential.Backward(ref SequentialBackward, WorkerGroup)", workers => Every(
            (run, group) =>
            {
                run.InputGradient.AsSpan().Clear();
                run.Forward(2, group);
                run.Backward(2, group);
            },
            workers)),
        new("Sequential.Step(ref SequentialStep, WorkerGroup)", workers => Every((run, group) => Step(run, group), workers)),
        new("Sequential.CopyRowStates(ReadOnlySpan<T>, Int32, Int32, Span<T>, Int32, Int32)", _ => Every(
            (run, _) => run.Network.CopyRowStates(run.FinalStates, run.Batch, 0, run.FinalStates, run.Batch, 1), null)),
        new("Sequential.StatesFromRows(ReadOnlySpan<T>, Int32, Span<T>)", _ => Every(
            (run, _) => run.Network.StatesFromRows(run.InitialStates, run.Batch, run.FinalStates), null)),
        new("Sequential.StatesToRows(ReadOnlySpan<T>, Int32, Span<T>)", _ => Every(
            (run, _) => run.Network.StatesToRows(run.InitialStates, run.Batch, run.FinalStates), null)),
    ];

    private static Action Every(Action<NetworkRun<T>, WorkerGroup?> call, WorkerGroup? workers)
    {
        NetworkRun<T>[] runs =
        [
            .. from kind in Enumerable.Range(0, NetworkParts.Kinds)
               from traits in new[] { Traits, Traits & ~CellTraits.Ragged }
               select new NetworkRun<T>(new CellCase("lstm", 2, 3, 5, 6, 1, traits), kind),
        ];
        return () =>
        {
            for (int i = 0; i < runs.Length; i++) call(runs[i], workers);
        };
    }

    private static Action BothWays(Action<BidirectionalRun<T>, WorkerGroup?> call, WorkerGroup? workers)
    {
        BidirectionalRun<T>[] runs =
            [.. Enumerable.Range(0, 4).Select(seed => new BidirectionalRun<T>(new CellCase("lstm", 2, 3, 5, 7, seed, Traits)))];
        return () =>
        {
            for (int i = 0; i < runs.Length; i++) call(runs[i], workers);
        };
    }

    private static void Step(NetworkRun<T> run, WorkerGroup? workers)
    {
        if (!NetworkParts.IsCausal(run.Kind)) return;
        run.FinalStates.AsSpan().Clear();
        run.Network.Step(
            new SequentialStep<T>
            {
                Batch = run.Batch,
                Input = run.Tokens.Length > 0 ? default : run.Input.AsSpan(0, run.Batch * run.Network.InputSize),
                Tokens = run.Tokens.Length > 0 ? run.Tokens.AsSpan(0, run.Batch) : default,
                States = run.FinalStates,
                Output = run.Output.AsSpan(0, run.Batch * run.Network.OutputSize),
                Workspace = run.Workspace,
            },
            workers);
    }
}
