using HighPerfRnn.Data.Text;
using HighPerfRnn.Models;

namespace HighPerfRnn.Tasks.Decoding;

/// <summary>Puts examples into batches of an encoder-decoder: room for the largest, made once.</summary>
internal sealed class DecoderBatches
{
    private readonly IDecoderExamples _examples;
    private readonly int[] _sourceTokens;
    private readonly float[] _source;
    private readonly int[] _decoderTokens;
    private readonly int[] _targets;
    private readonly int[] _rowTargets;
    private readonly int[] _sourceLengths;
    private readonly int[] _targetLengths;
    private readonly int _inputSize;
    private int _batch;
    private int _sourceSteps;
    private int _targetSteps;

    /// <summary>Room for batches of so many rows.</summary>
    /// <param name="examples">What is put into them.</param>
    /// <param name="batch">B at most.</param>
    /// <param name="inputSize">Numbers of a source's step; 0 for sources of tokens.</param>
    public DecoderBatches(IDecoderExamples examples, int batch, int inputSize)
    {
        _examples = examples;
        _inputSize = inputSize;
        MaxBatch = batch;
        MaxSourceSteps = 1;
        MaxTargetSteps = 1;
        for (int example = 0; example < examples.Count; example++)
        {
            MaxSourceSteps = Math.Max(MaxSourceSteps, examples.SourceSteps(example));
            MaxTargetSteps = Math.Max(MaxTargetSteps, examples.Target(example).Length + 1);
        }

        _sourceTokens = new int[inputSize == 0 ? checked(MaxSourceSteps * batch) : 0];
        _source = new float[checked(MaxSourceSteps * batch * inputSize)];
        _decoderTokens = new int[checked(MaxTargetSteps * batch)];
        _targets = new int[_decoderTokens.Length];
        _rowTargets = new int[_decoderTokens.Length];
        _sourceLengths = new int[batch];
        _targetLengths = new int[batch];
    }

    public int MaxBatch { get; }

    public int MaxSourceSteps { get; }

    /// <summary>The end counted.</summary>
    public int MaxTargetSteps { get; }

    /// <summary>The targets of the last batch in the order of a pass's logits.</summary>
    public ReadOnlySpan<int> TargetsOf(EncoderDecoderPass<float> pass)
    {
        Span<int> rows = _rowTargets.AsSpan(0, pass.LogitRows);
        pass.CopyTargets(_targets.AsSpan(0, _targetSteps * _batch), rows);
        return rows;
    }

    /// <summary>A batch of these examples; the spans hold until the next one.</summary>
    /// <param name="examples">Which.</param>
    /// <param name="draw">For dropout and what is drawn of sources; null outside training.</param>
    public EncoderDecoderBatch<float> Fill(ReadOnlySpan<int> examples, ulong? draw)
    {
        _batch = examples.Length;
        _sourceSteps = 1;
        _targetSteps = 1;
        for (int row = 0; row < _batch; row++)
        {
            _sourceLengths[row] = _examples.SourceSteps(examples[row]);
            _targetLengths[row] = _examples.Target(examples[row]).Length + 1;
            _sourceSteps = Math.Max(_sourceSteps, _sourceLengths[row]);
            _targetSteps = Math.Max(_targetSteps, _targetLengths[row]);
        }

        int sourceRows = _sourceSteps * _batch;
        Span<int> sourceTokens = _inputSize == 0 ? _sourceTokens.AsSpan(0, sourceRows) : default;
        Span<float> source = _source.AsSpan(0, sourceRows * _inputSize);
        Span<int> decoderTokens = _decoderTokens.AsSpan(0, _targetSteps * _batch);
        Span<int> targets = _targets.AsSpan(0, decoderTokens.Length);
        sourceTokens.Fill(Vocabulary.End);
        source.Clear();
        decoderTokens.Fill(Vocabulary.End);
        targets.Fill(Vocabulary.End);
        for (int row = 0; row < _batch; row++)
        {
            _examples.CopySource(examples[row], draw, row, _batch, sourceTokens, source);
            ReadOnlySpan<int> target = _examples.Target(examples[row]);
            decoderTokens[row] = Vocabulary.Begin;
            for (int step = 0; step < target.Length; step++)
            {
                targets[(step * _batch) + row] = target[step];
                decoderTokens[((step + 1) * _batch) + row] = target[step];
            }
        }

        return new EncoderDecoderBatch<float>
        {
            SourceSteps = _sourceSteps,
            TargetSteps = _targetSteps,
            Batch = _batch,
            SourceTokens = sourceTokens,
            Source = source,
            SourceLengths = _sourceLengths.AsSpan(0, _batch),
            DecoderTokens = decoderTokens,
            TargetLengths = _targetLengths.AsSpan(0, _batch),
            DropoutCall = draw,
        };
    }
}
