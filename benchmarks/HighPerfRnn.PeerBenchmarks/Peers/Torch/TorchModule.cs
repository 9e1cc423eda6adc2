using HighPerfRnn.Benchmarks.Recurrent;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace HighPerfRnn.PeerBenchmarks.Peers.Torch;

/// <summary>torch.nn.RNN, LSTM or GRU of one layer as one type, its gates in our order.</summary>
internal sealed class TorchModule : IDisposable
{
    private readonly nn.Module _module;
    private readonly int _inputSize;
    private readonly int _hiddenSize;

    public TorchModule(RecurrentCell cell, int inputSize, int hiddenSize)
    {
        (_inputSize, _hiddenSize) = (inputSize, hiddenSize);
        HasCellState = cell == RecurrentCell.Lstm;
        _module = cell switch
        {
            RecurrentCell.Rnn => nn.RNN(inputSize, hiddenSize),
            RecurrentCell.Lstm => nn.LSTM(inputSize, hiddenSize),
            RecurrentCell.Gru => nn.GRU(inputSize, hiddenSize),
            _ => throw new NotSupportedException($"{cell} has no module here."),
        };
    }

    /// <summary>Whether it carries c beside h.</summary>
    public bool HasCellState { get; }

    /// <summary>The module itself.</summary>
    public nn.Module Module => _module;

    /// <summary>Takes the weights [I, G·H] and [H, G·H] and both biases [G·H].</summary>
    public void Load(ReadOnlySpan<float> inputWeights, ReadOnlySpan<float> recurrentWeights, float[] bias, float[] recurrentBias)
    {
        using (no_grad())
        {
            Set("weight_ih_l0", PeerWeights.Transposed(inputWeights, _inputSize));
            Set("weight_hh_l0", PeerWeights.Transposed(recurrentWeights, _hiddenSize));
            Set("bias_ih_l0", bias);
            Set("bias_hh_l0", recurrentBias);
        }
    }

    /// <summary>All outputs and the final states; without a cell state, the given one comes back.</summary>
    public (Tensor Output, Tensor State, Tensor CellState) Forward(Tensor input, Tensor state, Tensor cellState)
    {
        switch (_module)
        {
            case LSTM lstm:
                return lstm.forward(input, (state, cellState));
            case GRU gru:
                (Tensor output, Tensor final) = gru.forward(input, state);
                return (output, final, cellState);
            default:
                (output, final) = ((RNN)_module).forward(input, state);
                return (output, final, cellState);
        }
    }

    public Parameter Parameter(string name) => _module.get_parameter(name)!;

    public void Dispose() => _module.Dispose();

    private void Set(string name, float[] values) => TorchParameters.Set(Parameter(name), values);
}
