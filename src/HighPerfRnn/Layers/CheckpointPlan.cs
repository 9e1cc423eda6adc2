using HighPerfRnn.Kernels;

namespace HighPerfRnn.Layers;

/// <summary>
/// How gradient checkpointing cuts a sequence of T steps into segments of L: the forward pass keeps the states before each segment
/// alone, and the backward pass recomputes one segment at a time, from the last to the first.
/// </summary>
/// <remarks>
/// <para>Elements that training holds, beside inputs and gradients of inputs, for G gates, C cell states and K kept values a unit
/// (<see cref="CellLayout"/>), S = ⌈H / 16⌉·16 (8 in double) and n = ⌈T / L⌉ segments:</para>
/// <para>whole backpropagation through time: T·B·(H + K·S) for outputs and what the cell keeps, T·B·H for the outputs' gradients, and
/// <see cref="RecurrentLayer{T}.WorkspaceSize"/>(T, B), which does not grow with T beyond a few blocks;</para>
/// <para>checkpointed: n·B·(1 + C)·H for states, L·B·(2·H + K·S) for one segment, 2·B·(1 + C)·H for the states' gradients on their way
/// from a segment to the one before it, and WorkspaceSize(L, B): together
/// <see cref="RecurrentLayer{T}.CheckpointedWorkspaceSize"/>. With L near √T it grows as √T. Of the forward pass's arithmetic, all
/// is done twice: four parts where whole backpropagation has three.</para>
/// <para>No bit changes. A segment is whole row blocks of the backward pass, ⌊256 / B⌋ steps each (at least 1), of which the last
/// segment may have fewer, so that parameter gradients add the same blocks in the same order as in one pass.</para>
/// <para>The method is that of Chen, Xu, Zhang and Guestrin, Training Deep Nets with Sublinear Memory Cost, 2016.</para>
/// </remarks>
public readonly record struct CheckpointPlan
{
    /// <summary>Cuts a sequence.</summary>
    /// <param name="steps">T.</param>
    /// <param name="batch">B.</param>
    /// <param name="segmentSteps">L, which is rounded up to whole row blocks and is at most T; 0 stands for √T.</param>
    /// <exception cref="ArgumentOutOfRangeException">T or L is negative, or B is not positive.</exception>
    public CheckpointPlan(int steps, int batch, int segmentSteps = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        ArgumentOutOfRangeException.ThrowIfNegative(segmentSteps);
        Steps = steps;
        Batch = batch;
        int wanted = segmentSteps > 0 ? segmentSteps : Math.Max(1, (int)Math.Ceiling(Math.Sqrt(steps)));
        int block = CanonicalSum.StepsInRowBlock(batch);
        long whole = ((long)wanted + block - 1) / block * block;
        SegmentSteps = (int)Math.Min(whole, Math.Max(1, steps));
    }

    /// <summary>T.</summary>
    public int Steps { get; }

    /// <summary>B.</summary>
    public int Batch { get; }

    /// <summary>L, the steps of every segment but the last, which may have fewer.</summary>
    public int SegmentSteps { get; }

    /// <summary>n = ⌈T / L⌉, and 1 for a sequence without steps.</summary>
    public int SegmentCount => Steps == 0 ? 1 : ((Steps - 1) / SegmentSteps) + 1;

    /// <summary>The first step of a segment.</summary>
    internal int FirstStep(int segment) => segment * SegmentSteps;

    /// <summary>How many steps a segment has.</summary>
    internal int StepsOf(int segment) => Math.Min(SegmentSteps, Steps - FirstStep(segment));
}
