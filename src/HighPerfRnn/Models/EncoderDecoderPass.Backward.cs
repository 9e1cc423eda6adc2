using System.Collections;
using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Models;

/// <content>The way back.</content>
public sealed partial class EncoderDecoderPass<T>
{
    private readonly GradientPart<T> _encoderGradients;
    private readonly GradientPart<T> _decoderGradients;

    /// <summary>Backpropagates through the last forward pass. Every gradient adds into what the caller gives.</summary>
    /// <param name="batch">As in the forward pass.</param>
    /// <param name="logitsGradient">dL/dlogits [N, V]; it may be <see cref="Logits"/>.</param>
    /// <param name="gradients">A set for each of <see cref="EncoderDecoder{T}.ParameterSets"/>, of its layout.</param>
    /// <param name="workers">Threads to split outputs over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">A length does not fit, or gradients have another layout than their parameters.</exception>
    /// <exception cref="InvalidOperationException">There is no room for a backward pass, or no forward pass was run.</exception>
    public void Backward(
        in EncoderDecoderBatch<T> batch,
        ReadOnlySpan<T> logitsGradient,
        IReadOnlyList<ParameterSet<T>> gradients,
        WorkerGroup? workers = null)
    {
        ArgumentNullException.ThrowIfNull(gradients);
        if (_room.Gradients is not EncoderDecoderGradientRoom<T> room)
        {
            throw new InvalidOperationException("The pass was made with isTrainable: false, so it has no backward pass.");
        }

        if (_counted == 0) throw new InvalidOperationException("No forward pass with targets was run; expected one before each backward pass.");
        Check.Shape(logitsGradient.Length, nameof(logitsGradient), "[N, V]", _counted, _model.Options.VocabularySize);
        CheckLayouts(gradients);
        BackwardOutput(batch, room, logitsGradient, gradients, workers);
        room.Clear(_model, batch.SourceSteps, batch.TargetSteps, batch.Batch);
        for (int step = batch.TargetSteps - 1; step >= 0; step--) BackwardStep(batch, room, step, gradients, workers);
        BackwardCombination(batch, room, gradients[^2], workers);
        BackwardEmbedding(batch, room, gradients, workers);
        BackwardEncoder(batch, room, gradients, workers);
    }

    private void CheckLayouts(IReadOnlyList<ParameterSet<T>> gradients)
    {
        if (gradients.Count != _model.ParameterSets.Count)
        {
            throw new ArgumentException($"There are {gradients.Count} sets of gradients; expected {_model.ParameterSets.Count}.", nameof(gradients));
        }

        for (int set = 0; set < gradients.Count; set++) Check.Layout(gradients[set], _model.ParameterSets[set]);
    }

    /// <summary>From the logits to the gradients of a, and of c where the output layer reads it, of the steps that have a target.</summary>
    private void BackwardOutput(
        in EncoderDecoderBatch<T> batch,
        EncoderDecoderGradientRoom<T> room,
        ReadOnlySpan<T> logitsGradient,
        IReadOnlyList<ParameterSet<T>> gradients,
        WorkerGroup? workers)
    {
        int feed = _model.FeedSize, size = _model.Output.InputSize, contextSize = size - feed;
        Span<T> gradient = room.Counted.Span[..(_counted * size)];
        gradient.Clear();
        ReadOnlySpan<T> read = _room.Counted.Span[..(_counted * size)];
        _model.Output.Backward(_counted, read, logitsGradient, gradient, gradients[^1], _room.Workspace.Span, workers);
        if (batch.DropoutCall is ulong call) _model.OutputDropout.Backward(OutputRows(_counted, call), gradient, gradient, workers);
        int rows = batch.TargetSteps * batch.Batch;
        Span<T> feeds = room.Feeds.Span[..(rows * feed)], contexts = room.Contexts.Span[..(rows * contextSize)];
        feeds.Clear();
        contexts.Clear();
        for (int i = 0; i < _counted; i++)
        {
            gradient.Slice(i * size, feed).CopyTo(feeds[(_countedRows[i] * feed)..]);
            gradient.Slice((i * size) + feed, contextSize).CopyTo(contexts[(_countedRows[i] * contextSize)..]);
        }
    }

