namespace HighPerfRnn.Reference;

/// <summary>What <see cref="ReferenceRnnErrorBound.Forward"/> finds.</summary>
public sealed class ReferenceRnnForwardBound
{
    internal ReferenceRnnForwardBound(ReferenceRnnShape shape)
    {
        States = new double[shape.StatesLength];
        MaskUncertain = new bool[shape.StatesLength];
    }

    /// <summary>Bounds on |product - reference| of every h_t, [T, B, H].</summary>
    public double[] States { get; }

    /// <summary>
    /// Where φ is ReLU and rounding may decide whether the unit is on, [T, B, H]; the gradients of the two sides may
    /// then be far apart, and rightly so. False everywhere for other activations.
    /// </summary>
    public bool[] MaskUncertain { get; }

    /// <summary>How many entries of <see cref="MaskUncertain"/> are set.</summary>
    public int UncertainMasks { get; internal set; }
}

/// <summary>What <see cref="ReferenceRnnErrorBound.Backward"/> finds: bounds on |product - reference|.</summary>
public sealed class ReferenceRnnBackwardBound
{
    internal ReferenceRnnBackwardBound(ReferenceRnnShape shape)
    {
        DInput = new double[shape.InputLength];
        DWx = new double[shape.InputSize * shape.HiddenSize];
        DWh = new double[shape.HiddenSize * shape.HiddenSize];
        DBias = new double[shape.HiddenSize];
        DInitialState = new double[shape.StateLength];
    }

    /// <summary>Of dX, [T, B, I].</summary>
    public double[] DInput { get; }

    /// <summary>Of dWx, [I, H].</summary>
    public double[] DWx { get; }

    /// <summary>Of dWh, [H, H].</summary>
    public double[] DWh { get; }

    /// <summary>Of db, [H].</summary>
    public double[] DBias { get; }

    /// <summary>Of dh0, [B, H].</summary>
    public double[] DInitialState { get; }
}
