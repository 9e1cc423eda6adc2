namespace HighPerfRnn.Layers;

/// <summary>What a recurrent cell has for each of its units: from this follow the sizes of weights, states and workspaces.</summary>
public readonly record struct CellLayout
{
    /// <summary>G ≥ 1: products a unit takes of the input. Weights are [I, G·H], gate after gate.</summary>
    public required int Gates { get; init; }

    /// <summary>
    /// How many gates, from the first on, take a product of h_{t-1} too; null for all that <see cref="ScratchGates"/> leaves, 0 for a
    /// cell whose gates do not look at h.
    /// </summary>
    public int? RecurrentGates { get; init; }

    /// <summary>
    /// How many gates, those after the recurrent ones, take a product of what the cell's first phase leaves in place of h_{t-1}: they
    /// are known only when it has been computed for all units. Such a cell implements <see cref="IRecurrentCell{T}.ForwardSecond"/>
    /// and <see cref="IRecurrentCell{T}.BackwardSecond"/>.
    /// </summary>
    public int ScratchGates { get; init; }

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

    /// <summary>Gates whose product is one of h_{t-1}.</summary>
    internal int StateGates => RecurrentGates ?? Gates - ScratchGates;

    /// <summary>Gates of weight_hh.</summary>
    internal int AllRecurrentGates => StateGates + ScratchGates;

    /// <summary>Gradients a unit has at each step: of gates, of recurrent sums where they differ, of vectors.</summary>
    internal int GradientsPerUnit => Gates + (HasRecurrentGateGradients ? AllRecurrentGates : 0) + VectorCount;

    /// <exception cref="ArgumentException">A count is out of range.</exception>
    internal void Validate()
    {
        if (Gates < 1 || CellStates < 0 || KeptValues < 0)
        {
            throw new ArgumentException(
                $"The cell has {Gates} gates, {CellStates} cell states and keeps {KeptValues} values; expected at least 1, 0 and 0.");
        }

        if (StateGates < 0 || ScratchGates < 0 || AllRecurrentGates > Gates)
        {
            throw new ArgumentException(
                $"Of the cell's {Gates} gates {StateGates} are recurrent and {ScratchGates} take the first phase's product; expected no more in all.");
        }
    }
}
