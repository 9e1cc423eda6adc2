namespace HighPerfRnn.Layers;

/// <summary>The sizes that the rows of a recurrent layer have, whatever T and B.</summary>
/// <param name="Cell">What a unit has.</param>
/// <param name="HiddenSize">H.</param>
/// <param name="ProjectionSize">P; 0 where there is no projection.</param>
internal readonly record struct LayerLayout(CellLayout Cell, int HiddenSize, int ProjectionSize)
{
    /// <summary>Numbers of h: P behind a projection, else H.</summary>
    public int StateSize => ProjectionSize > 0 ? ProjectionSize : HiddenSize;

    /// <summary>Whether a first phase leaves something for a second product.</summary>
    public bool HasScratch => ProjectionSize > 0 || Cell.ScratchGates > 0;

    /// <summary>Rows of H numbers that a row keeps at each step for the backward pass.</summary>
    public int KeptRows => Cell.KeptValues + (HasScratch ? 1 : 0);

    /// <summary>Gradients of a row at each step: of gates, of recurrent sums where they differ, of vectors, of what is projected.</summary>
    public int GradientsPerRow => checked((HiddenSize * Cell.GradientsPerUnit) + ProjectionSize);
}
