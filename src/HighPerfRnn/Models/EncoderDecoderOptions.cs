namespace HighPerfRnn.Models;

/// <summary>What an <see cref="EncoderDecoder{T}"/> is beside its layers.</summary>
public sealed record EncoderDecoderOptions
{
    /// <summary>V, how many different tokens the decoder writes and reads.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>E, numbers of a token that the decoder reads.</summary>
    public required int EmbeddingSize { get; init; }

    /// <summary>
    /// Whether the output layer reads what was looked at beside what is fed back, [a, c] in place of a: a straight way from the source to
    /// the tokens (Bahdanau, Cho and Bengio, Neural machine translation by jointly learning to align and translate, 2015).
    /// </summary>
    public bool OutputReadsContext { get; init; }

    /// <summary>
    /// The probability with which, in training, a number of an embedding, and of what the output layer reads, is 0; what the encoder and
    /// the decoder do is the affair of their own layers.
    /// </summary>
    public double Dropout { get; init; }

    /// <summary>Which masks.</summary>
    public ulong Seed { get; init; }
}
