using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Simd;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Training;

public static partial class SoftmaxCrossEntropy<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// The loss alone with label smoothing ε, class weights w and rows that are passed over:
    /// L = scale·Σᵣ lᵣ with lᵣ = (1 - ε)·w_t·(-ln p_t) + ε / V·Σᵥ wᵥ·(-ln pᵥ), p = softmax(x[r]) and t the row's target; 0 for a
    /// row that is passed over.
    /// </summary>
    /// <remarks>
    /// A row's loss is off by at most (1 - ε)·w_t times the bound of the plain loss, plus ε / V·(Σ w·(⌈V / 16⌉ + ln V + 8) +
    /// (⌈V / 16⌉ + 6)·Σ w·(m - x))·u, m the row's largest logit, plus u·lᵣ. With smoothing a logit of -∞ makes the loss +∞, or NaN
    /// where its class has weight 0.
    /// </remarks>
    /// <param name="logits">x [N, V].</param>
    /// <param name="targets">[N], each in 0 to V - 1, or the one that is passed over.</param>
    /// <param name="classes">V.</param>
    /// <param name="rowLosses">[N], overwritten with the loss of each row, not scaled.</param>
    /// <param name="options">ε, w and what is passed over.</param>
    /// <param name="scale">What the sum of the rows' losses is multiplied by; null for 1 / Σᵣ w_t over the rows that count, the mean.</param>
    /// <param name="workers">Threads to split rows over; null for the caller's alone.</param>
    /// <returns>L; where no row counts the sum 0 and the mean NaN; where the weights that the mean divides by add up to 0, a quotient by 0.</returns>
    /// <exception cref="ArgumentException">A span has another length than its shape, a target or an option is out of range, or what
    /// is written overlaps what is read; nothing has been written then.</exception>
    public static double Forward(
        ReadOnlySpan<T> logits,
        ReadOnlySpan<int> targets,
        int classes,
        Span<T> rowLosses,
        in CrossEntropyOptions<T> options,
        double? scale = null,
        WorkerGroup? workers = null)
    {
        if (options.IsPlain) return Forward(logits, targets, classes, rowLosses, scale, workers);
        Validate(logits, targets, classes, rowLosses, in options);
        double factor = scale ?? 1 / CountedWeight(targets, in options);
        MixtureCrossEntropyJob<T> job = Job(logits, targets, classes, rowLosses, [], factor, in options);
        WorkerGroup.Run(workers, ref job);
        return LossSum.InOrder<T>(rowLosses) * factor;
    }

    /// <summary>
    /// The loss with label smoothing ε, class weights w and rows that are passed over, and its gradient
    /// dL/dx[r, v] = scale·(((1 - ε)·w_t + ε / V·Σ w)·p_v - (1 - ε)·w_t·[v is t] - ε / V·w_v); 0 for a row that is passed over.
    /// </summary>
    /// <remarks>As for the loss alone; the factors are rounded to T once.</remarks>
    /// <param name="logits">x [N, V].</param>
    /// <param name="targets">[N], each in 0 to V - 1, or the one that is passed over.</param>
    /// <param name="classes">V.</param>
    /// <param name="logitsGradient">dL/dx [N, V], overwritten; it may be the same span as the logits.</param>
    /// <param name="rowLosses">[N], overwritten with the loss of each row, not scaled.</param>
    /// <param name="options">ε, w and what is passed over.</param>
    /// <param name="scale">What the sum of the rows' losses is multiplied by; null for 1 / Σᵣ w_t over the rows that count, the mean.</param>
    /// <param name="workers">Threads to split rows over; null for the caller's alone.</param>
    /// <returns>L; where no row counts the sum 0 and the mean NaN; where the weights that the mean divides by add up to 0, a quotient by 0.</returns>
    /// <exception cref="ArgumentException">A span has another length than its shape, a target or an option is out of range, or what
    /// is written overlaps what is read otherwise than as a whole; nothing has been written then.</exception>
    public static double ForwardBackward(
        ReadOnlySpan<T> logits,
        ReadOnlySpan<int> targets,
        int classes,
        Span<T> logitsGradient,
        Span<T> rowLosses,
        in CrossEntropyOptions<T> options,
        double? scale = null,
        WorkerGroup? workers = null)
    {
        if (options.IsPlain) return ForwardBackward(logits, targets, classes, logitsGradient, rowLosses, scale, workers);
        Validate(logits, targets, classes, rowLosses, in options);
        ValidateGradient(logits, targets, classes, logitsGradient, rowLosses);
        Check.NoOverlap(logitsGradient, options.ClassWeights, nameof(logitsGradient), nameof(options.ClassWeights));
        double factor = scale ?? 1 / CountedWeight(targets, in options);
        MixtureCrossEntropyJob<T> job = Job(logits, targets, classes, rowLosses, logitsGradient, factor, in options);
        WorkerGroup.Run(workers, ref job);
        return LossSum.InOrder<T>(rowLosses) * factor;
    }

    /// <summary>The error bound of a row's loss as it stands in the remarks.</summary>
    /// <param name="classes">V.</param>
    /// <param name="mixture">(1 - ε)·w_t, ε / V and Σ w.</param>
    /// <param name="plain">-ln p_t.</param>
    /// <param name="distance">Σ w·(m - x).</param>
    /// <param name="loss">The row's loss.</param>
    internal static double LossErrorBound(int classes, in TargetMixture mixture, double plain, double distance, double loss)
    {
        double unit = typeof(T) == typeof(float) ? 5.9604644775390625E-08 : 1.1102230246251565E-16;
        double smoothed = (mixture.Weights * LossErrorBound(classes, 0)) + ((((classes + 15) / 16) + 6) * distance * unit);
        return (mixture.OnTarget * LossErrorBound(classes, plain)) + (mixture.OnEach * smoothed) + (loss * unit);
    }

    private static MixtureCrossEntropyJob<T> Job(
        ReadOnlySpan<T> logits,
        ReadOnlySpan<int> targets,
        int classes,
        Span<T> rowLosses,
        Span<T> gradient,
        double scale,
        in CrossEntropyOptions<T> options) => new()
        {
            Logits = logits,
            Targets = targets,
            Classes = classes,
            RowLosses = rowLosses,
            Gradient = gradient,
            Scale = scale,
            Options = options,
            WeightSum = options.ClassWeights.IsEmpty ? classes : LossSum.InOrder(options.ClassWeights),
        };

    /// <summary>What the mean divides by: the weights of the targets that count.</summary>
    private static double CountedWeight(ReadOnlySpan<int> targets, in CrossEntropyOptions<T> options)
    {
        double sum = 0;
        foreach (int target in targets)
        {
            if (target == options.IgnoredTarget) continue;
            sum += options.ClassWeights.IsEmpty ? 1 : ExactMath.Widen(options.ClassWeights[target]);
        }

        return sum;
    }

    private static void Validate(
        ReadOnlySpan<T> logits, ReadOnlySpan<int> targets, int classes, Span<T> rowLosses, in CrossEntropyOptions<T> options)
    {
        ValidateShapes(logits, targets, classes, rowLosses);
        if (options.IgnoredTarget is { } ignored) Check.TokensOr(ignored, targets, classes, nameof(targets));
        else Check.Tokens(targets, classes, nameof(targets));
        if (!(options.LabelSmoothing >= 0 && options.LabelSmoothing <= 1))
        {
            throw new ArgumentException(
                $"{nameof(options.LabelSmoothing)} is {options.LabelSmoothing}; expected 0 to 1.", nameof(options));
        }

        Check.ShapeOrEmpty(options.ClassWeights.Length, nameof(options.ClassWeights), "[V]", classes);
        Check.Weights(options.ClassWeights, nameof(options.ClassWeights));
        Check.NoOverlap(rowLosses, options.ClassWeights, nameof(rowLosses), nameof(options.ClassWeights));
    }
}

