using HighPerfRnn.Training;

namespace HighPerfRnn.Tasks.Training;

/// <summary>How a task is trained.</summary>
public sealed record TaskTrainingOptions
{
    /// <summary>Examples an update.</summary>
    public int Batch { get; init; } = 32;

    /// <summary>Updates in all.</summary>
    public long Iterations { get; init; } = 1000;

    /// <summary>Updates between two validations; 0 for one at the end of each pass over the examples.</summary>
    public int ValidateEvery { get; init; }

    /// <summary>Validations without a better score after which training ends; 0 for never.</summary>
    public int Patience { get; init; }

    /// <summary>The optimizer, with PyTorch's defaults.</summary>
    public OptimizerKind Optimizer { get; init; } = OptimizerKind.Adam;

    /// <summary>The peak of the learning rate.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Of plain gradient descent.</summary>
    public double Momentum { get; init; }

    /// <summary>How the rate goes on.</summary>
    public ScheduleKind Schedule { get; init; } = ScheduleKind.Cosine;

    /// <summary>Updates in which the rate rises from 0.</summary>
    public int WarmupIterations { get; init; }

    /// <summary>The largest norm of the gradient.</summary>
    public double Clip { get; init; } = 1;

    /// <summary>What else decides how examples are seen, in words: a training that goes on must have the same.</summary>
    public string Examples { get; init; } = string.Empty;

    /// <summary>What the order of examples and all masks follow from.</summary>
    public ulong Seed { get; init; } = 1;
}
