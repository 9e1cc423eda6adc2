using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Tests.Generation;

/// <summary>Two layers of a case's cell, with weights of their own, and everything that the passes over both write.</summary>
internal sealed class BidirectionalRun<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly T[] _reserve, _workspace;

    public BidirectionalRun(CellCase shape)
    {
        First = new CellData(shape);
        Second = new CellData(shape, draw: 1);
        var merge = (BidirectionalMerge)((shape.Seed >> 1) % 2);
        Layer = new Bidirectional<T>(Create(First), Create(Second), merge);
        Input = CellLayerRun<T>.Convert(First.Input);
        InitialState = CellLayerRun<T>.Convert([.. First.InitialState, .. Second.InitialState]);
        InitialCellState = CellLayerRun<T>.Convert([.. First.InitialCellState, .. Second.InitialCellState]);
        // Of [T, B, 2·P] numbers any two halves are as good as those of the directions.
        OutputGradient = CellLayerRun<T>.Convert(
            merge == BidirectionalMerge.Sum ? First.OutputGradient : [.. First.OutputGradient, .. Second.OutputGradient]);
        FinalStateGradient = CellLayerRun<T>.Convert([.. First.FinalStateGradient, .. Second.FinalStateGradient]);
        FinalCellStateGradient = CellLayerRun<T>.Convert([.. First.FinalCellStateGradient, .. Second.FinalCellStateGradient]);
        Output = RnnRun<T>.Filled(Rows * Layer.OutputSize);
        FinalState = RnnRun<T>.Filled(2 * shape.Batch * First.OutputSize);
        FinalCellState = RnnRun<T>.Filled(2 * shape.Batch * First.CellStateSize);
        _reserve = RnnRun<T>.Filled(Layer.ReserveSize(shape.Steps, shape.Batch));
        _workspace = RnnRun<T>.Filled(Layer.WorkspaceSize(shape.Steps, shape.Batch));
        InputGradient = new T[Input.Length];
        InitialStateGradient = new T[FinalState.Length];
        InitialCellStateGradient = new T[FinalCellState.Length];
        ForwardGradients = Layer.ForwardLayer.Parameters.CreateZeros();
        ReverseGradients = Layer.ReverseLayer.Parameters.CreateZeros();
    }

    public CellData First { get; }

    public CellData Second { get; }

    public Bidirectional<T> Layer { get; }

    public int Rows => First.Case.Steps * First.Case.Batch;

    public T[] Input { get; }

    public T[] InitialState { get; }

    public T[] InitialCellState { get; }

    public T[] OutputGradient { get; }

    public T[] FinalStateGradient { get; }

    public T[] FinalCellStateGradient { get; }

    public T[] Output { get; }

    public T[] FinalState { get; }

    public T[] FinalCellState { get; }

    public T[] InputGradient { get; }

    public T[] InitialStateGradient { get; }

    public T[] InitialCellStateGradient { get; }

    public ParameterSet<T> ForwardGradients { get; }

    public ParameterSet<T> ReverseGradients { get; }

    public IReadOnlyList<(string Name, T[] Numbers)> Tensors =>
    [
        ("output", Output), ("final state", FinalState), ("final cell state", FinalCellState), ("dX", InputGradient),
        ("dh0", InitialStateGradient), ("dc0", InitialCellStateGradient),
        ("forward gradients", ForwardGradients.Values.ToArray()), ("reverse gradients", ReverseGradients.Values.ToArray()),
    ];

    public static BidirectionalRun<T> Both(CellCase shape, WorkerGroup? workers = null)
    {
        var run = new BidirectionalRun<T>(shape);
        run.Forward(workers);
        run.Backward(workers);
        return run;
    }

    public void Forward(WorkerGroup? workers) => Layer.Forward(
        new BidirectionalForward<T>
        {
            Steps = First.Case.Steps,
            Batch = First.Case.Batch,
            Input = Input,
            Lengths = First.Lengths,
            InitialState = InitialState,
            InitialCellState = InitialCellState,
            Output = Output,
            FinalState = FinalState,
            FinalCellState = FinalCellState,
            Reserve = _reserve,
            Workspace = _workspace,
        },
        workers);

    public void Backward(WorkerGroup? workers) => Layer.Backward(
        new BidirectionalBackward<T>
        {
            Steps = First.Case.Steps,
            Batch = First.Case.Batch,
            Input = Input,
            Lengths = First.Lengths,
            InitialState = InitialState,
            Reserve = _reserve,
            OutputGradient = OutputGradient,
            FinalStateGradient = FinalStateGradient,
            FinalCellStateGradient = FinalCellStateGradient,
            InputGradient = InputGradient,
            InitialStateGradient = InitialStateGradient,
            InitialCellStateGradient = InitialCellStateGradient,
            ForwardGradients = ForwardGradients,
            ReverseGradients = ReverseGradients,
            Workspace = _workspace,
        },
        workers);

    private static RecurrentLayer<T> Create(CellData data)
    {
        RecurrentLayer<T> layer = LibraryLayers.Create<T>(data.Options, data.Case.InputSize, data.Case.HiddenSize);
        for (int i = 0; i < data.Shapes.Count; i++) LibraryLayers.Load<T>(layer, data.Shapes[i].Name, CellLayerRun<T>.Convert(data.Parameters[i]));
        layer.Repack();
        return layer;
    }
}
