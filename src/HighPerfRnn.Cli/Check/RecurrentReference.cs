using HighPerfRnn.Reference;

namespace HighPerfRnn.Cli.Check;

/// <summary>The reference's gradients of the recurrent layer in double, and how far the library's may be from them.</summary>
internal sealed class RecurrentReference
{
    private RecurrentReference(CheckShape shape, ReferenceRnnBackwardBound bound)
    {
        DInput = new double[shape.Rows * shape.InputSize];
        DWx = new double[shape.InputSize * shape.HiddenSize];
        DWh = new double[shape.HiddenSize * shape.HiddenSize];
        DBias = new double[shape.HiddenSize];
        DInitialState = new double[shape.Batch * shape.HiddenSize];
        Bound = bound;
    }

    public double[] DInput { get; }

    public double[] DWx { get; }

    public double[] DWh { get; }

    public double[] DBias { get; }

    public double[] DInitialState { get; }

    /// <summary>Bounds of the five, for the library's arithmetic.</summary>
    public ReferenceRnnBackwardBound Bound { get; }

    /// <summary>Runs the reference forward and backward.</summary>
    public static RecurrentReference Run(
        CheckShape shape,
        double flushBelow,
        ReferenceArithmetic product,
        double[] wx,
        double[] wh,
        double[] bias,
        double[] input,
        double[] initialState,
        double[] dStates)
    {
        var cell = new ReferenceRnnCell<double>(
            new ReferenceRnnShape(shape.Batch, shape.Steps, shape.InputSize, shape.HiddenSize),
            ReferenceActivation.Tanh,
            flushBelow,
            wx,
            wh,
            bias);
        double[] states = new double[shape.Rows * shape.HiddenSize];
        ReferenceRnn.Forward(cell, input, initialState, states);
        double norm = ReferenceMatrixNorm.SpectralUpperBound(wh, shape.HiddenSize);
        ReferenceRnnForwardBound forward = ReferenceRnnErrorBound.Forward(cell, input, initialState, states, product, norm);
        ReferenceRnnBackwardBound backward = ReferenceRnnErrorBound.Backward(
            cell, input, initialState, states, forward, dStates, [], product, norm);
        var reference = new RecurrentReference(shape, backward);
        ReferenceRnn.Backward(
            cell,
            input,
            initialState,
            states,
            dStates,
            [],
            new ReferenceRnnGradients<double>(reference.DInput, reference.DWx, reference.DWh, reference.DBias, reference.DInitialState));
        return reference;
    }
}
