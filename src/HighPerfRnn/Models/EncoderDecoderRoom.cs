using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;

namespace HighPerfRnn.Models;

/// <summary>What one step of the decoder reads and writes, in the room of a pass.</summary>
internal readonly ref struct DecoderStep<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>[embedding, what is fed back] [B, E + A].</summary>
    public required Span<T> Input { get; init; }

    public required Span<T> States { get; init; }

    public required Span<T> NextStates { get; init; }

    /// <summary>h [B, H].</summary>
    public required Span<T> Output { get; init; }

    /// <summary>[B, S].</summary>
    public required Span<T> AttentionWeights { get; init; }

    /// <summary>[h, c] [B, H + M].</summary>
    public required Span<T> Joined { get; init; }

    /// <summary>a [B, A].</summary>
    public required Span<T> Feed { get; init; }

    /// <summary>What the decoder's layers keep; empty without a backward pass.</summary>
    public required Span<T> Reserve { get; init; }
}

/// <summary>The buffers of a pass, for the largest batch; a smaller one takes the beginning of each.</summary>
internal sealed class EncoderDecoderRoom<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly AlignedBlock<T> _memory;
    private readonly AlignedBlock<T> _keys;
    private readonly AlignedBlock<T> _encoderReserve;
    private readonly AlignedBlock<T> _decoderReserve;
    private readonly AlignedBlock<T> _start;
    private readonly AlignedBlock<T> _states;
    private readonly AlignedBlock<T> _outputs;
    private readonly EncoderDecoder<T> _model;
    private readonly bool _hasBackward;

    public EncoderDecoderRoom(EncoderDecoder<T> model, int sourceSteps, int targetSteps, int batch, bool hasBackward)
    {
        _model = model;
        _hasBackward = hasBackward;
        MaxSourceSteps = sourceSteps;
        MaxTargetSteps = targetSteps;
        MaxBatch = batch;
        int sourceRows = checked(sourceSteps * batch), targetRows = checked(targetSteps * batch);
        int memorySize = model.Encoder.OutputSize;
        _memory = Block(sourceRows, memorySize);
        _keys = new AlignedBlock<T>(model.Attention.KeysSize(sourceSteps, batch));
        _encoderReserve = new AlignedBlock<T>(hasBackward ? model.Encoder.ReserveSize(sourceSteps, batch) : 0);
        _decoderReserve = hasBackward ? Block(targetSteps, model.Decoder.ReserveSize(1, batch)) : new AlignedBlock<T>(0);
        _start = new AlignedBlock<T>(model.Decoder.StateSize(batch));
        _states = Block(targetSteps + 1, model.Decoder.StateSize(batch));
        _outputs = Block(targetRows, model.Decoder.OutputSize);
        Joined = Block(targetRows, model.Combination.InputSize);
        Mean = Block(batch, memorySize);
        Embedded = Block(targetRows, model.Options.EmbeddingSize);
        Inputs = Block(targetRows, model.Decoder.InputSize);
        Context = Block(batch, memorySize);
        AttentionWeights = Block(targetRows, sourceSteps);
        Feeds = Block(targetRows, model.FeedSize);
        Counted = Block(targetRows, model.Output.InputSize);
        Logits = Block(targetRows, model.Options.VocabularySize);
        Gradients = hasBackward ? new EncoderDecoderGradientRoom<T>(model, sourceSteps, targetSteps, batch) : null;
        Workspace = new AlignedBlock<T>(WorkspaceSize(model, sourceSteps, batch, targetRows, hasBackward));
    }

    public int MaxSourceSteps { get; }

    public int MaxTargetSteps { get; }

    public int MaxBatch { get; }

    /// <summary>Of each row's memory [B, M].</summary>
    public AlignedBlock<T> Mean { get; }

    /// <summary>[T, B, E].</summary>
    public AlignedBlock<T> Embedded { get; }

    /// <summary>[T, B, E + A].</summary>
    public AlignedBlock<T> Inputs { get; }

    /// <summary>c of one step [B, M]: it stands in what is joined too.</summary>
    public AlignedBlock<T> Context { get; }

    /// <summary>[T, B, S].</summary>
    public AlignedBlock<T> AttentionWeights { get; }

    /// <summary>a [T, B, A].</summary>
    public AlignedBlock<T> Feeds { get; }

    /// <summary>[h, c] [T, B, H + M].</summary>
    public AlignedBlock<T> Joined { get; }

    /// <summary>What the output layer reads, of the rows that have a target, after dropout [N, A] or [N, A + M].</summary>
    public AlignedBlock<T> Counted { get; }

    /// <summary>[N, V].</summary>
    public AlignedBlock<T> Logits { get; }

    public AlignedBlock<T> Workspace { get; }

    /// <summary>Null without a backward pass.</summary>
    public EncoderDecoderGradientRoom<T>? Gradients { get; }

    public Span<T> MemoryOf(int steps, int batch) => _memory.Span[..(steps * batch * _model.Encoder.OutputSize)];

    public Span<T> KeysOf(int steps, int batch) => _keys.Span[.._model.Attention.KeysSize(steps, batch)];

    public Span<T> EncoderReserveOf(int steps, int batch) =>
        _hasBackward ? _encoderReserve.Span[.._model.Encoder.ReserveSize(steps, batch)] : default;

    /// <summary>The decoder's first states, row after row.</summary>
    public Span<T> StartOf(int batch) => _start.Span[.._model.Decoder.StateSize(batch)];

    /// <summary>The decoder's states before a step.</summary>
    public Span<T> StatesOf(int batch, int step) => Part(_states, step, _model.Decoder.StateSize(batch));

    public DecoderStep<T> StepOf(int step, int batch, int sourceSteps) => new()
    {
        Input = Part(Inputs, step, batch * _model.Decoder.InputSize),
        States = StatesOf(batch, step),
        NextStates = StatesOf(batch, step + 1),
        Output = Part(_outputs, step, batch * _model.Decoder.OutputSize),
        AttentionWeights = Part(AttentionWeights, step, batch * sourceSteps),
        Joined = Part(Joined, step, batch * _model.Combination.InputSize),
        Feed = Part(Feeds, step, batch * _model.FeedSize),
        Reserve = _hasBackward ? Part(_decoderReserve, step, _model.Decoder.ReserveSize(1, batch)) : default,
    };

    private static AlignedBlock<T> Block(int rows, int columns) => new(checked(rows * columns));

    private static Span<T> Part(AlignedBlock<T> block, int index, int size) => block.Span.Slice(index * size, size);

    private static int WorkspaceSize(EncoderDecoder<T> model, int sourceSteps, int batch, int targetRows, bool hasBackward)
    {
        int size = model.Encoder.ForwardWorkspaceSize(sourceSteps, batch, hasLengths: true);
        size = Math.Max(size, model.Decoder.ForwardWorkspaceSize(1, batch));
        size = Math.Max(size, model.Attention.ForwardWorkspaceSize(1, batch));
        if (!hasBackward) return size;
        size = Math.Max(size, model.Encoder.WorkspaceSize(sourceSteps, batch, hasLengths: true));
        size = Math.Max(size, model.Decoder.WorkspaceSize(1, batch));
        size = Math.Max(size, model.Attention.BackwardWorkspaceSize(1, sourceSteps, batch));
        size = Math.Max(size, model.Attention.PrepareWorkspaceSize(sourceSteps, batch));
        size = Math.Max(size, Dense<T>.WorkspaceSize(batch, model.Decoder.StateSize(1)));
        size = Math.Max(size, Dense<T>.WorkspaceSize(targetRows, model.FeedSize));
        return Math.Max(size, Dense<T>.WorkspaceSize(targetRows, model.Options.VocabularySize));
    }
}
