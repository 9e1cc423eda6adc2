using System.Numerics;
using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Conformance;

namespace HighPerfRnn.PeerTests.Torch;

/// <summary>The reference over a stack of layers, forward and backward, in any type that it computes in.</summary>
internal sealed class StackRun<T>
    where T : struct, INumberBase<T>
{
    private readonly LayerStack _stack;
    private readonly List<ReferenceSequence<T>[]> _run = [];

    public StackRun(LayerStack stack, ReferenceMath<T> math)
    {
        _stack = stack;
        T[] input = ReferenceLayer.Convert<T>(stack.First.Input);
        foreach (RecurrentLayer layer in stack.Layers)
        {
            _run.Add([.. layer.Directions.Select(direction => ReferenceLayer.Forward(layer, direction, input, math))]);
            input = SideBySide.Join([.. _run[^1].Select(sequence => sequence.Output)], layer.Steps * layer.Batch);
        }

        Output = input;
        Backward();
    }

    private T[] Output { get; }

    private T[] InputGradient { get; set; } = [];

    /// <summary>Everything by the names of <see cref="StackNames"/>.</summary>
    public Dictionary<string, double[]> Read(Converter<T, double> read)
    {
        var results = new Dictionary<string, double[]>
        {
            [StackNames.Output] = Array.ConvertAll(Output, read),
            [StackNames.InputGradient] = Array.ConvertAll(InputGradient, read),
        };
        for (int layer = 0; layer < _run.Count; layer++)
        {
            StackNames.Add(results, layer, ReferenceLayer.Results(_run[layer], read));
            StackNames.Add(results, layer, ReferenceLayer.Gradients(_run[layer], read), _stack.HasBias);
        }

        return results;
    }

    private void Backward()
    {
        T[] dY = ReferenceLayer.Convert<T>(_stack.OutputGradient);
        for (int layer = _run.Count - 1; layer >= 0; layer--)
        {
            ReferenceSequence<T>[] directions = _run[layer];
            RecurrentLayer sizes = _stack.Layers[layer];
            T[][] parts = SideBySide.Split(dY, directions.Length, sizes.Steps * sizes.Batch);
            dY = new T[directions[0].InputGradient.Length];
            for (int d = 0; d < directions.Length; d++)
            {
                RecurrentOutputGradients given = _stack.FinalGradients[layer][d];
                directions[d].Backward(
                    parts[d], ReferenceLayer.Convert<T>(given.FinalState), ReferenceLayer.Convert<T>(given.FinalCellState));
                for (int i = 0; i < dY.Length; i++) dY[i] += directions[d].InputGradient[i];
            }
        }

        InputGradient = dY;
    }
}
