using HighPerfRnn.Data.Batching;
using HighPerfRnn.Memory;
using HighPerfRnn.Models;
using HighPerfRnn.Tasks.Training;
using HighPerfRnn.Threading;
using HighPerfRnn.Training;

namespace HighPerfRnn.Tasks.Labelling;

/// <summary>
/// A network that learns labels. What decides is the accuracy on a validation part, of equal accuracies the smaller loss; of numbers and
/// of CTC the loss.
/// </summary>
public sealed class LabelTask : ITrainableTask
{
    // Small beside one more right label of a million, and enough to tell equal ones apart.
    private const double LossShare = 1e-8;

    private readonly SequenceClassifier<float> _network;
    private readonly LabelSettings _settings;
    private readonly ILabelExamples _training;
    private readonly LabelBatches _batches;
    private readonly LabelBatches _validationBatches;
    private readonly LengthBatches _validationOrder;
    private readonly SequenceClassifierPass<float> _pass;
    private readonly float[] _losses;
    private readonly float[] _workspace;
    private readonly float[] _classWeights;
    private readonly int[] _lengths;
    private readonly WorkerGroup? _workers;

    /// <summary>Room for batches of so many rows.</summary>
    /// <param name="network">The network; its parameters are taken as they are.</param>
    /// <param name="settings">The loss.</param>
    /// <param name="inputSize">Numbers of a step; 0 for tokens.</param>
    /// <param name="training">What is learned from.</param>
    /// <param name="validation">What is measured on; it may be empty.</param>
    /// <param name="batch">B at most.</param>
    /// <param name="classWeights">What each class counts; empty for ones.</param>
    /// <param name="workers">Threads; null for the caller's alone.</param>
    public LabelTask(
        SequenceClassifier<float> network,
        LabelSettings settings,
        int inputSize,
        ILabelExamples training,
        ILabelExamples validation,
        int batch,
        ReadOnlySpan<float> classWeights = default,
        WorkerGroup? workers = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(training);
        ArgumentNullException.ThrowIfNull(validation);
        _network = network;
        _settings = settings;
        _training = training;
        _workers = workers;
        _classWeights = classWeights.ToArray();
        _batches = new LabelBatches(training, settings, batch, inputSize, network.OutputSize);
        _validationBatches = new LabelBatches(validation, settings, batch, inputSize, network.OutputSize);
        int steps = Math.Max(_batches.MaxSteps, _validationBatches.MaxSteps);
        _pass = new SequenceClassifierPass<float>(network, steps, batch);
        _losses = new float[checked(steps * batch * (settings.Loss == LabelLoss.Numbers ? network.OutputSize : 1))];
        int longest = Math.Max(_batches.LongestLabels, _validationBatches.LongestLabels);
        _workspace = new float[settings.Loss == LabelLoss.Ctc ? CtcLoss<float>.WorkspaceSize(steps, batch, longest) : 0];
        _lengths = Lengths(training);
        // Alike lengths together: padding costs time, and changes nothing.
        _validationOrder = new LengthBatches(Lengths(validation), batch);
        _validationOrder.Sort();
    }

    /// <inheritdoc/>
    public IReadOnlyList<ParameterSet<float>> ParameterSets => _network.ParameterSets;

    /// <inheritdoc/>
    public ReadOnlySpan<int> TrainingLengths => _lengths;

    /// <inheritdoc/>
    public double Accumulate(ReadOnlySpan<int> examples, ulong draw, IReadOnlyList<ParameterSet<float>> gradients)
    {
        SequenceBatch<float> batch = _batches.Fill(examples, draw);
        _pass.Forward(batch, _workers);
        Span<float> logits = _pass.Logits;
        double loss = _settings.Loss switch
        {
            LabelLoss.Numbers => MeanSquaredError<float>.ForwardBackward(
                logits, _batches.Values, logits, _losses.AsSpan(0, logits.Length), workers: _workers),
            LabelLoss.Ctc => CtcLoss<float>.ForwardBackward(Ctc(_batches, logits), _workers),
            _ => SoftmaxCrossEntropy<float>.ForwardBackward(
                logits,
                _batches.Labels,
                _network.OutputSize,
                logits,
                _losses.AsSpan(0, _batches.Labels.Length),
                Options(_settings.LabelSmoothing),
                workers: _workers),
        };
        _pass.Backward(batch, logits, gradients, _workers);
        return loss;
    }

