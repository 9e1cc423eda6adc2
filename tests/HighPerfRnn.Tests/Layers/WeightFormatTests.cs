using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Reference;
using HighPerfRnn.Simd;
using HighPerfRnn.Tests.Generation;
using HighPerfRnn.Threading;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>A layer whose weights are in a smaller format: which bits it gives, and how far they are off.</summary>
[Trait("Category", "Width")]
public sealed class WeightFormatTests(RnnWorkerTests.Groups groups) : IClassFixture<RnnWorkerTests.Groups>
{
    private static readonly WeightFormat[] Smaller = [WeightFormat.BFloat16, WeightFormat.Int8];

    [CaseProperty]
    public void BFloat16IsTheLayerOfRoundedWeights(RnnCase shape)
    {
        var data = new RnnData<float>(shape);
        RnnRun<float> run = Run(data, WeightFormat.BFloat16);
        var rounded = new RnnData<float>(shape)
        {
            InputWeights = Array.ConvertAll(data.InputWeights, ReferenceBFloat16.Round),
            RecurrentWeights = Array.ConvertAll(data.RecurrentWeights, ReferenceBFloat16.Round),
        };
        RnnRun<float> expected = Run(rounded, WeightFormat.Full);
        Compare.Bits(expected.Output, run.Output, "output");
        Compare.Bits(expected.FinalState, run.FinalState, "final state");
    }

    [CaseProperty]
    public void Int8IsTheCellOfItsProducts(RnnCase shape)
    {
        shape = shape.Within(1_000_000);
        var data = new RnnData<float>(shape);
        RnnRun<float> run = Run(data, WeightFormat.Int8);
        (int batch, int steps, int inputSize, int hiddenSize, _, _) = shape;
        var wx = new ReferenceInt8(data.InputWeights, inputSize, hiddenSize);
        var wh = new ReferenceInt8(data.RecurrentWeights, hiddenSize, hiddenSize);
        float[] inputPart = new float[hiddenSize], recurrentPart = new float[hiddenSize], state = new float[hiddenSize];
        for (int t = 0; t < steps; t++)
        {
            for (int row = 0; row < batch; row++)
            {
                int at = ((t * batch) + row) * hiddenSize;
                wx.Multiply(data.Input.AsSpan(((t * batch) + row) * inputSize, inputSize), inputPart);
                wh.Multiply(Previous(data, run, t, row), recurrentPart);
                for (int j = 0; j < hiddenSize; j++)
                {
                    state[j] = State(inputPart[j] + data.Bias[j] + recurrentPart[j], data.Activation);
                }

                Compare.Bits<float>(state, run.Output.AsSpan(at, hiddenSize), $"state of row {row} at step {t}");
            }
        }
    }

    /// <summary>One step from the layer's own state before, against the same step in double with the weights as they were.</summary>
    [CaseProperty]
    public void EveryStepIsWithinTheBoundOfItsFormat(RnnCase shape)
    {
        shape = shape.Within(1_000_000);
        var data = new RnnData<float>(shape);
        RnnRun<float> int8 = Run(data, WeightFormat.Int8), half = Run(data, WeightFormat.BFloat16);
        (int batch, int steps, int inputSize, int hiddenSize, _, _) = shape;
        var wx = new ReferenceInt8(data.InputWeights, inputSize, hiddenSize);
        var wh = new ReferenceInt8(data.RecurrentWeights, hiddenSize, hiddenSize);
        double[] inputBound = new double[hiddenSize], recurrentBound = new double[hiddenSize];
        for (int t = 0; t < steps; t++)
        {
            for (int row = 0; row < batch; row++)
            {
                float[] x = data.Input[(((t * batch) + row) * inputSize)..(((t * batch) + row + 1) * inputSize)];
                float[] h = Previous(data, int8, t, row);
                wx.BoundError(x, data.InputWeights, inputBound);
                wh.BoundError(h, data.RecurrentWeights, recurrentBound);
                double[] bound = [.. inputBound.Zip(recurrentBound, (a, b) => a + b)];
                CheckStep(data, int8, t, row, x, h, bound);

                h = Previous(data, half, t, row);
                for (int j = 0; j < hiddenSize; j++)
                {
                    bound[j] = HalfBound(x, data.InputWeights, j, hiddenSize) + HalfBound(h, data.RecurrentWeights, j, hiddenSize);
                }

                CheckStep(data, half, t, row, x, h, bound);
            }
        }
    }

