using HighPerfRnn.Kernels;

namespace HighPerfRnn.Training;

/// <summary>
/// The learning rate of every iteration: a linear warm-up, then constant or along half a cosine to a fraction of the peak. A
/// function of the iteration alone, the same bits everywhere, so that a resumed run needs no state of it.
/// </summary>
/// <remarks>With W warm-up iterations and a cosine that ends at iteration E: peak·(i + 1) / (W + 1) for i &lt; W; after that peak, or
/// peak·(f + (1 - f)·(1 + cos(π·min(1, (i - W) / (E - W)))) / 2).</remarks>
public readonly record struct LearningRateSchedule
{
    private LearningRateSchedule(double peak, long decayIterations, double finalFraction, long warmupIterations) =>
        (Peak, DecayIterations, FinalFraction, WarmupIterations) = (peak, decayIterations, finalFraction, warmupIterations);

    /// <summary>The highest rate, after the warm-up.</summary>
    public double Peak { get; }

    /// <summary>
    /// E, the iteration at which the cosine has come to its end, counted from 0 and with the warm-up; 0 when the rate stays
    /// constant. A training of E iterations ends with E - 1, a step before the end.
    /// </summary>
    public long DecayIterations { get; }

    /// <summary>f, the fraction of the peak at which the cosine ends and stays.</summary>
    public double FinalFraction { get; }

    /// <summary>W, how many iterations the warm-up takes.</summary>
    public long WarmupIterations { get; }

    /// <summary>The same rate always.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The rate is negative or not finite.</exception>
    public static LearningRateSchedule Constant(double rate)
    {
        CheckRate(rate);
        return new LearningRateSchedule(rate, 0, 1, 0);
    }

    /// <summary>From the peak at iteration 0 along half a cosine to finalFraction·peak (PyTorch's CosineAnnealingLR).</summary>
    /// <param name="peak">The rate at first.</param>
    /// <param name="iterations">The iteration from which on the rate is the final one.</param>
    /// <param name="finalFraction">The final rate over the peak, 0 to 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public static LearningRateSchedule Cosine(double peak, long iterations, double finalFraction = 0)
    {
        CheckRate(peak);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(iterations);
        if (!(finalFraction is >= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(finalFraction), finalFraction, "expected 0 to 1");
        }

        return new LearningRateSchedule(peak, iterations, finalFraction, 0);
    }

    /// <summary>The same schedule after a linear warm-up; a cosine still ends where it did, and so runs faster.</summary>
    /// <param name="iterations">How many iterations stay below the peak; 0 for none.</param>
    /// <exception cref="ArgumentOutOfRangeException">Negative, or not below the iterations of a cosine.</exception>
    public LearningRateSchedule WithLinearWarmup(long iterations)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(iterations);
        if (DecayIterations > 0) ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(iterations, DecayIterations);
        return new LearningRateSchedule(Peak, DecayIterations, FinalFraction, iterations);
    }

    /// <summary>The rate of an iteration, counted from 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The iteration is negative.</exception>
    public double At(long iteration)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(iteration);
        if (iteration < WarmupIterations) return Peak * ((iteration + 1.0) / (WarmupIterations + 1.0));
        if (DecayIterations == 0) return Peak;
        double progress = Math.Min(1, (double)(iteration - WarmupIterations) / (DecayIterations - WarmupIterations));
        return Peak * (FinalFraction + ((1 - FinalFraction) * (0.5 * (1 + ExactMath.CosPi(progress)))));
    }

    private static void CheckRate(double rate)
    {
        if (!(rate >= 0 && double.IsFinite(rate)))
        {
            throw new ArgumentOutOfRangeException(nameof(rate), rate, "expected a finite learning rate of at least 0");
        }
    }
}
