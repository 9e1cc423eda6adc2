using HighPerfRnn.Kernels;
using HighPerfRnn.Tasks.Decoding;

namespace HighPerfRnn.PeerBenchmarks.Training;

/// <summary>One batch of drawn sequences and targets, which every library trains on again and again.</summary>
internal sealed class TaskTrainingProblem : IDecoderExamples
{
    private readonly int _inputSize;

    public TaskTrainingProblem(TaskTrainingCase work)
    {
        var random = new CounterRandom(17, 0);
        _inputSize = work.InputSize;
        Sources = new int[work.Batch][];
        Numbers = new float[work.Batch][];
        Targets = new int[work.Batch][];
        for (int row = 0; row < work.Batch; row++)
        {
            Sources[row] = _inputSize > 0 ? [] : Tokens(work.SourceSteps, work.SourceVocabulary, ref random);
            Numbers[row] = new float[work.SourceSteps * _inputSize];
            foreach (ref float number in Numbers[row].AsSpan()) number = (float)((2 * random.NextDouble()) - 1);
            int labels = work.Writes ? work.TargetSteps - 1 : work.Labels.Pooling is null ? work.SourceSteps : 1;
            Targets[row] = Tokens(labels, work.Outputs, ref random);
        }
    }

    /// <summary>Tokens of each row; none where numbers are read.</summary>
    public int[][] Sources { get; }

    /// <summary>Numbers of each row, step after step; none where tokens are read.</summary>
    public float[][] Numbers { get; }

    /// <summary>Tokens that each row writes, without the end, or its labels.</summary>
    public int[][] Targets { get; }

    /// <inheritdoc/>
    public int Count => Targets.Length;

    /// <inheritdoc/>
    public int SourceSteps(int example) => _inputSize > 0 ? Numbers[example].Length / _inputSize : Sources[example].Length;

    /// <inheritdoc/>
    public ReadOnlySpan<int> Target(int example) => Targets[example];

    /// <inheritdoc/>
    public void CopySource(int example, ulong? draw, int row, int batch, Span<int> tokens, Span<float> numbers)
    {
        for (int step = 0; step < Sources[example].Length; step++) tokens[(step * batch) + row] = Sources[example][step];
        for (int from = 0, step = 0; from < Numbers[example].Length; from += _inputSize, step++)
        {
            Numbers[example].AsSpan(from, _inputSize).CopyTo(numbers[(((step * batch) + row) * _inputSize)..]);
        }
    }

    // The first tokens of a vocabulary stand for none of a text.
    private static int[] Tokens(int count, int vocabulary, ref CounterRandom random)
    {
        const int first = 3;
        int[] tokens = new int[count];
        foreach (ref int token in tokens.AsSpan()) token = first + (int)(random.NextUInt64() % (ulong)(vocabulary - first));
        return tokens;
    }
}
