using HighPerfRnn.Memory;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace HighPerfRnn.PeerBenchmarks.Peers.Torch;

/// <summary>Puts our parameters into TorchSharp's modules; call it where gradients are off.</summary>
internal static class TorchParameters
{
    /// <summary>Overwrites a parameter.</summary>
    public static void Set(Tensor parameter, float[] values)
    {
        using Tensor source = tensor(values, parameter.shape);
        parameter.copy_(source);
    }

    /// <summary>A linear layer of our weight [I, O] and bias [O]; no bias where there is none.</summary>
    public static Linear Linear(ReadOnlySpan<float> weight, ReadOnlySpan<float> bias, int inputSize)
    {
        Linear linear = nn.Linear(inputSize, weight.Length / inputSize, hasBias: !bias.IsEmpty);
        Set(linear.weight!, PeerWeights.Transposed(weight, inputSize));
        if (!bias.IsEmpty) Set(linear.bias!, bias.ToArray());
        return linear;
    }

    /// <summary>A GRU of our parameters, in one direction or, where there are two sets, in both; batches of [T, B, I].</summary>
    /// <remarks>The peer has a second bias where one says it all: but for the candidate's it stays at zero, see <see cref="KeepZero"/>.</remarks>
    public static GRU Gru(int inputSize, int hiddenSize, params ReadOnlySpan<ParameterSet<float>> directions)
    {
        GRU gru = nn.GRU(inputSize, hiddenSize, bidirectional: directions.Length == 2);
        for (int direction = 0; direction < directions.Length; direction++)
        {
            SetGru(gru, direction == 0 ? "_l0" : "_l0_reverse", inputSize, hiddenSize, directions[direction]);
        }

        return gru;
    }

    /// <summary>A step of a GRU of our parameters.</summary>
    public static GRUCell GruCell(int inputSize, int hiddenSize, ParameterSet<float> parameters)
    {
        GRUCell cell = nn.GRUCell(inputSize, hiddenSize);
        SetGru(cell, string.Empty, inputSize, hiddenSize, parameters);
        return cell;
    }

    /// <summary>Takes back the gradients of second biases that say nothing that first ones do not.</summary>
    public static void KeepZero(IEnumerable<Tensor> recurrentBiases)
    {
        foreach (Tensor bias in recurrentBiases) bias.grad!.narrow(0, 0, bias.shape[0] / 3 * 2).zero_();
    }

    private static void SetGru(nn.Module module, string suffix, int inputSize, int hiddenSize, ParameterSet<float> parameters)
    {
        float[] recurrentBias = new float[3 * hiddenSize];
        parameters["bias_hn"].CopyTo(recurrentBias.AsSpan(2 * hiddenSize));
        Set(module.get_parameter($"weight_ih{suffix}")!, PeerWeights.Transposed(parameters["weight_ih"], inputSize));
        Set(module.get_parameter($"weight_hh{suffix}")!, PeerWeights.Transposed(parameters["weight_hh"], hiddenSize));
        Set(module.get_parameter($"bias_ih{suffix}")!, parameters["bias"].ToArray());
        Set(module.get_parameter($"bias_hh{suffix}")!, recurrentBias);
    }
}
