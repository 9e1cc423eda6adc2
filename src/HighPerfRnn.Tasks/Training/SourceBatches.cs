using HighPerfRnn.Data.Text;

namespace HighPerfRnn.Tasks.Training;

/// <summary>Puts sequences into batches [S, B] of tokens or [S, B, I] of numbers: room for the largest, made once.</summary>
internal sealed class SourceBatches
{
    private readonly ISourceExamples _examples;
    private readonly int[] _tokens;
    private readonly float[] _numbers;
    private readonly int[] _lengths;
    private readonly int _inputSize;
    private int _batch;

    /// <summary>Room for batches of so many rows.</summary>
    /// <param name="examples">What is put into them.</param>
    /// <param name="batch">B at most.</param>
    /// <param name="inputSize">Numbers of a step; 0 for tokens.</param>
    public SourceBatches(ISourceExamples examples, int batch, int inputSize)
    {
        _examples = examples;
        _inputSize = inputSize;
        MaxSteps = 1;
        for (int example = 0; example < examples.Count; example++) MaxSteps = Math.Max(MaxSteps, examples.SourceSteps(example));
        _tokens = new int[inputSize == 0 ? checked(MaxSteps * batch) : 0];
        _numbers = new float[checked(MaxSteps * batch * inputSize)];
        _lengths = new int[batch];
    }

    public int MaxSteps { get; }

    /// <summary>S of the last batch.</summary>
    public int Steps { get; private set; }

    /// <summary>[S, B]; empty for numbers.</summary>
    public ReadOnlySpan<int> Tokens => _tokens.AsSpan(0, _inputSize == 0 ? Steps * _batch : 0);

    /// <summary>[S, B, I]; empty for tokens.</summary>
    public ReadOnlySpan<float> Numbers => _numbers.AsSpan(0, Steps * _batch * _inputSize);

    /// <summary>[B].</summary>
    public ReadOnlySpan<int> Lengths => _lengths.AsSpan(0, _batch);

    /// <summary>A batch of these examples; what stood here before is gone.</summary>
    /// <param name="examples">Which.</param>
    /// <param name="draw">For what is drawn of sequences; null outside training.</param>
    public void Fill(ReadOnlySpan<int> examples, ulong? draw)
    {
        _batch = examples.Length;
        Steps = 1;
        for (int row = 0; row < _batch; row++)
        {
            _lengths[row] = _examples.SourceSteps(examples[row]);
            Steps = Math.Max(Steps, _lengths[row]);
        }

        Span<int> tokens = _tokens.AsSpan(0, Tokens.Length);
        Span<float> numbers = _numbers.AsSpan(0, Numbers.Length);
        tokens.Fill(Vocabulary.End);
        numbers.Clear();
        for (int row = 0; row < _batch; row++) _examples.CopySource(examples[row], draw, row, _batch, tokens, numbers);
    }
}
