namespace HighPerfRnn.Layers;

/// <summary>What a recurrent cell has for each of its units: from this follow the sizes of weights, states and workspaces.</summary>
public readonly record struct CellLayout
{
    /// <summary>G ≥ 1: products a unit takes of the input and of the state. Weights are [I, G·H] and [H, G·H], gate after gate.</summary>
    public required int Gates { get; init; }

    /// <summary>C ≥ 0: states that a unit carries to the next step beside h, such as the LSTM's c.</summary>
    public int CellStates { get; init; }

    /// <summary>K ≥ 0: numbers a unit keeps at each step for the backward pass, beside h itself.</summary>
    public int KeptValues { get; init; }

    /// <summary>The names of the cell's own vectors [H], such as peepholes; null for none.</summary>
    public IReadOnlyList<string>? Vectors { get; init; }

    /// <summary>
    /// Whether the gradient of a recurrent sum differs from that of the input part of the same gate, as where a gate multiplies the sum.
    /// </summary>
    public bool HasRecurrentGateGradients { get; init; }

    /// <summary>Whether h_{t-1} acts on step t other than through the recurrent product, as where it is blended with a candidate.</summary>
    public bool UsesPreviousState { get; init; }

    internal int VectorCount => Vectors?.Count ?? 0;

    /// <summary>Gradients a unit has at each step: of gates, of recurrent sums where they differ, of vectors.</summary>
    internal int GradientsPerUnit => (HasRecurrentGateGradients ? 2 * Gates : Gates) + VectorCount;

    /// <exception cref="ArgumentException">A count is out of range.</exception>
    internal void Validate()
    {
        if (Gates < 1 || CellStates < 0 || KeptValues < 0)
        {
            throw new ArgumentException(
                $"The cell has {Gates} gates, {CellStates} cell states and keeps {KeptValues} values; expected at least 1, 0 and 0.");
        }
    }
}
