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
    public IRecurrentWork Create(RecurrentCase work, RecurrentProblem problem) => new OwnRnn(work, problem);
}

/// <summary>The vanilla layer of this library.</summary>
internal sealed class OwnRnn : IRecurrentWork
{
    private readonly RecurrentCase _case;
    private readonly Rnn<float> _rnn;
    private readonly ParameterSet<float> _gradients;
    private readonly WorkerGroup? _workers;
    private readonly NativeBuffer _input;
    private readonly NativeBuffer _initialState;
    private readonly NativeBuffer _outputGradient;
    private readonly NativeBuffer _states;
    private readonly NativeBuffer _inputGradient;
    private readonly NativeBuffer _workspace;
    private NativeBuffer _state;
    private NativeBuffer _nextState;

    public OwnRnn(RecurrentCase work, RecurrentProblem problem)
    {
        _case = work;
        _rnn = new Rnn<float>(work.InputSize, work.HiddenSize, isTrainable: work.Mode == RecurrentMode.Training);
        problem.InputWeights.CopyTo(_rnn.Parameters["weight_ih"]);
        problem.RecurrentWeights.CopyTo(_rnn.Parameters["weight_hh"]);
        problem.Bias.CopyTo(_rnn.Parameters["bias"]);
        if (work.Weights == WeightFormat.Full) _rnn.Repack();
        else _rnn.UseWeights(work.Weights);
        _gradients = _rnn.Parameters.CreateZeros();
        _workers = work.Threads == 1 ? null : new WorkerGroup(work.Threads);
        _input = new NativeBuffer(problem.Input);
        _initialState = new NativeBuffer(problem.InitialState);
        _outputGradient = new NativeBuffer(problem.OutputGradient);
        _states = new NativeBuffer(work.Steps * work.Batch * work.HiddenSize);
        _inputGradient = new NativeBuffer(problem.Input.Length);
        _workspace = new NativeBuffer(_rnn.WorkspaceSize(work.Steps, work.Batch));
        _state = new NativeBuffer(problem.InitialState);
        _nextState = new NativeBuffer(problem.InitialState.Length);
    }

    public void Run()
    {
        if (_case.Mode == RecurrentMode.Step)
        {
            _rnn.Step(_input.Span, _state.Span, _nextState.Span, _workspace.Span, _workers);
            (_state, _nextState) = (_nextState, _state);
            return;
        }

        _rnn.Forward(
            new RnnForward<float>
            {
                Steps = _case.Steps,
                Batch = _case.Batch,
                Input = _input.Span,
                InitialState = _initialState.Span,
                Output = _states.Span,
                Workspace = _workspace.Span,
            },
            _workers);
        if (_case.Mode == RecurrentMode.Training) Train();
    }

    public IReadOnlyDictionary<string, float[]> Results() => _case.Mode switch
    {
        RecurrentMode.Step => new Dictionary<string, float[]> { ["state"] = _state.Span.ToArray() },
        RecurrentMode.Forward => new Dictionary<string, float[]> { ["states"] = _states.Span.ToArray() },
        _ => new Dictionary<string, float[]>
        {
            ["states"] = _states.Span.ToArray(),
            ["dInput"] = _inputGradient.Span.ToArray(),
            ["dInputWeights"] = _gradients["weight_ih"].ToArray(),
            ["dRecurrentWeights"] = _gradients["weight_hh"].ToArray(),
            ["dBias"] = _gradients["bias"].ToArray(),
        },
    };

    public void Dispose()
    {
        _workers?.Dispose();
        foreach (NativeBuffer buffer in (NativeBuffer[])
            [_input, _initialState, _outputGradient, _states, _inputGradient, _workspace, _state, _nextState])
        {
            buffer.Dispose();
        }
    }

    private void Train()
    {
        // Gradients add up; an iteration starts them at zero.
        _gradients.Values.Clear();
        _inputGradient.Span.Clear();
        _rnn.Backward(
            new RnnBackward<float>
            {
                Steps = _case.Steps,
                Batch = _case.Batch,
                Input = _input.Span,
                InitialState = _initialState.Span,
                Output = _states.Span,
                OutputGradient = _outputGradient.Span,
                InputGradient = _inputGradient.Span,
                Gradients = _gradients,
                Workspace = _workspace.Span,
            },
            _workers);
        _rnn.Repack();
    }
}
