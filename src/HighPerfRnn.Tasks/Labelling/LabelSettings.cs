using HighPerfRnn.Layers;

namespace HighPerfRnn.Tasks.Labelling;

/// <summary>What the logits of a network stand for.</summary>
public enum LabelLoss
{
    /// <summary>Classes: cross-entropy.</summary>
    Classes,

    /// <summary>Numbers: squared error.</summary>
    Numbers,

    /// <summary>A sequence of labels that have no times, and at 0 the blank: CTC.</summary>
    Ctc,
}

/// <summary>The sizes of a network that labels sequences or their steps.</summary>
public sealed record LabelSettings
{
    /// <summary>What is learned.</summary>
    public LabelLoss Loss { get; init; }

    /// <summary>The cell.</summary>
    public RecurrentCellKind Cell { get; init; } = RecurrentCellKind.Gru;

    /// <summary>Numbers a step that each layer puts out; of two directions each gives half.</summary>
    public int HiddenSize { get; init; } = 128;

    /// <summary>Recurrent layers on each other.</summary>
    public int Layers { get; init; } = 1;

    /// <summary>Numbers of a token; of no meaning where steps are numbers.</summary>
    public int EmbeddingSize { get; init; } = 64;

    /// <summary>Whether layers read in both directions.</summary>
    public bool IsBidirectional { get; init; } = true;

    /// <summary>How one vector is made of a sequence; null for a label at every step.</summary>
    public PoolingKind? Pooling { get; init; } = PoolingKind.Max;

    /// <summary>The probability of dropout on embeddings, between layers and before the output.</summary>
    public double Dropout { get; init; } = 0.3;

    /// <summary>The probability with which training reads a token as an unknown one.</summary>
    public double TokenDropout { get; init; }

    /// <summary>ε of the cross-entropy's label smoothing.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>What first parameters and masks follow from.</summary>
    public ulong Seed { get; init; } = 1;
}
