using HighPerfRnn.Benchmarks.Recurrent;
using TorchSharp;
using static TorchSharp.torch;

namespace HighPerfRnn.PeerBenchmarks.Peers.Torch;

/// <summary>A layer of torch.nn.</summary>
internal sealed class TorchLayer : IRecurrentWork
{
    private readonly RecurrentCase _case;
    private readonly TorchModule _layer;
    private readonly Tensor _input;
    private readonly Tensor _outputGradient;
    private readonly IDisposable? _inferenceMode;
    private Tensor _state;
    private Tensor _cellState;
    private Tensor? _output;

    public TorchLayer(RecurrentCase work, RecurrentProblem problem)
    {
        _case = work;
        TorchRuntime.UseOneThread();
        bool isTraining = work.Mode == RecurrentMode.Training;
        _layer = new TorchModule(work.Cell, work.InputSize, work.HiddenSize);
        _layer.Load(problem.InputWeights, problem.RecurrentWeights, problem.Bias, new float[problem.Bias.Length]);
        _inferenceMode = isTraining ? null : inference_mode();
        _input = tensor(problem.Input, [work.Steps, work.Batch, work.InputSize]);
        _input.requires_grad = isTraining;
        _state = tensor(problem.InitialState, [1, work.Batch, work.HiddenSize]);
        _cellState = _layer.HasCellState ? tensor(problem.InitialCellState, [1, work.Batch, work.HiddenSize]) : zeros(1);
        _outputGradient = isTraining ? tensor(problem.OutputGradient, [work.Steps, work.Batch, work.HiddenSize]) : zeros(1);
    }

    public void Run()
    {
        _output?.Dispose();
        if (_case.Mode == RecurrentMode.Training)
        {
            _layer.Module.zero_grad();
            using Tensor? gradient = _input.grad;
            gradient?.zero_();
        }

        (_output, Tensor finalState, Tensor finalCellState) = _layer.Forward(_input, _state, _cellState);
        if (_case.Mode == RecurrentMode.Training) _output.backward([_outputGradient]);
        if (_case.Mode != RecurrentMode.Step)
        {
            finalState.Dispose();
            if (_layer.HasCellState) finalCellState.Dispose();
            return;
        }

        _state.Dispose();
        _state = finalState;
        if (!_layer.HasCellState) return;
        _cellState.Dispose();
        _cellState = finalCellState;
    }

    public IReadOnlyDictionary<string, float[]> Results() => _case.Mode switch
    {
        RecurrentMode.Step => new Dictionary<string, float[]> { ["state"] = Values(_state) },
        RecurrentMode.Forward => new Dictionary<string, float[]> { ["states"] = Values(_output!) },
        _ => new Dictionary<string, float[]>
        {
            ["states"] = Values(_output!),
            ["dInput"] = Values(_input.grad!),
            ["dInputWeights"] = Values(_layer.Parameter("weight_ih_l0").grad!.t()),
            ["dRecurrentWeights"] = Values(_layer.Parameter("weight_hh_l0").grad!.t()),
            ["dBias"] = Values(_layer.Parameter("bias_ih_l0").grad!),
        },
    };

    public void Dispose()
    {
        _inferenceMode?.Dispose();
        _output?.Dispose();
        _state.Dispose();
        _cellState.Dispose();
        _input.Dispose();
        _outputGradient.Dispose();
        _layer.Dispose();
    }

    private static float[] Values(Tensor tensor) => tensor.detach().contiguous().data<float>().ToArray();
}
