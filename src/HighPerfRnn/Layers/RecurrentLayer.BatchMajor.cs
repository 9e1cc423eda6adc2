using System.Runtime.InteropServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Layers;

/// <content>The entry for those whose data lies batch first.</content>
public abstract partial class RecurrentLayer<T>
{
    /// <summary>
    /// How many elements <see cref="ForwardBatchMajor"/> and <see cref="BackwardBatchMajor"/> need as workspace: that of a time-major
    /// pass, rounded up to 16, and T·B·(2·I + 2·H + 1) for the sequences in time-major order.
    /// </summary>
    /// <param name="steps">T.</param>
    /// <param name="batch">B.</param>
    /// <exception cref="ArgumentOutOfRangeException">T is negative, or B is not positive.</exception>
    /// <exception cref="OverflowException">The size does not fit in an int.</exception>
    public int BatchMajorWorkspaceSize(int steps, int batch)
    {
        RnnShape shape = ShapeOf(steps, batch);
        return checked(TimeMajorWorkspaceSize(shape) + (shape.Rows * ((2 * shape.InputSize) + (2 * shape.HiddenSize) + 1)));
    }

    /// <summary>
    /// As <see cref="Forward"/>, but Input [B, T, I], Tokens [B, T] and Output [B, T, H] lie batch first. The same bits; they are
    /// copied into time-major order and back, so that whoever can choose lays them out time first.
    /// </summary>
    /// <param name="pass">Spans and sizes; the workspace has at least <see cref="BatchMajorWorkspaceSize"/> elements.</param>
    /// <param name="workers">Threads to split rows over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">As for <see cref="Forward"/>; nothing has been written then.</exception>
    public void ForwardBatchMajor(in RnnForward<T> pass, WorkerGroup? workers = null)
    {
        RnnShape shape = Validate(pass);
        Check.AtLeast(pass.Workspace.Length, BatchMajorWorkspaceSize(pass.Steps, pass.Batch), nameof(pass.Workspace));
        var copies = new TimeMajorCopies(pass.Workspace, TimeMajorWorkspaceSize(shape), shape);
        SequenceLayout.SwapStepsAndRows(pass.Input, shape.Batch, shape.Steps, InputSize, copies.Input);
        SequenceLayout.SwapStepsAndRows(pass.Tokens, shape.Batch, shape.Steps, 1, copies.Tokens);
        Forward(
            new RnnForward<T>
            {
                Steps = pass.Steps,
                Batch = pass.Batch,
                Input = copies.Input[..pass.Input.Length],
                Tokens = copies.Tokens[..pass.Tokens.Length],
                TokenTable = pass.TokenTable,
                InitialState = pass.InitialState,
                InitialCellState = pass.InitialCellState,
                Output = copies.Output,
                FinalState = pass.FinalState,
                FinalCellState = pass.FinalCellState,
                Reserve = pass.Reserve,
                Workspace = copies.Workspace,
            },
            workers);
        SequenceLayout.SwapStepsAndRows<T>(copies.Output, shape.Steps, shape.Batch, HiddenSize, pass.Output);
    }

    /// <summary>
    /// As <see cref="Backward"/>, but Input, Tokens, Output, OutputGradient and InputGradient lie batch first. Parameter gradients
    /// have the same bits. An input gradient is summed first and then added, so that it has the same bits where it was zero before.
    /// </summary>
    /// <param name="pass">Spans and sizes; the workspace has at least <see cref="BatchMajorWorkspaceSize"/> elements.</param>
    /// <param name="workers">Threads to split outputs over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">As for <see cref="Backward"/>; nothing has been written then.</exception>
    /// <exception cref="InvalidOperationException">The layer was made with isTrainable false, or is not in <see cref="WeightFormat.Full"/>.</exception>
    public void BackwardBatchMajor(in RnnBackward<T> pass, WorkerGroup? workers = null)
    {
        ThrowIfNotTrainable();
        RnnShape shape = Validate(pass);
        Check.AtLeast(pass.Workspace.Length, BatchMajorWorkspaceSize(pass.Steps, pass.Batch), nameof(pass.Workspace));
        var copies = new TimeMajorCopies(pass.Workspace, TimeMajorWorkspaceSize(shape), shape);
        SequenceLayout.SwapStepsAndRows(pass.Input, shape.Batch, shape.Steps, InputSize, copies.Input);
        SequenceLayout.SwapStepsAndRows(pass.Tokens, shape.Batch, shape.Steps, 1, copies.Tokens);
        SequenceLayout.SwapStepsAndRows(pass.Output, shape.Batch, shape.Steps, HiddenSize, copies.Output);
        SequenceLayout.SwapStepsAndRows(pass.OutputGradient, shape.Batch, shape.Steps, HiddenSize, copies.OutputGradient);
        Span<T> inputGradient = copies.InputGradient[..pass.InputGradient.Length];
        inputGradient.Clear();
        Backward(
            new RnnBackward<T>
            {
                Steps = pass.Steps,
                Batch = pass.Batch,
                Input = copies.Input[..pass.Input.Length],
                Tokens = copies.Tokens[..pass.Tokens.Length],
                InitialState = pass.InitialState,
                Output = copies.Output,
                OutputGradient = copies.OutputGradient[..pass.OutputGradient.Length],
                Reserve = pass.Reserve,
                FinalStateGradient = pass.FinalStateGradient,
                FinalCellStateGradient = pass.FinalCellStateGradient,
                InputGradient = inputGradient,
                TokenTableGradient = pass.TokenTableGradient,
                InitialStateGradient = pass.InitialStateGradient,
                InitialCellStateGradient = pass.InitialCellStateGradient,
                Gradients = pass.Gradients,
                Workspace = copies.Workspace,
            },
            workers);
        SequenceLayout.AddSwapped<T>(inputGradient, shape.Steps, shape.Batch, InputSize, pass.InputGradient);
    }

    // A multiple of every lane, so that what follows keeps the alignment of the whole.
    private int TimeMajorWorkspaceSize(in RnnShape shape) => checked(WorkspaceSize(shape.Steps, shape.Batch) + 15) / 16 * 16;

    /// <summary>The sequences in time-major order, carved out of the workspace behind that of the time-major pass.</summary>
    private readonly ref struct TimeMajorCopies
    {
        public TimeMajorCopies(Span<T> memory, int start, in RnnShape shape)
        {
            Workspace = memory[..start];
            Input = Take(memory, ref start, shape.Rows * shape.InputSize);
            InputGradient = Take(memory, ref start, shape.Rows * shape.InputSize);
            Output = Take(memory, ref start, shape.Rows * shape.HiddenSize);
            OutputGradient = Take(memory, ref start, shape.Rows * shape.HiddenSize);
            Tokens = MemoryMarshal.Cast<T, int>(Take(memory, ref start, shape.Rows))[..shape.Rows];
        }

        public Span<T> Workspace { get; }

        public Span<T> Input { get; }

        public Span<T> InputGradient { get; }

        public Span<T> Output { get; }

        public Span<T> OutputGradient { get; }

        public Span<int> Tokens { get; }

        private static Span<T> Take(Span<T> memory, scoped ref int start, int length)
        {
            Span<T> taken = memory.Slice(start, length);
            start += length;
            return taken;
        }
    }
}
