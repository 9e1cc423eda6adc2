using HighPerfRnn.Layers;

namespace HighPerfRnn.Models;

/// <summary>The cell and sizes of a character model.</summary>
public sealed record CharacterModelOptions
{
    /// <summary>The cell of every layer. A stack of <see cref="RecurrentCellKind.Lru"/> alone is linear between embedding and softmax.</summary>
    public RecurrentCellKind Cell { get; init; } = RecurrentCellKind.Rnn;

    /// <summary>H, units a layer.</summary>
    public int HiddenSize { get; init; } = 256;

    /// <summary>How many recurrent layers stand on each other.</summary>
    public int Layers { get; init; } = 1;

    /// <summary>E, numbers a character.</summary>
    public int EmbeddingSize { get; init; } = 64;

    /// <summary>φ of every <see cref="RecurrentCellKind.Rnn"/> layer, tanh or ReLU; tanh in a model of another cell, whose functions are its own.</summary>
    public Activation Activation { get; init; } = Activation.Tanh;

    /// <exception cref="ArgumentOutOfRangeException">A size is not positive, there is no such cell, or φ is none that it can have.</exception>
    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(HiddenSize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Layers);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(EmbeddingSize);
        if (!Enum.IsDefined(Cell))
        {
            throw new ArgumentOutOfRangeException(nameof(Cell), Cell, "expected Rnn, Lstm, Gru, MinGru, MinLstm or Lru");
        }

        if (Activation == Activation.Tanh) return;
        if (Cell != RecurrentCellKind.Rnn) throw new ArgumentOutOfRangeException(nameof(Activation), Activation, $"expected Tanh with {Cell} cells");
        if (Activation != Activation.Relu) throw new ArgumentOutOfRangeException(nameof(Activation), Activation, "expected Tanh or Relu");
    }
}
