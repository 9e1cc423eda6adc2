using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Benchmarks.Recurrent;

/// <summary>This library.</summary>
public sealed class OwnLibrary : IRecurrentLibrary
{
    /// <summary>Its name in every table.</summary>
    public const string LibraryName = "HighPerfRnn";

    /// <inheritdoc/>
    public string Name => LibraryName;

    /// <inheritdoc/>
    public string Version => typeof(Rnn<float>).Assembly.GetName().Version!.ToString(3);

    /// <inheritdoc/>
    public string? Missing => null;

    /// <inheritdoc/>
    public bool Supports(RecurrentCase work)
    {
        ArgumentNullException.ThrowIfNull(work);
        return work.Weights == WeightFormat.Full || work.Mode != RecurrentMode.Training;
    }

    /// <inheritdoc/>
    public IRecurrentWork Create(RecurrentCase work, RecurrentProblem problem) => new OwnLayer(work, problem);
}

/// <summary>A layer of this library.</summary>
internal sealed class OwnLayer : IRecurrentWork
{
    private readonly RecurrentCase _case;
    private readonly RecurrentLayer<float> _layer;
    private readonly ParameterSet<float> _gradients;
    private readonly WorkerGroup? _workers;
    private readonly NativeBuffer _input;
    private readonly NativeBuffer _initialState;
    private readonly NativeBuffer _outputGradient;
    private readonly NativeBuffer _states;
    private readonly NativeBuffer _inputGradient;
    private readonly NativeBuffer _workspace;
    private readonly NativeBuffer _reserve;
    private readonly NativeBuffer _initialCellState;
    private readonly NativeBuffer _cellState;
    private readonly int[]? _lengths;
    private NativeBuffer _state;
    private NativeBuffer _nextState;

    public OwnLayer(RecurrentCase work, RecurrentProblem problem)
    {
        _case = work;
        _layer = Create(work);
        problem.InputWeights.CopyTo(_layer.Parameters["weight_ih"]);
        if (work.RecurrentGates > 0) problem.RecurrentWeights.CopyTo(_layer.Parameters["weight_hh"]);
        problem.Bias.CopyTo(_layer.Parameters["bias"]);
        if (work.Weights == WeightFormat.Full) _layer.Repack();
        else _layer.UseWeights(work.Weights);
        _gradients = _layer.Parameters.CreateZeros();
        _workers = work.Threads == 1 ? null : new WorkerGroup(work.Threads);
        _input = new NativeBuffer(problem.Input);
        _initialState = new NativeBuffer(problem.InitialState);
        _outputGradient = new NativeBuffer(problem.OutputGradient);
        _states = new NativeBuffer(work.Steps * work.Batch * work.HiddenSize);
        _inputGradient = new NativeBuffer(problem.Input.Length);
        _workspace = new NativeBuffer(
            work.IsRagged ? _layer.OrderedWorkspaceSize(work.Steps, work.Batch) : _layer.WorkspaceSize(work.Steps, work.Batch));
        _reserve = new NativeBuffer(work.Mode == RecurrentMode.Training ? _layer.ReserveSize(work.Steps, work.Batch) : 0);
        _initialCellState = new NativeBuffer(problem.InitialCellState);
        _cellState = new NativeBuffer(problem.InitialCellState);
        _lengths = problem.Lengths;
        _state = new NativeBuffer(problem.InitialState);
        _nextState = new NativeBuffer(problem.InitialState.Length);
    }

    public void Run()
    {
        if (_case.Mode == RecurrentMode.Step)
        {
            _layer.Step(
                new RnnStep<float>
                {
                    Input = _input.Span,
                    State = _state.Span,
                    CellState = _cellState.Span,
                    NextState = _nextState.Span,
                    NextCellState = _cellState.Span,
                    Workspace = _workspace.Span,
                },
                _workers);
            (_state, _nextState) = (_nextState, _state);
            return;
        }

        _layer.Forward(
            new RnnForward<float>
            {
                Steps = _case.Steps,
                Batch = _case.Batch,
                Input = _input.Span,
                Lengths = _lengths,
                InitialState = _initialState.Span,
                InitialCellState = _initialCellState.Span,
                Output = _states.Span,
                Reserve = _reserve.Span,
                Workspace = _workspace.Span,
            },
            _workers);
        if (_case.Mode == RecurrentMode.Training) Train();
    }

    public IReadOnlyDictionary<string, float[]> Results()
    {
        if (_case.Mode == RecurrentMode.Step) return new Dictionary<string, float[]> { ["state"] = _state.Span.ToArray() };
        var results = new Dictionary<string, float[]> { ["states"] = _states.Span.ToArray() };
        if (_case.Mode == RecurrentMode.Forward) return results;
        results["dInput"] = _inputGradient.Span.ToArray();
        results["dInputWeights"] = _gradients["weight_ih"].ToArray();
        results["dBias"] = _gradients["bias"].ToArray();
        if (_case.RecurrentGates > 0) results["dRecurrentWeights"] = _gradients["weight_hh"].ToArray();
        return results;
    }

    public void Dispose()
    {
        _workers?.Dispose();
        foreach (NativeBuffer buffer in (NativeBuffer[])
            [_input, _initialState, _outputGradient, _states, _inputGradient, _workspace, _reserve, _initialCellState, _cellState, _state, _nextState])
        {
            buffer.Dispose();
        }
    }

    private static RecurrentLayer<float> Create(RecurrentCase work)
    {
        (int input, int hidden, bool isTrainable) = (work.InputSize, work.HiddenSize, work.Mode == RecurrentMode.Training);
        return work.Cell switch
        {
            RecurrentCell.Rnn => new Rnn<float>(input, hidden, isTrainable: isTrainable),
            RecurrentCell.Lstm => new Lstm<float>(input, hidden, isTrainable: isTrainable),
            RecurrentCell.Gru => new Gru<float>(input, hidden, isTrainable: isTrainable),
            RecurrentCell.MinGru => new MinGru<float>(input, hidden, isTrainable: isTrainable),
            _ => throw new NotSupportedException($"{work.Cell} has no layer here."),
        };
    }

    private void Train()
    {
        // Gradients add up; an iteration starts them at zero.
        _gradients.Values.Clear();
        _inputGradient.Span.Clear();
        _layer.Backward(
            new RnnBackward<float>
            {
                Steps = _case.Steps,
                Batch = _case.Batch,
                Input = _input.Span,
                Lengths = _lengths,
                InitialState = _initialState.Span,
                Output = _states.Span,
                Reserve = _reserve.Span,
                OutputGradient = _outputGradient.Span,
                InputGradient = _inputGradient.Span,
                Gradients = _gradients,
                Workspace = _workspace.Span,
            },
            _workers);
        _layer.Repack();
    }
}
