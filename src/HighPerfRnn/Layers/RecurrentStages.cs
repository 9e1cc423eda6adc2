using System.Numerics;
using HighPerfRnn.Memory;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Layers;

internal sealed class RecurrentStage<T>(RecurrentLayer<T> layer) : SequentialStage<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly RecurrentLayer<T> _layer = layer ?? throw new ArgumentNullException(nameof(layer));
    private readonly int[] _stateParts = StateParts.Of(layer, directions: 1);

    public override object Layer => _layer;

    public override string Name => NameOf(_layer);

    public override int InputSize => _layer.InputSize;

    public override int Vocabulary => _layer.InputSize;

    public override bool IsRowWise => false;

    public override int SetCount => 1;

    public override ReadOnlySpan<int> StatePartSizes => _stateParts;

    public override int OutputSizeOf(int inputSize) => _layer.OutputSize;

    public override ParameterSet<T> ParameterSet(int index) => _layer.Parameters;

    public override int KeptSize(int steps, int batch) => _layer.ReserveSize(steps, batch);

    public override int ForwardWorkspaceSize(int steps, int batch, bool hasLengths) =>
        hasLengths ? _layer.OrderedWorkspaceSize(steps, batch) : _layer.ForwardWorkspaceSize(steps, batch);

    public override int WorkspaceSize(int steps, int batch, bool hasLengths) =>
        hasLengths ? _layer.OrderedWorkspaceSize(steps, batch) : _layer.WorkspaceSize(steps, batch);

    public override void Repack() => _layer.Repack();

    public override void ThrowIfNotTrainable() => _layer.ThrowIfNotTrainable();

    public override void Forward(in StageForward<T> pass, WorkerGroup? workers)
    {
        int states = pass.Batch * _layer.OutputSize;
        if (pass.IsStep && pass.Tokens.IsEmpty)
        {
            Step(pass, states, workers);
            return;
        }

        _layer.Forward(
            new RnnForward<T>
            {
                Steps = pass.Steps,
                Batch = pass.Batch,
                Input = pass.Input,
                Tokens = pass.Tokens,
                Lengths = pass.Lengths,
                InitialState = StateParts.First(pass.InitialState, states),
                InitialCellState = StateParts.Second(pass.InitialState, states),
                Output = pass.Output,
                FinalState = StateParts.First(pass.FinalState, states),
                FinalCellState = StateParts.Second(pass.FinalState, states),
                Reserve = pass.Kept,
                Workspace = pass.Workspace,
            },
            workers);
    }

    public override void Backward(in StageBackward<T> pass, WorkerGroup? workers)
    {
        int states = pass.Batch * _layer.OutputSize;
        _layer.Backward(
            new RnnBackward<T>
            {
                Steps = pass.Steps,
                Batch = pass.Batch,
                Input = pass.Input,
                Tokens = pass.Tokens,
                Lengths = pass.Lengths,
                InitialState = StateParts.First(pass.InitialState, states),
                Output = pass.Output,
                Reserve = pass.Kept,
                OutputGradient = pass.OutputGradient,
                FinalStateGradient = StateParts.First(pass.FinalStateGradient, states),
                FinalCellStateGradient = StateParts.Second(pass.FinalStateGradient, states),
                InputGradient = pass.InputGradient,
                InitialStateGradient = StateParts.First(pass.InitialStateGradient, states),
                InitialCellStateGradient = StateParts.Second(pass.InitialStateGradient, states),
                Gradients = pass.Gradients[pass.FirstSet],
                Workspace = pass.Workspace,
            },
            workers);
    }

    /// <summary>The next state is the output, and becomes the state when all of it is there.</summary>
    private void Step(in StageForward<T> pass, int states, WorkerGroup? workers)
    {
        Span<T> cellState = StateParts.Second(pass.FinalState, states);
        _layer.Step(
            new RnnStep<T>
            {
                Input = pass.Input,
                State = StateParts.First(pass.FinalState, states),
                CellState = cellState,
                NextState = pass.Output,
                NextCellState = cellState,
                Workspace = pass.Workspace,
            },
            workers);
        pass.Output.CopyTo(pass.FinalState);
    }
}

