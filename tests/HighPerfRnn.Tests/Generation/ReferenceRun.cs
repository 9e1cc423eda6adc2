using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Reference;

namespace HighPerfRnn.Tests.Generation;

/// <summary>The reference in double on exactly the numbers that the library was given, with the bounds on their distance.</summary>
internal sealed class ReferenceRun
{
    private readonly RnnCase _shape;
    private readonly ReferenceActivation _activation;
    private readonly double _flushBelow;
    private readonly ReferenceArithmetic _arithmetic;
    private readonly double _recurrentNorm;
    private readonly double[] _inputWeights;
    private readonly double[] _recurrentWeights;
    private readonly double[] _bias;
    private readonly double[] _input;
    private readonly double[] _initialState;
    private readonly double[] _outputGradient;
    private readonly double[] _finalStateGradient;

    private ReferenceRun(
        RnnCase shape,
        ReferenceActivation activation,
        double flushBelow,
        ReferenceArithmetic arithmetic,
        double recurrentNorm,
        double[][] numbers,
        double[][] starts)
    {
        (_shape, _activation, _flushBelow, _arithmetic, _recurrentNorm) = (shape, activation, flushBelow, arithmetic, recurrentNorm);
        (_inputWeights, _recurrentWeights, _bias) = (numbers[0], numbers[1], numbers[2]);
        (_input, _initialState, _outputGradient, _finalStateGradient) = (numbers[3], numbers[4], numbers[5], numbers[6]);
        Starts = starts;
        States = new double[shape.Rows * shape.HiddenSize];
        ReferenceRnn.Forward(Cell, _input, _initialState, States);
        ForwardBound = ReferenceRnnErrorBound.Forward(Cell, _input, _initialState, States, arithmetic, recurrentNorm);
    }

    public double[] States { get; }

    public ReferenceRnnForwardBound ForwardBound { get; }

    /// <summary>What dX, dh0, dWx, dWh and db held before.</summary>
    public double[][] Starts { get; }

    /// <summary>dX, dh0, dWx, dWh, db, with the starts.</summary>
    public double[][] Gradients { get; private set; } = [];

    public ReferenceRnnBackwardBound? BackwardBound { get; private set; }

    private ReferenceRnnCell<double> Cell => new(
        new ReferenceRnnShape(_shape.Batch, _shape.Steps, _shape.InputSize, _shape.HiddenSize),
        _activation,
        _flushBelow,
        _inputWeights,
        _recurrentWeights,
        _bias);

    /// <summary>Runs the forward pass with its bound.</summary>
    /// <param name="data">The library's own numbers.</param>
    /// <param name="activation">φ where it is not the data's.</param>
    /// <param name="arithmetic">How sums are taken where it is not the library's usual way.</param>
    public static ReferenceRun Forward<T>(
        RnnData<T> data, ReferenceActivation? activation = null, ReferenceArithmetic? arithmetic = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (int batch, _, int inputSize, int hiddenSize, _, _) = data.Case;
        int[] lengths =
            [data.Case.Rows * inputSize, batch * hiddenSize, inputSize * hiddenSize, hiddenSize * hiddenSize, hiddenSize];
        double[][] starts = new double[lengths.Length][];
        for (int i = 0; i < starts.Length; i++) starts[i] = RnnData<T>.Wide(data.GradientsStart(lengths[i], i));
        T[][] numbers =
        [
            data.InputWeights, data.RecurrentWeights, data.Bias, data.Input, data.InitialState, data.OutputGradient,
            data.FinalStateGradient,
        ];
        return new ReferenceRun(
            data.Case,
            activation ?? (data.Activation == Activation.Relu ? ReferenceActivation.Relu : ReferenceActivation.Tanh),
            Tolerances.FlushBelow<T>(),
            arithmetic ?? Tolerances.Arithmetic<T>(data.Case),
            data.RecurrentNorm(),
            Array.ConvertAll(numbers, array => RnnData<T>.Wide(array)),
            starts);
    }

    /// <summary>Runs the backward pass with its bound.</summary>
    public void Backward()
    {
        Gradients = Array.ConvertAll(Starts, start => (double[])start.Clone());
        ReferenceRnn.Backward(
            Cell, _input, _initialState, States, _outputGradient, _finalStateGradient, Spans(Gradients));
        BackwardBound = ReferenceRnnErrorBound.Backward(
            Cell,
            _input,
            _initialState,
            States,
            ForwardBound,
            _outputGradient,
            _finalStateGradient,
            _arithmetic,
            _recurrentNorm,
            Spans(Starts));
    }

    private static ReferenceRnnGradients<double> Spans(double[][] g) => new(g[0], g[2], g[3], g[4], g[1]);
}
