using HighPerfRnn.Data.Batching;
using HighPerfRnn.Memory;
using HighPerfRnn.Threading;
using HighPerfRnn.Training;

namespace HighPerfRnn.Tasks.Training;

/// <summary>What an update showed.</summary>
/// <param name="Iteration">Its number, from 1.</param>
/// <param name="Loss">Mean loss of the batch before the update.</param>
/// <param name="LearningRate">The rate of the update.</param>
/// <param name="Examples">Of the batch.</param>
/// <param name="Units">Tokens or frames of the batch.</param>
public readonly record struct TaskStep(long Iteration, double Loss, double LearningRate, int Examples, long Units);

/// <summary>
/// Trains a task: batches of alike lengths, clipping, an optimizer with a schedule, validation, and the best parameters kept.
/// </summary>
/// <remarks>
/// The number of an iteration decides its batch and its masks, so that the same seed, data and options give the same parameters, bit for
/// bit, for any number of workers, and a training that is saved and resumed those of one that never stopped.
/// </remarks>
public sealed class TaskTrainer
{
    private readonly LearningRateSchedule _schedule;
    private readonly ParameterSet<float>[] _gradients;
    private readonly LengthBatches _batches;
    private int _epoch = -1;

    /// <summary>A trainer; the parameters are taken as they are.</summary>
    /// <param name="task">Network and examples.</param>
    /// <param name="options">How.</param>
    /// <param name="workers">Threads of the optimizer; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">There are no examples.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public TaskTrainer(ITrainableTask task, TaskTrainingOptions options, WorkerGroup? workers = null)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Batch);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Iterations);
        ArgumentOutOfRangeException.ThrowIfNegative(options.ValidateEvery);
        ArgumentOutOfRangeException.ThrowIfNegative(options.Patience);
        if (task.TrainingLengths.IsEmpty) throw new ArgumentException("There are no examples to learn from; expected one at least.", nameof(task));
        Task = task;
        Options = options;
        _batches = new LengthBatches(task.TrainingLengths, options.Batch);
        _gradients = [.. task.ParameterSets.Select(set => set.CreateZeros())];
        Best = [.. task.ParameterSets.Select(set => set.CreateZeros())];
        LearningRateSchedule schedule = options.Schedule == ScheduleKind.Cosine
            ? LearningRateSchedule.Cosine(options.LearningRate, options.Iterations)
            : LearningRateSchedule.Constant(options.LearningRate);
        _schedule = options.WarmupIterations > 0 ? schedule.WithLinearWarmup(options.WarmupIterations) : schedule;
        Optimizer = CreateOptimizer(task.ParameterSets, options, workers);
        task.Repack();
        KeepBest();
    }

    /// <summary>What is trained.</summary>
    public ITrainableTask Task { get; }

    /// <summary>How.</summary>
    public TaskTrainingOptions Options { get; }

    /// <summary>The optimizer.</summary>
    public Optimizer<float> Optimizer { get; }

    /// <summary>Updates done.</summary>
    public long Iteration { get; internal set; }

    /// <summary>Updates of a pass over all examples.</summary>
    public int IterationsPerEpoch => _batches.Count;

    /// <summary>Updates between two validations.</summary>
    public int ValidateEvery => Options.ValidateEvery > 0 ? Options.ValidateEvery : _batches.Count;

    /// <summary>The iteration after which the parameters were the best; 0 before the first validation.</summary>
    public long BestIteration { get; internal set; }

    /// <summary>The best score's deciding number; NaN before the first validation.</summary>
    public double BestDecisive { get; internal set; } = double.NaN;

    /// <summary>What the best parameters scored; null where this trainer has not measured them itself.</summary>
    public TaskScore? BestScore { get; internal set; }

    /// <summary>Validations since the best one.</summary>
    public int ValidationsSinceBest { get; internal set; }

    /// <summary>Whether there is nothing more to do: all iterations are done, or patience is at its end.</summary>
    public bool IsDone =>
        Iteration >= Options.Iterations || (Options.Patience > 0 && ValidationsSinceBest >= Options.Patience);

    /// <summary>Whether a validation is due after the last update.</summary>
    public bool IsValidationDue => Iteration > 0 && (Iteration % ValidateEvery == 0 || Iteration >= Options.Iterations);

    /// <summary>The best parameters so far, in the layout of the task's.</summary>
    public IReadOnlyList<ParameterSet<float>> Best { get; }

    /// <summary>One update. Allocates nothing.</summary>
    /// <exception cref="TrainingDivergedException">The loss or the gradient is not finite; nothing was updated.</exception>
    public TaskStep Step()
    {
        int epoch = (int)(Iteration / _batches.Count);
        if (epoch != _epoch) _batches.Shuffle(Options.Seed, epoch);
        _epoch = epoch;
        ReadOnlySpan<int> examples = _batches[(int)(Iteration % _batches.Count)];
        foreach (ParameterSet<float> gradients in _gradients) gradients.Values.Clear();
        double loss = Task.Accumulate(examples, (ulong)Iteration, _gradients);
        ThrowIfNotFinite(loss, "loss");
        ThrowIfNotFinite(GradientClipping.ByGlobalNorm(_gradients, Options.Clip), "norm of the gradient");
        double rate = _schedule.At(Iteration);
        Optimizer.Step(_gradients, rate);
        Task.Repack();
        Iteration++;
        return new TaskStep(Iteration, loss, rate, examples.Length, Task.UnitsOf(examples));
    }

    /// <summary>Measures, and keeps the parameters where they are the best so far; without a score the last ones count.</summary>
    public TaskScore Validate()
    {
        TaskScore score = Task.Validate();
        if (double.IsNaN(score.Decisive) || double.IsNaN(BestDecisive) || score.Decisive > BestDecisive)
        {
            BestDecisive = score.Decisive;
            BestScore = score;
            BestIteration = Iteration;
            ValidationsSinceBest = 0;
            KeepBest();
        }
        else
        {
            ValidationsSinceBest++;
        }

        return score;
    }

    /// <summary>The best parameters become the task's.</summary>
    public void RestoreBest()
    {
        for (int set = 0; set < Best.Count; set++) Best[set].Values.CopyTo(Task.ParameterSets[set].Values);
        Task.Repack();
    }

    private void KeepBest()
    {
        for (int set = 0; set < Best.Count; set++) Task.ParameterSets[set].Values.CopyTo(Best[set].Values);
    }

    private static Optimizer<float> CreateOptimizer(
        IReadOnlyList<ParameterSet<float>> sets, TaskTrainingOptions options, WorkerGroup? workers) => options.Optimizer switch
        {
            OptimizerKind.Sgd => new Sgd<float>(sets, options.Momentum, workers: workers),
            OptimizerKind.RmsProp => new RmsProp<float>(sets, workers: workers),
            OptimizerKind.Adam => new Adam<float>(sets, workers: workers),
            OptimizerKind.AdamW => new AdamW<float>(sets, workers: workers),
            _ => throw new ArgumentOutOfRangeException(nameof(options), options.Optimizer, "expected Sgd, RmsProp, Adam or AdamW"),
        };

    private void ThrowIfNotFinite(double value, string name)
    {
        if (double.IsFinite(value)) return;
        throw new TrainingDivergedException($"The {name} at iteration {Iteration + 1} is {value}; try a lower learning rate or a lower clip.");
    }
}
