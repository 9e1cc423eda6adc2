using HighPerfRnn.Layers;

namespace HighPerfRnn.Tasks.Decoding;

/// <summary>The sizes of an encoder-decoder for a task.</summary>
public sealed record DecoderSettings
{
    /// <summary>The cell of encoder and decoder.</summary>
    public RecurrentCellKind Cell { get; init; } = RecurrentCellKind.Gru;

    /// <summary>Units of the decoder's layers; the encoder has half as many in each direction.</summary>
    public int HiddenSize { get; init; } = 256;

    /// <summary>Recurrent layers on each other, in the encoder and in the decoder.</summary>
    public int Layers { get; init; } = 1;

    /// <summary>Numbers of a token.</summary>
    public int EmbeddingSize { get; init; } = 128;

    /// <summary>Whether the encoder reads in both directions.</summary>
    public bool IsBidirectional { get; init; } = true;

    /// <summary>How scores of the attention are made.</summary>
    public AttentionScore Score { get; init; } = AttentionScore.General;

    /// <summary>The probability of dropout between layers, on embeddings and before the output.</summary>
    public double Dropout { get; init; } = 0.2;

    /// <summary>ε of the cross-entropy's label smoothing.</summary>
    public double LabelSmoothing { get; init; } = 0.1;

    /// <summary>What first parameters and masks follow from.</summary>
    public ulong Seed { get; init; } = 1;
}
