using HighPerfRnn.Layers;

namespace HighPerfRnn.Cli;

/// <summary>The sizes of recurrent layers on each other, and what follows from them.</summary>
/// <param name="Cell">The cell of every layer.</param>
/// <param name="Layers">How many there are.</param>
/// <param name="InputSize">I, of the first one; the others read H numbers.</param>
/// <param name="HiddenSize">H.</param>
internal readonly record struct RecurrentSizes(RecurrentCellKind Cell, int Layers, int InputSize, int HiddenSize)
{
    /// <summary>What a unit has.</summary>
    public CellLayout Layout => RecurrentCells.LayoutOf(Cell);

    /// <summary>Numbers of all Wx: G·H·I of the first layer, G·H·H of each other, G being 4 for an LSTM, 3 for a GRU.</summary>
    public long InputWeights => (long)Layout.Gates * HiddenSize * (InputSize + ((Layers - 1L) * HiddenSize));

    /// <summary>Numbers of all Wh: R·H·H a layer, R being 0 where no gate looks at h.</summary>
    public long RecurrentWeights => (long)Layers * Layout.AllRecurrentGates * HiddenSize * HiddenSize;

    /// <summary>Numbers of both, each of which is one multiply-add a step and row.</summary>
    public long Weights => InputWeights + RecurrentWeights;
}
