using System.Runtime.InteropServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Layers;

/// <content>The entry for those whose data lies batch first.</content>
public sealed partial class Rnn<T>
{
    /// <summary>
    /// How many elements <see cref="ForwardBatchMajor"/> and <see cref="BackwardBatchMajor"/> need as workspace: that of a time-major
    /// pass, rounded up to 16, and T·B·(2·I + 2·H + 1) for the sequences in time-major order.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">A size is negative, or B, I or H is zero.</exception>
    /// <exception cref="OverflowException">The size does not fit in an int.</exception>
    public static int BatchMajorWorkspaceSize(in RnnShape shape) =>
        checked(TimeMajorWorkspaceSize(shape) + (shape.Rows * ((2 * shape.InputSize) + (2 * shape.HiddenSize) + 1)));

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
        Check.AtLeast(pass.Workspace.Length, BatchMajorWorkspaceSize(shape), nameof(pass.Workspace));
        var copies = new TimeMajorCopies(pass.Workspace, shape);
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
                Output = copies.Output,
                FinalState = pass.FinalState,
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
        Check.AtLeast(pass.Workspace.Length, BatchMajorWorkspaceSize(shape), nameof(pass.Workspace));
        var copies = new TimeMajorCopies(pass.Workspace, shape);
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
                FinalStateGradient = pass.FinalStateGradient,
                InputGradient = inputGradient,
                TokenTableGradient = pass.TokenTableGradient,
                InitialStateGradient = pass.InitialStateGradient,
                Gradients = pass.Gradients,
                Workspace = copies.Workspace,
            },
            workers);
        SequenceLayout.AddSwapped<T>(inputGradient, shape.Steps, shape.Batch, InputSize, pass.InputGradient);
    }

    // A multiple of every lane, so that what follows keeps the alignment of the whole.
    private static int TimeMajorWorkspaceSize(in RnnShape shape) => checked(WorkspaceSize(shape) + 15) / 16 * 16;

    /// <summary>The sequences in time-major order, carved out of the workspace behind that of the time-major pass.</summary>
    private readonly ref struct TimeMajorCopies
    {
        public TimeMajorCopies(Span<T> memory, in RnnShape shape)
        {
            int start = TimeMajorWorkspaceSize(shape);
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
