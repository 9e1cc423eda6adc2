using HighPerfRnn.Data.Batching;
using HighPerfRnn.Memory;
using HighPerfRnn.Models;
using HighPerfRnn.Tasks.Training;
using HighPerfRnn.Threading;
using HighPerfRnn.Training;

namespace HighPerfRnn.Tasks.Decoding;

/// <summary>An encoder-decoder that learns from examples; what decides is the loss a token of a validation part.</summary>
public sealed class DecoderTask : ITrainableTask
{
    private readonly EncoderDecoder<float> _network;
    private readonly DecoderSettings _settings;
    private readonly IDecoderExamples _training;
    private readonly DecoderBatches _batches;
    private readonly DecoderBatches _validationBatches;
    private readonly LengthBatches _validationOrder;
    private readonly EncoderDecoderPass<float> _pass;
    private readonly float[] _rowLosses;
    private readonly int[] _lengths;
    private readonly WorkerGroup? _workers;

    /// <summary>Room for batches of so many rows.</summary>
    /// <param name="network">The network; its parameters are taken as they are.</param>
    /// <param name="settings">Label smoothing.</param>
    /// <param name="inputSize">Numbers of a source's step; 0 for sources of tokens.</param>
    /// <param name="training">What is learned from.</param>
    /// <param name="validation">What is measured on; it may be empty.</param>
    /// <param name="batch">B at most.</param>
    /// <param name="workers">Threads; null for the caller's alone.</param>
    public DecoderTask(
        EncoderDecoder<float> network,
        DecoderSettings settings,
        int inputSize,
        IDecoderExamples training,
        IDecoderExamples validation,
        int batch,
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
        _batches = new DecoderBatches(training, batch, inputSize);
        _validationBatches = new DecoderBatches(validation, batch, inputSize);
        _pass = new EncoderDecoderPass<float>(
            network,
            Math.Max(_batches.MaxSourceSteps, _validationBatches.MaxSourceSteps),
            Math.Max(_batches.MaxTargetSteps, _validationBatches.MaxTargetSteps),
            batch);
        _rowLosses = new float[_pass.MaxTargetSteps * batch];
        _lengths = Lengths(training);
        // Alike lengths together: padding costs time, and changes nothing.
        _validationOrder = new LengthBatches(Lengths(validation), batch);
        _validationOrder.Sort();
    }

    /// <inheritdoc/>
    public IReadOnlyList<ParameterSet<float>> ParameterSets => _network.ParameterSets;

    /// <summary>Steps of each target, its end counted: the decoder's steps are what a batch pays for.</summary>
    public ReadOnlySpan<int> TrainingLengths => _lengths;

    /// <inheritdoc/>
    public double Accumulate(ReadOnlySpan<int> examples, ulong draw, IReadOnlyList<ParameterSet<float>> gradients)
    {
        EncoderDecoderBatch<float> batch = _batches.Fill(examples, draw);
        _pass.Forward(batch, _workers);
        Span<float> logits = _pass.Logits;
        double loss = SoftmaxCrossEntropy<float>.ForwardBackward(
            logits,
            _batches.TargetsOf(_pass),
            _network.Options.VocabularySize,
            logits,
            _rowLosses.AsSpan(0, _pass.LogitRows),
            new CrossEntropyOptions<float> { LabelSmoothing = _settings.LabelSmoothing },
            workers: _workers);
        _pass.Backward(batch, logits, gradients, _workers);
        return loss;
    }

    /// <inheritdoc/>
    public long UnitsOf(ReadOnlySpan<int> examples)
    {
        long units = 0;
        foreach (int example in examples) units += _training.SourceSteps(example) + _lengths[example];
        return units;
    }

    /// <inheritdoc/>
    public void Repack() => _network.Repack();

    /// <inheritdoc/>
    public TaskScore Validate()
    {
        double loss = 0;
        long tokens = 0;
        for (int index = 0; index < _validationOrder.Count; index++)
        {
            _pass.Forward(_validationBatches.Fill(_validationOrder[index], draw: null), _workers);
            loss += SoftmaxCrossEntropy<float>.Forward(
                _pass.Logits,
                _validationBatches.TargetsOf(_pass),
                _network.Options.VocabularySize,
                _rowLosses.AsSpan(0, _pass.LogitRows),
                scale: 1,
                _workers);
            tokens += _pass.LogitRows;
        }

        return TaskScore.OfLoss(tokens == 0 ? double.NaN : loss / tokens);
    }

    private static int[] Lengths(IDecoderExamples examples) =>
        [.. Enumerable.Range(0, examples.Count).Select(example => examples.Target(example).Length + 1)];
}
