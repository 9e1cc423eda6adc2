namespace HighPerfRnn.Tasks.Decoding;

/// <summary>Pairs of token sequences.</summary>
/// <param name="sources">Tokens of each source, one at least.</param>
/// <param name="targets">Tokens of each target.</param>
public sealed class TokenPairs(IReadOnlyList<int[]> sources, IReadOnlyList<int[]> targets) : IDecoderExamples
{
    /// <inheritdoc/>
    public int Count => sources.Count;

    /// <inheritdoc/>
    public int SourceSteps(int example) => sources[example].Length;

    /// <inheritdoc/>
    public ReadOnlySpan<int> Target(int example) => targets[example];

    /// <summary>A source's tokens.</summary>
    public ReadOnlySpan<int> Source(int example) => sources[example];

    /// <inheritdoc/>
    public void CopySource(int example, ulong? draw, int row, int batch, Span<int> tokens, Span<float> numbers)
    {
        int[] source = sources[example];
        for (int step = 0; step < source.Length; step++) tokens[(step * batch) + row] = source[step];
    }
}
