using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Training;

/// <summary>The squared error, number by number: L = scale·Σᵢ wᵢ·(xᵢ - yᵢ)², without allocating.</summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>
/// A loss is off by at most 4·u of itself, a gradient by 4·u of itself, where they are normal numbers. Losses are added in double, in eight
/// chains. The bits do not depend on the vector width or the number of workers. A NaN makes its own loss and gradient NaN, unless
/// its weight is 0.
/// </remarks>
public static class MeanSquaredError<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The loss alone, as for evaluation.</summary>
    /// <param name="predictions">x [N], of any shape.</param>
    /// <param name="targets">y [N].</param>
    /// <param name="losses">[N], overwritten with wᵢ·(xᵢ - yᵢ)², not scaled.</param>
    /// <param name="weights">
    /// w [N], none of them negative; where w is 0 loss and gradient are 0 whatever stands there, so that zeros and ones are a mask.
    /// Empty for ones.
    /// </param>
    /// <param name="scale">What the sum of the losses is multiplied by; null for 1 / Σ w, or 1 / N without weights: the mean.</param>
    /// <param name="workers">Threads to split numbers over; null for the caller's alone.</param>
    /// <returns>L; of no numbers the sum 0 and the mean NaN.</returns>
    /// <exception cref="ArgumentException">A span has another length than its shape, a weight is negative or not finite, or what is
    /// written overlaps what is read; nothing has been written then.</exception>
    public static double Forward(
        ReadOnlySpan<T> predictions,
        ReadOnlySpan<T> targets,
        Span<T> losses,
        ReadOnlySpan<T> weights = default,
        double? scale = null,
        WorkerGroup? workers = null)
    {
        var job = new PointwiseLossJob<T, SquaredErrorFunction<T>>
        {
            Predictions = predictions,
            Targets = targets,
            Weights = weights,
            Losses = losses,
        };
        job.Validate(nameof(predictions), "", wantsGradient: false);
        return PointwiseLossJob<T, SquaredErrorFunction<T>>.Run(in job, scale, workers);
    }

    /// <summary>The loss and its gradient dL/dxᵢ = 2·scale·wᵢ·(xᵢ - yᵢ).</summary>
    /// <param name="predictions">x [N], of any shape.</param>
    /// <param name="targets">y [N].</param>
    /// <param name="predictionsGradient">dL/dx [N], overwritten; it may be the same span as the predictions.</param>
    /// <param name="losses">[N], overwritten with wᵢ·(xᵢ - yᵢ)², not scaled.</param>
    /// <param name="weights">
    /// w [N], none of them negative; where w is 0 loss and gradient are 0 whatever stands there, so that zeros and ones are a mask.
    /// Empty for ones.
    /// </param>
    /// <param name="scale">What the sum of the losses is multiplied by; null for 1 / Σ w, or 1 / N without weights: the mean.</param>
    /// <param name="workers">Threads to split numbers over; null for the caller's alone.</param>
    /// <returns>L; of no numbers the sum 0 and the mean NaN.</returns>
    /// <exception cref="ArgumentException">A span has another length than its shape, a weight is negative or not finite, or what is
    /// written overlaps what is read otherwise than as a whole; nothing has been written then.</exception>
    public static double ForwardBackward(
        ReadOnlySpan<T> predictions,
        ReadOnlySpan<T> targets,
        Span<T> predictionsGradient,
        Span<T> losses,
        ReadOnlySpan<T> weights = default,
        double? scale = null,
        WorkerGroup? workers = null)
    {
        var job = new PointwiseLossJob<T, SquaredErrorFunction<T>>
        {
            Predictions = predictions,
            Targets = targets,
            Weights = weights,
            Losses = losses,
            Gradient = predictionsGradient,
        };
        job.Validate(nameof(predictions), nameof(predictionsGradient), wantsGradient: true);
        return PointwiseLossJob<T, SquaredErrorFunction<T>>.Run(in job, scale, workers);
    }
}
