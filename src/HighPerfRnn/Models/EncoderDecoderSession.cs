using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;

namespace HighPerfRnn.Models;

/// <summary>
/// Writes targets for one source at a time, several hypotheses side by side: what a <see cref="BeamSearch{T}"/> asks. All that it needs is
/// allocated here, once.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>An object belongs to one thread at a time. A hypothesis has the same bits in whatever company.</remarks>
public sealed class EncoderDecoderSession<T> : IBeamScorer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly EncoderDecoder<T> _model;
    private readonly AlignedBlock<T> _source;
    private readonly AlignedBlock<T> _sourceKeys;
    private readonly AlignedBlock<T> _memory;
    private readonly AlignedBlock<T> _keys;
    private readonly AlignedBlock<T> _mean;
    private readonly AlignedBlock<T> _start;
    private readonly AlignedBlock<T> _inputs;
    private readonly AlignedBlock<T> _embedded;
    private readonly AlignedBlock<T> _outputs;
    private readonly AlignedBlock<T> _context;
    private readonly AlignedBlock<T> _weights;
    private readonly AlignedBlock<T> _joined;
    private readonly AlignedBlock<T> _read;
    private readonly AlignedBlock<T> _workspace;
    private AlignedBlock<T> _states;
    private AlignedBlock<T> _nextStates;
    private AlignedBlock<T> _feeds;
    private AlignedBlock<T> _nextFeeds;
    private int _steps;

    /// <summary>Room for sources of up to so many steps, and for so many hypotheses.</summary>
    /// <param name="model">The network.</param>
    /// <param name="maxSourceSteps">S at most.</param>
    /// <param name="width">W, hypotheses side by side.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    /// <exception cref="OverflowException">A buffer would have 2³¹ elements or more.</exception>
    public EncoderDecoderSession(EncoderDecoder<T> model, int maxSourceSteps, int width)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxSourceSteps);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        _model = model;
        MaxSourceSteps = maxSourceSteps;
        Width = width;
        int memorySize = model.Encoder.OutputSize;
        _source = Block(maxSourceSteps, memorySize);
        _sourceKeys = new AlignedBlock<T>(model.Attention.KeysSize(maxSourceSteps, 1));
        _memory = Block(checked(maxSourceSteps * width), memorySize);
        _keys = new AlignedBlock<T>(model.Attention.KeysSize(maxSourceSteps, width));
        _mean = Block(1, memorySize);
        _start = new AlignedBlock<T>(model.Decoder.StateSize(1));
        _states = new AlignedBlock<T>(model.Decoder.StateSize(width));
        _nextStates = new AlignedBlock<T>(_states.Length);
        _inputs = Block(width, model.Decoder.InputSize);
        _embedded = Block(width, model.Options.EmbeddingSize);
        _outputs = Block(width, model.Decoder.OutputSize);
        _context = Block(width, memorySize);
        _weights = Block(width, maxSourceSteps);
        _joined = Block(width, model.Combination.InputSize);
        _read = Block(width, model.Options.OutputReadsContext ? model.Output.InputSize : 0);
        _feeds = Block(width, model.FeedSize);
        _nextFeeds = Block(width, model.FeedSize);
        int workspace = Math.Max(model.Encoder.ForwardWorkspaceSize(maxSourceSteps, 1), model.Decoder.ForwardWorkspaceSize(1, width));
        _workspace = new AlignedBlock<T>(Math.Max(workspace, model.Attention.ForwardWorkspaceSize(1, width)));
    }

    /// <summary>S at most.</summary>
    public int MaxSourceSteps { get; }

    /// <summary>W.</summary>
    public int Width { get; }

    /// <summary>The attention's weights of the last step [W, S].</summary>
    public ReadOnlySpan<T> AttentionWeights => _weights.Span[..(Width * _steps)];

    /// <summary>Reads a source of tokens; the next step is the first of a target.</summary>
    /// <param name="tokens">[S].</param>
    /// <exception cref="ArgumentException">There are no tokens or more than there is room for, or one is out of range.</exception>
    public void Encode(ReadOnlySpan<int> tokens) => Encode(tokens, default, tokens.Length);

    /// <summary>Reads a source of numbers; the next step is the first of a target.</summary>
    /// <param name="steps">S.</param>
    /// <param name="source">[S, I].</param>
    /// <exception cref="ArgumentException">There are no steps or more than there is room for, or the length does not fit.</exception>
    public void Encode(int steps, ReadOnlySpan<T> source) => Encode(default, source, steps);

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">No source was read.</exception>
    /// <exception cref="ArgumentException">A span has another length than its shape, or a number is out of range.</exception>
    public void Score(ReadOnlySpan<int> parents, ReadOnlySpan<int> tokens, Span<T> logits)
    {
        if (_steps == 0) throw new InvalidOperationException("No source was read; expected Encode before the first step.");
        Check.Shape(parents.Length, nameof(parents), "[W]", Width);
        Check.Shape(tokens.Length, nameof(tokens), "[W]", Width);
        Check.Shape(logits.Length, nameof(logits), "[W, V]", Width, _model.Options.VocabularySize);
        Check.Tokens(parents, Width, nameof(parents));
        int feed = _model.FeedSize, inputSize = _model.Decoder.InputSize, embedding = _model.Options.EmbeddingSize;
        for (int row = 0; row < Width; row++)
        {
            _model.Decoder.CopyRowStates(_states.Span, Width, parents[row], _nextStates.Span, Width, row);
            _feeds.Span.Slice(parents[row] * feed, feed).CopyTo(_nextFeeds.Span[(row * feed)..]);
        }

        (_states, _nextStates) = (_nextStates, _states);
        (_feeds, _nextFeeds) = (_nextFeeds, _feeds);
        _model.Embedding.Forward(tokens, _embedded.Span);
        Columns.Put<T>(_embedded.Span, embedding, _inputs.Span, inputSize, 0);
        Columns.Put<T>(_feeds.Span, feed, _inputs.Span, inputSize, embedding);
        _model.Decoder.Step(new SequentialStep<T>
        {
            Batch = Width,
            Input = _inputs.Span,
            States = _states.Span,
            Output = _outputs.Span,
            Workspace = _workspace.Span,
        });
        Attend();
        _model.Combine(Width, _outputs.Span, _context.Span, _joined.Span, _feeds.Span, workers: null);
        _model.Output.Forward(Width, OutputInput(), logits);
    }

    private ReadOnlySpan<T> OutputInput()
    {
        if (!_model.Options.OutputReadsContext) return _feeds.Span;
        int size = _model.Output.InputSize;
        Columns.Put<T>(_feeds.Span, _model.FeedSize, _read.Span, size, 0);
        Columns.Put<T>(_context.Span, _model.Encoder.OutputSize, _read.Span, size, _model.FeedSize);
        return _read.Span;
    }

    private void Attend() => _model.Attention.Forward(new AttentionForward<T>
    {
        QuerySteps = 1,
        MemorySteps = _steps,
        Batch = Width,
        Query = _outputs.Span,
        Memory = _memory.Span[..(_steps * Width * _model.Encoder.OutputSize)],
        Keys = _keys.Span[.._model.Attention.KeysSize(_steps, Width)],
        Context = _context.Span,
        Weights = _weights.Span[..(Width * _steps)],
        Workspace = _workspace.Span,
    });

    private void Encode(ReadOnlySpan<int> tokens, ReadOnlySpan<T> source, int steps)
    {
        if (steps < 1 || steps > MaxSourceSteps)
        {
            throw new ArgumentException($"The source has {steps} steps; expected 1 to {MaxSourceSteps}.", nameof(steps));
        }

        _steps = 0;
        int size = _model.Encoder.OutputSize;
        Span<T> memory = _source.Span[..(steps * size)];
        _model.Encoder.Forward(new SequentialForward<T>
        {
            Steps = steps,
            Batch = 1,
            Input = source,
            Tokens = tokens,
            Output = memory,
            Workspace = _workspace.Span,
        });
        int keySize = _model.Attention.KeysSize(steps, 1) / steps;
        Span<T> keys = _sourceKeys.Span[..(steps * keySize)];
        _model.Attention.Prepare(steps, 1, memory, keys);
        Repeat(memory, size, _memory.Span);
        if (keySize > 0) Repeat(keys, keySize, _keys.Span);
        StepMean.Forward<T>(memory, size, 1, default, _mean.Span);
        // States of one row are those of a batch of one.
        _model.Start(1, _mean.Span, _start.Span, _nextStates.Span[.._start.Length], workers: null);
        for (int row = 0; row < Width; row++) _model.Decoder.CopyRowStates(_start.Span, 1, 0, _states.Span, Width, row);
        _feeds.Span.Clear();
        _steps = steps;
    }

    /// <summary>[S, size] for each hypothesis: [S, W, size].</summary>
    private void Repeat(ReadOnlySpan<T> steps, int size, Span<T> repeated)
    {
        for (int from = 0, to = 0; from < steps.Length; from += size)
        {
            for (int row = 0; row < Width; row++, to += size) steps.Slice(from, size).CopyTo(repeated[to..]);
        }
    }

    private static AlignedBlock<T> Block(int rows, int columns) => new(checked(rows * columns));
}
