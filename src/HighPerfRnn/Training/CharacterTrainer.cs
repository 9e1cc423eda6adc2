using System.Numerics;
using HighPerfRnn.Formats;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Models;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Training;

/// <summary>
/// Trains a character model by truncated backpropagation through time: gradients flow within a window, the state is carried
/// over windows. After construction nothing is allocated but by saving.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>The same seed, text and options give the same parameters, bit for bit, for any vector width and number of workers.</remarks>
public sealed class CharacterTrainer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // How fast the units of an LRU forget at first: within two steps to a thousand.
    private const double LeastDecay = 0.5;
    private const double MostDecay = 0.999;

    private readonly CharacterWindows _windows;
    private readonly CharacterModelPass<T> _pass;
    private readonly ParameterSet<T>[] _gradients;
    private readonly LearningRateSchedule _schedule;
    private readonly WorkerGroup? _workers;
    private readonly int[] _inputs;
    private readonly int[] _targets;
    private readonly T[] _rowLosses;

    /// <summary>A trainer of a model on a text; the parameters are taken as they are.</summary>
    /// <param name="model">The model, trainable.</param>
    /// <param name="trainingTokens">The text.</param>
    /// <param name="options">How.</param>
    /// <param name="workers">Threads to use; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">The model is not trainable, the text is too short for one window of every stream, or
    /// one of its tokens is not in the model's alphabet.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public CharacterTrainer(
        CharacterModel<T> model, ReadOnlyMemory<int> trainingTokens, CharacterTrainingOptions options, WorkerGroup? workers = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        if (!model.IsTrainable) throw new ArgumentException("The model was made with isTrainable: false; expected true.", nameof(model));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Batch);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Window);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Iterations);
        if (!double.IsFinite(options.ForgetBias))
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.ForgetBias, "ForgetBias: expected a finite number");
        }

        if (!(options.Clip > 0)) throw new ArgumentOutOfRangeException(nameof(options), options.Clip, "Clip: expected a number above 0");
        long needed = (options.Window + 1L) * options.Batch;
        if (trainingTokens.Length < needed)
        {
            throw new ArgumentException(
                $"The text has {trainingTokens.Length} characters; expected at least {needed} for {options.Batch} streams of one window of {options.Window} and its target.",
                nameof(trainingTokens));
        }

        Check.Tokens(trainingTokens.Span, model.Alphabet.Count, nameof(trainingTokens));
        Model = model;
        Options = options;
        TrainingTokens = trainingTokens;
        _workers = workers;
        _schedule = options.CreateSchedule();
        Optimizer = CreateOptimizer(model.ParameterSets, options, workers);
        _windows = new CharacterWindows(trainingTokens, options.Window, options.Batch);
        _pass = new CharacterModelPass<T>(model, options.Window, options.Batch);
        _gradients = [.. model.ParameterSets.Select(set => set.CreateZeros())];
        _inputs = new int[options.Window * options.Batch];
        _targets = new int[_inputs.Length];
        _rowLosses = new T[_inputs.Length];
        model.Repack(workers);
    }

    /// <summary>The model.</summary>
    public CharacterModel<T> Model { get; }

    /// <summary>How it is trained.</summary>
    public CharacterTrainingOptions Options { get; }

    /// <summary>How many iterations were done.</summary>
    public long Iteration { get; internal set; }

    internal Optimizer<T> Optimizer { get; }

    internal ReadOnlyMemory<int> TrainingTokens { get; }

    internal CharacterModelPass<T> Pass => _pass;

    /// <summary>
    /// Sets the parameters that the seed decides: embedding from N(0, 1), the linear layer and each gate of Wx Xavier uniform, each gate
    /// of Wh orthogonal, λ of an LRU uniform from 0.5 to 0.999, biases zero but for an LSTM's
    /// <see cref="CharacterTrainingOptions.ForgetBias"/>.
    /// </summary>
    public void Initialize()
    {
        // A stream of random numbers a parameter: the size of one does not move the draws of the next.
        ulong stream = 0;
        foreach (ParameterSet<T> set in Model.ParameterSets)
        {
            foreach (Parameter parameter in set.Parameters)
            {
                var random = new CounterRandom(Options.Seed, stream++);
                Span<T> values = set.Span(parameter);
                if (set == Model.Embedding.Parameters) Initialization.Normal(values, 0, 1, ref random);
                else if (set == Model.Output.Parameters && parameter.IsVector) values.Clear();
                else if (set == Model.Output.Parameters) Initialization.XavierUniform(values, parameter.Rows, parameter.Columns, ref random);
                else InitializeRecurrent(parameter, values, ref random);
            }
        }

        Model.Repack(_workers);
    }

    /// <summary>One iteration: a window forward and backward, clipping, an update. Allocates nothing.</summary>
    /// <remarks>
    /// The loss and the norm are those before the update: whether that one ruined the parameters shows in the next iteration's.
    /// </remarks>
    /// <exception cref="TrainingDivergedException">The loss or the gradient is not finite; nothing was updated.</exception>
    public TrainingStep Step()
    {
        int window = (int)(Iteration % _windows.Count);
        if (window == 0) _pass.ResetState();
        _windows.CopyTo(window, _inputs, _targets);
        foreach (ParameterSet<T> gradients in _gradients) gradients.Values.Clear();
        _pass.Forward(_inputs, _workers);
        Span<T> logits = _pass.Logits;
        double loss = SoftmaxCrossEntropy<T>.ForwardBackward(
            logits, _targets, Model.Alphabet.Count, logits, _rowLosses, workers: _workers);
        ThrowIfNotFinite(loss, "loss");
        _pass.Backward(_inputs, logits, _gradients, _workers);
        double norm = GradientClipping.ByGlobalNorm(_gradients, Options.Clip);
        ThrowIfNotFinite(norm, "norm of the gradient");
        double learningRate = _schedule.At(Iteration);
        Optimizer.Step(_gradients, learningRate);
        Model.Repack(_workers);
        _pass.CarryState();
        Iteration++;
        return new TrainingStep(Iteration, loss, norm, learningRate);
    }

    /// <summary>Writes the model and all that <see cref="Resume"/> needs into one file; a crash leaves the old file or the new.</summary>
    /// <remarks>
    /// The next iteration's loss is computed before, since the last update may have ruined parameters whose loss, taken before
    /// it, was still fine: a good file is never replaced by one that cannot go on.
    /// </remarks>
    /// <exception cref="TrainingDivergedException">The next iteration's loss is not finite; what stood in the file still does.</exception>
    /// <exception cref="IOException">The file cannot be written; what stood there before still does.</exception>
    public void Save(string path)
    {
        _windows.CopyTo((int)(Iteration % _windows.Count), _inputs, _targets);
        // Alone: it is a fraction of what saving takes, and workers may have been disposed of by then.
        _pass.Forward(_inputs);
        ThrowIfNotFinite(SoftmaxCrossEntropy<T>.Forward(_pass.Logits, _targets, Model.Alphabet.Count, _rowLosses), "loss");
        CharacterCheckpoint.Save(path, this);
    }

    /// <summary>Continues a training that was saved, with the same bits as if it had never stopped.</summary>
    /// <exception cref="ModelFormatException">The file holds no training of this model, text and options; the message names the difference. The trainer is as it was before then.</exception>
    /// <exception cref="IOException">The file cannot be read. The trainer is as it was before then.</exception>
    public void Resume(string path)
    {
        CharacterCheckpoint.Load(path, this);
        // Alone, since workers may fail: parameters without their packed copies would be neither the old model nor the new.
        Model.Repack();
    }

    private void InitializeRecurrent(in Parameter parameter, Span<T> values, ref CounterRandom random)
    {
        int hidden = Model.Options.HiddenSize;
        switch (parameter.Name)
        {
            case "weight_ih":
                Initialization.XavierUniform(values, parameter.Rows, hidden, ref random);
                break;
            case "weight_hh":
                Initialization.OrthogonalGates(values, hidden, parameter.Columns / hidden, 1, ref random);
                break;
            case "nu":
                Initialization.Decays(values, LeastDecay, MostDecay, ref random);
                break;
            default:
                values.Clear();
                // The gates' order is i, f, g, o.
                bool hasForgetGate = parameter.Name == "bias" && Model.Options.Cell == RecurrentCellKind.Lstm;
                if (hasForgetGate) values.Slice(hidden, hidden).Fill(ExactMath.Narrow<T>(Options.ForgetBias));
                break;
        }
    }

    private static Optimizer<T> CreateOptimizer(
        IReadOnlyList<ParameterSet<T>> sets, CharacterTrainingOptions options, WorkerGroup? workers) =>
        options.Optimizer switch
        {
            OptimizerKind.Sgd => new Sgd<T>(sets, options.Momentum, workers: workers),
            OptimizerKind.RmsProp => new RmsProp<T>(sets, workers: workers),
            OptimizerKind.Adam => new Adam<T>(sets, workers: workers),
            OptimizerKind.AdamW => new AdamW<T>(sets, workers: workers),
            _ => throw new ArgumentOutOfRangeException(nameof(options), options.Optimizer, "expected Sgd, RmsProp, Adam or AdamW"),
        };

    private void ThrowIfNotFinite(double value, string name)
    {
        if (!double.IsFinite(value))
        {
            throw new TrainingDivergedException(
                $"The {name} at iteration {Iteration + 1} is {value}; try a lower learning rate or a lower clip.");
        }
    }
}
