using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Threading;
using HighPerfRnn.Training;

namespace HighPerfRnn.Cli.Bench;

/// <summary>A recurrent layer with drawn weights and data, and the calls that the benchmark times.</summary>
internal sealed class RnnWork<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly BenchCase _case;
    private readonly WorkerGroup? _workers;
    private readonly Rnn<T> _rnn;
    private readonly ParameterSet<T> _gradients;
    private readonly T[] _input;
    private readonly T[] _states;
    private readonly T[] _statesGradient;
    private readonly T[] _inputGradient;
    private readonly T[] _workspace;
    private T[] _state;
    private T[] _nextState;
    private int _step;

    /// <summary>Draws everything and runs a sequence, so that backward has states to read.</summary>
    public RnnWork(BenchCase benchCase, WorkerGroup? workers)
    {
        _case = benchCase;
        _workers = workers;
        (int batch, int steps, int inputSize, int hiddenSize, _, _) = benchCase;
        _rnn = new Rnn<T>(inputSize, hiddenSize);
        _gradients = _rnn.Parameters.CreateZeros();
        _input = new T[checked(steps * batch * inputSize)];
        _inputGradient = new T[_input.Length];
        _states = new T[checked(steps * batch * hiddenSize)];
        _statesGradient = new T[_states.Length];
        _workspace = new T[_rnn.WorkspaceSize(steps, batch)];
        _state = new T[batch * hiddenSize];
        _nextState = new T[batch * hiddenSize];
        var random = new CounterRandom(1);
        Initialization.Uniform<T>(_input, 1, ref random);
        Initialization.Uniform<T>(_statesGradient, 1, ref random);
        foreach (Parameter parameter in _rnn.Parameters.Parameters)
        {
            Initialization.Uniform(_rnn.Parameters.Span(parameter), 1 / Math.Sqrt(hiddenSize), ref random);
        }

        _rnn.Repack();
        if (benchCase.Weights != WeightFormat.Full) _rnn.UseWeights(benchCase.Weights);
        Forward();
    }

    /// <summary>Makes so many calls of the case's mode.</summary>
    public void Call(int count)
    {
        for (int i = 0; i < count; i++)
        {
            switch (_case.Mode)
            {
                case BenchMode.Step:
                    Step();
                    break;
                case BenchMode.Forward:
                    Forward();
                    break;
                case BenchMode.Backward:
                    Backward();
                    break;
                default:
                    Forward();
                    Backward();
                    _rnn.Repack();
                    break;
            }
        }
    }

    private void Step()
    {
        int length = _case.Batch * _case.InputSize;
        _rnn.Step(_input.AsSpan(_step * length, length), _state, _nextState, _workspace, _workers);
        (_state, _nextState) = (_nextState, _state);
        if (++_step == _case.Steps) _step = 0;
    }

    private void Forward() => _rnn.Forward(
        new RnnForward<T> { Steps = _case.Steps, Batch = _case.Batch, Input = _input, Output = _states, Workspace = _workspace }, _workers);

    private void Backward()
    {
        // Gradients add up: without this they would grow from call to call until they overflow.
        _gradients.Values.Clear();
        _inputGradient.AsSpan().Clear();
        _rnn.Backward(
            new RnnBackward<T>
            {
                Steps = _case.Steps,
                Batch = _case.Batch,
                Input = _input,
                Output = _states,
                OutputGradient = _statesGradient,
                InputGradient = _inputGradient,
                Gradients = _gradients,
                Workspace = _workspace,
            },
            _workers);
    }
}
