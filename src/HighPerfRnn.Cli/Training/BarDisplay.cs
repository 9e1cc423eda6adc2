using System.Diagnostics;
using Spectre.Console;
using static System.FormattableString;

namespace HighPerfRnn.Cli.Training;

/// <summary>A progress bar with loss, speed and time left, drawn by the training's own thread between two iterations.</summary>
internal sealed class BarDisplay(IAnsiConsole console) : TrainingDisplay
{
    private const double SecondsBetweenFrames = 0.2;
    private const double LongestSeconds = 359_999;

    private long _last;
    private ProgressContext? _context;
    private ProgressTask? _task;

    /// <inheritdoc/>
    public override bool IsDue => Stopwatch.GetElapsedTime(_last).TotalSeconds >= SecondsBetweenFrames;

    /// <inheritdoc/>
    public override void Run(Action training) => console.Progress()
        // A thread of Spectre's own would take time from the workers.
        .AutoRefresh(false)
        .AutoClear(false)
        .HideCompleted(false)
        .Columns(new ProgressBarColumn { Width = 20 }, new TaskDescriptionColumn { Alignment = Justify.Left })
        .Start(context =>
        {
            _context = context;
            _task = context.AddTask("starting");
            training();
            context.Refresh();
        });

    /// <inheritdoc/>
    public override void Show(in TrainingProgress progress)
    {
        _last = Stopwatch.GetTimestamp();
        if (_task is null) return;
        _task.MaxValue = Math.Max(1, progress.Iterations);
        _task.Value = progress.Iteration;
        string validation = double.IsNaN(progress.ValidationLoss) ? string.Empty : Invariant($" val {progress.ValidationLoss:0.000}");
        string done = Invariant($"{progress.Iteration}/{progress.Iterations} loss {progress.Loss:0.000}{validation}");
        var left = TimeSpan.FromSeconds(Math.Min(progress.SecondsLeft, LongestSeconds));
        string speed = Invariant($"{progress.ItemsPerSecond / 1000:0.0}k/s {(int)left.TotalMinutes}:{left.Seconds:00} left");
        _task.Description = $"{done} {speed}";
        _context?.Refresh();
    }
}
