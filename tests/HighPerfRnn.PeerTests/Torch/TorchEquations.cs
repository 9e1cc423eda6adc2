using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Conformance;
using TorchSharp;
using static TorchSharp.torch;

namespace HighPerfRnn.PeerTests.Torch;

/// <summary>
/// One layer of any variant, composed of PyTorch's primitives over whole batches and differentiated by its autograd: what no
/// module has, such as a projection. A row keeps its states in the steps that it does not have.
/// </summary>
internal sealed class TorchEquations(LayerStack stack, ScalarType type)
{
    private readonly TorchTensors _tensors = new(type);
    private readonly RecurrentLayer _layer = stack.First;

    /// <summary>Everything by the names of <see cref="StackNames"/>.</summary>
    public Dictionary<string, double[]> Run()
    {
        using var quiet = new QuietCollector();
        using DisposeScope scope = NewDisposeScope();
        var results = new Dictionary<string, double[]>();
        Tensor input = _tensors.From(_layer.Input, true, _layer.Steps, _layer.Batch, _layer.InputSize);
        RecurrentOutputGradients[] given = stack.OutputGradients();
        (Tensor Output, RecurrentResult Result, RecurrentGradients Gradients)[] directions =
            [.. _layer.Directions.Select((direction, d) => Run(direction, input, given[d]))];
        StackNames.Add(results, 0, Array.ConvertAll(directions, direction => direction.Result));
        StackNames.Add(results, 0, Array.ConvertAll(directions, direction => direction.Gradients), stack.HasBias);
        results[StackNames.Output] = _tensors.Numbers(cat(Array.ConvertAll(directions, direction => direction.Output), dim: 2));
        results[StackNames.InputGradient] = _tensors.Numbers(input.grad!);
        return results;
    }

    private (Tensor Output, RecurrentResult Result, RecurrentGradients Gradients) Run(
        RecurrentDirection direction, Tensor input, RecurrentOutputGradients given)
    {
        int batch = _layer.Batch;
        ReferenceCell<double> cell =
            direction.Cell.Create(new ReferenceFloatingPoint<double>(0), _layer.InputSize, _layer.HiddenSize);
        Dictionary<string, Tensor> p = cell.Parameters.Shapes.ToDictionary(
            shape => shape.Name, shape => _tensors.From(direction.Parameters[shape.Name], true, shape.Rows, shape.Columns));
        Tensor initialState = _tensors.From(direction.InitialState, true, batch, cell.OutputSize);
        Tensor initialCellState = _tensors.From(direction.InitialCellState, true, batch, cell.CellStateSize);
        (Tensor h, Tensor c) = (initialState, initialCellState);
        Tensor[] outputs = new Tensor[_layer.Steps];
        for (int s = 0; s < _layer.Steps; s++)
        {
            int t = direction.IsReverse ? _layer.Steps - 1 - s : s;
            (Tensor nextState, Tensor nextCellState) = Step(direction.Cell, p, input[t], h, c);
            Tensor valid = tensor(Enumerable.Range(0, batch).Select(b => t < (_layer.Lengths?[b] ?? _layer.Steps)).ToArray()).unsqueeze(1);
            (h, c) = (where(valid, nextState, h), where(valid, nextCellState, c));
            outputs[t] = where(valid, nextState, zeros_like(nextState));
        }

        Tensor output = torch.stack(outputs);
        Tensor[] reached = cell.CellStateSize > 0 ? [output, h, c] : [output, h];
        float[][] gradients = [given.Output, given.FinalState, given.FinalCellState];
        autograd.backward(reached, [.. reached.Select((tensor, i) => _tensors.From(gradients[i], false, tensor.shape))]);
        return (
            output,
            new RecurrentResult([], _tensors.Numbers(h), _tensors.Numbers(c)),
            new RecurrentGradients(
                [], GradientOf(initialState), GradientOf(initialCellState), p.ToDictionary(pair => pair.Key, pair => GradientOf(pair.Value))));
    }

    /// <summary>The next h and c. Gates stand in the order i, f, g, o and r, z, n.</summary>
    private static (Tensor State, Tensor CellState) Step(
        ReferenceCellOptions cell, Dictionary<string, Tensor> p, Tensor x, Tensor h, Tensor c)
    {
        Tensor input = x.matmul(p["weight_ih"]) + p["bias"];
        switch (cell)
        {
            case ReferenceVanillaRnnOptions rnn:
                return (TorchActivation.Apply(rnn.Activation, rnn.Clip, input + h.matmul(p["weight_hh"])), c);
            case ReferenceGruOptions gru:
                Tensor[] a = input.chunk(3, 1);
                Tensor[] weights = p["weight_hh"].chunk(3, 1);
                Tensor r = TorchActivation.Apply(gru.ResetActivation, gru.Clip, a[0] + h.matmul(weights[0]));
                Tensor z = TorchActivation.Apply(gru.UpdateActivation, gru.Clip, a[1] + h.matmul(weights[1]));
                Tensor recurrent = gru.ResetBefore ? (r * h).matmul(weights[2]) : r * (h.matmul(weights[2]) + p["bias_hn"]);
                Tensor n = TorchActivation.Apply(gru.CandidateActivation, gru.Clip, a[2] + recurrent);
                return (((1 - z) * n) + (z * h), c);
            case ReferenceLstmOptions lstm:
                Tensor[] gates = (input + h.matmul(p["weight_hh"])).chunk(4, 1);
                Tensor Peephole(int index, Tensor state) => lstm.Peepholes ? p["peepholes"][index] * state : zeros_like(state);
                Tensor i = TorchActivation.Apply(lstm.InputActivation, lstm.Clip, gates[0] + Peephole(0, c));
                Tensor f = lstm.CoupledForget ? 1 - i : TorchActivation.Apply(lstm.ForgetActivation, lstm.Clip, gates[1] + Peephole(1, c));
                Tensor next = (f * c) + (i * TorchActivation.Apply(lstm.CandidateActivation, lstm.Clip, gates[2]));
                Tensor o = TorchActivation.Apply(lstm.OutputActivation, lstm.Clip, gates[3] + Peephole(2, next));
                Tensor m = o * TorchActivation.Apply(lstm.StateActivation, double.PositiveInfinity, next);
                return (lstm.ProjectionSize > 0 ? m.matmul(p["weight_hr"]) : m, next);
            default:
                throw new NotSupportedException($"{cell} has no equations here.");
        }
    }

    /// <summary>Zeros where nothing reached a tensor.</summary>
    private double[] GradientOf(Tensor leaf) => leaf.grad is { } gradient ? _tensors.Numbers(gradient) : new double[leaf.numel()];
}
