namespace HighPerfRnn.Training;

/// <summary>How a character model is trained.</summary>
public sealed record CharacterTrainingOptions
{
    /// <summary>B, how many streams the text is cut into.</summary>
    public int Batch { get; init; } = 32;

    /// <summary>T, steps between two updates, over which gradients flow.</summary>
    public int Window { get; init; } = 128;

    /// <summary>N, how many updates there will be: iterations 0 to N - 1. The cosine schedule would come to zero at iteration N.</summary>
    public long Iterations { get; init; } = 600;

    /// <summary>The optimizer.</summary>
    public OptimizerKind Optimizer { get; init; } = OptimizerKind.Adam;

    /// <summary>The learning rate, at its highest.</summary>
    public double LearningRate { get; init; } = 2e-3;

    /// <summary>The momentum of <see cref="OptimizerKind.Sgd"/>.</summary>
    public double Momentum { get; init; }

    /// <summary>The largest global norm of the gradients; larger ones are scaled down to it.</summary>
    public double Clip { get; init; } = 1;

    /// <summary>How the learning rate goes on after the warm-up.</summary>
    public ScheduleKind Schedule { get; init; } = ScheduleKind.Constant;

    /// <summary>Iterations in which the learning rate rises from 0.</summary>
    public long WarmupIterations { get; init; }

    /// <summary>Decides the initial parameters.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>
    /// The initial bias of an LSTM's forget gates, of no meaning to other cells: at 1, a first f near 0.73 lets gradients through
    /// (Gers, Schmidhuber and Cummins 2000; Jozefowicz, Zaremba and Sutskever 2015).
    /// </summary>
    public double ForgetBias { get; init; } = 1;

    /// <summary>The learning rate of each iteration.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    internal LearningRateSchedule CreateSchedule()
    {
        LearningRateSchedule schedule = Schedule == ScheduleKind.Cosine
            ? LearningRateSchedule.Cosine(LearningRate, Iterations)
            : LearningRateSchedule.Constant(LearningRate);
        return schedule.WithLinearWarmup(WarmupIterations);
    }
}
