using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Conformance;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.utils.rnn;

namespace HighPerfRnn.PeerTests.Torch;

/// <summary>A stack through torch.nn.RNN, LSTM or GRU with autograd; rows of different lengths as a packed sequence.</summary>
/// <remarks>
/// PyTorch has two biases where ours has their sum: it gets two whose sum is exact. Its matrices are the transposes of ours, its
/// gates stand in the same order.
/// </remarks>
internal sealed class TorchStack(LayerStack stack, ScalarType type, bool batchFirst)
{
    private readonly TorchTensors _tensors = new(type);
    private readonly bool _isLstm = stack.First.Directions[0].Cell is ReferenceLstmOptions;
    private readonly bool _isGru = stack.First.Directions[0].Cell is ReferenceGruOptions;
    private readonly int _directions = stack.First.Directions.Count;

    /// <summary>Everything by the names of <see cref="StackNames"/>.</summary>
    public Dictionary<string, double[]> Run()
    {
        using DisposeScope scope = NewDisposeScope();
        RecurrentLayer first = stack.First;
        using nn.Module module = Create();
        SetParameters(module);
        Tensor input = _tensors.From(first.Input, needsGradient: true, first.Steps, first.Batch, first.InputSize);
        Tensor state = States(direction => direction.InitialState);
        Tensor? cellState = _isLstm ? States(direction => direction.InitialCellState) : null;
        (Tensor output, Tensor finalState, Tensor? finalCellState) = Forward(module, input, state, cellState);
        Tensor dOutput = _tensors.From(stack.OutputGradient, false, output.shape);
        Tensor dFinal = Finals(gradient => gradient.FinalState);
        if (finalCellState is null) autograd.backward([output, finalState], [dOutput, dFinal]);
        else autograd.backward([output, finalState, finalCellState], [dOutput, dFinal, Finals(gradient => gradient.FinalCellState)]);

        var results = new Dictionary<string, double[]>
        {
            [StackNames.Output] = _tensors.Numbers(output),
            [StackNames.InputGradient] = _tensors.Numbers(input.grad!),
        };
        for (int i = 0; i < stack.Layers.Count * _directions; i++)
        {
            string suffix = StackNames.Suffix(i / _directions, i % _directions);
            results[StackNames.FinalState + suffix] = _tensors.Numbers(finalState[i]);
            results[StackNames.FinalCellState + suffix] = finalCellState is null ? [] : _tensors.Numbers(finalCellState[i]);
            results[StackNames.InitialStateGradient + suffix] = _tensors.Numbers(state.grad![i]);
            results[StackNames.InitialCellStateGradient + suffix] = cellState is null ? [] : _tensors.Numbers(cellState.grad![i]);
            ReadGradients(module, suffix, results);
        }

        return results;
    }

    private nn.Module Create()
    {
        RecurrentLayer first = stack.First;
        (int inputSize, int hiddenSize, int layers, bool both) = (first.InputSize, first.HiddenSize, stack.Layers.Count, _directions == 2);
        return first.Directions[0].Cell switch
        {
            ReferenceLstmOptions => nn.LSTM(inputSize, hiddenSize, layers, stack.HasBias, batchFirst, 0, both, dtype: type),
            ReferenceGruOptions => nn.GRU(inputSize, hiddenSize, layers, stack.HasBias, batchFirst, 0, both, dtype: type),
            ReferenceVanillaRnnOptions rnn => nn.RNN(
                inputSize,
                hiddenSize,
                layers,
                rnn.Activation == ReferenceActivation.Relu ? nn.NonLinearities.ReLU : nn.NonLinearities.Tanh,
                stack.HasBias,
                batchFirst,
                0,
                both,
                dtype: type),
            var other => throw new NotSupportedException($"{other} has no module."),
        };
    }

    private void SetParameters(nn.Module module)
    {
        using IDisposable _ = no_grad();
        for (int layer = 0; layer < stack.Layers.Count; layer++)
        {
            for (int d = 0; d < _directions; d++)
            {
                string suffix = StackNames.Suffix(layer, d);
                IReadOnlyDictionary<string, float[]> own = stack.Layers[layer].Directions[d].Parameters;
                Parameter(module, "weight_ih", suffix).copy_(_tensors.Transposed(own["weight_ih"], stack.Layers[layer].InputSize));
                Parameter(module, "weight_hh", suffix).copy_(_tensors.Transposed(own["weight_hh"], stack.First.HiddenSize));
                if (!stack.HasBias) continue;
                (float[] input, float[] recurrent) = Biases(own);
                Parameter(module, "bias_ih", suffix).copy_(_tensors.From(input, false, input.Length));
                Parameter(module, "bias_hh", suffix).copy_(_tensors.From(recurrent, false, recurrent.Length));
            }
        }
    }

