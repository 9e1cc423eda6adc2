using HighPerfRnn.Data.Text;
using HighPerfRnn.Kernels;
using HighPerfRnn.Tasks.Training;

namespace HighPerfRnn.Tasks.Labelling;

/// <summary>Sequences and what is right for them.</summary>
public interface ILabelExamples : ISourceExamples
{
    /// <summary>
    /// With pooling one class; without a class a step, or for <see cref="LabelLoss.Ctc"/> the labels in their order, none of them 0. Empty
    /// for <see cref="LabelLoss.Numbers"/>.
    /// </summary>
    ReadOnlySpan<int> Labels(int example);

    /// <summary>The numbers of <see cref="LabelLoss.Numbers"/>; else empty.</summary>
    ReadOnlySpan<float> Values(int example);
}

/// <summary>Sequences of tokens with a class each.</summary>
/// <param name="sources">Tokens of each, one at least.</param>
/// <param name="classes">A class each.</param>
/// <param name="tokenDropout">The probability with which training reads a token as an unknown one.</param>
/// <param name="seed">What that follows from.</param>
public sealed class TokenClasses(IReadOnlyList<int[]> sources, IReadOnlyList<int> classes, double tokenDropout = 0, ulong seed = 0) : ILabelExamples
{
    private readonly int[] _classes = [.. classes];

    /// <inheritdoc/>
    public int Count => sources.Count;

    /// <inheritdoc/>
    public int SourceSteps(int example) => sources[example].Length;

    /// <inheritdoc/>
    public ReadOnlySpan<int> Labels(int example) => _classes.AsSpan(example, 1);

    /// <inheritdoc/>
    public ReadOnlySpan<float> Values(int example) => default;

    /// <inheritdoc/>
    public void CopySource(int example, ulong? draw, int row, int batch, Span<int> tokens, Span<float> numbers)
    {
        int[] source = sources[example];
        bool drops = draw is not null && tokenDropout > 0;
        var random = new CounterRandom(seed, ((draw ?? 0) << 32) ^ (uint)example);
        for (int step = 0; step < source.Length; step++)
        {
            tokens[(step * batch) + row] = drops && random.NextDouble() < tokenDropout ? Vocabulary.Unknown : source[step];
        }
    }
}

/// <summary>Sequences of numbers [T, I] with classes, labels or numbers.</summary>
/// <param name="sequences">Numbers of each, step after step.</param>
/// <param name="inputSize">I.</param>
/// <param name="labels">See <see cref="ILabelExamples.Labels"/>; empty for numbers.</param>
/// <param name="values">See <see cref="ILabelExamples.Values"/>; empty for labels.</param>
/// <param name="noise">The deviation of what training adds to each number.</param>
/// <param name="seed">What that follows from.</param>
public sealed class NumberSequences(
    IReadOnlyList<ReadOnlyMemory<float>> sequences,
    int inputSize,
    IReadOnlyList<int[]> labels,
    IReadOnlyList<float[]> values,
    double noise = 0,
    ulong seed = 0) : ILabelExamples
{
    /// <inheritdoc/>
    public int Count => sequences.Count;

    /// <inheritdoc/>
    public int SourceSteps(int example) => sequences[example].Length / inputSize;

    /// <inheritdoc/>
    public ReadOnlySpan<int> Labels(int example) => labels.Count == 0 ? default : labels[example];

    /// <inheritdoc/>
    public ReadOnlySpan<float> Values(int example) => values.Count == 0 ? default : values[example];

    /// <inheritdoc/>
    public void CopySource(int example, ulong? draw, int row, int batch, Span<int> tokens, Span<float> numbers)
    {
        ReadOnlySpan<float> sequence = sequences[example].Span;
        for (int from = 0, step = 0; from < sequence.Length; from += inputSize, step++)
        {
            sequence.Slice(from, inputSize).CopyTo(numbers[(((step * batch) + row) * inputSize)..]);
        }

        if (draw is ulong call && noise > 0) AddNoise(example, call, row, batch, numbers);
    }

    /// <summary>Noise of no shape but its deviation: the sum of four numbers drawn alike, which costs a fraction of a Gaussian.</summary>
    private void AddNoise(int example, ulong call, int row, int batch, Span<float> numbers)
    {
        var random = new CounterRandom(seed, (call << 32) ^ (uint)example);
        // A sum of four uniform numbers of 16 bits has a deviation of 2¹⁶·√(4 / 12).
        float scale = (float)(noise / (65536 * Math.Sqrt(4.0 / 12)));
        for (int step = 0; step < SourceSteps(example); step++)
        {
            foreach (ref float number in numbers.Slice(((step * batch) + row) * inputSize, inputSize))
            {
                ulong bits = random.NextUInt64();
                int sum = (int)((bits & 0xFFFF) + ((bits >> 16) & 0xFFFF) + ((bits >> 32) & 0xFFFF) + (bits >> 48));
                number += scale * (sum - 131070);
            }
        }
    }
}
