using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Simd;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Training;

/// <summary>
/// Softmax and cross-entropy in one: L = scale·Σᵣ (ln Σᵥ exp x[r, v] - x[r, target r]) in nats, without allocating. Stable
/// for logits of any finite size whose differences are finite in T.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>
/// <para>Each row's loss is off by at most (⌈V / 16⌉ + ln V + 8)·u + u·loss to first order, u = 2⁻²⁴ (2⁻⁵³ in double): the
/// chains and the tree of the sum, Σ p·(m - x) ≤ ln V for the differences, 4 for the exponentials. Rows are added in double,
/// in order. The bits do not depend on the vector width or the number of workers.</para>
/// <para>Where the row's largest logit is above the target's by more than the largest T, 3.4·10³⁸ in float, the row's loss is
/// +∞. Its gradient stays right: the target's probability is 0 long before.</para>
/// <para>A NaN or +∞ among a row's logits makes its loss and its gradient NaN; -∞ is a probability of 0, and a loss of +∞ where
/// it is the target.</para>
/// </remarks>
public static partial class SoftmaxCrossEntropy<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The loss alone, as for evaluation.</summary>
    /// <param name="logits">x [N, V].</param>
    /// <param name="targets">[N], each in 0 to V - 1.</param>
    /// <param name="classes">V.</param>
    /// <param name="rowLosses">[N], overwritten with the loss of each row, not scaled.</param>
    /// <param name="scale">What the sum of the rows' losses is multiplied by; null for 1 / N, the mean.</param>
    /// <param name="workers">Threads to split rows over; null for the caller's alone.</param>
    /// <returns>L; of no rows the sum 0 and the mean NaN.</returns>
    /// <exception cref="ArgumentException">A span has another length than its shape, a target is out of range, or what is
    /// written overlaps what is read; nothing has been written then.</exception>
    public static double Forward(
        ReadOnlySpan<T> logits,
        ReadOnlySpan<int> targets,
        int classes,
        Span<T> rowLosses,
        double? scale = null,
        WorkerGroup? workers = null)
    {
        Validate(logits, targets, classes, rowLosses);
        var job = new SoftmaxCrossEntropyJob<T> { Logits = logits, Targets = targets, Classes = classes, RowLosses = rowLosses };
        WorkerGroup.Run(workers, ref job);
        return LossSum.InOrder<T>(rowLosses) * (scale ?? 1.0 / targets.Length);
    }

    /// <summary>The loss and its gradient dL/dx[r, v] = scale·(softmax(x[r])[v] - [v is target r]).</summary>
    /// <param name="logits">x [N, V].</param>
    /// <param name="targets">[N], each in 0 to V - 1.</param>
    /// <param name="classes">V.</param>
    /// <param name="logitsGradient">dL/dx [N, V], overwritten; it may be the same span as the logits.</param>
    /// <param name="rowLosses">[N], overwritten with the loss of each row, not scaled.</param>
    /// <param name="scale">What the sum of the rows' losses is multiplied by; null for 1 / N, the mean.</param>
    /// <param name="workers">Threads to split rows over; null for the caller's alone.</param>
    /// <returns>L; of no rows the sum 0 and the mean NaN.</returns>
    /// <exception cref="ArgumentException">A span has another length than its shape, a target is out of range, or what is
    /// written overlaps what is read otherwise than as a whole; nothing has been written then.</exception>
    public static double ForwardBackward(
        ReadOnlySpan<T> logits,
        ReadOnlySpan<int> targets,
        int classes,
        Span<T> logitsGradient,
        Span<T> rowLosses,
        double? scale = null,
        WorkerGroup? workers = null)
    {
        Validate(logits, targets, classes, rowLosses);
        ValidateGradient(logits, targets, classes, logitsGradient, rowLosses);
        double factor = scale ?? 1.0 / targets.Length;
        var job = new SoftmaxCrossEntropyJob<T>
        {
            Logits = logits,
            Targets = targets,
            Classes = classes,
            RowLosses = rowLosses,
            Gradient = logitsGradient,
            WantsGradient = true,
            Scale = ExactMath.Narrow<T>(factor),
        };
        WorkerGroup.Run(workers, ref job);
        return LossSum.InOrder<T>(rowLosses) * factor;
    }

    /// <summary>The error bound of a row's loss as it stands in the remarks.</summary>
    internal static double LossErrorBound(int classes, double loss)
    {
        double unit = typeof(T) == typeof(float) ? 5.9604644775390625E-08 : 1.1102230246251565E-16;
        return (((classes + 15) / 16) + ExactMath.Log(classes) + 8 + loss) * unit;
    }

    private static void Validate(ReadOnlySpan<T> logits, ReadOnlySpan<int> targets, int classes, Span<T> rowLosses)
    {
        ValidateShapes(logits, targets, classes, rowLosses);
        Check.Tokens(targets, classes, nameof(targets));
    }

    private static void ValidateShapes(ReadOnlySpan<T> logits, ReadOnlySpan<int> targets, int classes, Span<T> rowLosses)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(classes);
        Check.Shape(logits.Length, nameof(logits), "[N, V]", targets.Length, classes);
        Check.Shape(rowLosses.Length, nameof(rowLosses), "[N]", targets.Length);
        Check.NoOverlap(rowLosses, logits, nameof(rowLosses), nameof(logits));
    }

    private static void ValidateGradient(
        ReadOnlySpan<T> logits, ReadOnlySpan<int> targets, int classes, Span<T> logitsGradient, Span<T> rowLosses)
    {
        Check.Shape(logitsGradient.Length, nameof(logitsGradient), "[N, V]", targets.Length, classes);
        Check.SameOrNoOverlap(logitsGradient, logits, nameof(logitsGradient), nameof(logits));
        Check.NoOverlap<T>(rowLosses, logitsGradient, nameof(rowLosses), nameof(logitsGradient));
    }
}

/// <summary>Rows of softmax cross-entropy; workers split them.</summary>
internal readonly ref struct SoftmaxCrossEntropyJob<T> : ITeamJob, ILaneWork<T, WorkerTeam>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required ReadOnlySpan<T> Logits { get; init; }

    public required ReadOnlySpan<int> Targets { get; init; }

    public required int Classes { get; init; }

    public required Span<T> RowLosses { get; init; }

    public Span<T> Gradient { get; init; }

    public bool WantsGradient { get; init; }

    public T Scale { get; init; }

    public void Execute(WorkerTeam team) => Lanes.Run<T, SoftmaxCrossEntropyJob<T>, WorkerTeam>(ref Unsafe.AsRef(in this), team);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run<TLane>(WorkerTeam team)
        where TLane : struct, ILane<TLane, T>
    {
        (int start, int end) = team.Share(Targets.Length);
        Block16<T> tailMask = SoftmaxKernel<T, TLane>.TailMask(Classes);
        for (int row = start; row < end; row++)
        {
            ReadOnlySpan<T> logits = Logits.Slice(row * Classes, Classes);
            RowLosses[row] = WantsGradient
                ? SoftmaxCrossEntropyKernel<T, TLane>.ForwardBackward(
                    logits, Targets[row], Gradient.Slice(row * Classes, Classes), Scale, in tailMask)
                : SoftmaxCrossEntropyKernel<T, TLane>.Forward(logits, Targets[row], in tailMask);
        }
    }
}
