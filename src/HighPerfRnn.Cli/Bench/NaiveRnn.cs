using System.Diagnostics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Reference;
using HighPerfRnn.Training;

namespace HighPerfRnn.Cli.Bench;

/// <summary>One call of a case in naive loops.</summary>
internal interface INaiveSequence
{
    /// <summary>Makes the call.</summary>
    void Run();
}

/// <summary>The naive double loop in float on one thread, as the reference has it.</summary>
internal static class NaiveRnn
{
    private const int Calls = 5;

    /// <summary>
    /// The time of one call of the case, the fastest of some. Every time step of the loop costs the same, so that fewer steps are timed
    /// than a long sequence has, and the time is scaled.
    /// </summary>
    /// <param name="benchCase">The case.</param>
    /// <param name="seconds">About how long to measure.</param>
    /// <param name="warmUpSeconds">How long to run before, until the runtime has compiled the loops for good.</param>
    public static double MeasureMicroseconds(BenchCase benchCase, double seconds, double warmUpSeconds)
    {
        bool isStep = benchCase.Mode == BenchMode.Step;
        INaiveSequence one = Create(benchCase, 1);
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < warmUpSeconds) one.Run();
        double stepSeconds = Time(one);
        if (isStep)
        {
            int count = (int)Math.Clamp(seconds / 2 / stepSeconds, 1, 10_000);
            double[] times = new double[count];
            for (int i = 0; i < count; i++) times[i] = Time(one);
            return times.Min() * 1e6;
        }

        int steps = (int)Math.Clamp(seconds / 2 / Calls / stepSeconds, 1, benchCase.Steps);
        INaiveSequence some = Create(benchCase, steps);
        double[] samples = new double[Calls];
        for (int i = 0; i < Calls; i++) samples[i] = Time(some);
        return samples.Min() * 1e6 * benchCase.Steps / steps;
    }

    private static INaiveSequence Create(BenchCase benchCase, int steps) =>
        benchCase is { Cell: RecurrentCellKind.Rnn, Layers: 1, IsBidirectional: false } ? new Sequence(benchCase, steps) : new NaiveCells(benchCase, steps);

    private static double Time(INaiveSequence sequence)
    {
        long start = Stopwatch.GetTimestamp();
        sequence.Run();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>A sequence of a case's rows, cut to so many steps.</summary>
    private sealed class Sequence : INaiveSequence
    {
        private readonly ReferenceRnnShape _shape;
        private readonly BenchMode _mode;
        private readonly float[] _wx;
        private readonly float[] _wh;
        private readonly float[] _bias;
        private readonly float[] _input;
        private readonly float[] _states;
        private readonly float[] _statesGradient;
        private readonly float[] _dInput;
        private readonly float[] _dWx;
        private readonly float[] _dWh;
        private readonly float[] _dBias;
        private readonly float[] _dInitialState;

        public Sequence(BenchCase benchCase, int steps)
        {
            _mode = benchCase.Mode;
            _shape = new ReferenceRnnShape(benchCase.Batch, steps, benchCase.InputSize, benchCase.HiddenSize);
            var random = new CounterRandom(1);
            double bound = 1 / Math.Sqrt(benchCase.HiddenSize);
            _wx = Draw(benchCase.InputSize * benchCase.HiddenSize, bound, ref random);
            _wh = Draw(benchCase.HiddenSize * benchCase.HiddenSize, bound, ref random);
            _bias = Draw(benchCase.HiddenSize, bound, ref random);
            _input = Draw(_shape.InputLength, 1, ref random);
            _statesGradient = Draw(_shape.StatesLength, 1, ref random);
            _states = new float[_shape.StatesLength];
            _dInput = new float[_input.Length];
            _dWx = new float[_wx.Length];
            _dWh = new float[_wh.Length];
            _dBias = new float[_bias.Length];
            _dInitialState = new float[_shape.StateLength];
            ReferenceRnn.Forward(Cell(), _input, [], _states);
        }

        public void Run()
        {
            ReferenceRnnCell<float> cell = Cell();
            if (_mode != BenchMode.Backward) ReferenceRnn.Forward(cell, _input, [], _states);
            if (_mode is BenchMode.Step or BenchMode.Forward) return;
            var gradients = new ReferenceRnnGradients<float>(_dInput, _dWx, _dWh, _dBias, _dInitialState);
            ReferenceRnn.Backward(cell, _input, [], _states, _statesGradient, [], gradients);
        }

        private static float[] Draw(int length, double bound, ref CounterRandom random)
        {
            float[] values = new float[length];
            Initialization.Uniform<float>(values, bound, ref random);
            return values;
        }

        private ReferenceRnnCell<float> Cell() =>
            new(_shape, ReferenceActivation.Tanh, (float)ReferenceRnn.FlushBelowFloat, _wx, _wh, _bias);
    }
}
