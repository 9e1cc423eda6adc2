using HighPerfRnn.Layers;

namespace HighPerfRnn.Cli;

/// <summary>The sizes of recurrent layers on each other, and what follows from them.</summary>
/// <param name="Cell">The cell of every layer.</param>
/// <param name="Layers">How many there are.</param>
/// <param name="InputSize">I, of the first one; the others read H numbers.</param>
/// <param name="HiddenSize">H.</param>
/// <param name="Directions">D: 1, or 2 where each layer runs both ways and the next one reads both outputs.</param>
internal readonly record struct RecurrentSizes(RecurrentCellKind Cell, int Layers, int InputSize, int HiddenSize, int Directions = 1)
{
    /// <summary>What a unit has.</summary>
    public CellLayout Layout => RecurrentCells.LayoutOf(Cell);

    /// <summary>Numbers of all Wx: D·G·H·I of the first layer, D·G·H·D·H of each other, G being 4 for an LSTM, 3 for a GRU.</summary>
    public long InputWeights => (long)Directions * Layout.Gates * HiddenSize * (InputSize + ((Layers - 1L) * Directions * HiddenSize));

    /// <summary>Numbers of all Wh: D·R·H·H a layer, R being 0 where no gate looks at h.</summary>
    public long RecurrentWeights => (long)Layers * Directions * Layout.AllRecurrentGates * HiddenSize * HiddenSize;

    /// <summary>Numbers of both, each of which is one multiply-add a step and row.</summary>
    public long Weights => InputWeights + RecurrentWeights;
}
