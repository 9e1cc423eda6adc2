using HighPerfRnn.Benchmarks.Recurrent;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace HighPerfRnn.PeerBenchmarks.Peers.Torch;

/// <summary>torch.nn.RNN.</summary>
internal sealed class TorchLayer : IRecurrentWork
{
    private readonly RecurrentCase _case;
    private readonly RNN _layer;
    private readonly Tensor _input;
    private readonly Tensor _outputGradient;
    private readonly IDisposable? _inferenceMode;
    private Tensor _state;
    private Tensor? _output;

    public TorchLayer(RecurrentCase work, RecurrentProblem problem)
    {
        if (work.Cell != RecurrentCell.Rnn) throw new NotSupportedException($"{work.Cell} has no module here.");
        _case = work;
        TorchRuntime.UseOneThread();
        bool isTraining = work.Mode == RecurrentMode.Training;
        _layer = nn.RNN(work.InputSize, work.HiddenSize);
        using (no_grad())
        {
            SetParameter("weight_ih_l0", PeerWeights.Transposed(problem.InputWeights, work.InputSize));
            SetParameter("weight_hh_l0", PeerWeights.Transposed(problem.RecurrentWeights, work.HiddenSize));
            SetParameter("bias_ih_l0", problem.Bias);
            SetParameter("bias_hh_l0", new float[problem.Bias.Length]);
        }

        _inferenceMode = isTraining ? null : inference_mode();
        _input = tensor(problem.Input, [work.Steps, work.Batch, work.InputSize]);
        _input.requires_grad = isTraining;
        _state = tensor(problem.InitialState, [1, work.Batch, work.HiddenSize]);
        _outputGradient = isTraining ? tensor(problem.OutputGradient, [work.Steps, work.Batch, work.HiddenSize]) : zeros(1);
    }

    public void Run()
    {
        _output?.Dispose();
        if (_case.Mode == RecurrentMode.Training)
        {
            _layer.zero_grad();
            using Tensor? gradient = _input.grad;
            gradient?.zero_();
        }

        (_output, Tensor finalState) = _layer.forward(_input, _state);
        if (_case.Mode == RecurrentMode.Training) _output.backward([_outputGradient]);
        if (_case.Mode != RecurrentMode.Step)
        {
            finalState.Dispose();
            return;
        }

        _state.Dispose();
        _state = finalState;
    }

    public IReadOnlyDictionary<string, float[]> Results() => _case.Mode switch
    {
        RecurrentMode.Step => new Dictionary<string, float[]> { ["state"] = Values(_state) },
        RecurrentMode.Forward => new Dictionary<string, float[]> { ["states"] = Values(_output!) },
        _ => new Dictionary<string, float[]>
        {
            ["states"] = Values(_output!),
            ["dInput"] = Values(_input.grad!),
            ["dInputWeights"] = Values(ParameterOf("weight_ih_l0").grad!.t()),
            ["dRecurrentWeights"] = Values(ParameterOf("weight_hh_l0").grad!.t()),
            ["dBias"] = Values(ParameterOf("bias_ih_l0").grad!),
        },
    };

    public void Dispose()
    {
        _inferenceMode?.Dispose();
        _output?.Dispose();
        _state.Dispose();
        _input.Dispose();
        _outputGradient.Dispose();
        _layer.Dispose();
    }

    private static float[] Values(Tensor tensor) => tensor.detach().contiguous().data<float>().ToArray();

    private Parameter ParameterOf(string name) => _layer.get_parameter(name)!;

    private void SetParameter(string name, float[] values)
    {
        Tensor parameter = ParameterOf(name);
        using Tensor source = tensor(values, parameter.shape);
        parameter.copy_(source);
    }
}
