using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Training;

/// <summary>
/// Connectionist temporal classification: a row's loss is -ln p(target), where p(target) is the sum of Πₜ pₜ(πₜ) over all paths π of one
/// class a frame that become the target when repetitions are merged and then blanks removed, and pₜ = softmax(x[t, b]).
/// Graves, Fernández, Gomez and Schmidhuber, ICML 2006. Without allocating.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>
/// <para>An empty target has the one path of blanks; no frames and an empty target have the loss 0. A target that no path gives, being too long for its
/// frames or needing a label of probability 0, has the loss +∞, and a gradient of NaN in the frames that count, as in PyTorch, unless it is asked to be
/// zero. Frames past a row's length have the gradient 0. A NaN or +∞ among the logits that count makes its row NaN.</para>
/// <para>Forward and backward variables are logarithms, less the maximum of the step before, which is added up in double. With A the largest
/// magnitude that counts among what is left (near ln of the ratio of the best state to those on the way), a row's loss is off by about T·(A + 8)·u,
/// and a frame's gradient by as much of the posterior that it is the difference of.</para>
/// <para>The bits do not depend on the vector width, the number of workers, or the batch that a row travels in.</para>
/// <para>Cost: T·B·(C + 5·S) exponentials, S = 2·L + 1, and as many again for the gradient.</para>
/// </remarks>
public static class CtcLoss<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>How many elements <see cref="Forward"/> needs as workspace: four rows of states for each row of the batch.</summary>
    /// <param name="batch">B.</param>
    /// <param name="longestTarget">The largest of the target lengths.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is negative.</exception>
    public static int ForwardWorkspaceSize(int batch, int longestTarget)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(batch);
        ArgumentOutOfRangeException.ThrowIfNegative(longestTarget);
        return checked(batch * CtcRoom<T>.ForwardLength(longestTarget));
    }

    /// <summary>How many elements <see cref="ForwardBackward"/> needs as workspace: a row of states for each frame, and five more.</summary>
    /// <param name="steps">T.</param>
    /// <param name="batch">B.</param>
    /// <param name="longestTarget">The largest of the target lengths.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is negative.</exception>
    public static int WorkspaceSize(int steps, int batch, int longestTarget)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        ArgumentOutOfRangeException.ThrowIfNegative(batch);
        ArgumentOutOfRangeException.ThrowIfNegative(longestTarget);
        return checked(batch * CtcRoom<T>.Length(steps, longestTarget));
    }

    /// <summary>The loss alone, as for evaluation.</summary>
    /// <param name="batch">What is read and written.</param>
    /// <param name="workers">Threads to split rows over; null for the caller's alone.</param>
    /// <returns>The reduced and scaled loss; of no rows the sum 0 and the mean NaN.</returns>
    /// <exception cref="ArgumentException">A span has another length than its shape, a length or a label is out of range, or what is
    /// written overlaps what is read; nothing has been written then.</exception>
    public static double Forward(in CtcBatch<T> batch, WorkerGroup? workers = null)
    {
        int longest = Validate(in batch);
        Check.AtLeast(batch.Workspace.Length, ForwardWorkspaceSize(batch.TargetLengths.Length, longest), nameof(batch.Workspace));
        return Run(in batch, wantsGradient: false, longest, workers);
    }

    /// <summary>
    /// The loss and its gradient dL/dx[t, b, c] = f_b·(softmax(x[t, b])[c] - Σ γₜ(s) over the states s of label c), where γₜ(s) is the
    /// probability of state s at t given the target, and f_b = scale / (B·max(1, L_b)) for the mean, scale for the sum.
    /// </summary>
    /// <param name="batch">What is read and written.</param>
    /// <param name="workers">Threads to split rows over; null for the caller's alone.</param>
    /// <returns>The reduced and scaled loss; of no rows the sum 0 and the mean NaN.</returns>
    /// <exception cref="ArgumentException">A span has another length than its shape, a length or a label is out of range, or what is
    /// written overlaps what is read otherwise than as a whole; nothing has been written then.</exception>
    public static double ForwardBackward(in CtcBatch<T> batch, WorkerGroup? workers = null)
    {
        int longest = Validate(in batch);
        int rows = batch.TargetLengths.Length;
        Check.AtLeast(batch.Workspace.Length, WorkspaceSize(batch.Steps, rows, longest), nameof(batch.Workspace));
        Check.Shape(batch.LogitsGradient.Length, nameof(batch.LogitsGradient), "[T, B, C]", batch.Steps, rows, batch.Classes);
        Check.SameOrNoOverlap(batch.LogitsGradient, batch.Logits, nameof(batch.LogitsGradient), nameof(batch.Logits));
        Check.NoOverlap<T>(batch.LogitsGradient, batch.RowLosses, nameof(batch.LogitsGradient), nameof(batch.RowLosses));
        Check.NoOverlap<T>(batch.LogitsGradient, batch.Workspace, nameof(batch.LogitsGradient), nameof(batch.Workspace));
        return Run(in batch, wantsGradient: true, longest, workers);
    }

    private static double Run(in CtcBatch<T> batch, bool wantsGradient, int longest, WorkerGroup? workers)
    {
        var job = new CtcJob<T> { Batch = batch, WantsGradient = wantsGradient, LongestTarget = longest };
        WorkerGroup.Run(workers, ref job);
        double sum = 0;
        for (int b = 0; b < batch.RowLosses.Length; b++)
        {
            sum += ExactMath.Widen(batch.RowLosses[b]) / (batch.Reduction == CtcReduction.Mean ? Math.Max(1, batch.TargetLengths[b]) : 1);
        }

        if (batch.Reduction == CtcReduction.Mean) sum /= batch.RowLosses.Length;
        return sum * (batch.Scale ?? 1);
    }

    /// <summary>What both passes need; gives the longest target.</summary>
    private static int Validate(in CtcBatch<T> batch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(batch.Steps);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch.Classes);
        ArgumentOutOfRangeException.ThrowIfNegative(batch.Blank);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(batch.Blank, batch.Classes);
        int rows = batch.TargetLengths.Length;
        Check.Shape(batch.InputLengths.Length, nameof(batch.InputLengths), "[B]", rows);
        Check.Shape(batch.RowLosses.Length, nameof(batch.RowLosses), "[B]", rows);
        Check.Shape(batch.Logits.Length, nameof(batch.Logits), "[T, B, C]", batch.Steps, rows, batch.Classes);
        Check.Lengths(batch.InputLengths, batch.Steps, nameof(batch.InputLengths));
        Check.Lengths(batch.TargetLengths, batch.Targets.Length, nameof(batch.TargetLengths));
        long labels = 0;
        int longest = 0;
        foreach (int length in batch.TargetLengths)
        {
            labels += length;
            longest = Math.Max(longest, length);
        }

        Check.TotalLength(batch.Targets.Length, labels, nameof(batch.Targets), nameof(batch.TargetLengths));
        Check.Tokens(batch.Targets, batch.Classes, nameof(batch.Targets));
        Check.NotAmong(batch.Blank, batch.Targets, nameof(batch.Targets), "the blank");
        Check.NoOverlap(batch.RowLosses, batch.Logits, nameof(batch.RowLosses), nameof(batch.Logits));
        Check.NoOverlap(batch.Workspace, batch.Logits, nameof(batch.Workspace), nameof(batch.Logits));
        Check.NoOverlap<T>(batch.Workspace, batch.RowLosses, nameof(batch.Workspace), nameof(batch.RowLosses));
        return longest;
    }
}
