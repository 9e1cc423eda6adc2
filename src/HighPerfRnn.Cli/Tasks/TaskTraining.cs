using System.Diagnostics;
using HighPerfRnn.Cli.Training;
using HighPerfRnn.Tasks.Training;
using HighPerfRnn.Training;

namespace HighPerfRnn.Cli.Tasks;

/// <summary>One run of a task's training: updates, with validation and a checkpoint at intervals, until done or stopped.</summary>
/// <param name="trainer">The training.</param>
/// <param name="save">Writes model and training.</param>
internal sealed class TaskTraining(TaskTrainer trainer, Action save)
{
    private const int RecentIterations = 20;

    private long _ticks;
    private long _allocatedBytes;
    private long _measuredIterations;
    private long _savedIteration = -1;
    private double _validationLoss = double.NaN;

    /// <summary>The losses of this run.</summary>
    public LossCurve Curve { get; } = new(trainer.Iteration + 1);

    /// <summary>Examples trained on.</summary>
    public long Items { get; private set; }

    /// <summary>Tokens or frames trained on.</summary>
    public long Units { get; private set; }

    /// <summary>In updates.</summary>
    public double Seconds => (double)_ticks / Stopwatch.Frequency;

    /// <summary>After the first iteration, but for those that begin a pass over the data.</summary>
    public double AllocatedBytesPerIteration => _measuredIterations > 0 ? (double)_allocatedBytes / _measuredIterations : 0;

    /// <summary>Trains until all is done or a stop is asked for, and saves.</summary>
    /// <returns>Whether all is done.</returns>
    /// <exception cref="ToolException">The loss is not finite any more.</exception>
    public bool Run(ToolContext context)
    {
        using StopRequest stop = context.ListenForStop();
        TrainingDisplay display = TrainingDisplay.Create(context);
        try
        {
            display.Run(() => Run(display, stop));
        }
        catch (TrainingDivergedException error)
        {
            throw ToolException.Unmet(error.Message);
        }

        return trainer.IsDone;
    }

    private void Run(TrainingDisplay display, StopRequest stop)
    {
        while (!trainer.IsDone && !stop.IsRequested)
        {
            Step();
            bool isValidated = trainer.IsValidationDue;
            if (isValidated)
            {
                TaskScore score = trainer.Validate();
                _validationLoss = score.Loss;
                if (double.IsFinite(score.Loss)) Curve.AddValidation(trainer.Iteration, score.Loss);
                Save();
            }

            if (isValidated || display.IsDue || trainer.IsDone) Show(display);
        }

        Save();
    }

    private void Step()
    {
        // The first one compiles.
        bool isMeasured = Curve.Training.Count > 0;
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        long start = Stopwatch.GetTimestamp();
        TaskStep step = trainer.Step();
        _ticks += Stopwatch.GetTimestamp() - start;
        if (isMeasured)
        {
            _allocatedBytes += GC.GetAllocatedBytesForCurrentThread() - allocated;
            _measuredIterations++;
        }

        Items += step.Examples;
        Units += step.Units;
        Curve.Add(step.Loss);
    }

    private void Save()
    {
        if (_savedIteration == trainer.Iteration) return;
        save();
        _savedIteration = trainer.Iteration;
    }

    private void Show(TrainingDisplay display)
    {
        double seconds = Math.Max(1e-9, Seconds);
        double perIteration = seconds / Math.Max(1, Curve.Training.Count);
        display.Show(new TrainingProgress(
            trainer.Iteration,
            trainer.Options.Iterations,
            Curve.RecentMean(RecentIterations),
            _validationLoss,
            Units / seconds,
            (trainer.Options.Iterations - trainer.Iteration) * perIteration));
    }
}