    [CaseProperty]
    public void RowsStepsAndWorkersGiveTheBitsOfTheSequence(RnnCase shape)
    {
        shape = shape.Within(1_000_000);
        WorkerGroup workers = groups.All[shape.Seed % 3];
        (int batch, int steps, int inputSize, int hiddenSize, _, _) = shape;
        foreach (WeightFormat format in Smaller)
        {
            var data = new RnnData<float>(shape);
            RnnRun<float> run = Run(data, format);
            Compare.Bits(run.Output, Run(data, format, workers).Output, $"{format}, {workers.Count} workers");
            float[] workspace = RnnRun<float>.Filled(run.Layer.WorkspaceSize(1, batch));
            for (int t = 0; t < steps; t++)
            {
                float[] states = [.. Enumerable.Range(0, batch).SelectMany(row => Previous(data, run, t, row))];
                ReadOnlySpan<float> input = data.Input.AsSpan(t * batch * inputSize, batch * inputSize);
                float[] next = RnnRun<float>.Filled(states.Length);
                run.Layer.Step(input, states, next, workspace, workers);
                Compare.Bits<float>(run.Output.AsSpan(t * states.Length, states.Length), next, $"{format} step {t}");
                int row = (shape.Seed + t) % batch;
                float[] alone = RnnRun<float>.Filled(hiddenSize);
                run.Layer.Step(
                    input.Slice(row * inputSize, inputSize), states.AsSpan(row * hiddenSize, hiddenSize), alone, default);
                Compare.Bits<float>(next.AsSpan(row * hiddenSize, hiddenSize), alone, $"{format} step {t}, row {row} alone");
            }

            float[] projected = RnnRun<float>.Filled(batch * steps * hiddenSize);
            run.Layer.ProjectInput(batch * steps, data.Input, projected, workers);
            if (format != WeightFormat.Int8 || steps == 0) continue;
            float[] expected = new float[hiddenSize];
            new ReferenceInt8(data.InputWeights, inputSize, hiddenSize).Multiply(data.Input.AsSpan(0, inputSize), expected);
            Compare.Bits<float>(Array.ConvertAll(expected, value => value + 0f), projected.AsSpan(0, hiddenSize), "projected");
        }
    }

    [CaseProperty]
    public void TheFullFormatAgainGivesTheBitsOfBefore(RnnCase shape)
    {
        shape = shape.Within(1_000_000);
        var data = new RnnData<float>(shape);
        RnnRun<float> expected = RnnRun<float>.Both(data);
        var run = new RnnRun<float>(data);
        foreach (WeightFormat format in Smaller) run.Layer.UseWeights(format);
        run.Layer.UseWeights(WeightFormat.Full);
        run.Forward();
        run.Backward();
        Compare.SameRun(expected, run, "there and back");
    }

    private static RnnRun<float> Run(RnnData<float> data, WeightFormat format, WorkerGroup? workers = null)
    {
        var run = new RnnRun<float>(data);
        run.Layer.UseWeights(format);
        run.Forward(workers);
        return run;
    }

    private static void CheckStep(
        RnnData<float> data, RnnRun<float> run, int t, int row, float[] x, float[] h, double[] productBounds)
    {
        (int batch, _, int inputSize, int hiddenSize, _, _) = data.Case;
        double[] expected = new double[hiddenSize], bounds = new double[hiddenSize];
        double u = Tolerances.UnitRoundoff<float>();
        for (int j = 0; j < hiddenSize; j++)
        {
            double sum = data.Bias[j];
            for (int k = 0; k < inputSize; k++) sum += (double)x[k] * data.InputWeights[(k * hiddenSize) + j];
            for (int k = 0; k < hiddenSize; k++) sum += (double)h[k] * data.RecurrentWeights[(k * hiddenSize) + j];
            bool isTanh = data.Activation == Activation.Tanh;
            expected[j] = isTanh ? Math.Tanh(sum) : Math.Max(0, sum);
            // Two additions join the parts; neither activation is steeper than 1; tanh is some units in the last place off.
            double magnitude = Math.Abs(sum) + Math.Abs(data.Bias[j]) + Magnitude(x, data.InputWeights, j, hiddenSize)
                + Magnitude(h, data.RecurrentWeights, j, hiddenSize) + (2 * productBounds[j]);
            double activation = isTanh ? 2 * u * Tolerances.FloatTanhUlps : 0;
            bounds[j] = productBounds[j] + (2 * u * magnitude * 1.01) + activation + (2 * Tolerances.FlushBelow<float>()) + 1e-14;
        }

        int at = ((t * batch) + row) * hiddenSize;
        Compare.Within<float>(expected, run.Output.AsSpan(at, hiddenSize), bounds, $"state of row {row} at step {t}");
    }

    /// <summary>A product with weights in bfloat16: their own error, and that of the sum of rounded weights.</summary>
    private static double HalfBound(float[] row, float[] weights, int column, int columns)
    {
        double magnitude = Magnitude(row, weights, column, columns);
        double rounded = magnitude * (1 + ErrorBounds.BFloat16Weight);
        return (ErrorBounds.BFloat16Weight * magnitude) + Tolerances.Sum<float>(row.Length, CanonicalSum.Block(row.Length), rounded);
    }

    /// <summary>Σ |x·w| of one column.</summary>
    private static double Magnitude(float[] row, float[] weights, int column, int columns)
    {
        double sum = 0;
        for (int k = 0; k < row.Length; k++) sum += Math.Abs((double)row[k] * weights[(k * columns) + column]);
        return sum;
    }

    /// <summary>The state that a step starts from.</summary>
    private static float[] Previous(RnnData<float> data, RnnRun<float> run, int t, int row)
    {
        int size = data.Case.HiddenSize;
        if (t > 0) return run.Output.AsSpan((((t - 1) * data.Case.Batch) + row) * size, size).ToArray();
        return data.InitialState.Length > 0 ? data.InitialState.AsSpan(row * size, size).ToArray() : new float[size];
    }

    private static float State(float sum, Activation activation)
    {
        var a = new ScalarLane<float>(sum);
        ScalarLane<float> h = activation == Activation.Tanh
            ? Activations<float, ScalarLane<float>>.Tanh(a)
            : Activations<float, ScalarLane<float>>.FlushedRelu(a);
        float result = 0;
        Activations<float, ScalarLane<float>>.FlushTiny(h).Store(ref result);
        return result;
    }
}
