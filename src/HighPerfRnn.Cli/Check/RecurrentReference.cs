using HighPerfRnn.Layers;
using HighPerfRnn.Reference;

namespace HighPerfRnn.Cli.Check;

/// <summary>What a pass over a recurrent layer read, in double, and what came back from above.</summary>
internal sealed class RecurrentData
{
    /// <summary>The parameters of each direction by name.</summary>
    public required Dictionary<string, double[]>[] Parameters { get; init; }

    /// <summary>x [T, B, I].</summary>
    public required double[] Input { get; init; }

    /// <summary>h₋₁ [D, B, H].</summary>
    public required double[] InitialState { get; init; }

    /// <summary>The cell states before the first step [D, C, B, H].</summary>
    public required double[] InitialCellState { get; init; }

    /// <summary>dL/dh [T, B, D·H].</summary>
    public required double[] StatesGradient { get; init; }
}

/// <summary>
/// The reference's gradients of a recurrent layer in double, and how far the library's may be from them: of each parameter,
/// of <see cref="Input"/>, <see cref="InitialState"/> and, where the cell has such, <see cref="InitialCellState"/>. Parameters of the
/// reverse direction have a suffix of their own.
/// </summary>
internal sealed class RecurrentReference
{
    public const string Input = "input";
    public const string InitialState = "initial_state";
    public const string InitialCellState = "initial_cell_state";

    private readonly Dictionary<string, (double[] Gradient, double[] Bound)> _tensors = [];

    /// <summary>What a parameter's name ends in.</summary>
    public static string SuffixOf(int direction) => direction == 0 ? string.Empty : "_reverse";

    /// <summary>The gradient of what has this name, and its bound for the library's arithmetic.</summary>
    public (double[] Gradient, double[] Bound) this[string name] => _tensors[name];

    /// <summary>Runs the reference of a layer forward and backward.</summary>
    /// <param name="shape">B, T, H and the cell.</param>
    /// <param name="inputSize">I of this layer.</param>
    /// <param name="isFloat">Whether the library computed in float.</param>
    /// <param name="product">The library's arithmetic for the vanilla cell.</param>
    /// <param name="data">What it read.</param>
    public static RecurrentReference Run(
        CheckShape shape, int inputSize, bool isFloat, ReferenceArithmetic product, RecurrentData data)
    {
        double flushBelow = isFloat ? ReferenceRnn.FlushBelowFloat : ReferenceRnn.FlushBelowDouble;
        var reference = new RecurrentReference();
        if (shape is { Cell: RecurrentCellKind.Rnn, IsBidirectional: false }) reference.RunVanilla(shape, inputSize, flushBelow, product, data);
        else if (isFloat) reference.RunBounded<FloatCells>(shape, inputSize, flushBelow, data);
        else reference.RunBounded<DoubleCells>(shape, inputSize, flushBelow, data);
        return reference;
    }

    /// <summary>With bounds made for this cell: tighter, since they know the norm of Wh.</summary>
    private void RunVanilla(CheckShape shape, int inputSize, double flushBelow, ReferenceArithmetic product, RecurrentData data)
    {
        double[] wh = data.Parameters[0]["weight_hh"];
        var cell = new ReferenceRnnCell<double>(
            new ReferenceRnnShape(shape.Batch, shape.Steps, inputSize, shape.HiddenSize),
            ReferenceActivation.Tanh,
            flushBelow,
            data.Parameters[0]["weight_ih"],
            wh,
            data.Parameters[0]["bias"]);
        double[] states = new double[shape.Rows * shape.HiddenSize];
        ReferenceRnn.Forward(cell, data.Input, data.InitialState, states);
        double norm = ReferenceMatrixNorm.SpectralUpperBound(wh, shape.HiddenSize);
        ReferenceRnnForwardBound forward = ReferenceRnnErrorBound.Forward(cell, data.Input, data.InitialState, states, product, norm);
        ReferenceRnnBackwardBound bound = ReferenceRnnErrorBound.Backward(
            cell, data.Input, data.InitialState, states, forward, data.StatesGradient, [], product, norm);
        _tensors[Input] = (new double[data.Input.Length], bound.DInput);
        _tensors["weight_ih"] = (new double[inputSize * shape.HiddenSize], bound.DWx);
        _tensors["weight_hh"] = (new double[wh.Length], bound.DWh);
        _tensors["bias"] = (new double[shape.HiddenSize], bound.DBias);
        _tensors[InitialState] = (new double[data.InitialState.Length], bound.DInitialState);
        ReferenceRnn.Backward(
            cell,
            data.Input,
            data.InitialState,
            states,
            data.StatesGradient,
            [],
            new ReferenceRnnGradients<double>(
                _tensors[Input].Gradient,
                _tensors["weight_ih"].Gradient,
                _tensors["weight_hh"].Gradient,
                _tensors["bias"].Gradient,
                _tensors[InitialState].Gradient));
    }

