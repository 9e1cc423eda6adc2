using System.Diagnostics;
using static System.FormattableString;

namespace HighPerfRnn.Cli.Training;

/// <summary>A line at the start of a training, then every ten seconds, for logs.</summary>
internal sealed class LineDisplay(TextWriter error) : TrainingDisplay
{
    private const double SecondsBetweenLines = 10;

    private long _last = Stopwatch.GetTimestamp();

    /// <inheritdoc/>
    public override bool IsDue => Stopwatch.GetElapsedTime(_last).TotalSeconds >= SecondsBetweenLines;

    /// <inheritdoc/>
    public override void Run(Action training) => training();

    /// <inheritdoc/>
    public override void Show(in TrainingProgress progress)
    {
        _last = Stopwatch.GetTimestamp();
        string validation = double.IsNaN(progress.ValidationLoss) ? string.Empty : Invariant($", validation {progress.ValidationLoss:0.0000}");
        string speed = Invariant($"{progress.ItemsPerSecond:0} tokens/s, {progress.SecondsLeft:0} s left");
        error.WriteLine(Invariant($"iteration {progress.Iteration}/{progress.Iterations}: loss {progress.Loss:0.0000}{validation}, {speed}"));
    }
}