internal sealed class BidirectionalStage<T>(Bidirectional<T> layer) : SequentialStage<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Bidirectional<T> _layer = layer ?? throw new ArgumentNullException(nameof(layer));
    private readonly int[] _stateParts = StateParts.Of(layer.ForwardLayer, directions: 2);

    public override object Layer => _layer;

    public override string Name
    {
        get
        {
            string forward = NameOf(_layer.ForwardLayer), reverse = NameOf(_layer.ReverseLayer);
            return $"Bidirectional {(forward == reverse ? forward : $"{forward}, {reverse}")}{(_layer.Merge == BidirectionalMerge.Sum ? ", sum" : "")}";
        }
    }

    public override int InputSize => _layer.InputSize;

    public override int Vocabulary => _layer.InputSize;

    public override bool IsRowWise => false;

    public override bool IsCausal => false;

    public override int SetCount => 2;

    public override ReadOnlySpan<int> StatePartSizes => _stateParts;

    public override int OutputSizeOf(int inputSize) => _layer.OutputSize;

    public override ParameterSet<T> ParameterSet(int index) =>
        index == 0 ? _layer.ForwardLayer.Parameters : _layer.ReverseLayer.Parameters;

    public override int KeptSize(int steps, int batch) => _layer.ReserveSize(steps, batch);

    public override int ForwardWorkspaceSize(int steps, int batch, bool hasLengths) => _layer.WorkspaceSize(steps, batch);

    public override int WorkspaceSize(int steps, int batch, bool hasLengths) => _layer.WorkspaceSize(steps, batch);

    public override void Repack() => _layer.Repack();

    public override void ThrowIfNotTrainable() => _layer.ThrowIfNotTrainable();

    public override void Forward(in StageForward<T> pass, WorkerGroup? workers)
    {
        int states = 2 * pass.Batch * _layer.ForwardLayer.OutputSize;
        _layer.Forward(
            new BidirectionalForward<T>
            {
                Steps = pass.Steps,
                Batch = pass.Batch,
                Input = pass.Input,
                Tokens = pass.Tokens,
                Lengths = pass.Lengths,
                InitialState = StateParts.First(pass.InitialState, states),
                InitialCellState = StateParts.Second(pass.InitialState, states),
                Output = pass.Output,
                FinalState = StateParts.First(pass.FinalState, states),
                FinalCellState = StateParts.Second(pass.FinalState, states),
                Reserve = pass.Kept,
                Workspace = pass.Workspace,
            },
            workers);
    }

    public override void Backward(in StageBackward<T> pass, WorkerGroup? workers)
    {
        int states = 2 * pass.Batch * _layer.ForwardLayer.OutputSize;
        _layer.Backward(
            new BidirectionalBackward<T>
            {
                Steps = pass.Steps,
                Batch = pass.Batch,
                Input = pass.Input,
                Tokens = pass.Tokens,
                Lengths = pass.Lengths,
                InitialState = StateParts.First(pass.InitialState, states),
                Reserve = pass.Kept,
                OutputGradient = pass.OutputGradient,
                FinalStateGradient = StateParts.First(pass.FinalStateGradient, states),
                FinalCellStateGradient = StateParts.Second(pass.FinalStateGradient, states),
                InputGradient = pass.InputGradient,
                InitialStateGradient = StateParts.First(pass.InitialStateGradient, states),
                InitialCellStateGradient = StateParts.Second(pass.InitialStateGradient, states),
                ForwardGradients = pass.Gradients[pass.FirstSet],
                ReverseGradients = pass.Gradients[pass.FirstSet + 1],
                Workspace = pass.Workspace,
            },
            workers);
    }
}

/// <summary>A layer's states: those of h, then cell states; or nothing.</summary>
internal static class StateParts
{
    /// <summary>Sizes of the parts.</summary>
    public static int[] Of<T>(RecurrentLayer<T> layer, int directions)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        [
            .. Enumerable.Repeat(layer.OutputSize, directions),
            .. Enumerable.Repeat(layer.HiddenSize, directions * layer.Cell.CellStates),
        ];

    public static ReadOnlySpan<T> First<T>(ReadOnlySpan<T> states, int count) => states.IsEmpty ? default : states[..count];

    public static ReadOnlySpan<T> Second<T>(ReadOnlySpan<T> states, int count) => states.IsEmpty ? default : states[count..];

    public static Span<T> First<T>(Span<T> states, int count) => states.IsEmpty ? default : states[..count];

    public static Span<T> Second<T>(Span<T> states, int count) => states.IsEmpty ? default : states[count..];
}

/// <summary>The rows [T, B] of sequences of different lengths.</summary>
internal static class RaggedRows
{
    /// <summary>The next run of rows, from one of T·B on, none of which lies past its sequence's end; false when there is none.</summary>
    public static bool Next(int steps, int batch, ReadOnlySpan<int> lengths, int from, out int start, out int end)
    {
        int rows = steps * batch;
        start = from;
        end = rows;
        if (lengths.IsEmpty) return start < rows;
        while (start < rows && start / batch >= lengths[start % batch]) start++;
        for (end = start; end < rows && end / batch < lengths[end % batch];) end++;
        return start < rows;
    }

    /// <summary>Zeros past the sequences' ends.</summary>
    public static void ClearPadding<T>(Span<T> rows, int size, int batch, ReadOnlySpan<int> lengths)
    {
        if (lengths.IsEmpty) return;
        for (int i = 0; i * size < rows.Length; i++)
        {
            if (i / batch >= lengths[i % batch]) rows.Slice(i * size, size).Clear();
        }
    }
}
