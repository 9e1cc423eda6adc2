using System.Runtime.CompilerServices;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Layers;

/// <content>
/// Gradient checkpointing: training on sequences so long that what backward needs of all their steps takes too much memory.
/// </content>
public abstract partial class RecurrentLayer<T>
{
    /// <summary>
    /// How many elements <see cref="ForwardCheckpointed"/> and <see cref="BackwardCheckpointed(in CheckpointedBackward{T}, WorkerGroup?)"/>
    /// need as their one workspace: n·B·(P + C·H) + 2·L·B·P + the reserve of L steps + 2·B·(P + C·H), P being <see cref="OutputSize"/>, each rounded up to a multiple of 16 (8 in double;
    /// L·B·P before it is doubled), and <see cref="WorkspaceSize"/>(L, B); the letters as for <see cref="CheckpointPlan"/>.
    /// </summary>
    /// <param name="plan">T, B and the segments.</param>
    /// <exception cref="ArgumentOutOfRangeException">The plan is the default one, which has no rows.</exception>
    /// <exception cref="OverflowException">The size does not fit in an int.</exception>
    public int CheckpointedWorkspaceSize(in CheckpointPlan plan)
    {
        int segment = WorkspaceSize(plan.SegmentSteps, plan.Batch);
        return checked(CheckpointRoom<T>.Size(plan, _layout) + segment);
    }

    /// <summary>
    /// Runs a sequence as <see cref="Forward"/> does, with the same bits, and keeps the states before each segment for
    /// <see cref="BackwardCheckpointed(in CheckpointedBackward{T}, WorkerGroup?)"/>. See <see cref="CheckpointedForward{T}"/> for what is
    /// read and written.
    /// </summary>
    /// <param name="pass">Spans and sizes.</param>
    /// <param name="workers">Threads to split rows or units over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">A span has another length than its shape, a token is out of range, or what is written
    /// overlaps what is read; nothing has been written then.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void ForwardCheckpointed(in CheckpointedForward<T> pass, WorkerGroup? workers = null)
    {
        Validate(pass);
        CheckpointPlan plan = pass.Plan;
        var room = new CheckpointRoom<T>(pass.Workspace, plan, _layout);
        CopyOrClear(pass.InitialState, room.State(0));
        CopyOrClear(pass.InitialCellState, room.CellState(0));
        int last = plan.SegmentCount - 1;
        for (int segment = 0; segment <= last; segment++)
        {
            int first = plan.FirstStep(segment);
            int steps = plan.StepsOf(segment);
            Forward(
                new RnnForward<T>
                {
                    Steps = steps,
                    Batch = plan.Batch,
                    Input = StepsOf(pass.Input, first, steps, plan.Batch * InputSize),
                    Tokens = StepsOf(pass.Tokens, first, steps, plan.Batch),
                    TokenTable = pass.TokenTable,
                    InitialState = room.State(segment),
                    InitialCellState = room.CellState(segment),
                    Output = pass.Output.IsEmpty ? room.Output(steps) : StepsOf(pass.Output, first, steps, plan.Batch * OutputSize),
                    FinalState = segment == last ? pass.FinalState : room.State(segment + 1),
                    FinalCellState = segment == last ? pass.FinalCellState : room.CellState(segment + 1),
                    Workspace = room.Workspace,
                },
                workers);
        }
    }

    /// <summary>
    /// Backpropagates through the sequence of <see cref="ForwardCheckpointed"/>, with the bits of one <see cref="Backward"/> in every
    /// gradient: segment by segment from the last, each recomputed first. Every gradient adds into what the caller gives.
    /// </summary>
    /// <param name="pass">Spans and sizes; the parameters that the passes read must be those of the forward pass.</param>
    /// <param name="workers">Threads to split outputs over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">A span has another length than its shape, a token is out of range, or what is written
    /// overlaps what is read; nothing has been written then.</exception>
    /// <exception cref="InvalidOperationException">The layer was made with isTrainable false.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void BackwardCheckpointed(in CheckpointedBackward<T> pass, WorkerGroup? workers = null)
    {
        ThrowIfNotTrainable();
        Validate(pass);
        CheckpointPlan plan = pass.Plan;
        var room = new CheckpointRoom<T>(pass.Workspace, plan, _layout);
        for (int segment = plan.SegmentCount - 1; segment >= 0; segment--)
        {
            RecomputeSegment(segment, pass, room, workers);
            ReadOnlySpan<T> outputGradient =
                StepsOf(pass.OutputGradient, plan.FirstStep(segment), plan.StepsOf(segment), plan.Batch * OutputSize);
            BackwardSegment(segment, pass, room, outputGradient, workers);
        }
    }

