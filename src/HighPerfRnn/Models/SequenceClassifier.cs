using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;

namespace HighPerfRnn.Models;

/// <summary>
/// Labels sequences, or each of their steps: recurrent layers, pooling where there is one label for all steps, and a linear layer.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>
/// <para>H = encoder(x) [T, B, H]; with pooling logits = dropout(pooling(H))·Wo + bo [B, V], without logits_t = dropout(h_t)·Wo + bo
/// [T, B, V]. What logits mean is the loss's business: classes, numbers of a regression, labels and the blank of CTC.</para>
/// <para>The layers are the caller's; the network adds dropout and the output layer. Parameters are zeros at first; call
/// <see cref="Repack"/> after writing to them. <see cref="SequenceClassifierPass{T}"/> runs batches, forward and backward,
/// <see cref="SequenceClassifierSession{T}"/> a stream step by step.</para>
/// </remarks>
public sealed class SequenceClassifier<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly ParameterSet<T>[] _parameterSets;

    /// <summary>Joins layers.</summary>
    /// <param name="encoder">From tokens or numbers to H numbers a step.</param>
    /// <param name="pooling">From H numbers a step to H of a sequence; null for logits at every step.</param>
    /// <param name="outputSize">V, logits.</param>
    /// <param name="dropout">The probability of dropout before the output layer.</param>
    /// <param name="seed">Of its masks.</param>
    /// <param name="isTrainable">Whether the output layer holds what the backward pass needs.</param>
    /// <exception cref="ArgumentException">Encoder and pooling do not fit.</exception>
    /// <exception cref="ArgumentOutOfRangeException">V is not positive, or the probability is not in [0, 1).</exception>
    public SequenceClassifier(
        Sequential<T> encoder, SequencePooling<T>? pooling, int outputSize, double dropout = 0, ulong seed = 0, bool isTrainable = true)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        if (pooling is not null && pooling.Size != encoder.OutputSize)
        {
            throw new ArgumentException(
                $"The pooling takes {pooling.Size} numbers a step; expected {encoder.OutputSize}, what the encoder puts out.", nameof(pooling));
        }

        Encoder = encoder;
        Pooling = pooling;
        IsTrainable = isTrainable;
        Output = new Dense<T>(encoder.OutputSize, outputSize, isTrainable);
        OutputDropout = new Dropout<T>(dropout, seed);
        ParameterSet<T>[] pooled = pooling is null ? [] : [pooling.Parameters];
        _parameterSets = [.. encoder.ParameterSets, .. pooled, Output.Parameters];
    }

    /// <summary>The recurrent part.</summary>
    public Sequential<T> Encoder { get; }

    /// <summary>Null where every step has logits.</summary>
    public SequencePooling<T>? Pooling { get; }

    /// <summary>To the logits.</summary>
    public Dense<T> Output { get; }

    /// <summary>V.</summary>
    public int OutputSize => Output.OutputSize;

    /// <summary>Whether each step's logits follow from the steps so far, so that there are sessions.</summary>
    public bool IsCausal => Pooling is null && Encoder.IsCausal;

    /// <summary>Whether there is a backward pass.</summary>
    public bool IsTrainable { get; }

    /// <summary>All parameters: of the encoder's layers, of <see cref="Pooling"/> where there is one, of <see cref="Output"/>.</summary>
    public IReadOnlyList<ParameterSet<T>> ParameterSets => _parameterSets;

    internal Dropout<T> OutputDropout { get; }

    /// <summary>Takes the parameters as they are now for the passes that follow. Allocates nothing.</summary>
    public void Repack()
    {
        Encoder.Repack();
        Pooling?.Repack();
        Output.Repack();
    }

    /// <summary>Rows of logits: one a sequence with pooling, else one a step of each.</summary>
    internal int LogitRows(int steps, int batch) => Pooling is null ? checked(steps * batch) : batch;
}

/// <summary>Sequences of B rows. Spans are row-major, time first.</summary>
/// <typeparam name="T">float or double.</typeparam>
public readonly ref struct SequenceBatch<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>T.</summary>
    public required int Steps { get; init; }

    /// <summary>B.</summary>
    public required int Batch { get; init; }

    /// <summary>[T, B]; empty when <see cref="Input"/> stands for them.</summary>
    public ReadOnlySpan<int> Tokens { get; init; }

    /// <summary>[T, B, I]; empty when <see cref="Tokens"/> stand for it.</summary>
    public ReadOnlySpan<T> Input { get; init; }

    /// <summary>Steps of each row [B], 0 to T; empty for all T.</summary>
    public ReadOnlySpan<int> Lengths { get; init; }

    /// <summary>Which call, for the masks of dropout; null for no dropout.</summary>
    public ulong? DropoutCall { get; init; }
}
