using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Generation;
using HighPerfRnn.Threading;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>The smaller formats know nothing of the cell: with gates, a cell state and a vector they hold as with one product.</summary>
[Trait("Category", "Width")]
public sealed class WeightFormatCellTests(RnnWorkerTests.Groups groups) : IClassFixture<RnnWorkerTests.Groups>
{
    [CaseProperty]
    public void BFloat16IsTheCellOfRoundedWeights(RnnCase shape)
    {
        shape = shape.Within(1_000_000);
        CellLayer<float, BlendCell<float>> layer = Layer(shape), rounded = Layer(shape);
        foreach (string name in (string[])["weight_ih", "weight_hh"])
        {
            foreach (ref float weight in rounded.Parameters[name]) weight = ReferenceBFloat16.Round(weight);
        }

        rounded.Repack();
        layer.UseWeights(WeightFormat.BFloat16, keepParameters: shape.Seed % 2 == 0);
        Compare.Bits(Forward(rounded, shape), Forward(layer, shape), "states and cell states");
    }

    [CaseProperty]
    public void StepsAndWorkersGiveTheBitsOfTheSequence(RnnCase shape)
    {
        shape = shape.Within(1_000_000);
        (int batch, int steps, int inputSize, int hiddenSize, _, _) = shape;
        foreach (WeightFormat format in (WeightFormat[])[WeightFormat.BFloat16, WeightFormat.Int8])
        {
            CellLayer<float, BlendCell<float>> layer = Layer(shape);
            layer.UseWeights(format, keepParameters: shape.Seed % 2 == 0);
            float[] sequence = Forward(layer, shape);
            WorkerGroup workers = groups.All[shape.Seed % 3];
            Compare.Bits(sequence, Forward(layer, shape, workers), $"{format}, {workers.Count} workers");
            float[] input = Input(shape), state = new float[hiddenSize], cell = new float[hiddenSize];
            int row = shape.Seed % batch;
            for (int t = 0; t < steps; t++)
            {
                float[] next = new float[hiddenSize];
                layer.Step(
                    new RnnStep<float>
                    {
                        Input = input.AsSpan(((t * batch) + row) * inputSize, inputSize),
                        State = state,
                        NextState = next,
                        CellState = cell,
                        NextCellState = cell,
                    },
                    workers);
                state = next;
                Compare.Bits<float>(sequence.AsSpan(((t * batch) + row) * hiddenSize, hiddenSize), state, $"{format}, row {row}, step {t}");
            }

            Compare.Bits<float>(sequence.AsSpan(((steps * batch) + row) * hiddenSize, hiddenSize), cell, $"{format}, last cell state");
        }
    }

    private static CellLayer<float, BlendCell<float>> Layer(RnnCase shape)
    {
        var layer = new CellLayer<float, BlendCell<float>>(shape.InputSize, shape.HiddenSize);
        new CaseRandom(shape.Seed, 4003).Numbers<float>(layer.Parameters.Values.Length, 0.7).CopyTo(layer.Parameters.Values);
        layer.Repack();
        return layer;
    }

    private static float[] Input(RnnCase shape) => new CaseRandom(shape.Seed, 4004).Numbers<float>(shape.Rows * shape.InputSize);

    /// <summary>All states, and behind them the last cell states.</summary>
    private static float[] Forward(CellLayer<float, BlendCell<float>> layer, RnnCase shape, WorkerGroup? workers = null)
    {
        float[] results = RnnRun<float>.Filled((shape.Rows + shape.Batch) * shape.HiddenSize);
        layer.Forward(
            new RnnForward<float>
            {
                Steps = shape.Steps,
                Batch = shape.Batch,
                Input = Input(shape),
                Output = results.AsSpan(0, shape.Rows * shape.HiddenSize),
                FinalCellState = results.AsSpan(shape.Rows * shape.HiddenSize),
                Workspace = RnnRun<float>.Filled(layer.ForwardWorkspaceSize(shape.Steps, shape.Batch)),
            },
            workers);
        return results;
    }
}