    /// <summary>
    /// As <see cref="BackwardCheckpointed(in CheckpointedBackward{T}, WorkerGroup?)"/>, where a loss gives the outputs' gradients of each
    /// segment once its outputs are there again: neither is ever held for the whole sequence.
    /// </summary>
    /// <typeparam name="TLoss">The loss; a type of its own, so that its call costs nothing and captures nothing.</typeparam>
    /// <param name="pass">Spans and sizes; OutputGradient is empty.</param>
    /// <param name="loss">It is called on this thread, once a segment, from the last to the first.</param>
    /// <param name="workers">Threads to split outputs over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">As there. An exception of the loss passes through; the gradients then hold the segments
    /// behind.</exception>
    /// <exception cref="InvalidOperationException">The layer was made with isTrainable false.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void BackwardCheckpointed<TLoss>(in CheckpointedBackward<T> pass, ref TLoss loss, WorkerGroup? workers = null)
        where TLoss : struct, ISegmentLoss<T>, allows ref struct
    {
        ThrowIfNotTrainable();
        Check.Empty(pass.OutputGradient.Length, nameof(pass.OutputGradient), "since the loss gives it");
        Validate(pass);
        CheckpointPlan plan = pass.Plan;
        var room = new CheckpointRoom<T>(pass.Workspace, plan, _layout);
        for (int segment = plan.SegmentCount - 1; segment >= 0; segment--)
        {
            RecomputeSegment(segment, pass, room, workers);
            int steps = plan.StepsOf(segment);
            Span<T> outputGradient = room.OutputGradient(steps);
            outputGradient.Clear();
            if (steps > 0) loss.Gradient(plan.FirstStep(segment), room.Output(steps), outputGradient);
            BackwardSegment(segment, pass, room, outputGradient, workers);
        }
    }

    /// <summary>The forward pass of a segment once more: a sequence's chunks have the bits of the whole.</summary>
    private void RecomputeSegment(int segment, in CheckpointedBackward<T> pass, in CheckpointRoom<T> room, WorkerGroup? workers)
    {
        CheckpointPlan plan = pass.Plan;
        int first = plan.FirstStep(segment);
        int steps = plan.StepsOf(segment);
        Forward(
            new RnnForward<T>
            {
                Steps = steps,
                Batch = plan.Batch,
                Input = StepsOf(pass.Input, first, steps, plan.Batch * InputSize),
                Tokens = StepsOf(pass.Tokens, first, steps, plan.Batch),
                TokenTable = pass.TokenTable,
                InitialState = room.State(segment),
                InitialCellState = room.CellState(segment),
                Output = room.Output(steps),
                Reserve = room.Reserve(steps),
                Workspace = room.Workspace,
            },
            workers);
    }

    private void BackwardSegment(
        int segment, in CheckpointedBackward<T> pass, in CheckpointRoom<T> room, ReadOnlySpan<T> outputGradient, WorkerGroup? workers)
    {
        CheckpointPlan plan = pass.Plan;
        int first = plan.FirstStep(segment);
        int steps = plan.StepsOf(segment);
        bool isLast = segment == plan.SegmentCount - 1;
        if (segment > 0)
        {
            room.StateGradient(segment).Clear();
            room.CellStateGradient(segment).Clear();
        }

        Backward(
            new RnnBackward<T>
            {
                Steps = steps,
                Batch = plan.Batch,
                Input = StepsOf(pass.Input, first, steps, plan.Batch * InputSize),
                Tokens = StepsOf(pass.Tokens, first, steps, plan.Batch),
                InitialState = room.State(segment),
                Output = room.Output(steps),
                Reserve = room.Reserve(steps),
                OutputGradient = outputGradient,
                FinalStateGradient = isLast ? pass.FinalStateGradient : room.StateGradient(segment + 1),
                FinalCellStateGradient = isLast ? pass.FinalCellStateGradient : room.CellStateGradient(segment + 1),
                InputGradient = StepsOf(pass.InputGradient, first, steps, plan.Batch * InputSize),
                TokenTableGradient = pass.TokenTableGradient,
                InitialStateGradient = segment == 0 ? pass.InitialStateGradient : room.StateGradient(segment),
                InitialCellStateGradient = segment == 0 ? pass.InitialCellStateGradient : room.CellStateGradient(segment),
                Gradients = pass.Gradients,
                Workspace = room.Workspace,
            },
            workers);
    }

    /// <summary>A segment's part of a sequence; of one that is absent, nothing.</summary>
    private static ReadOnlySpan<TItem> StepsOf<TItem>(ReadOnlySpan<TItem> sequence, int first, int steps, int stepLength) =>
        sequence.IsEmpty ? default : sequence.Slice(first * stepLength, steps * stepLength);

    /// <inheritdoc cref="StepsOf{TItem}(ReadOnlySpan{TItem}, int, int, int)"/>
    private static Span<TItem> StepsOf<TItem>(Span<TItem> sequence, int first, int steps, int stepLength) =>
        sequence.IsEmpty ? default : sequence.Slice(first * stepLength, steps * stepLength);

    private static void CopyOrClear(ReadOnlySpan<T> source, Span<T> target)
    {
        if (source.IsEmpty) target.Clear();
        else source.CopyTo(target);
    }
}
