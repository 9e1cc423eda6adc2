using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Tests.Generation;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Tests.Guards;

/// <summary>Networks of every kind, and two directions by themselves, on memory of a room.</summary>
internal static class NetworkRound<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const CellTraits Traits = CellTraits.InitialState | CellTraits.OutputGradient | CellTraits.FinalGradient;

    /// <summary>Odd sizes, ragged and not.</summary>
    public static IReadOnlyList<CellCase> Cases { get; } =
    [
        new("lstm", 3, 5, 4, 6, 2, Traits | CellTraits.Ragged),
        new("gru", 2, 4, 7, 17, 4, Traits),
        new("minlstm", 1, 3, 33, 35, 7, Traits | CellTraits.Ragged),
    ];

    /// <summary>What all of them write, by name, on arrays.</summary>
    public static IEnumerable<(string Name, IEnumerable<(string Name, ReadOnlyMemory<T> Values)> Results)> Every(WorkerGroup? workers)
    {
        foreach (CellCase shape in Cases)
        {
            for (int kind = 0; kind < NetworkParts.Kinds; kind++)
            {
                yield return ($"network {kind} {shape}", Memories(new NetworkRun<T>(shape, kind).Both(dropoutCall: 3, workers).Results));
            }

            yield return ($"both directions {shape}", Memories(BidirectionalRun<T>.Both(shape, workers).Tensors));
        }
    }

    /// <summary>Forward, backward and a step of one network on memory of the room.</summary>
    public static void RunNetwork(CellCase shape, int kind, IRoom room, WorkerGroup? workers)
    {
        var run = new NetworkRun<T>(shape, kind);
        (int steps, int batch) = (run.Steps, run.Batch);
        Memory<T> input = Copy(room, run.Input), initial = Copy(room, run.InitialStates), final = Copy(room, run.FinalStates);
        Memory<T> output = Copy(room, run.Output), reserve = Copy(room, run.Reserve), workspace = Copy(room, run.Workspace);
        Memory<T> outputGradient = Copy(room, run.OutputGradient), finalGradient = Copy(room, run.FinalStatesGradient);
        Memory<T> inputGradient = Copy(room, run.InputGradient), initialGradient = Copy(room, run.InitialStatesGradient);
        Memory<int> tokens = Copy(room, run.Tokens), lengths = Copy(room, run.Lengths), keys = Copy(room, run.RowKeys);
        run.Network.Forward(
            new SequentialForward<T>
            {
                Steps = steps,
                Batch = batch,
                Input = input.Span,
                Tokens = tokens.Span,
                Lengths = lengths.Span,
                InitialStates = initial.Span,
                Output = output.Span,
                FinalStates = final.Span,
                Reserve = reserve.Span,
                Workspace = workspace.Span,
                DropoutCall = 3,
                RowKeys = keys.Span,
            },
            workers);
        run.Network.Backward(
            new SequentialBackward<T>
            {
                Steps = steps,
                Batch = batch,
                Input = input.Span,
                Tokens = tokens.Span,
                Lengths = lengths.Span,
                InitialStates = initial.Span,
                Output = output.Span,
                Reserve = reserve.Span,
                OutputGradient = outputGradient.Span,
                FinalStatesGradient = finalGradient.Span,
                InputGradient = inputGradient.Span,
                InitialStatesGradient = initialGradient.Span,
                Gradients = run.Gradients,
                Workspace = workspace.Span,
                DropoutCall = 3,
                RowKeys = keys.Span,
            },
            workers);
        if (!NetworkParts.IsCausal(kind)) return;
        Memory<T> stepWorkspace = room.Take<T>(run.Network.ForwardWorkspaceSize(1, batch));
        run.Network.Step(
            new SequentialStep<T>
            {
                Batch = batch,
                Input = input.Length > 0 ? input.Span[^(batch * run.Network.InputSize)..] : default,
                Tokens = tokens.Length > 0 ? tokens.Span[^batch..] : default,
                States = final.Span,
                Output = output.Span[^(batch * run.Network.OutputSize)..],
                Workspace = stepWorkspace.Span,
            },
            workers);
    }

    /// <summary>Forward and backward of two directions on memory of the room.</summary>
    public static void RunBothDirections(CellCase shape, IRoom room, WorkerGroup? workers)
    {
        var run = new BidirectionalRun<T>(shape);
        Memory<T> input = Copy(room, run.Input), initial = Copy(room, run.InitialState), initialCell = Copy(room, run.InitialCellState);
        Memory<T> output = Copy(room, run.Output), final = Copy(room, run.FinalState), finalCell = Copy(room, run.FinalCellState);
        Memory<T> reserve = room.Take<T>(run.Layer.ReserveSize(shape.Steps, shape.Batch));
        Memory<T> workspace = room.Take<T>(run.Layer.WorkspaceSize(shape.Steps, shape.Batch));
        Memory<T> outputGradient = Copy(room, run.OutputGradient), finalGradient = Copy(room, run.FinalStateGradient);
        Memory<T> finalCellGradient = Copy(room, run.FinalCellStateGradient), inputGradient = Copy(room, run.InputGradient);
        Memory<T> initialGradient = Copy(room, run.InitialStateGradient), initialCellGradient = Copy(room, run.InitialCellStateGradient);
        Memory<int> lengths = Copy(room, run.First.Lengths ?? []);
        run.Layer.Forward(
            new BidirectionalForward<T>
            {
                Steps = shape.Steps,
                Batch = shape.Batch,
                Input = input.Span,
                Lengths = lengths.Span,
                InitialState = initial.Span,
                InitialCellState = initialCell.Span,
                Output = output.Span,
                FinalState = final.Span,
                FinalCellState = finalCell.Span,
                Reserve = reserve.Span,
                Workspace = workspace.Span,
            },
            workers);
        run.Layer.Backward(
            new BidirectionalBackward<T>
            {
                Steps = shape.Steps,
                Batch = shape.Batch,
                Input = input.Span,
                Lengths = lengths.Span,
                InitialState = initial.Span,
                Reserve = reserve.Span,
                OutputGradient = outputGradient.Span,
                FinalStateGradient = finalGradient.Span,
                FinalCellStateGradient = finalCellGradient.Span,
                InputGradient = inputGradient.Span,
                InitialStateGradient = initialGradient.Span,
                InitialCellStateGradient = initialCellGradient.Span,
                ForwardGradients = run.ForwardGradients,
                ReverseGradients = run.ReverseGradients,
                Workspace = workspace.Span,
            },
            workers);
    }

    private static Memory<TItem> Copy<TItem>(IRoom room, TItem[] items)
        where TItem : unmanaged
    {
        Memory<TItem> copy = room.Take<TItem>(items.Length);
        items.CopyTo(copy);
        return copy;
    }

    private static IEnumerable<(string Name, ReadOnlyMemory<T> Values)> Memories(IEnumerable<(string Name, T[] Numbers)> tensors) =>
        tensors.Select(tensor => (tensor.Name, (ReadOnlyMemory<T>)tensor.Numbers));
}
