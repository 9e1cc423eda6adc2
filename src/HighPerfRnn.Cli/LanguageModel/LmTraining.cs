using System.Diagnostics;
using HighPerfRnn.Cli.Training;
using HighPerfRnn.Layers;
using HighPerfRnn.Models;
using HighPerfRnn.Simd;
using HighPerfRnn.Threading;
using HighPerfRnn.Training;

namespace HighPerfRnn.Cli.LanguageModel;

/// <summary>One run of train lm: iterations, with validation and a checkpoint at intervals, until done or stopped.</summary>
internal sealed class LmTraining
{
    private const int RecentIterations = 20;

    private readonly LmSettings _settings;
    private readonly LmData _data;
    private readonly WorkerGroup _workers;
    private readonly CharacterTrainer<float> _trainer;
    private long _ticks;
    private long _allocatedBytes;
    private double _validationLoss = double.NaN;
    private long _savedIteration = -1;
    private long _shownIteration = -1;

    /// <summary>Makes the model, or finds that of an earlier run.</summary>
    public LmTraining(LmSettings settings, LmData data, WorkerGroup workers)
    {
        _settings = settings;
        _data = data;
        _workers = workers;
        Model = new CharacterModel<float>(data.Alphabet, settings.Model);
        _trainer = new CharacterTrainer<float>(Model, data.Training, settings.Training, workers);
        if (settings.Resume) Resume();
        else _trainer.Initialize();
        Curve = new LossCurve(_trainer.Iteration + 1);
    }

    /// <summary>The model.</summary>
    public CharacterModel<float> Model { get; }

    /// <summary>The losses of this run.</summary>
    public LossCurve Curve { get; }

    /// <summary>Trains until all iterations are done or a stop is asked for, and saves.</summary>
    /// <returns>Whether all are done.</returns>
    public bool Run(TrainingDisplay display, StopRequest stop)
    {
        while (_trainer.Iteration < _settings.Training.Iterations && !stop.IsRequested)
        {
            Step();
            bool isDueForValidation = _trainer.Iteration % _settings.ValidateEvery == 0;
            if (isDueForValidation)
            {
                Validate();
                Save();
            }

            if (isDueForValidation || display.IsDue) Show(display);
        }

        bool isDone = _trainer.Iteration >= _settings.Training.Iterations;
        // A stop is to be quick: the validation of a large text is not.
        if (isDone && (Curve.Validation.Count == 0 || Curve.Validation[^1].Iteration != _trainer.Iteration)) Validate();
        Save();
        if (Curve.Training.Count > 0 && _shownIteration != _trainer.Iteration) Show(display);
        return isDone;
    }

    /// <summary>What the run came to.</summary>
    public LmTrainingReport Report()
    {
        long iterations = Curve.Training.Count;
        long tokens = iterations * TokensPerIteration;
        double seconds = Seconds;
        return new LmTrainingReport(
            RecurrentCells.NameOf(Model.Options.Cell),
            _trainer.Iteration,
            tokens,
            seconds,
            seconds > 0 ? tokens / seconds : 0,
            Curve.RecentMean(RecentIterations),
            _validationLoss,
            Model.ParameterCount,
            iterations > 1 ? (double)_allocatedBytes / (iterations - 1) : 0,
            Lanes.VectorBits,
            _workers.Count,
            _settings.ModelPath);
    }

    private long TokensPerIteration => (long)_settings.Training.Batch * _settings.Training.Window;

    private double Seconds => (double)_ticks / Stopwatch.Frequency;

    private void Resume()
    {
        if (!File.Exists(_settings.ModelPath))
        {
            throw ToolException.Usage(
                $"--out {Output.TextConsole.Quote(_settings.ModelPath)}", "no such file", "the model to --resume");
        }

        _trainer.Resume(_settings.ModelPath);
        _savedIteration = _trainer.Iteration;
        if (_trainer.Iteration > _settings.Training.Iterations)
        {
            throw ToolException.Usage(
                "--iterations",
                $"{_settings.Training.Iterations}",
                $"at least the {_trainer.Iteration} that {_settings.ModelPath} has behind it");
        }
    }

    private void Step()
    {
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        long start = Stopwatch.GetTimestamp();
        TrainingStep step = _trainer.Step();
        _ticks += Stopwatch.GetTimestamp() - start;
        // The runtime's own cache of casts may grow in the first iteration, by 12 KB on this thread; none of it is ours.
        if (Curve.Training.Count > 0) _allocatedBytes += GC.GetAllocatedBytesForCurrentThread() - allocated;
        Curve.Add(step.Loss);
    }

    private void Validate()
    {
        if (_data.Validation.IsEmpty) return;
        _validationLoss = CharacterEvaluation.MeanLoss(Model, _data.Validation.Span, _workers);
        if (!double.IsFinite(_validationLoss))
        {
            throw new TrainingDivergedException(
                $"The validation loss after iteration {_trainer.Iteration} is {_validationLoss}; try a lower learning rate or a lower clip.");
        }

        Curve.AddValidation(_trainer.Iteration, _validationLoss);
    }

    private void Save()
    {
        if (_savedIteration == _trainer.Iteration) return;
        _trainer.Save(_settings.ModelPath);
        _savedIteration = _trainer.Iteration;
    }

    private void Show(TrainingDisplay display)
    {
        _shownIteration = _trainer.Iteration;
        display.Show(Progress());
    }

    private TrainingProgress Progress()
    {
        double seconds = Math.Max(1e-9, Seconds);
        double perIteration = seconds / Math.Max(1, Curve.Training.Count);
        return new TrainingProgress(
            _trainer.Iteration,
            _settings.Training.Iterations,
            Curve.RecentMean(RecentIterations),
            _validationLoss,
            Curve.Training.Count * TokensPerIteration / seconds,
            (_settings.Training.Iterations - _trainer.Iteration) * perIteration);
    }
}
