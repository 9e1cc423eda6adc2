namespace HighPerfRnn.Cli.Training;

/// <summary>How far a training is.</summary>
/// <param name="Iteration">Done, with those of earlier runs.</param>
/// <param name="Iterations">Asked for.</param>
/// <param name="Loss">Of late.</param>
/// <param name="ValidationLoss">The last one; NaN before the first.</param>
/// <param name="ItemsPerSecond">Speed of this run.</param>
/// <param name="SecondsLeft">At that speed.</param>
internal readonly record struct TrainingProgress(
    long Iteration, long Iterations, double Loss, double ValidationLoss, double ItemsPerSecond, double SecondsLeft);

/// <summary>Shows on standard error how far a training is.</summary>
internal abstract class TrainingDisplay
{
    /// <summary>A bar where standard error is a terminal, a plain line now and then elsewhere.</summary>
    public static TrainingDisplay Create(ToolContext context) =>
        context.ErrorIsTerminal ? new BarDisplay(context.ErrorConsole) : new LineDisplay(context.Error);

    /// <summary>Runs a training that calls <see cref="Show"/>.</summary>
    public abstract void Run(Action training);

    /// <summary>Whether it is time to show something again: building what is shown costs more than asking.</summary>
    public abstract bool IsDue { get; }

    /// <summary>Shows it.</summary>
    public abstract void Show(in TrainingProgress progress);
}
