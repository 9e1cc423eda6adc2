using HighPerfRnn.Data.Text;
using HighPerfRnn.Models;
using HighPerfRnn.Tasks.Training;

namespace HighPerfRnn.Tasks.Decoding;

/// <summary>Puts examples into batches of an encoder-decoder: room for the largest, made once.</summary>
internal sealed class DecoderBatches
{
    private readonly IDecoderExamples _examples;
    private readonly SourceBatches _sources;
    private readonly int[] _decoderTokens;
    private readonly int[] _targets;
    private readonly int[] _rowTargets;
    private readonly int[] _targetLengths;
    private int _batch;
    private int _targetSteps;

    /// <summary>Room for batches of so many rows.</summary>
    /// <param name="examples">What is put into them.</param>
    /// <param name="batch">B at most.</param>
    /// <param name="inputSize">Numbers of a source's step; 0 for sources of tokens.</param>
    public DecoderBatches(IDecoderExamples examples, int batch, int inputSize)
    {
        _examples = examples;
        _sources = new SourceBatches(examples, batch, inputSize);
        MaxTargetSteps = 1;
        for (int example = 0; example < examples.Count; example++) MaxTargetSteps = Math.Max(MaxTargetSteps, examples.Target(example).Length + 1);
        _decoderTokens = new int[checked(MaxTargetSteps * batch)];
        _targets = new int[_decoderTokens.Length];
        _rowTargets = new int[_decoderTokens.Length];
        _targetLengths = new int[batch];
    }

    public int MaxSourceSteps => _sources.MaxSteps;

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
        _sources.Fill(examples, draw);
        _batch = examples.Length;
        _targetSteps = 1;
        for (int row = 0; row < _batch; row++)
        {
            _targetLengths[row] = _examples.Target(examples[row]).Length + 1;
            _targetSteps = Math.Max(_targetSteps, _targetLengths[row]);
        }

        Span<int> decoderTokens = _decoderTokens.AsSpan(0, _targetSteps * _batch);
        Span<int> targets = _targets.AsSpan(0, decoderTokens.Length);
        decoderTokens.Fill(Vocabulary.End);
        targets.Fill(Vocabulary.End);
        for (int row = 0; row < _batch; row++)
        {
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
            SourceSteps = _sources.Steps,
            TargetSteps = _targetSteps,
            Batch = _batch,
            SourceTokens = _sources.Tokens,
            Source = _sources.Numbers,
            SourceLengths = _sources.Lengths,
            DecoderTokens = decoderTokens,
            TargetLengths = _targetLengths.AsSpan(0, _batch),
            DropoutCall = draw,
        };
    }
}