    /// <summary>With numbers that carry their bounds through the definition, whichever it is.</summary>
    private void RunBounded<TProduct>(CheckShape shape, int inputSize, double flushBelow, RecurrentData data)
        where TProduct : struct, IReferenceProduct
    {
        ReferenceCell<BoundedNumber<TProduct>>[] cells = Array.ConvertAll(
            data.Parameters, parameters => BoundedCell<TProduct>(shape, inputSize, flushBelow, parameters));
        BoundedNumber<TProduct>[] input = Numbers<TProduct>(data.Input), upstream = Numbers<TProduct>(data.StatesGradient);
        BoundedNumber<TProduct>[] state = Numbers<TProduct>(data.InitialState), cellState = Numbers<TProduct>(data.InitialCellState);
        ReferenceSequence<BoundedNumber<TProduct>>[] sequences;
        if (cells.Length == 2)
        {
            var both = new ReferenceBidirectional<BoundedNumber<TProduct>>(
                cells[0], cells[1], shape.Batch, shape.Steps, lengths: null, ReferenceMerge.Concatenate);
            both.Forward(input, state, cellState);
            both.Backward(upstream);
            sequences = [both.Forwards, both.Backwards];
            Add(Input, both.InputGradient);
        }
        else
        {
            var sequence = new ReferenceSequence<BoundedNumber<TProduct>>(cells[0], shape.Batch, shape.Steps);
            sequence.Forward(input, state, cellState);
            sequence.Backward(upstream);
            sequences = [sequence];
            Add(Input, sequence.InputGradient);
        }

        for (int i = 0; i < sequences.Length; i++)
        {
            foreach (ReferenceParameterShape parameter in cells[i].Parameters.Shapes)
            {
                Add(parameter.Name + SuffixOf(i), sequences[i].Gradients[parameter.Name]);
            }
        }

        Add(InitialState, [.. sequences.SelectMany(sequence => sequence.InitialStateGradient)]);
        Add(InitialCellState, [.. sequences.SelectMany(sequence => sequence.InitialCellStateGradient)]);

        void Add(string name, BoundedNumber<TProduct>[] numbers) => _tensors[name] =
            (Array.ConvertAll(numbers, number => number.Value), Array.ConvertAll(numbers, number => number.Error));
    }

    private static ReferenceCell<BoundedNumber<TProduct>> BoundedCell<TProduct>(
        CheckShape shape, int inputSize, double flushBelow, Dictionary<string, double[]> parameters)
        where TProduct : struct, IReferenceProduct
    {
        ReferenceCell<BoundedNumber<TProduct>> cell = ReferenceCells.OptionsOf(shape.Cell).Create(
            new ReferenceBounded<TProduct>(flushBelow), inputSize, shape.HiddenSize);
        foreach (ReferenceParameterShape parameter in cell.Parameters.Shapes)
        {
            Numbers<TProduct>(parameters[parameter.Name]).CopyTo(cell.Parameters[parameter.Name], 0);
        }

        return cell;
    }

    private static BoundedNumber<TProduct>[] Numbers<TProduct>(double[] values)
        where TProduct : struct, IReferenceProduct => Array.ConvertAll(values, value => new BoundedNumber<TProduct>(value));

    /// <summary>float: sums in any order; of the cells' functions the sigmoid is off by the most.</summary>
    private readonly struct FloatCells : IReferenceProduct
    {
        public static ReferenceArithmetic Arithmetic { get; } = ReferenceArithmetic.SinglePrecision(6);
    }

    /// <summary>double, likewise.</summary>
    private readonly struct DoubleCells : IReferenceProduct
    {
        public static ReferenceArithmetic Arithmetic { get; } = ReferenceArithmetic.DoublePrecision(8);
    }
}
