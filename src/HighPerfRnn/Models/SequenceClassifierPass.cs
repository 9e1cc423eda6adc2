using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Models;

/// <summary>
/// Passes of a <see cref="SequenceClassifier{T}"/> over batches: all that they need is allocated here, once, for the largest batch.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class SequenceClassifierPass<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly SequenceClassifier<T> _model;
    private readonly GradientPart<T> _encoderGradients;
    private readonly AlignedBlock<T> _encoded;
    private readonly AlignedBlock<T> _reserve;
    private readonly AlignedBlock<T> _pooled;
    private readonly AlignedBlock<T> _pooledReserve;
    private readonly AlignedBlock<T> _read;
    private readonly AlignedBlock<T> _logits;
    private readonly AlignedBlock<T> _gradient;
    private readonly AlignedBlock<T> _encodedGradient;
    private readonly AlignedBlock<T> _workspace;
    private readonly bool _hasBackward;
    private int _rows;

    /// <summary>Room for batches of up to these sizes.</summary>
    /// <param name="model">The network.</param>
    /// <param name="maxSteps">T at most.</param>
    /// <param name="maxBatch">B at most.</param>
    /// <param name="isTrainable">Whether to hold room for the backward pass; null for what the network is.</param>
    /// <exception cref="ArgumentException">A backward pass is wanted of a network that is not trainable.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    /// <exception cref="OverflowException">A buffer would have 2³¹ elements or more.</exception>
    public SequenceClassifierPass(SequenceClassifier<T> model, int maxSteps, int maxBatch, bool? isTrainable = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxSteps);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxBatch);
        _hasBackward = isTrainable ?? model.IsTrainable;
        if (_hasBackward && !model.IsTrainable)
        {
            throw new ArgumentException("A backward pass was asked of a network made with isTrainable: false.", nameof(isTrainable));
        }

        _model = model;
        MaxSteps = maxSteps;
        MaxBatch = maxBatch;
        _encoderGradients = new GradientPart<T>(0, model.Encoder.ParameterSets.Count);
        int size = model.Encoder.OutputSize, steps = checked(maxSteps * maxBatch * size), rows = model.LogitRows(maxSteps, maxBatch);
        int read = checked(rows * size);
        _encoded = new AlignedBlock<T>(steps);
        _reserve = new AlignedBlock<T>(_hasBackward ? model.Encoder.ReserveSize(maxSteps, maxBatch) : 0);
        _pooled = new AlignedBlock<T>(model.Pooling is null ? 0 : read);
        _pooledReserve = new AlignedBlock<T>(model.Pooling?.ReserveSize(maxSteps, maxBatch) ?? 0);
        _read = new AlignedBlock<T>(read);
        _logits = new AlignedBlock<T>(checked(rows * model.OutputSize));
        _gradient = new AlignedBlock<T>(_hasBackward ? read : 0);
        _encodedGradient = new AlignedBlock<T>(_hasBackward && model.Pooling is not null ? steps : 0);
        _workspace = new AlignedBlock<T>(WorkspaceSize(rows));
    }

    /// <summary>T at most.</summary>
    public int MaxSteps { get; }

    /// <summary>B at most.</summary>
    public int MaxBatch { get; }

    /// <summary>
    /// The logits of the last forward pass: [B, V] with pooling, else [T, B, V], where those past a row's end mean nothing. The caller may
    /// overwrite them, as a loss does with its gradient.
    /// </summary>
    public Span<T> Logits => _logits.Span[..(_rows * _model.OutputSize)];

    /// <summary>Computes the logits of a batch.</summary>
    /// <param name="batch">Sequences.</param>
    /// <param name="workers">Threads to split rows over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">A span has another length than its shape, a size is above what there is room for, or a token or
    /// a length is out of range; nothing but the room has been written then.</exception>
    public void Forward(in SequenceBatch<T> batch, WorkerGroup? workers = null)
    {
        // A pass that fails on its way leaves none to go back through.
        _rows = 0;
        AtMost(batch.Steps, MaxSteps, nameof(batch.Steps));
        AtMost(batch.Batch, MaxBatch, nameof(batch.Batch));
        Check.ShapeOrEmpty(batch.Lengths.Length, nameof(batch.Lengths), "[B]", batch.Batch);
        Check.Lengths(batch.Lengths, batch.Steps, nameof(batch.Lengths));
        int rows = _model.LogitRows(batch.Steps, batch.Batch);
        Span<T> encoded = Encoded(batch);
        _model.Encoder.Forward(
            new SequentialForward<T>
            {
                Steps = batch.Steps,
                Batch = batch.Batch,
                Input = batch.Input,
                Tokens = batch.Tokens,
                Lengths = batch.Lengths,
                Output = encoded,
                Reserve = Reserve(batch),
                Workspace = _workspace.Span,
                DropoutCall = batch.DropoutCall,
            },
            workers);
        ReadOnlySpan<T> read = _model.Pooling is null ? encoded : Pool(_model.Pooling, batch, encoded, workers);
        if (batch.DropoutCall is ulong call)
        {
            Span<T> kept = Read(rows);
            _model.OutputDropout.Forward(OutputRows(batch, call), read, kept, workers);
            read = kept;
        }

        _model.Output.Forward(rows, read, _logits.Span[..(rows * _model.OutputSize)], workers);
        _rows = rows;
    }

    /// <summary>Backpropagates through the last forward pass. Every gradient adds into what the caller gives.</summary>
    /// <param name="batch">As in the forward pass.</param>
    /// <param name="logitsGradient">dL/dlogits, of the shape of <see cref="Logits"/>, which it may be; zeros past rows' ends.</param>
    /// <param name="gradients">A set for each of <see cref="SequenceClassifier{T}.ParameterSets"/>, of its layout.</param>
    /// <param name="workers">Threads to split outputs over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">A length does not fit, or gradients have another layout than their parameters.</exception>
    /// <exception cref="InvalidOperationException">There is no room for a backward pass, or no forward pass was run.</exception>
    public void Backward(
        in SequenceBatch<T> batch,
        ReadOnlySpan<T> logitsGradient,
        IReadOnlyList<ParameterSet<T>> gradients,
        WorkerGroup? workers = null)
    {
        ArgumentNullException.ThrowIfNull(gradients);
        if (!_hasBackward) throw new InvalidOperationException("The pass was made with isTrainable: false, so it has no backward pass.");
        if (_rows == 0) throw new InvalidOperationException("No forward pass was run; expected one before each backward pass.");
        if (gradients.Count != _model.ParameterSets.Count)
        {
            throw new ArgumentException($"There are {gradients.Count} sets of gradients; expected {_model.ParameterSets.Count}.", nameof(gradients));
        }

        ReadOnlySpan<T> encoded = Encoded(batch);
        int rows = _rows;
        Span<T> gradient = _gradient.Span[..(rows * _model.Encoder.OutputSize)];
        gradient.Clear();
        ReadOnlySpan<T> read = batch.DropoutCall is not null ? Read(rows) : _model.Pooling is null ? encoded : Pooled(rows);
        _model.Output.Backward(rows, read, logitsGradient, gradient, gradients[^1], _workspace.Span, workers);
        if (batch.DropoutCall is ulong call) _model.OutputDropout.Backward(OutputRows(batch, call), gradient, gradient, workers);
        Span<T> encodedGradient = gradient;
        if (_model.Pooling is not null)
        {
            encodedGradient = _encodedGradient.Span[..encoded.Length];
            encodedGradient.Clear();
            _model.Pooling.Backward(
                new PoolingBackward<T>
                {
                    Steps = batch.Steps,
                    Batch = batch.Batch,
                    Input = encoded,
                    Lengths = batch.Lengths,
                    Output = Pooled(rows),
                    Reserve = _pooledReserve.Span,
                    OutputGradient = gradient,
                    InputGradient = encodedGradient,
                    Gradients = gradients[^2],
                    Workspace = _workspace.Span,
                },
                workers);
        }

        _encoderGradients.Source = gradients;
        _model.Encoder.Backward(
            new SequentialBackward<T>
            {
                Steps = batch.Steps,
                Batch = batch.Batch,
                Input = batch.Input,
                Tokens = batch.Tokens,
                Lengths = batch.Lengths,
                Output = encoded,
                Reserve = Reserve(batch),
                OutputGradient = encodedGradient,
                Gradients = _encoderGradients,
                Workspace = _workspace.Span,
                DropoutCall = batch.DropoutCall,
            },
            workers);
    }

    private ReadOnlySpan<T> Pool(SequencePooling<T> pooling, in SequenceBatch<T> batch, ReadOnlySpan<T> encoded, WorkerGroup? workers)
    {
        Span<T> pooled = Pooled(batch.Batch);
        pooling.Forward(
            new PoolingForward<T>
            {
                Steps = batch.Steps,
                Batch = batch.Batch,
                Input = encoded,
                Lengths = batch.Lengths,
                Output = pooled,
                Reserve = _pooledReserve.Span,
                Workspace = _workspace.Span,
            },
            workers);
        return pooled;
    }

    private Span<T> Encoded(in SequenceBatch<T> batch) => _encoded.Span[..(batch.Steps * batch.Batch * _model.Encoder.OutputSize)];

    private Span<T> Reserve(in SequenceBatch<T> batch) =>
        _hasBackward ? _reserve.Span[.._model.Encoder.ReserveSize(batch.Steps, batch.Batch)] : default;

    private Span<T> Pooled(int rows) => _pooled.Span[..(rows * _model.Encoder.OutputSize)];

    private Span<T> Read(int rows) => _read.Span[..(rows * _model.Encoder.OutputSize)];

    private DropoutPass OutputRows(in SequenceBatch<T> batch, ulong call) => new()
    {
        Steps = _model.Pooling is null ? batch.Steps : 1,
        Batch = batch.Batch,
        Size = _model.Encoder.OutputSize,
        Call = call,
    };

    private int WorkspaceSize(int rows)
    {
        int size = _model.Encoder.ForwardWorkspaceSize(MaxSteps, MaxBatch, hasLengths: true);
        size = Math.Max(size, _model.Pooling?.WorkspaceSize(MaxSteps, MaxBatch) ?? 0);
        if (!_hasBackward) return size;
        size = Math.Max(size, _model.Encoder.WorkspaceSize(MaxSteps, MaxBatch, hasLengths: true));
        return Math.Max(size, Dense<T>.WorkspaceSize(rows, _model.OutputSize));
    }

    private static void AtMost(int size, int most, string name)
    {
        if (size < 1 || size > most) throw new ArgumentException($"{name} is {size}; expected 1 to {most}.", name);
    }
}
