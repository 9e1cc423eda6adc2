namespace HighPerfRnn.Training;

/// <summary>The optimizers.</summary>
public enum OptimizerKind
{
    /// <summary>Gradient descent, with momentum if wanted.</summary>
    Sgd,

    /// <summary>RMSprop.</summary>
    RmsProp,

    /// <summary>Adam.</summary>
    Adam,

    /// <summary>Adam with decoupled weight decay.</summary>
    AdamW,
}

/// <summary>How the learning rate goes on after the warm-up.</summary>
public enum ScheduleKind
{
    /// <summary>It stays.</summary>
    Constant,

    /// <summary>It falls along half a cosine to zero at the last iteration.</summary>
    Cosine,
}

/// <summary>How a character model is trained.</summary>
public sealed record CharacterTrainingOptions
{
    /// <summary>B, how many streams the text is cut into.</summary>
    public int Batch { get; init; } = 32;

    /// <summary>T, steps between two updates, over which gradients flow.</summary>
    public int Window { get; init; } = 128;

    /// <summary>How many updates there will be; the cosine schedule ends there.</summary>
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
