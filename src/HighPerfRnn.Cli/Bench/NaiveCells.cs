using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Reference;
using HighPerfRnn.Training;

namespace HighPerfRnn.Cli.Bench;

/// <summary>The reference's definitions of any cell in float on one thread, layer after layer.</summary>
internal sealed class NaiveCells : INaiveSequence
{
    private readonly BenchMode _mode;
    private readonly float[] _input;
    private readonly float[] _outputGradient;
    private readonly ReferenceSequence<float>[] _layers;

    /// <summary>Draws the layers of a case and its rows, cut to so many steps, and runs them once.</summary>
    public NaiveCells(BenchCase benchCase, int steps)
    {
        _mode = benchCase.Mode;
        _layers = new ReferenceSequence<float>[benchCase.Layers];
        var random = new CounterRandom(1);
        _input = Draw(benchCase.Batch * steps * benchCase.InputSize, 1, ref random);
        _outputGradient = Draw(benchCase.Batch * steps * benchCase.HiddenSize, 1, ref random);
        for (int i = 0; i < _layers.Length; i++)
        {
            int inputSize = i == 0 ? benchCase.InputSize : benchCase.HiddenSize;
            ReferenceCell<float> cell = ReferenceCells.OptionsOf(benchCase.Cell).Create(
                new ReferenceFloatingPoint<float>(ReferenceRnn.FlushBelowFloat), inputSize, benchCase.HiddenSize);
            foreach (ReferenceParameterShape shape in cell.Parameters.Shapes)
            {
                float[] values = cell.Parameters[shape.Name];
                Draw(values.Length, 1 / Math.Sqrt(benchCase.HiddenSize), ref random).CopyTo(values, 0);
            }

            _layers[i] = new ReferenceSequence<float>(cell, benchCase.Batch, steps);
        }

        Forward();
    }

    /// <inheritdoc/>
    public void Run()
    {
        if (_mode != BenchMode.Backward) Forward();
        if (_mode is BenchMode.Step or BenchMode.Forward) return;
        for (int i = _layers.Length - 1; i >= 0; i--)
        {
            // Each layer adds into its input's gradient: without this it would grow from run to run.
            _layers[i].InputGradient.AsSpan().Clear();
            _layers[i].Backward(i == _layers.Length - 1 ? _outputGradient : _layers[i + 1].InputGradient);
        }
    }

    private static float[] Draw(int length, double bound, ref CounterRandom random)
    {
        float[] values = new float[length];
        Initialization.Uniform<float>(values, bound, ref random);
        return values;
    }

    private void Forward()
    {
        float[] input = _input;
        foreach (ReferenceSequence<float> layer in _layers)
        {
            layer.Forward(input);
            input = layer.Output;
        }
    }
}
