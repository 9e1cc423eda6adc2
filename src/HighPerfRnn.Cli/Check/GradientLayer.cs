using System.Numerics;
using HighPerfRnn.Layers;

namespace HighPerfRnn.Cli.Check;

/// <summary>One recurrent layer of a <see cref="GradientNetwork{T}"/>, and all that its passes read and write.</summary>
internal sealed class GradientLayer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly CheckShape _shape;
    private readonly T[] _reserve;
    private readonly T[] _workspace;

    /// <param name="shape">The network's sizes.</param>
    /// <param name="below">The layer whose output is this one's input; null for the first one.</param>
    public GradientLayer(CheckShape shape, GradientLayer<T>? below)
    {
        _shape = shape;
        int inputSize = below is null ? shape.InputSize : shape.OutputSize;
        Layer = new DirectedLayer<T>(shape.Cell, inputSize, shape.HiddenSize, shape.IsBidirectional);
        Input = below?.States ?? new T[shape.Rows * inputSize];
        InputGradient = below?.StatesGradient ?? new T[Input.Length];
        InitialState = new T[shape.Batch * Layer.OutputSize];
        InitialStateGradient = new T[InitialState.Length];
        InitialCellState = new T[shape.Batch * Layer.CellStateSize];
        InitialCellStateGradient = new T[InitialCellState.Length];
        States = new T[shape.Rows * Layer.OutputSize];
        StatesGradient = new T[States.Length];
        _reserve = new T[Layer.ReserveSize(shape.Steps, shape.Batch)];
        _workspace = new T[Layer.WorkspaceSize(shape.Steps, shape.Batch)];
    }

    public DirectedLayer<T> Layer { get; }

    /// <summary>x [T, B, I]; the states of the layer below where there is one.</summary>
    public T[] Input { get; }

    public T[] InputGradient { get; }

    /// <summary>h₋₁ [D, B, H].</summary>
    public T[] InitialState { get; }

    public T[] InitialStateGradient { get; }

    /// <summary>The cell states before the first step [D, C, B, H].</summary>
    public T[] InitialCellState { get; }

    public T[] InitialCellStateGradient { get; }

    /// <summary>h of all directions [T, B, D·H].</summary>
    public T[] States { get; }

    public T[] StatesGradient { get; }

    /// <summary>Forward, on the input and the parameters as they stand.</summary>
    public void Forward()
    {
        Layer.Repack();
        Layer.Forward(new BidirectionalForward<T>
        {
            Steps = _shape.Steps,
            Batch = _shape.Batch,
            Input = Input,
            InitialState = InitialState,
            InitialCellState = InitialCellState,
            Output = States,
            Reserve = _reserve,
            Workspace = _workspace,
        });
    }

    /// <summary>Backward after forward.</summary>
    public void Backward() => Layer.Backward(new DirectedBackward<T>
    {
        Steps = _shape.Steps,
        Batch = _shape.Batch,
        Input = Input,
        InitialState = InitialState,
        Output = States,
        Reserve = _reserve,
        OutputGradient = StatesGradient,
        InputGradient = InputGradient,
        InitialStateGradient = InitialStateGradient,
        InitialCellStateGradient = InitialCellStateGradient,
        Workspace = _workspace,
    });
}
