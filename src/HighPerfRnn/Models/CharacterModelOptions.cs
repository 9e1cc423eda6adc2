using HighPerfRnn.Layers;

namespace HighPerfRnn.Models;

/// <summary>The sizes of a character model.</summary>
public sealed record CharacterModelOptions
{
    /// <summary>H, units a layer.</summary>
    public int HiddenSize { get; init; } = 256;

    /// <summary>How many recurrent layers stand on each other.</summary>
    public int Layers { get; init; } = 1;

    /// <summary>E, numbers a character.</summary>
    public int EmbeddingSize { get; init; } = 64;

    /// <summary>φ of every layer.</summary>
    public Activation Activation { get; init; } = Activation.Tanh;

    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(HiddenSize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Layers);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(EmbeddingSize);
    }
}
