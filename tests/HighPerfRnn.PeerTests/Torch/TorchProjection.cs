using HighPerfRnn.Tests.Conformance;
using TorchSharp;
using static TorchSharp.torch;

namespace HighPerfRnn.PeerTests.Torch;

/// <summary>
/// One layer of LSTM with a projection, composed of PyTorch's primitives, differentiated by its autograd. (TorchSharp has no
/// proj_size.) Gates stand in PyTorch's order i, f, g, o.
/// <code>
/// i, f, o = σ(..), g = tanh(..) of b + x·Wx + h·Wh      c = f∘c + i∘g      h = (o∘tanh(c))·Wp
/// </code>
/// A row keeps its states in the steps that it does not have.
/// </summary>
internal sealed class TorchProjection(LayerStack stack, ScalarType type)
{
    private readonly TorchTensors _tensors = new(type);
    private readonly RecurrentLayer _layer = stack.First;

    /// <summary>Everything by the names of <see cref="StackNames"/>.</summary>
    public Dictionary<string, double[]> Run()
    {
        using DisposeScope scope = NewDisposeScope();
        var results = new Dictionary<string, double[]>();
        Tensor input = _tensors.From(_layer.Input, true, _layer.Steps, _layer.Batch, _layer.InputSize);
        RecurrentOutputGradients[] gradients = stack.OutputGradients();
        List<Tensor> outputs = [];
        for (int d = 0; d < _layer.Directions.Count; d++) outputs.Add(Run(d, input, gradients[d], results));
        results[StackNames.Output] = _tensors.Numbers(cat(outputs, dim: 2));
        results[StackNames.InputGradient] = _tensors.Numbers(input.grad!);
        return results;
    }

    private Tensor Run(int d, Tensor input, RecurrentOutputGradients gradients, Dictionary<string, double[]> results)
    {
        RecurrentDirection direction = _layer.Directions[d];
        (int batch, int hiddenSize) = (_layer.Batch, _layer.HiddenSize);
        int projection = direction.InitialState.Length / batch;
        Dictionary<string, Tensor> parameters = direction.Parameters.ToDictionary(
            parameter => parameter.Key,
            parameter => _tensors.From(parameter.Value, true, Rows(parameter.Key), parameter.Value.Length / Rows(parameter.Key)));
        Tensor initialState = _tensors.From(direction.InitialState, true, batch, projection);
        Tensor initialCellState = _tensors.From(direction.InitialCellState, true, batch, hiddenSize);
        (Tensor h, Tensor c) = (initialState, initialCellState);
        Tensor[] outputs = new Tensor[_layer.Steps];
        for (int s = 0; s < _layer.Steps; s++)
        {
            int t = direction.IsReverse ? _layer.Steps - 1 - s : s;
            Tensor[] gates = (parameters["bias"] + input[t].matmul(parameters["weight_ih"]) + h.matmul(parameters["weight_hh"])).chunk(4, 1);
            Tensor nextCell = (gates[1].sigmoid() * c) + (gates[0].sigmoid() * gates[2].tanh());
            Tensor next = (gates[3].sigmoid() * nextCell.tanh()).matmul(parameters["weight_hr"]);
            Tensor valid = tensor(Enumerable.Range(0, batch).Select(b => t < (_layer.Lengths?[b] ?? _layer.Steps)).ToArray()).unsqueeze(1);
            (h, c) = (where(valid, next, h), where(valid, nextCell, c));
            outputs[t] = where(valid, next, zeros_like(next));
        }

        Tensor output = torch.stack(outputs);
        autograd.backward(
            [output, h, c],
            [
                _tensors.From(gradients.Output, false, output.shape),
                _tensors.From(gradients.FinalState, false, h.shape),
                _tensors.From(gradients.FinalCellState, false, c.shape),
            ]);
        string suffix = StackNames.Suffix(0, d);
        results[StackNames.FinalState + suffix] = _tensors.Numbers(h);
        results[StackNames.FinalCellState + suffix] = _tensors.Numbers(c);
        results[StackNames.InitialStateGradient + suffix] = _tensors.Numbers(initialState.grad!);
        results[StackNames.InitialCellStateGradient + suffix] = _tensors.Numbers(initialCellState.grad!);
        foreach ((string name, Tensor parameter) in parameters)
        {
            if (name == "bias" && !stack.HasBias) continue;
            foreach (string named in name == "bias" ? (string[])["bias_ih", "bias_hh"] : [name])
            {
                results[StackNames.Gradient(named) + suffix] = _tensors.Numbers(parameter.grad!);
            }
        }

        return output;

        int Rows(string parameter) => parameter switch
        {
            "weight_ih" => _layer.InputSize,
            "weight_hh" => projection,
            "weight_hr" => hiddenSize,
            _ => 1,
        };
    }
}
