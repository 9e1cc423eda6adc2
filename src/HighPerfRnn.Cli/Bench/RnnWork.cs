using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Threading;
using HighPerfRnn.Training;

namespace HighPerfRnn.Cli.Bench;

/// <summary>Recurrent layers on each other with drawn weights and data, and the calls that the benchmark times.</summary>
internal sealed class RnnWork<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly BenchCase _case;
    private readonly WorkerGroup? _workers;
    private readonly Layer[] _layers;
    private readonly T[] _input;
    private readonly T[] _inputGradient;
    private readonly T[] _workspace;
    private int _step;

    /// <summary>Draws everything and runs a sequence, so that backward has states to read.</summary>
    public RnnWork(BenchCase benchCase, WorkerGroup? workers)
    {
        _case = benchCase;
        _workers = workers;
        _layers = new Layer[benchCase.Layers];
        int workspace = 0;
        for (int i = 0; i < _layers.Length; i++)
        {
            _layers[i] = new Layer(benchCase, i == 0 ? benchCase.InputSize : benchCase.OutputSize);
            workspace = Math.Max(workspace, _layers[i].Recurrent.WorkspaceSize(benchCase.Steps, benchCase.Batch));
        }

        _input = new T[checked(benchCase.Steps * benchCase.Batch * benchCase.InputSize)];
        _inputGradient = new T[_input.Length];
        _workspace = new T[workspace];
        var random = new CounterRandom(1);
        Initialization.Uniform<T>(_input, 1, ref random);
        Initialization.Uniform<T>(_layers[^1].OutputsGradient, 1, ref random);
        foreach (Layer layer in _layers) layer.Draw(benchCase, ref random);
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
                    foreach (Layer layer in _layers) layer.Recurrent.Repack();
                    break;
            }
        }
    }

    private void Step()
    {
        int length = _case.Batch * _case.InputSize;
        ReadOnlySpan<T> input = _input.AsSpan(_step * length, length);
        foreach (Layer layer in _layers) input = layer.Step(input, _workspace, _workers);
        if (++_step == _case.Steps) _step = 0;
    }

    private void Forward()
    {
        T[] input = _input;
        foreach (Layer layer in _layers)
        {
            layer.Recurrent.Forward(
                new BidirectionalForward<T>
                {
                    Steps = _case.Steps,
                    Batch = _case.Batch,
                    Input = input,
                    Output = layer.Outputs,
                    Reserve = layer.Reserve,
                    Workspace = _workspace,
                },
                _workers);
            input = layer.Outputs;
        }
    }

    private void Backward()
    {
        for (int i = _layers.Length - 1; i >= 0; i--)
        {
            T[] inputGradient = i == 0 ? _inputGradient : _layers[i - 1].OutputsGradient;
            // Gradients add up: without this they would grow from call to call until they overflow.
            foreach (ParameterSet<T> gradients in _layers[i].Recurrent.Gradients) gradients.Values.Clear();
            inputGradient.AsSpan().Clear();
            _layers[i].Recurrent.Backward(
                new DirectedBackward<T>
                {
                    Steps = _case.Steps,
                    Batch = _case.Batch,
                    Input = i == 0 ? _input : _layers[i - 1].Outputs,
                    Output = _layers[i].Outputs,
                    Reserve = _layers[i].Reserve,
                    OutputGradient = _layers[i].OutputsGradient,
                    InputGradient = inputGradient,
                    Workspace = _workspace,
                },
                _workers);
        }
    }

    /// <summary>One of the layers with all that its passes write.</summary>
    private sealed class Layer
    {
        private readonly T[] _cellState;
        private T[] _state;
        private T[] _nextState;

        public Layer(BenchCase benchCase, int inputSize)
        {
            (int batch, int steps, int hidden) = (benchCase.Batch, benchCase.Steps, benchCase.HiddenSize);
            Recurrent = new DirectedLayer<T>(benchCase.Cell, inputSize, hidden, benchCase.IsBidirectional);
            Outputs = new T[checked(steps * batch * benchCase.OutputSize)];
            OutputsGradient = new T[Outputs.Length];
            Reserve = new T[benchCase.IsInference ? 0 : Recurrent.ReserveSize(steps, batch)];
            _cellState = new T[checked(batch * Recurrent.CellStateSize)];
            _state = new T[batch * hidden];
            _nextState = new T[batch * hidden];
        }

        public DirectedLayer<T> Recurrent { get; }

        public T[] Outputs { get; }

        public T[] OutputsGradient { get; }

        public T[] Reserve { get; }

        public void Draw(in BenchCase benchCase, ref CounterRandom random)
        {
            foreach (RecurrentLayer<T> direction in Recurrent.Directions)
            {
                foreach (Parameter parameter in direction.Parameters.Parameters)
                {
                    Initialization.Uniform(direction.Parameters.Span(parameter), 1 / Math.Sqrt(benchCase.HiddenSize), ref random);
                }

                direction.Repack();
                if (benchCase.Weights != WeightFormat.Full) direction.UseWeights(benchCase.Weights);
            }
        }

        public ReadOnlySpan<T> Step(ReadOnlySpan<T> input, T[] workspace, WorkerGroup? workers)
        {
            Recurrent.Directions[0].Step(
                new RnnStep<T>
                {
                    Input = input,
                    State = _state,
                    CellState = _cellState,
                    NextState = _nextState,
                    NextCellState = _cellState,
                    Workspace = workspace,
                },
                workers);
            (_state, _nextState) = (_nextState, _state);
            return _state;
        }
    }
}
