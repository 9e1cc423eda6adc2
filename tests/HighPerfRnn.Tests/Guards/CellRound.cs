using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Tests.Generation;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Tests.Guards;

/// <summary>
/// A recurrent layer of any cell with everything that its passes read and write, filled from a seed: whole sequences, ragged ones from
/// the last step to the first, steps of all rows and of one.
/// </summary>
internal sealed class CellRound<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>H around the lanes' widths, from fewer rows than a tile to more; and more steps than two blocks of a scan.</summary>
    public static readonly RnnShape[] Shapes = [new(3, 2, 4, 1), new(4, 3, 5, 7), new(2, 1, 3, 17), new(3, 13, 9, 33), new(131, 2, 2, 19)];

    private readonly bool _isOwn;
    private readonly RnnShape _shape;
    private readonly Memory<int> _lengths;
    private readonly Memory<T> _input, _initialState, _initialCellState, _output, _finalState, _finalCellState, _reserve, _workspace;
    private readonly Memory<T> _orderedOutput, _orderedReserve, _orderedWorkspace, _nextState, _nextCellState, _stepWorkspace;
    private readonly Memory<T> _outputGradient, _finalStateGradient, _finalCellStateGradient;
    private readonly Memory<T> _inputGradient, _initialStateGradient, _initialCellStateGradient;

    public CellRound(CellVariant<T> variant, RnnShape shape, IRoom room, int seed)
    {
        (Name, _isOwn, _shape) = (variant.Name, variant.IsOwn, shape);
        Layer = variant.Create(shape.InputSize, shape.HiddenSize);
        int rows = shape.Steps * shape.Batch;
        int outputs = rows * Layer.OutputSize, states = shape.Batch * Layer.OutputSize;
        int cellStates = Layer.Cell.CellStates * shape.Batch * shape.HiddenSize;
        _lengths = room.Take<int>(shape.Batch);
        _input = room.Take<T>(rows * shape.InputSize);
        (_initialState, _initialCellState) = (room.Take<T>(states), room.Take<T>(cellStates));
        (_output, _orderedOutput, _outputGradient) = (room.Take<T>(outputs), room.Take<T>(outputs), room.Take<T>(outputs));
        (_finalState, _finalCellState) = (room.Take<T>(states), room.Take<T>(cellStates));
        (_nextState, _nextCellState) = (room.Take<T>(states), room.Take<T>(cellStates));
        _reserve = room.Take<T>(Layer.ReserveSize(shape.Steps, shape.Batch));
        _orderedReserve = room.Take<T>(Layer.ReserveSize(shape.Steps, shape.Batch));
        _workspace = room.Take<T>(Layer.WorkspaceSize(shape.Steps, shape.Batch));
        _stepWorkspace = room.Take<T>(Layer.ForwardWorkspaceSize(1, shape.Batch));
        _orderedWorkspace = room.Take<T>(Layer.OrderedWorkspaceSize(shape.Steps, shape.Batch));
        (_finalStateGradient, _finalCellStateGradient) = (room.Take<T>(states), room.Take<T>(cellStates));
        _inputGradient = room.Take<T>(rows * shape.InputSize);
        (_initialStateGradient, _initialCellStateGradient) = (room.Take<T>(states), room.Take<T>(cellStates));
        Gradients = Layer.Parameters.CreateZeros();
        FillAll(new CaseRandom(seed));
    }

    public string Name { get; }

    public RecurrentLayer<T> Layer { get; }

    public ParameterSet<T> Gradients { get; }

    /// <summary>One of every variant.</summary>
    public static CellRound<T>[] Every(RnnShape shape, IRoom room) =>
        [.. CellVariants<T>.All.Select(variant => new CellRound<T>(variant, shape, room, seed: 5))];

    public void Forward(WorkerGroup? workers) => Layer.Forward(
        new RnnForward<T>
        {
            Steps = _shape.Steps,
            Batch = _shape.Batch,
            Input = _input.Span,
            InitialState = _initialState.Span,
            InitialCellState = _initialCellState.Span,
            Output = _output.Span,
            FinalState = _finalState.Span,
            FinalCellState = _finalCellState.Span,
            Reserve = _reserve.Span,
            Workspace = _workspace.Span,
        },
        workers);

    public void Backward(WorkerGroup? workers) => Layer.Backward(Gradient(_output.Span, _reserve.Span, default, _workspace.Span), workers);

    public void ForwardOrdered(WorkerGroup? workers) => Layer.Forward(
        new RnnForward<T>
        {
            Steps = _shape.Steps,
            Batch = _shape.Batch,
            Lengths = _lengths.Span,
            IsReverse = true,
            Input = _input.Span,
            InitialState = _initialState.Span,
            InitialCellState = _initialCellState.Span,
            Output = _orderedOutput.Span,
            Reserve = _orderedReserve.Span,
            Workspace = _orderedWorkspace.Span,
        },
        workers);

    public void BackwardOrdered(WorkerGroup? workers) =>
        Layer.Backward(Gradient(_orderedOutput.Span, _orderedReserve.Span, _lengths.Span, _orderedWorkspace.Span), workers);

    /// <summary>The first step, of all rows and then of the first alone.</summary>
    public void Step(WorkerGroup? workers)
    {
        Step(_shape.Batch, workers);
        Step(1, workers);
    }

    /// <summary>All of the above.</summary>
    public void Run(WorkerGroup? workers)
    {
        Layer.Repack();
        Forward(workers);
        Backward(workers);
        ForwardOrdered(workers);
        BackwardOrdered(workers);
        Step(workers);
    }

    /// <summary>As <see cref="Run"/>, where other threads may not enter this assembly: <see cref="ChildEntry"/>.</summary>
    public void RunInChild(WorkerGroup? workers) => Run(_isOwn ? null : workers);

    /// <summary>Gradients back to zeros, so that rounds without end stay finite.</summary>
    public void ClearGradients()
    {
        Gradients.Values.Clear();
        _inputGradient.Span.Clear();
        _initialStateGradient.Span.Clear();
        _initialCellStateGradient.Span.Clear();
    }

    /// <summary>Everything that the passes write, by name.</summary>
    public IEnumerable<(string Name, ReadOnlyMemory<T> Values)> Results()
    {
        yield return ("output", _output);
        yield return ("final state", _finalState);
        yield return ("final cell state", _finalCellState);
        yield return ("ordered output", _orderedOutput);
        yield return ("next state", _nextState);
        yield return ("next cell state", _nextCellState);
        yield return ("dInput", _inputGradient);
        yield return ("dInitialState", _initialStateGradient);
        yield return ("dInitialCellState", _initialCellStateGradient);
        foreach (Parameter parameter in Gradients.Parameters) yield return ("d" + parameter.Name, Gradients.Span(parameter).ToArray());
    }

    private void Step(int batch, WorkerGroup? workers)
    {
        int states = batch * Layer.OutputSize;
        // Cell states are one after another, each of all rows.
        int cellStates = Layer.Cell.CellStates * batch * _shape.HiddenSize;
        Layer.Step(
            new RnnStep<T>
            {
                Input = _input.Span[..(batch * _shape.InputSize)],
                State = _initialState.Span[..states],
                CellState = _initialCellState.Span[..cellStates],
                NextState = _nextState.Span[..states],
                NextCellState = _nextCellState.Span[..cellStates],
                Workspace = _stepWorkspace.Span,
            },
            workers);
    }

    private RnnBackward<T> Gradient(ReadOnlySpan<T> output, ReadOnlySpan<T> reserve, ReadOnlySpan<int> lengths, Span<T> workspace) => new()
    {
        Steps = _shape.Steps,
        Batch = _shape.Batch,
        Lengths = lengths,
        IsReverse = !lengths.IsEmpty,
        Input = _input.Span,
        InitialState = _initialState.Span,
        Output = output,
        Reserve = reserve,
        OutputGradient = _outputGradient.Span,
        FinalStateGradient = _finalStateGradient.Span,
        FinalCellStateGradient = _finalCellStateGradient.Span,
        InputGradient = _inputGradient.Span,
        InitialStateGradient = _initialStateGradient.Span,
        InitialCellStateGradient = _initialCellStateGradient.Span,
        Gradients = Gradients,
        Workspace = workspace,
    };

    private void FillAll(CaseRandom random)
    {
        Span<int> lengths = _lengths.Span;
        for (int row = 0; row < lengths.Length; row++) lengths[row] = (row + _shape.Steps) % (_shape.Steps + 1);
        foreach (Parameter parameter in Layer.Parameters.Parameters)
        {
            random.Numbers<T>(parameter.Length, 1 / Math.Sqrt(Math.Max(4, parameter.Rows))).CopyTo(Layer.Parameters.Span(parameter));
        }

        foreach (Memory<T> numbers in (Memory<T>[])
            [_input, _initialState, _initialCellState, _outputGradient, _finalStateGradient, _finalCellStateGradient])
        {
            random.Numbers<T>(numbers.Length).CopyTo(numbers.Span);
        }
    }
}
