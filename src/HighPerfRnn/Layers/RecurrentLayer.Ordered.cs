using System.Runtime.InteropServices;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Layers;

/// <content>Passes over rows of different lengths, from the last step to the first, or batch first: through copies in the order of the walk.</content>
public abstract partial class RecurrentLayer<T>
{
    /// <summary>
    /// How many elements a pass with <see cref="RnnForward{T}.Lengths"/> or <see cref="RnnForward{T}.IsReverse"/>, and the batch-major ones,
    /// need as workspace: <see cref="WorkspaceSize"/> rounded up to 16, and for copies T·B·(2·I + 2·P + 1), B·(3·P + 2·C·H) and what
    /// 2·T + B + 2 ints take, each rounded up to 16.
    /// </summary>
    /// <param name="steps">T.</param>
    /// <param name="batch">B.</param>
    /// <exception cref="ArgumentOutOfRangeException">T is negative, or B is not positive.</exception>
    /// <exception cref="OverflowException">The size does not fit in an int.</exception>
    public int OrderedWorkspaceSize(int steps, int batch)
    {
        RnnShape shape = ShapeOf(steps, batch);
        int rows = checked(shape.Rows * ((2 * InputSize) + (2 * OutputSize) + 1));
        int states = checked(batch * ((3 * OutputSize) + (2 * _cellStateLength)));
        return checked(
            RecurrentWorkspace.Stride<T>(WorkspaceSize(steps, batch)) + RecurrentWorkspace.Stride<T>(rows) + RecurrentWorkspace.Stride<T>(states)
            + SequenceOrder.Size(steps, batch));
    }

    private void ForwardOrdered(in RnnShape shape, in RnnForward<T> pass, bool isBatchFirst, WorkerGroup? workers)
    {
        var room = new OrderedRoom(this, shape, pass.Workspace);
        var order = new SequenceOrder(room.Order, shape.Steps, shape.Batch, pass.Lengths, pass.IsReverse, isBatchFirst);
        order.CheckTokens(pass.Tokens, Vocabulary(pass.TokenTable.Length));
        order.Gather(pass.Input, InputSize, room.Input);
        order.Gather(pass.Tokens, 1, room.Tokens);
        order.GatherStates(pass.InitialState, 1, OutputSize, room.State);
        order.GatherStates(pass.InitialCellState, Cell.CellStates, HiddenSize, room.CellState);
        Span<T> finalCellState = room.SecondCellState[..pass.FinalCellState.Length];
        _passes.Forward(
            _packed,
            shape,
            new RnnForward<T>
            {
                Steps = shape.Steps,
                Batch = shape.Batch,
                Offsets = order.Offsets,
                Input = room.Input[..pass.Input.Length],
                Tokens = room.Tokens[..Math.Min(order.Count, pass.Tokens.Length)],
                TokenTable = pass.TokenTable,
                InitialState = room.State[..pass.InitialState.Length],
                InitialCellState = room.CellState[..pass.InitialCellState.Length],
                Output = room.Output,
                FinalCellState = finalCellState,
                Reserve = pass.Reserve,
                Workspace = room.Workspace,
            },
            workers);
        order.ScatterFinalStates(room.Output, pass.InitialState, OutputSize, pass.FinalState);
        order.ScatterStates<T>(finalCellState, Cell.CellStates, HiddenSize, pass.FinalCellState);
        order.Scatter<T>(room.Output, OutputSize, pass.Output);
    }

