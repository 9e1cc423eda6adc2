using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Memory;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Layers;

/// <summary>A row of a table for each token: what a product with one-hot rows gives, without the product.</summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>Parameter: <c>weight</c> [V, E], row-major, all zeros at first.</remarks>
public sealed class Embedding<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>A table of <paramref name="vocabularySize"/> rows.</summary>
    /// <param name="vocabularySize">V, how many tokens there are.</param>
    /// <param name="embeddingSize">E, numbers a token.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    public Embedding(int vocabularySize, int embeddingSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(vocabularySize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(embeddingSize);
        VocabularySize = vocabularySize;
        EmbeddingSize = embeddingSize;
        Parameters = new ParameterSet<T>(("weight", vocabularySize, embeddingSize));
    }

    /// <summary>V.</summary>
    public int VocabularySize { get; }

    /// <summary>E.</summary>
    public int EmbeddingSize { get; }

    /// <summary>The table by name.</summary>
    public ParameterSet<T> Parameters { get; }

    /// <summary>output[n] = table[tokens[n]].</summary>
    /// <param name="tokens">[N], each in 0..V-1.</param>
    /// <param name="output">[N, E], overwritten.</param>
    /// <exception cref="ArgumentException">A token is out of range, a length wrong, or what is written overlaps what is read; nothing has been written then.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Forward(ReadOnlySpan<int> tokens, Span<T> output)
    {
        Check.Shape(output.Length, nameof(output), "[N, E]", tokens.Length, EmbeddingSize);
        Check.Tokens(tokens, VocabularySize, nameof(tokens));
        ReadOnlySpan<T> table = Parameters["weight"];
        Check.NoOverlap(output, table, nameof(output), "the table");
        for (int n = 0; n < tokens.Length; n++)
        {
            table.Slice(tokens[n] * EmbeddingSize, EmbeddingSize).CopyTo(output[(n * EmbeddingSize)..]);
        }
    }

    /// <summary>dTable[tokens[n]] += outputGradient[n], n in order: a token that comes twice adds twice.</summary>
    /// <param name="tokens">[N], as in the forward pass.</param>
    /// <param name="outputGradient">[N, E].</param>
    /// <param name="gradients">Added to: a set from <see cref="ParameterSet{T}.CreateZeros"/> of the layer's parameters.</param>
    /// <exception cref="ArgumentException">A token is out of range, a length wrong, or what is written overlaps what is read; nothing has been written then.</exception>
    public void Backward(ReadOnlySpan<int> tokens, ReadOnlySpan<T> outputGradient, ParameterSet<T> gradients)
    {
        ArgumentNullException.ThrowIfNull(gradients);
        Check.Shape(outputGradient.Length, nameof(outputGradient), "[N, E]", tokens.Length, EmbeddingSize);
        Check.Tokens(tokens, VocabularySize, nameof(tokens));
        Check.Layout(gradients, Parameters);
        Check.NoOverlap<T>(gradients.Values, outputGradient, nameof(gradients), nameof(outputGradient));
        var job = new BackwardJob
        {
            Tokens = tokens,
            OutputGradient = outputGradient,
            TableGradient = gradients["weight"],
            EmbeddingSize = EmbeddingSize,
        };
        Lanes.Run<T, BackwardJob, int>(ref job, 0);
    }

    private readonly ref struct BackwardJob : ILaneWork<T, int>
    {
        public required ReadOnlySpan<int> Tokens { get; init; }

        public required ReadOnlySpan<T> OutputGradient { get; init; }

        public required Span<T> TableGradient { get; init; }

        public required int EmbeddingSize { get; init; }

        public void Run<TLane>(int argument)
            where TLane : struct, ILane<TLane, T> =>
            RowScatter<T, TLane>.Add(Tokens, OutputGradient, EmbeddingSize, 0, EmbeddingSize, TableGradient, EmbeddingSize);
    }
}