/// <summary>Rows of softmax cross-entropy with options; workers split them.</summary>
internal readonly ref struct MixtureCrossEntropyJob<T> : ITeamJob, ILaneWork<T, WorkerTeam>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required ReadOnlySpan<T> Logits { get; init; }

    public required ReadOnlySpan<int> Targets { get; init; }

    public required int Classes { get; init; }

    public required Span<T> RowLosses { get; init; }

    /// <summary>Empty when it is not wanted.</summary>
    public required Span<T> Gradient { get; init; }

    public required double Scale { get; init; }

    public required CrossEntropyOptions<T> Options { get; init; }

    /// <summary>Σ w.</summary>
    public required double WeightSum { get; init; }

    public void Execute(WorkerTeam team) => Lanes.Run<T, MixtureCrossEntropyJob<T>, WorkerTeam>(ref Unsafe.AsRef(in this), team);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run<TLane>(WorkerTeam team)
        where TLane : struct, ILane<TLane, T>
    {
        (int start, int end) = team.Share(Targets.Length);
        Block16<T> tailMask = SoftmaxKernel<T, TLane>.TailMask(Classes);
        ReadOnlySpan<T> weights = Options.ClassWeights;
        double smoothing = Options.LabelSmoothing;
        int ignored = Options.IgnoredTarget.GetValueOrDefault();
        bool hasIgnored = Options.IgnoredTarget.HasValue;
        for (int row = start; row < end; row++)
        {
            int target = Targets[row];
            Span<T> gradient = Gradient.IsEmpty ? default : Gradient.Slice(row * Classes, Classes);
            if (hasIgnored && target == ignored)
            {
                RowLosses[row] = T.Zero;
                gradient.Clear();
                continue;
            }

            ReadOnlySpan<T> logits = Logits.Slice(row * Classes, Classes);
            double weight = weights.IsEmpty ? 1 : ExactMath.Widen(weights[target]);
            var mixture = new TargetMixture((1 - smoothing) * weight, smoothing / Classes, WeightSum);
            RowLosses[row] = gradient.IsEmpty
                ? SoftmaxCrossEntropyKernel<T, TLane>.Forward(logits, target, in mixture, weights, in tailMask)
                : SoftmaxCrossEntropyKernel<T, TLane>.ForwardBackward(
                    logits, target, in mixture, weights, gradient, Scale, in tailMask);
        }
    }
}