    /// <inheritdoc/>
    public long UnitsOf(ReadOnlySpan<int> examples)
    {
        long units = 0;
        foreach (int example in examples) units += _lengths[example];
        return units;
    }

    /// <inheritdoc/>
    public void Repack() => _network.Repack();

    /// <inheritdoc/>
    public TaskScore Validate()
    {
        double loss = 0;
        long counted = 0, right = 0;
        for (int index = 0; index < _validationOrder.Count; index++)
        {
            _pass.Forward(_validationBatches.Fill(_validationOrder[index], draw: null), _workers);
            (double batchLoss, int batchCounted) = ValidationLoss(_pass.Logits);
            loss += batchLoss;
            counted += batchCounted;
            if (_settings.Loss == LabelLoss.Classes) right += CountRight(_pass.Logits, _validationBatches.Labels);
        }

        if (counted == 0) return TaskScore.OfLoss(double.NaN);
        loss /= counted;
        if (_settings.Loss != LabelLoss.Classes) return TaskScore.OfLoss(loss);
        double accuracy = (double)right / counted;
        string name = _settings.Pooling is null ? "frameAccuracy" : "accuracy";
        return new TaskScore(loss, accuracy - (LossShare * loss), new Dictionary<string, double> { [name] = accuracy });
    }

    private static CrossEntropyOptions<float> Options(ReadOnlySpan<float> weights, double smoothing) => new()
    {
        ClassWeights = weights,
        LabelSmoothing = smoothing,
        IgnoredTarget = LabelBatches.NoClass,
    };

    private CrossEntropyOptions<float> Options(double smoothing) => Options(_classWeights, smoothing);

    private CtcBatch<float> Ctc(LabelBatches batches, Span<float> logits) => new()
    {
        Steps = batches.Steps,
        Classes = _network.OutputSize,
        Logits = logits,
        InputLengths = batches.Lengths,
        Targets = batches.Labels,
        TargetLengths = batches.LabelCounts,
        RowLosses = _losses.AsSpan(0, batches.Lengths.Length),
        LogitsGradient = logits,
        Workspace = _workspace,
        // A row whose labels do not fit into its frames teaches nothing.
        ZeroInfinity = true,
    };

    /// <summary>The sum of the losses of what counts, and how much that is.</summary>
    private (double Loss, int Counted) ValidationLoss(Span<float> logits)
    {
        LabelBatches batches = _validationBatches;
        switch (_settings.Loss)
        {
            case LabelLoss.Numbers:
                return (MeanSquaredError<float>.Forward(logits, batches.Values, _losses.AsSpan(0, logits.Length), scale: 1, workers: _workers), logits.Length);
            case LabelLoss.Ctc:
                CtcLoss<float>.Forward(Ctc(batches, logits), _workers);
                double sum = 0;
                foreach (float row in _losses.AsSpan(0, batches.Lengths.Length)) sum += row;
                return (sum, batches.Lengths.Length);
            default:
                double loss = SoftmaxCrossEntropy<float>.Forward(
                    logits, batches.Labels, _network.OutputSize, _losses.AsSpan(0, batches.Labels.Length), Options([], 0), scale: 1, _workers);
                return (loss, batches.Labels.Length - batches.Labels.Count(LabelBatches.NoClass));
        }
    }

    private int CountRight(ReadOnlySpan<float> logits, ReadOnlySpan<int> labels)
    {
        int right = 0, classes = _network.OutputSize;
        for (int row = 0; row < labels.Length; row++)
        {
            if (labels[row] != LabelBatches.NoClass && LabelPredictor.IndexOfLargest(logits.Slice(row * classes, classes)) == labels[row]) right++;
        }

        return right;
    }

    private static int[] Lengths(ILabelExamples examples) => [.. Enumerable.Range(0, examples.Count).Select(examples.SourceSteps)];
}