    /// <summary>Two biases for the sum of them; the GRU's candidate has two of its own.</summary>
    private (float[] Input, float[] Recurrent) Biases(IReadOnlyDictionary<string, float[]> own)
    {
        int hiddenSize = stack.First.HiddenSize;

        // All are whole numbers of a unit, and so is the part that goes to the recurrence.
        float[] recurrent = Array.ConvertAll(own["bias"], bias => bias - MathF.Round(bias * 4) / 4);
        if (_isGru) own["bias_hn"].CopyTo(recurrent, 2 * hiddenSize);
        float[] input = [.. own["bias"].Select((bias, i) => _isGru && i >= 2 * hiddenSize ? bias : bias - recurrent[i])];
        return (input, recurrent);
    }

    private (Tensor Output, Tensor State, Tensor? CellState) Forward(nn.Module module, Tensor input, Tensor state, Tensor? cellState)
    {
        Tensor given = batchFirst ? input.transpose(0, 1).contiguous() : input;
        if (stack.First.Lengths is { } lengths)
        {
            using var lengthTensor = tensor(Array.ConvertAll(lengths, length => (long)length));
            using PackedSequence packed = pack_padded_sequence(given, lengthTensor, batchFirst, enforce_sorted: false);
            (PackedSequence result, Tensor last, Tensor? lastCell) = module switch
            {
                LSTM lstm => lstm.call(packed, (state, cellState!)),
                GRU gru => Two(gru.call(packed, state)),
                var rnn => Two(((RNN)rnn).call(packed, state)),
            };
            (Tensor padded, Tensor _) = pad_packed_sequence(result, batch_first: batchFirst, total_length: stack.First.Steps);
            result.Dispose();
            return (batchFirst ? padded.transpose(0, 1) : padded, last, lastCell);
        }

        (Tensor output, Tensor final, Tensor? finalCell) = module switch
        {
            LSTM lstm => lstm.forward(given, (state, cellState!)),
            GRU gru => Two(gru.forward(given, state)),
            var rnn => Two(((RNN)rnn).forward(given, state)),
        };
        return (batchFirst ? output.transpose(0, 1) : output, final, finalCell);

        static (TOutput, Tensor, Tensor?) Two<TOutput>((TOutput Output, Tensor State) results) => (results.Output, results.State, null);
    }

    private void ReadGradients(nn.Module module, string suffix, Dictionary<string, double[]> results)
    {
        results[StackNames.Gradient("weight_ih") + suffix] = _tensors.TransposedNumbers(Parameter(module, "weight_ih", suffix).grad!);
        results[StackNames.Gradient("weight_hh") + suffix] = _tensors.TransposedNumbers(Parameter(module, "weight_hh", suffix).grad!);
        if (!stack.HasBias) return;
        foreach (string name in (string[])["bias_ih", "bias_hh"])
        {
            results[StackNames.Gradient(name) + suffix] = _tensors.Numbers(Parameter(module, name, suffix).grad!);
        }
    }

    /// <summary>[layers·directions, B, width], a leaf.</summary>
    private Tensor States(Func<RecurrentDirection, float[]> part)
    {
        float[] all = [.. stack.Layers.SelectMany(layer => layer.Directions).SelectMany(part)];
        int rows = stack.Layers.Count * _directions;
        return _tensors.From(all, true, rows, stack.First.Batch, all.Length / rows / stack.First.Batch);
    }

    private Tensor Finals(Func<RecurrentOutputGradients, float[]> part)
    {
        float[] all = [.. stack.FinalGradients.SelectMany(layer => layer).SelectMany(part)];
        int rows = stack.Layers.Count * _directions;
        return _tensors.From(all, false, rows, stack.First.Batch, all.Length / rows / stack.First.Batch);
    }

    private static Parameter Parameter(nn.Module module, string name, string suffix) =>
        module.get_parameter(name + suffix) ?? throw new InvalidOperationException($"The module has no {name}{suffix}.");
}
