using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Tests.Generation;

/// <summary>The library's layer on a case's numbers, its results named as the reference's are.</summary>
internal sealed class CellLayerRun<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly CellData _data;
    private readonly T[] _workspace;

    public CellLayerRun(CellData data)
    {
        _data = data;
        CellCase shape = data.Case;
        RecurrenceOrder order = shape.IsScan ? RecurrenceOrder.BlockedScan : RecurrenceOrder.Sequential;
        Layer = LibraryLayers.Create<T>(data.Options, shape.InputSize, shape.HiddenSize, order);
        for (int i = 0; i < data.Shapes.Count; i++) LibraryLayers.Load<T>(Layer, data.Shapes[i].Name, Convert(data.Parameters[i]));
        Layer.Repack();
        int rows = shape.Steps * shape.Batch;
        int states = shape.Batch * data.OutputSize, cellStates = shape.Batch * data.CellStateSize;
        Output = Filled(rows * data.OutputSize);
        FinalState = Filled(states);
        FinalCellState = Filled(cellStates);
        Reserve = Filled(Layer.ReserveSize(shape.Steps, shape.Batch));
        _workspace = Filled(Layer.OrderedWorkspaceSize(shape.Steps, shape.Batch));
        Gradients = Layer.Parameters.CreateZeros();
        InputGradient = Start(rows * shape.InputSize, 3);
        InitialStateGradient = Start(states, 4);
        InitialCellStateGradient = Start(cellStates, 5);
        for (int i = 0; i < data.Shapes.Count; i++)
        {
            int length = data.Parameters[i].Length;
            LoadGradient(data.Shapes[i].Name, Start(length, 6 + i));
        }
    }

    public RecurrentLayer<T> Layer { get; }

    public T[] Output { get; }

    public T[] FinalState { get; }

    public T[] FinalCellState { get; }

    public T[] Reserve { get; }

    public T[] InputGradient { get; }

    public T[] InitialStateGradient { get; }

    public T[] InitialCellStateGradient { get; }

    public ParameterSet<T> Gradients { get; }

    /// <summary>All results by the reference's names, in its order.</summary>
    public IReadOnlyList<(string Name, T[] Numbers)> Tensors =>
    [
        ("output", Output), ("finalState", FinalState), ("finalCellState", FinalCellState),
        ("dX", InputGradient), ("dh0", InitialStateGradient), ("dc0", InitialCellStateGradient),
        .. _data.Shapes.Select((shape, i) =>
            ("d" + shape.Name, LibraryLayers.Gather(Layer, Gradients, shape.Name, Start(_data.Parameters[i].Length, 6 + i)))),
    ];

    public static CellLayerRun<T> Both(CellData data, WorkerGroup? workers = null)
    {
        var run = new CellLayerRun<T>(data);
        run.Forward(workers);
        run.Backward(workers);
        return run;
    }

    public void Forward(WorkerGroup? workers = null) => Layer.Forward(
        new RnnForward<T>
        {
            Steps = _data.Case.Steps,
            Batch = _data.Case.Batch,
            Lengths = _data.Lengths,
            IsReverse = _data.Case.Has(CellTraits.Reverse),
            Input = Convert(_data.Input),
            InitialState = Convert(_data.InitialState),
            InitialCellState = Convert(_data.InitialCellState),
            Output = Output,
            FinalState = FinalState,
            FinalCellState = FinalCellState,
            Reserve = Reserve,
            Workspace = _workspace,
        },
        workers);

    public void Backward(WorkerGroup? workers = null) => Layer.Backward(
        new RnnBackward<T>
        {
            Steps = _data.Case.Steps,
            Batch = _data.Case.Batch,
            Lengths = _data.Lengths,
            IsReverse = _data.Case.Has(CellTraits.Reverse),
            Input = Convert(_data.Input),
            InitialState = Convert(_data.InitialState),
            Output = Output,
            Reserve = Reserve,
            OutputGradient = Convert(_data.OutputGradient),
            FinalStateGradient = Convert(_data.FinalStateGradient),
            FinalCellStateGradient = Convert(_data.FinalCellStateGradient),
            InputGradient = InputGradient,
            InitialStateGradient = InitialStateGradient,
            InitialCellStateGradient = InitialCellStateGradient,
            Gradients = Gradients,
            Workspace = _workspace,
        },
        workers);

    public static T[] Convert(double[] numbers) => Array.ConvertAll(numbers, T.CreateChecked);

    private static T[] Filled(int length) => RnnRun<T>.Filled(length);

    private T[] Start(int length, int tensor) => Convert(_data.GradientsStart(length, tensor));

    private void LoadGradient(string name, T[] start)
    {
        RecurrentLayer<T> holder = LibraryLayers.Create<T>(_data.Options, _data.Case.InputSize, _data.Case.HiddenSize);
        LibraryLayers.Load<T>(holder, name, start);
        for (int i = 0; i < Gradients.Values.Length; i++)
        {
            T number = holder.Parameters.Values[i];
            if (number != T.Zero) Gradients.Values[i] = number;
        }
    }
}
