namespace HighPerfRnn.Training;

/// <summary>What one iteration of training showed.</summary>
/// <param name="Iteration">Its number, from 1.</param>
/// <param name="Loss">The mean loss of its window before the update, in nats a character.</param>
/// <param name="GradientNorm">The global norm of the gradients before clipping.</param>
/// <param name="LearningRate">The learning rate of the update.</param>
public readonly record struct TrainingStep(long Iteration, double Loss, double GradientNorm, double LearningRate);
