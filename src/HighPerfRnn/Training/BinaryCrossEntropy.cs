using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Training;

/// <summary>
/// Sigmoid and binary cross-entropy in one, number by number: L = scale·Σᵢ wᵢ·lᵢ with
/// lᵢ = (1 - yᵢ)·ln(1 + e^xᵢ) + pᵢ·yᵢ·ln(1 + e^-xᵢ) in nats; without p that is max(x, 0) - x·y + ln(1 + e^-|x|).
/// Stable for logits of any finite size, without allocating.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>
/// <para>For targets from 0 to 1 a loss is off by at most 9 units in its last place, since none of its terms cancels another; terms below
/// the normal numbers become 0. A gradient is off by at most 6·u·(1 + p)·w·|scale|. Losses are added in double, in eight chains.
/// The bits do not depend on the vector width or the number of workers.</para>
/// <para>Targets may lie beyond 0 and 1; the loss is what the formula gives. A NaN makes its own loss and gradient NaN, unless its weight is 0.
/// An infinite logit gives the loss ∞, or NaN where it agrees with its target, and the gradient of a very large one.</para>
/// </remarks>
public static class BinaryCrossEntropy<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The loss alone, as for evaluation.</summary>
    /// <param name="logits">x [N], of any shape.</param>
    /// <param name="targets">y [N], from 0 to 1.</param>
    /// <param name="losses">[N], overwritten with wᵢ·lᵢ, not scaled.</param>
    /// <param name="options">Weights and weights of positive targets.</param>
    /// <param name="scale">What the sum of the losses is multiplied by; null for 1 / Σ w, or 1 / N without weights: the mean.</param>
    /// <param name="workers">Threads to split numbers over; null for the caller's alone.</param>
    /// <returns>L; of no numbers the sum 0 and the mean NaN.</returns>
    /// <exception cref="ArgumentException">A span has another length than its shape, a weight is negative or not finite, or what is
    /// written overlaps what is read; nothing has been written then.</exception>
    public static double Forward(
        ReadOnlySpan<T> logits,
        ReadOnlySpan<T> targets,
        Span<T> losses,
        in BinaryCrossEntropyOptions<T> options = default,
        double? scale = null,
        WorkerGroup? workers = null)
    {
        PointwiseLossJob<T, BinaryCrossEntropyFunction<T>> job = Job(logits, targets, [], losses, in options, wantsGradient: false);
        return PointwiseLossJob<T, BinaryCrossEntropyFunction<T>>.Run(in job, scale, workers);
    }

    /// <summary>The loss and its gradient dL/dxᵢ = scale·wᵢ·((1 - yᵢ)·σ(xᵢ) - pᵢ·yᵢ·σ(-xᵢ)); without p that is σ(x) - y.</summary>
    /// <param name="logits">x [N], of any shape.</param>
    /// <param name="targets">y [N], from 0 to 1.</param>
    /// <param name="logitsGradient">dL/dx [N], overwritten; it may be the same span as the logits.</param>
    /// <param name="losses">[N], overwritten with wᵢ·lᵢ, not scaled.</param>
    /// <param name="options">Weights and weights of positive targets.</param>
    /// <param name="scale">What the sum of the losses is multiplied by; null for 1 / Σ w, or 1 / N without weights: the mean.</param>
    /// <param name="workers">Threads to split numbers over; null for the caller's alone.</param>
    /// <returns>L; of no numbers the sum 0 and the mean NaN.</returns>
    /// <exception cref="ArgumentException">A span has another length than its shape, a weight is negative or not finite, or what is
    /// written overlaps what is read otherwise than as a whole; nothing has been written then.</exception>
    public static double ForwardBackward(
        ReadOnlySpan<T> logits,
        ReadOnlySpan<T> targets,
        Span<T> logitsGradient,
        Span<T> losses,
        in BinaryCrossEntropyOptions<T> options = default,
        double? scale = null,
        WorkerGroup? workers = null)
    {
        PointwiseLossJob<T, BinaryCrossEntropyFunction<T>> job = Job(logits, targets, logitsGradient, losses, in options, wantsGradient: true);
        return PointwiseLossJob<T, BinaryCrossEntropyFunction<T>>.Run(in job, scale, workers);
    }

    private static PointwiseLossJob<T, BinaryCrossEntropyFunction<T>> Job(
        ReadOnlySpan<T> logits,
        ReadOnlySpan<T> targets,
        Span<T> logitsGradient,
        Span<T> losses,
        in BinaryCrossEntropyOptions<T> options,
        bool wantsGradient)
    {
        var job = new PointwiseLossJob<T, BinaryCrossEntropyFunction<T>>
        {
            Predictions = logits,
            Targets = targets,
            Weights = options.Weights,
            PositiveWeights = options.PositiveWeights,
            Losses = losses,
            Gradient = logitsGradient,
        };
        job.Validate(nameof(logits), nameof(logitsGradient), wantsGradient);
        ReadOnlySpan<T> positive = options.PositiveWeights;
        Check.Divides(positive.Length, logits.Length, nameof(options.PositiveWeights), nameof(logits));
        Check.Weights(positive, nameof(options.PositiveWeights));
        Check.NoOverlap(losses, positive, nameof(losses), nameof(options.PositiveWeights));
        Check.NoOverlap(logitsGradient, positive, nameof(logitsGradient), nameof(options.PositiveWeights));
        return job;
    }
}