    private void BackwardStep(
        in EncoderDecoderBatch<T> batch,
        EncoderDecoderGradientRoom<T> room,
        int step,
        IReadOnlyList<ParameterSet<T>> gradients,
        WorkerGroup? workers)
    {
        int rows = batch.Batch, hidden = _model.Decoder.OutputSize, memorySize = _model.Encoder.OutputSize;
        DecoderStep<T> at = _room.StepOf(step, rows, batch.SourceSteps);
        Span<T> feed = room.Feeds.Span.Slice(step * rows * _model.FeedSize, rows * _model.FeedSize);
        Elementwise.TanhBackward<T>(at.Feed, feed);
        Span<T> joined = room.Joined.Span[..(rows * _model.Combination.InputSize)];
        joined.Clear();
        _model.Combination.BackwardInput(rows, feed, joined, workers);
        Span<T> output = room.Output.Span[..(rows * hidden)], context = room.Context.Span[..(rows * memorySize)];
        Columns.Take(joined, _model.Combination.InputSize, 0, output, hidden);
        Columns.Take(joined, _model.Combination.InputSize, hidden, context, memorySize);
        if (_model.Options.OutputReadsContext) Elementwise.Add(context, room.Contexts.Span.Slice(step * rows * memorySize, rows * memorySize), context);
        _model.Attention.Backward(
            new AttentionBackward<T>
            {
                QuerySteps = 1,
                MemorySteps = batch.SourceSteps,
                Batch = rows,
                Query = at.Output,
                Memory = _room.MemoryOf(batch.SourceSteps, rows),
                Keys = _room.KeysOf(batch.SourceSteps, rows),
                Lengths = batch.SourceLengths,
                Weights = at.AttentionWeights,
                ContextGradient = context,
                QueryGradient = output,
                MemoryGradient = room.MemoryOf(_model, batch.SourceSteps, rows),
                KeysGradient = room.KeysOf(_model, batch.SourceSteps, rows),
                Gradients = gradients[^3],
                Workspace = _room.Workspace.Span,
            },
            workers);
        BackwardDecoder(batch, room, step, at, output, gradients, workers);
    }

    /// <summary>Each step has left the gradient of what the combination puts out: its parameters' are one product of all rows.</summary>
    private void BackwardCombination(
        in EncoderDecoderBatch<T> batch, EncoderDecoderGradientRoom<T> room, ParameterSet<T> gradients, WorkerGroup? workers)
    {
        int rows = batch.TargetSteps * batch.Batch;
        _model.Combination.Backward(
            rows,
            _room.Joined.Span[..(rows * _model.Combination.InputSize)],
            room.Feeds.Span[..(rows * _model.FeedSize)],
            inputGradient: default,
            gradients,
            _room.Workspace.Span,
            workers);
    }

    private void BackwardDecoder(
        in EncoderDecoderBatch<T> batch,
        EncoderDecoderGradientRoom<T> room,
        int step,
        in DecoderStep<T> at,
        ReadOnlySpan<T> outputGradient,
        IReadOnlyList<ParameterSet<T>> gradients,
        WorkerGroup? workers)
    {
        int rows = batch.Batch, inputSize = _model.Decoder.InputSize, embedding = _model.Options.EmbeddingSize;
        Span<T> input = room.Input.Span[..(rows * inputSize)];
        input.Clear();
        // What came from the step after, and what goes to the one before, take turns.
        Span<T> later = room.StatesOf(_model, rows, step + 1), earlier = room.StatesOf(_model, rows, step);
        earlier.Clear();
        _decoderGradients.Source = gradients;
        _model.Decoder.Backward(
            new SequentialBackward<T>
            {
                Steps = 1,
                Batch = rows,
                Input = at.Input,
                InitialStates = at.States,
                Output = at.Output,
                Reserve = at.Reserve,
                OutputGradient = outputGradient,
                FinalStatesGradient = later,
                InputGradient = input,
                InitialStatesGradient = earlier,
                Gradients = _decoderGradients,
                Workspace = _room.Workspace.Span,
                DropoutCall = batch.DropoutCall,
                FirstStep = step,
            },
            workers);
        Columns.Take(input, inputSize, 0, room.Embedded.Span.Slice(step * rows * embedding, rows * embedding), embedding);
        if (step == 0) return;
        int feed = _model.FeedSize;
        Span<T> fed = room.Fed.Span[..(rows * feed)], before = room.Feeds.Span.Slice((step - 1) * rows * feed, rows * feed);
        Columns.Take(input, inputSize, embedding, fed, feed);
        Elementwise.Add(before, fed, before);
    }

    private void BackwardEmbedding(
        in EncoderDecoderBatch<T> batch,
        EncoderDecoderGradientRoom<T> room,
        IReadOnlyList<ParameterSet<T>> gradients,
        WorkerGroup? workers)
    {
        Span<T> gradient = room.Embedded.Span[..(batch.TargetSteps * batch.Batch * _model.Options.EmbeddingSize)];
        if (batch.DropoutCall is ulong call) _model.EmbeddingDropout.Backward(EmbeddingRows(batch, call), gradient, gradient, workers);
        _model.Embedding.Backward(batch.DecoderTokens, gradient, gradients[^4]);
    }

