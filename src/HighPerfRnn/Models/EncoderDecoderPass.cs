using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Models;

/// <summary>
/// Passes of an <see cref="EncoderDecoder{T}"/> over sources and known targets: all that they need is allocated here, once, for the
/// largest batch.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>
/// Logits are computed for the steps that targets have, not for those past their ends: N rows, steps in order and in each the rows whose
/// targets have it. <see cref="CopyTargets"/> gives their targets in the same order.
/// </remarks>
public sealed partial class EncoderDecoderPass<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly EncoderDecoder<T> _model;
    private readonly EncoderDecoderRoom<T> _room;
    private readonly int[] _countedRows;
    private int _counted;

    /// <summary>Room for batches of up to these sizes.</summary>
    /// <param name="model">The network.</param>
    /// <param name="maxSourceSteps">S at most.</param>
    /// <param name="maxTargetSteps">T at most.</param>
    /// <param name="maxBatch">B at most.</param>
    /// <param name="isTrainable">Whether to hold room for the backward pass; null for what the network is.</param>
    /// <exception cref="ArgumentException">A backward pass is wanted of a network that is not trainable.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    /// <exception cref="OverflowException">A buffer would have 2³¹ elements or more.</exception>
    public EncoderDecoderPass(EncoderDecoder<T> model, int maxSourceSteps, int maxTargetSteps, int maxBatch, bool? isTrainable = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxSourceSteps);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxTargetSteps);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxBatch);
        bool hasBackward = isTrainable ?? model.IsTrainable;
        if (hasBackward && !model.IsTrainable)
        {
            throw new ArgumentException("A backward pass was asked of a network made with isTrainable: false.", nameof(isTrainable));
        }

        _model = model;
        _room = new EncoderDecoderRoom<T>(model, maxSourceSteps, maxTargetSteps, maxBatch, hasBackward);
        _countedRows = new int[checked(maxTargetSteps * maxBatch)];
        int encoderSets = model.Encoder.ParameterSets.Count;
        _encoderGradients = new GradientPart<T>(0, encoderSets);
        _decoderGradients = new GradientPart<T>(encoderSets, model.Decoder.ParameterSets.Count);
    }

    /// <summary>S at most.</summary>
    public int MaxSourceSteps => _room.MaxSourceSteps;

    /// <summary>T at most.</summary>
    public int MaxTargetSteps => _room.MaxTargetSteps;

    /// <summary>B at most.</summary>
    public int MaxBatch => _room.MaxBatch;

    /// <summary>N, rows of <see cref="Logits"/> after the last forward pass.</summary>
    public int LogitRows => _counted;

    /// <summary>The scores of the last forward pass [N, V]. The caller may overwrite them, as a loss does with its gradient.</summary>
    public Span<T> Logits => _room.Logits.Span[..(_counted * _model.Options.VocabularySize)];

    /// <summary>The attention's weights of the last forward pass [T, B, S].</summary>
    /// <param name="targetSteps">T.</param>
    /// <param name="batch">B.</param>
    /// <param name="sourceSteps">S.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is above what there is room for.</exception>
    public ReadOnlySpan<T> AttentionWeights(int targetSteps, int batch, int sourceSteps)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)targetSteps, (uint)MaxTargetSteps, nameof(targetSteps));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)batch, (uint)MaxBatch, nameof(batch));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)sourceSteps, (uint)MaxSourceSteps, nameof(sourceSteps));
        return _room.AttentionWeights.Span[..(targetSteps * batch * sourceSteps)];
    }

    /// <summary>Targets in the order of the rows of <see cref="Logits"/>: those of steps that rows have.</summary>
    /// <param name="targets">[T, B] of the last forward pass's batch.</param>
    /// <param name="rows">[N], overwritten.</param>
    /// <exception cref="ArgumentException">A length does not fit; nothing has been written then.</exception>
    public void CopyTargets(ReadOnlySpan<int> targets, Span<int> rows)
    {
        Check.Shape(rows.Length, nameof(rows), "[N]", _counted);
        if (_counted > 0) Check.AtLeast(targets.Length, _countedRows[_counted - 1] + 1, nameof(targets));
        for (int i = 0; i < _counted; i++) rows[i] = targets[_countedRows[i]];
    }

    /// <summary>Computes the logits of a batch.</summary>
    /// <param name="batch">Sources and targets.</param>
    /// <param name="workers">Threads to split rows over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">A span has another length than its shape, a size is above what there is room for, or a token or
    /// a length is out of range; nothing but the room has been written then.</exception>
    public void Forward(in EncoderDecoderBatch<T> batch, WorkerGroup? workers = null)
    {
        // A pass that fails on its way leaves none to go back through.
        _counted = 0;
        Validate(batch);
        Encode(batch, workers);
        EmbedTargets(batch, workers);
        for (int step = 0; step < batch.TargetSteps; step++) DecodeStep(batch, step, workers);
        int counted = CountRows(batch);
        Span<T> read = _room.Counted.Span[..(counted * _model.Output.InputSize)];
        GatherOutputInputs(counted, read);
        if (batch.DropoutCall is ulong call) _model.OutputDropout.Forward(OutputRows(counted, call), read, read, workers);
        _model.Output.Forward(counted, read, _room.Logits.Span[..(counted * _model.Options.VocabularySize)], workers);
        _counted = counted;
    }

    /// <summary>a of each row that has a target, and c beside it where the output layer reads that too.</summary>
    private void GatherOutputInputs(int counted, Span<T> read)
    {
        int feed = _model.FeedSize, size = _model.Output.InputSize, joinedSize = _model.Combination.InputSize;
        ReadOnlySpan<T> feeds = _room.Feeds.Span, joined = _room.Joined.Span;
        for (int i = 0; i < counted; i++)
        {
            feeds.Slice(_countedRows[i] * feed, feed).CopyTo(read[(i * size)..]);
            // c is the end of what was joined.
            joined.Slice(((_countedRows[i] + 1) * joinedSize) - (size - feed), size - feed).CopyTo(read[((i * size) + feed)..]);
        }
    }

    private DropoutPass OutputRows(int counted, ulong call) => new() { Steps = 1, Batch = counted, Size = _model.Output.InputSize, Call = call };

    private DropoutPass EmbeddingRows(in EncoderDecoderBatch<T> batch, ulong call) =>
        new() { Steps = batch.TargetSteps, Batch = batch.Batch, Size = _model.Options.EmbeddingSize, Call = call };

    private void Encode(in EncoderDecoderBatch<T> batch, WorkerGroup? workers)
    {
        int steps = batch.SourceSteps, rows = batch.Batch;
        Span<T> memory = _room.MemoryOf(steps, rows);
        _model.Encoder.Forward(
            new SequentialForward<T>
            {
                Steps = steps,
                Batch = rows,
                Input = batch.Source,
                Tokens = batch.SourceTokens,
                Lengths = batch.SourceLengths,
                Output = memory,
                Reserve = _room.EncoderReserveOf(steps, rows),
                Workspace = _room.Workspace.Span,
                DropoutCall = batch.DropoutCall,
            },
            workers);
        _model.Attention.Prepare(steps, rows, memory, _room.KeysOf(steps, rows), workers);
        Span<T> mean = _room.Mean.Span[..(rows * _model.Encoder.OutputSize)];
        StepMean.Forward(memory, _model.Encoder.OutputSize, rows, batch.SourceLengths, mean);
        _model.Start(rows, mean, _room.StartOf(rows), _room.StatesOf(rows, 0), workers);
    }

    /// <summary>The embeddings of all steps at once, then beside the place of what is fed back.</summary>
    private void EmbedTargets(in EncoderDecoderBatch<T> batch, WorkerGroup? workers)
    {
        int rows = batch.TargetSteps * batch.Batch, size = _model.Options.EmbeddingSize;
        Span<T> embedded = _room.Embedded.Span[..(rows * size)];
        _model.Embedding.Forward(batch.DecoderTokens, embedded);
        if (batch.DropoutCall is ulong call) _model.EmbeddingDropout.Forward(EmbeddingRows(batch, call), embedded, embedded, workers);
        Span<T> inputs = _room.Inputs.Span[..(rows * _model.Decoder.InputSize)];
        Columns.Put(embedded, size, inputs, _model.Decoder.InputSize, 0);
        for (int row = 0; row < batch.Batch; row++) inputs.Slice((row * _model.Decoder.InputSize) + size, _model.FeedSize).Clear();
    }

    private void DecodeStep(in EncoderDecoderBatch<T> batch, int step, WorkerGroup? workers)
    {
        int rows = batch.Batch;
        DecoderStep<T> at = _room.StepOf(step, rows, batch.SourceSteps);
        if (step > 0)
        {
            ReadOnlySpan<T> fed = _room.StepOf(step - 1, rows, batch.SourceSteps).Feed;
            Columns.Put(fed, _model.FeedSize, at.Input, _model.Decoder.InputSize, _model.Options.EmbeddingSize);
        }

        _model.Decoder.Forward(
            new SequentialForward<T>
            {
                Steps = 1,
                Batch = rows,
                Input = at.Input,
                InitialStates = at.States,
                FinalStates = at.NextStates,
                Output = at.Output,
                Reserve = at.Reserve,
                Workspace = _room.Workspace.Span,
                DropoutCall = batch.DropoutCall,
                FirstStep = step,
            },
            workers);
        Span<T> context = _room.Context.Span[..(rows * _model.Encoder.OutputSize)];
        _model.Attention.Forward(
            new AttentionForward<T>
            {
                QuerySteps = 1,
                MemorySteps = batch.SourceSteps,
                Batch = rows,
                Query = at.Output,
                Memory = _room.MemoryOf(batch.SourceSteps, rows),
                Keys = _room.KeysOf(batch.SourceSteps, rows),
                Lengths = batch.SourceLengths,
                Context = context,
                Weights = at.AttentionWeights,
                Workspace = _room.Workspace.Span,
            },
            workers);
        _model.Combine(rows, at.Output, context, at.Joined, at.Feed, workers);
    }

    /// <summary>Which steps of which rows have a target.</summary>
    private int CountRows(in EncoderDecoderBatch<T> batch)
    {
        int counted = 0;
        for (int step = 0; step < batch.TargetSteps; step++)
        {
            for (int row = 0; row < batch.Batch; row++)
            {
                if (batch.TargetLengths.IsEmpty || step < batch.TargetLengths[row]) _countedRows[counted++] = (step * batch.Batch) + row;
            }
        }

        return counted;
    }

    private void Validate(in EncoderDecoderBatch<T> batch)
    {
        AtMost(batch.SourceSteps, MaxSourceSteps, nameof(batch.SourceSteps));
        AtMost(batch.TargetSteps, MaxTargetSteps, nameof(batch.TargetSteps));
        AtMost(batch.Batch, MaxBatch, nameof(batch.Batch));
        Check.Shape(batch.DecoderTokens.Length, nameof(batch.DecoderTokens), "[T, B]", batch.TargetSteps, batch.Batch);
        Check.ShapeOrEmpty(batch.TargetLengths.Length, nameof(batch.TargetLengths), "[B]", batch.Batch);
        Check.Lengths(batch.TargetLengths, batch.TargetSteps, nameof(batch.TargetLengths));
        Check.ShapeOrEmpty(batch.SourceLengths.Length, nameof(batch.SourceLengths), "[B]", batch.Batch);
        Check.Lengths(batch.SourceLengths, batch.SourceSteps, nameof(batch.SourceLengths));
    }

    private static void AtMost(int size, int most, string name)
    {
        if (size < 1 || size > most) throw new ArgumentException($"{name} is {size}; expected 1 to {most}.", name);
    }
}
