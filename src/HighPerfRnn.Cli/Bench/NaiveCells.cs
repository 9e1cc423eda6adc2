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
    private readonly INaiveLayer[] _layers;

    /// <summary>Draws the layers of a case and its rows, cut to so many steps, and runs them once.</summary>
    public NaiveCells(BenchCase benchCase, int steps)
    {
        _mode = benchCase.Mode;
        _layers = new INaiveLayer[benchCase.Layers];
        var random = new CounterRandom(1);
        _input = Draw(benchCase.Batch * steps * benchCase.InputSize, 1, ref random);
        _outputGradient = Draw(benchCase.Batch * steps * benchCase.OutputSize, 1, ref random);
        for (int i = 0; i < _layers.Length; i++)
        {
            int inputSize = i == 0 ? benchCase.InputSize : benchCase.OutputSize;
            ReferenceCell<float> forward = Cell(benchCase, inputSize, ref random);
            _layers[i] = benchCase.IsBidirectional
                ? new BothWays(forward, Cell(benchCase, inputSize, ref random), benchCase.Batch, steps)
                : new OneWay(forward, benchCase.Batch, steps);
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

    private static ReferenceCell<float> Cell(BenchCase benchCase, int inputSize, ref CounterRandom random)
    {
        ReferenceCell<float> cell = ReferenceCells.OptionsOf(benchCase.Cell).Create(
            new ReferenceFloatingPoint<float>(ReferenceRnn.FlushBelowFloat), inputSize, benchCase.HiddenSize);
        foreach (ReferenceParameterShape shape in cell.Parameters.Shapes)
        {
            float[] values = cell.Parameters[shape.Name];
            Draw(values.Length, 1 / Math.Sqrt(benchCase.HiddenSize), ref random).CopyTo(values, 0);
        }

        return cell;
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
        foreach (INaiveLayer layer in _layers)
        {
            layer.Forward(input);
            input = layer.Output;
        }
    }

    /// <summary>A layer of either kind.</summary>
    private interface INaiveLayer
    {
        float[] Output { get; }

        float[] InputGradient { get; }

        void Forward(float[] input);

        void Backward(float[] outputGradient);
    }

    private sealed class OneWay(ReferenceCell<float> cell, int batch, int steps) : INaiveLayer
    {
        private readonly ReferenceSequence<float> _sequence = new(cell, batch, steps);

        public float[] Output => _sequence.Output;

        public float[] InputGradient => _sequence.InputGradient;

        public void Forward(float[] input) => _sequence.Forward(input);

        public void Backward(float[] outputGradient) => _sequence.Backward(outputGradient);
    }

    private sealed class BothWays(ReferenceCell<float> forward, ReferenceCell<float> reverse, int batch, int steps) : INaiveLayer
    {
        private readonly ReferenceBidirectional<float> _both = new(forward, reverse, batch, steps, lengths: null, ReferenceMerge.Concatenate);

        public float[] Output => _both.Output;

        public float[] InputGradient => _both.InputGradient;

        public void Forward(float[] input) => _both.Forward(input);

        public void Backward(float[] outputGradient) => _both.Backward(outputGradient);
    }
}