    private void BackwardOrdered(in RnnShape shape, in RnnBackward<T> pass, bool isBatchFirst, WorkerGroup? workers)
    {
        var room = new OrderedRoom(this, shape, pass.Workspace);
        var order = new SequenceOrder(room.Order, shape.Steps, shape.Batch, pass.Lengths, pass.IsReverse, isBatchFirst);
        order.CheckTokens(pass.Tokens, Vocabulary(pass.TokenTableGradient.Length));
        order.Gather(pass.Input, InputSize, room.Input);
        order.Gather(pass.Tokens, 1, room.Tokens);
        order.Gather(pass.Output, OutputSize, room.Output);
        order.Gather(pass.OutputGradient, OutputSize, room.OutputGradient);
        order.GatherStates(pass.InitialState, 1, OutputSize, room.State);
        order.GatherStates(pass.FinalStateGradient, 1, OutputSize, room.SecondState);
        order.GatherStates(pass.FinalCellStateGradient, Cell.CellStates, HiddenSize, room.CellState);
        Span<T> inputGradient = room.InputGradient[..pass.InputGradient.Length];
        inputGradient.Clear();
        _passes.Backward(
            _packed,
            shape,
            new RnnBackward<T>
            {
                Steps = shape.Steps,
                Batch = shape.Batch,
                Offsets = order.Offsets,
                Input = room.Input[..pass.Input.Length],
                Tokens = room.Tokens[..Math.Min(order.Count, pass.Tokens.Length)],
                InitialState = room.State[..pass.InitialState.Length],
                Output = room.Output,
                OutputGradient = room.OutputGradient[..pass.OutputGradient.Length],
                Reserve = pass.Reserve,
                FinalStateGradient = room.SecondState[..pass.FinalStateGradient.Length],
                FinalCellStateGradient = room.CellState[..pass.FinalCellStateGradient.Length],
                InputGradient = inputGradient,
                TokenTableGradient = pass.TokenTableGradient,
                InitialStateGradient = ClearedIf(pass.InitialStateGradient, room.ThirdState),
                InitialCellStateGradient = ClearedIf(pass.InitialCellStateGradient, room.SecondCellState),
                Gradients = pass.Gradients,
                Workspace = room.Workspace,
            },
            workers);
        order.AddScattered<T>(inputGradient, InputSize, pass.InputGradient);
        order.AddScatteredStates<T>(room.ThirdState, 1, OutputSize, pass.InitialStateGradient);
        order.AddScatteredStates<T>(room.SecondCellState, Cell.CellStates, HiddenSize, pass.InitialCellStateGradient);
    }

    // A copy that gradients add into, where they are wanted.
    private static Span<T> ClearedIf(Span<T> wanted, Span<T> room)
    {
        if (wanted.IsEmpty) return default;
        room.Clear();
        return room;
    }

    /// <summary>The copies, carved out of the workspace behind that of the pass.</summary>
    private readonly ref struct OrderedRoom
    {
        public OrderedRoom(RecurrentLayer<T> layer, in RnnShape shape, Span<T> memory)
        {
            var carver = new WorkspaceCarver<T>(memory);
            Workspace = carver.Take(RecurrentWorkspace.Stride<T>(layer.WorkspaceSize(shape.Steps, shape.Batch)));
            int rows = shape.Rows;
            Input = carver.Take(rows * layer.InputSize);
            InputGradient = carver.Take(rows * layer.InputSize);
            Output = carver.Take(rows * layer.OutputSize);
            OutputGradient = carver.Take(rows * layer.OutputSize);
            Tokens = MemoryMarshal.Cast<T, int>(carver.Take(rows))[..rows];
            State = carver.Take(shape.Batch * layer.OutputSize);
            SecondState = carver.Take(shape.Batch * layer.OutputSize);
            ThirdState = carver.Take(shape.Batch * layer.OutputSize);
            CellState = carver.Take(shape.Batch * layer._cellStateLength);
            SecondCellState = carver.Take(shape.Batch * layer._cellStateLength);
            int order = SequenceOrder.Size(shape.Steps, shape.Batch);
            Order = MemoryMarshal.Cast<T, int>(carver.Take(order))[..order];
        }

        /// <summary>Of the pass itself.</summary>
        public Span<T> Workspace { get; }

        public Span<T> Input { get; }

        public Span<T> InputGradient { get; }

        public Span<T> Output { get; }

        public Span<T> OutputGradient { get; }

        public Span<int> Tokens { get; }

        public Span<T> State { get; }

        public Span<T> SecondState { get; }

        public Span<T> CellState { get; }

        public Span<T> SecondCellState { get; }

        public Span<int> Order { get; }

        public Span<T> ThirdState { get; }
    }
}