    private void BackwardEncoder(
        in EncoderDecoderBatch<T> batch,
        EncoderDecoderGradientRoom<T> room,
        IReadOnlyList<ParameterSet<T>> gradients,
        WorkerGroup? workers)
    {
        int rows = batch.Batch, steps = batch.SourceSteps, size = _model.Encoder.OutputSize;
        Span<T> memoryGradient = room.MemoryOf(_model, steps, rows);
        ReadOnlySpan<T> memory = _room.MemoryOf(steps, rows);
        _model.Attention.PrepareBackward(
            steps, rows, memory, room.KeysOf(_model, steps, rows), memoryGradient, gradients[^3], _room.Workspace.Span, workers);
        ReadOnlySpan<T> start = _room.StartOf(rows);
        Span<T> startGradient = room.Start.Span[..start.Length], mean = room.Mean.Span[..(rows * size)];
        _model.Decoder.StatesToRows(room.StatesOf(_model, rows, 0), rows, startGradient);
        Elementwise.TanhBackward(start, startGradient);
        mean.Clear();
        _model.Bridge.Backward(rows, _room.Mean.Span[..(rows * size)], startGradient, mean, gradients[^5], _room.Workspace.Span, workers);
        StepMean.Backward(mean, size, rows, batch.SourceLengths, memoryGradient);
        _encoderGradients.Source = gradients;
        _model.Encoder.Backward(
            new SequentialBackward<T>
            {
                Steps = steps,
                Batch = rows,
                Input = batch.Source,
                Tokens = batch.SourceTokens,
                Lengths = batch.SourceLengths,
                Output = memory,
                Reserve = _room.EncoderReserveOf(steps, rows),
                OutputGradient = memoryGradient,
                Gradients = _encoderGradients,
                Workspace = _room.Workspace.Span,
                DropoutCall = batch.DropoutCall,
            },
            workers);
    }
}

/// <summary>Some of the sets of a list, as a list: made once, so that a pass allocates nothing.</summary>
internal sealed class GradientPart<T>(int start, int count) : IReadOnlyList<ParameterSet<T>>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The whole list.</summary>
    public IReadOnlyList<ParameterSet<T>> Source { get; set; } = [];

    public int Count => count;

    public ParameterSet<T> this[int index] => Source[start + index];

    public IEnumerator<ParameterSet<T>> GetEnumerator()
    {
        for (int i = 0; i < count; i++) yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

/// <summary>The gradients of a pass, for the largest batch.</summary>
internal sealed class EncoderDecoderGradientRoom<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly AlignedBlock<T> _memory;
    private readonly AlignedBlock<T> _keys;
    private readonly AlignedBlock<T> _states;

    public EncoderDecoderGradientRoom(EncoderDecoder<T> model, int sourceSteps, int targetSteps, int batch)
    {
        int targetRows = checked(targetSteps * batch), memorySize = model.Encoder.OutputSize;
        _memory = new AlignedBlock<T>(checked(sourceSteps * batch * memorySize));
        _keys = new AlignedBlock<T>(model.Attention.KeysSize(sourceSteps, batch));
        _states = new AlignedBlock<T>(checked(2 * model.Decoder.StateSize(batch)));
        Start = new AlignedBlock<T>(model.Decoder.StateSize(batch));
        Mean = new AlignedBlock<T>(batch * memorySize);
        Context = new AlignedBlock<T>(batch * memorySize);
        Counted = new AlignedBlock<T>(checked(targetRows * model.Output.InputSize));
        Contexts = new AlignedBlock<T>(checked(targetRows * (model.Output.InputSize - model.FeedSize)));
        Feeds = new AlignedBlock<T>(targetRows * model.FeedSize);
        Fed = new AlignedBlock<T>(batch * model.FeedSize);
        Joined = new AlignedBlock<T>(checked(batch * model.Combination.InputSize));
        Output = new AlignedBlock<T>(batch * model.Decoder.OutputSize);
        Input = new AlignedBlock<T>(checked(batch * model.Decoder.InputSize));
        Embedded = new AlignedBlock<T>(checked(targetRows * model.Options.EmbeddingSize));
    }

    public AlignedBlock<T> Start { get; }

    public AlignedBlock<T> Mean { get; }

    public AlignedBlock<T> Context { get; }

    public AlignedBlock<T> Counted { get; }

    /// <summary>Of c from the output layer [T, B, M]; empty where that reads a alone.</summary>
    public AlignedBlock<T> Contexts { get; }

    public AlignedBlock<T> Feeds { get; }

    public AlignedBlock<T> Fed { get; }

    public AlignedBlock<T> Joined { get; }

    public AlignedBlock<T> Output { get; }

    public AlignedBlock<T> Input { get; }

    public AlignedBlock<T> Embedded { get; }

    public Span<T> MemoryOf(EncoderDecoder<T> model, int steps, int batch) => _memory.Span[..(steps * batch * model.Encoder.OutputSize)];

    public Span<T> KeysOf(EncoderDecoder<T> model, int steps, int batch) => _keys.Span[..model.Attention.KeysSize(steps, batch)];

    /// <summary>The gradient of the decoder's states before a step: that of the step after it stands in the other half.</summary>
    public Span<T> StatesOf(EncoderDecoder<T> model, int batch, int step)
    {
        int size = model.Decoder.StateSize(batch);
        return _states.Span.Slice((step & 1) * size, size);
    }

    /// <summary>Zeros where steps add.</summary>
    public void Clear(EncoderDecoder<T> model, int sourceSteps, int targetSteps, int batch)
    {
        MemoryOf(model, sourceSteps, batch).Clear();
        KeysOf(model, sourceSteps, batch).Clear();
        StatesOf(model, batch, targetSteps).Clear();
    }
}
