using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;

namespace HighPerfRnn.Models;

/// <summary>
/// One sequence to another, with attention and input feeding (Luong, Pham and Manning, Effective approaches to attention-based neural
/// machine translation, 2015): translation, spelling to sound, and captions, where the sequence that is read is an image's rows or patches.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>
/// <para>Equations, M = [S, B, M] the memory, t from 0 to T - 1, y₋₁ the token that begins a target:</para>
/// <para>M = encoder(x); the decoder's states before its first step are tanh(mean of a row's memory·Wb + bb);</para>
/// <para>h_t = decoder([embedding(y_{t-1}), a_{t-1}]), a₋₁ = 0; c_t = attention(h_t, M); a_t = tanh([h_t, c_t]·Wc + bc);</para>
/// <para>logits_t = dropout(a_t)·Wo + bo, or dropout([a_t, c_t])·Wo + bo with <see cref="EncoderDecoderOptions.OutputReadsContext"/>. In training embedding(y) goes through dropout too.</para>
/// <para>The layers are the caller's: an encoder of any layers from tokens or numbers to M numbers, causal or not; a decoder of causal
/// layers from E + A numbers to H; an attention from H to M. The network holds them and adds the embedding, the bridge to the first
/// states, the combination and the output layer. Parameters are zeros at first; call <see cref="Repack"/> after writing to them.</para>
/// <para><see cref="EncoderDecoderPass{T}"/> runs it over known targets, forward and backward; <see cref="EncoderDecoderSession{T}"/> writes
/// targets token by token.</para>
/// </remarks>
public sealed class EncoderDecoder<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly ParameterSet<T>[] _parameterSets;

    /// <summary>Joins layers.</summary>
    /// <param name="encoder">From the source to M numbers a step.</param>
    /// <param name="decoder">From E + A numbers to H; A, what is fed back, follows from it.</param>
    /// <param name="attention">From H to M.</param>
    /// <param name="options">Vocabulary, E and dropout.</param>
    /// <param name="isTrainable">Whether the network's own layers hold what the backward pass needs.</param>
    /// <exception cref="ArgumentException">Sizes do not fit each other, or the decoder is not causal or holds no state.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive, or the probability is not in [0, 1).</exception>
    public EncoderDecoder(
        Sequential<T> encoder, Sequential<T> decoder, Attention<T> attention, EncoderDecoderOptions options, bool isTrainable = true)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        ArgumentNullException.ThrowIfNull(decoder);
        ArgumentNullException.ThrowIfNull(attention);
        ArgumentNullException.ThrowIfNull(options);
        FeedSize = decoder.InputSize - options.EmbeddingSize;
        if (FeedSize < 1)
        {
            throw new ArgumentException(
                $"The decoder takes {decoder.InputSize} numbers; expected more than the {options.EmbeddingSize} of an embedding.", nameof(decoder));
        }

        if (!decoder.IsCausal || decoder.StateSize(1) == 0)
        {
            throw new ArgumentException("The decoder is bidirectional or has no state; expected recurrent layers of one direction.", nameof(decoder));
        }

        if (attention.QuerySize != decoder.OutputSize || attention.MemorySize != encoder.OutputSize)
        {
            throw new ArgumentException(
                $"The attention is from {attention.QuerySize} numbers to {attention.MemorySize}; expected {decoder.OutputSize} and "
                + $"{encoder.OutputSize}, what decoder and encoder put out.",
                nameof(attention));
        }

        Encoder = encoder;
        Decoder = decoder;
        Attention = attention;
        Options = options;
        IsTrainable = isTrainable;
        Embedding = new Embedding<T>(options.VocabularySize, options.EmbeddingSize);
        Bridge = new Dense<T>(encoder.OutputSize, decoder.StateSize(1), isTrainable);
        Combination = new Dense<T>(decoder.OutputSize + encoder.OutputSize, FeedSize, isTrainable);
        Output = new Dense<T>(FeedSize + (options.OutputReadsContext ? encoder.OutputSize : 0), options.VocabularySize, isTrainable);
        EmbeddingDropout = new Dropout<T>(options.Dropout, options.Seed);
        OutputDropout = new Dropout<T>(options.Dropout, unchecked(options.Seed + 1));
        _parameterSets =
        [
            .. encoder.ParameterSets, .. decoder.ParameterSets,
            Bridge.Parameters, Embedding.Parameters, attention.Parameters, Combination.Parameters, Output.Parameters,
        ];
    }

    /// <summary>From the source to the memory.</summary>
    public Sequential<T> Encoder { get; }

    /// <summary>The recurrent part of the decoder.</summary>
    public Sequential<T> Decoder { get; }

    /// <summary>From the decoder's output to the memory.</summary>
    public Attention<T> Attention { get; }

    /// <summary>Of the tokens that the decoder reads [V, E].</summary>
    public Embedding<T> Embedding { get; }

    /// <summary>From the mean of the memory to the decoder's first states.</summary>
    public Dense<T> Bridge { get; }

    /// <summary>From [h, c] to what is fed back and put out.</summary>
    public Dense<T> Combination { get; }

    /// <summary>To the logits.</summary>
    public Dense<T> Output { get; }

    /// <summary>Vocabulary, E and dropout.</summary>
    public EncoderDecoderOptions Options { get; }

    /// <summary>A, numbers of what is fed back.</summary>
    public int FeedSize { get; }

    /// <summary>Whether there is a backward pass.</summary>
    public bool IsTrainable { get; }

    /// <summary>
    /// All parameters: of the encoder's layers, of the decoder's, of <see cref="Bridge"/>, <see cref="Embedding"/>, <see cref="Attention"/>,
    /// <see cref="Combination"/> and <see cref="Output"/>.
    /// </summary>
    public IReadOnlyList<ParameterSet<T>> ParameterSets => _parameterSets;

    internal Dropout<T> EmbeddingDropout { get; }

    internal Dropout<T> OutputDropout { get; }

    /// <summary>Takes the parameters as they are now for the passes that follow. Allocates nothing.</summary>
    public void Repack()
    {
        Encoder.Repack();
        Decoder.Repack();
        Bridge.Repack();
        Attention.Repack();
        Combination.Repack();
        Output.Repack();
    }

    /// <summary>The decoder's states before its first step from the mean of each row's memory.</summary>
    /// <param name="batch">B.</param>
    /// <param name="mean">[B, M].</param>
    /// <param name="rows">[B, states of a row], overwritten with tanh(mean·Wb + bb).</param>
    /// <param name="states">The same as the states of a batch, overwritten.</param>
    /// <param name="workers">Threads; null for the caller's alone.</param>
    internal void Start(int batch, ReadOnlySpan<T> mean, Span<T> rows, Span<T> states, Threading.WorkerGroup? workers)
    {
        Bridge.Forward(batch, mean, rows, workers);
        Elementwise.Tanh<T>(rows, rows);
        Decoder.StatesFromRows(rows, batch, states);
    }

    /// <summary>a = tanh([h, c]·Wc + bc).</summary>
    /// <param name="batch">B.</param>
    /// <param name="output">h [B, H].</param>
    /// <param name="context">c [B, M].</param>
    /// <param name="joined">[B, H + M], overwritten with [h, c].</param>
    /// <param name="feed">a [B, A], overwritten.</param>
    /// <param name="workers">Threads; null for the caller's alone.</param>
    internal void Combine(
        int batch, ReadOnlySpan<T> output, ReadOnlySpan<T> context, Span<T> joined, Span<T> feed, Threading.WorkerGroup? workers)
    {
        Columns.Put(output, Decoder.OutputSize, joined, Combination.InputSize, 0);
        Columns.Put(context, Encoder.OutputSize, joined, Combination.InputSize, Decoder.OutputSize);
        Combination.Forward(batch, joined, feed, workers);
        Elementwise.Tanh<T>(feed, feed);
    }
}

/// <summary>Some columns of a matrix as a matrix of their own.</summary>
internal static class Columns
{
    /// <summary>Copies a matrix of so many columns into those of another that start at <paramref name="first"/>.</summary>
    public static void Put<T>(ReadOnlySpan<T> part, int partColumns, Span<T> matrix, int columns, int first)
    {
        for (int from = 0, to = first; from < part.Length; from += partColumns, to += columns)
        {
            part.Slice(from, partColumns).CopyTo(matrix[to..]);
        }
    }

    /// <summary>Copies the columns that start at <paramref name="first"/> out of a matrix.</summary>
    public static void Take<T>(ReadOnlySpan<T> matrix, int columns, int first, Span<T> part, int partColumns)
    {
        for (int to = 0, from = first; to < part.Length; to += partColumns, from += columns)
        {
            matrix.Slice(from, partColumns).CopyTo(part[to..]);
        }
    }
}
