using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Generation;
using HighPerfRnn.Threading;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>
/// The prefix scan over time against the sequential order. That it is its own definition's, whatever the workers, the batch and the width,
/// <see cref="CellLayerTests"/> show, whose cases it is among.
/// </summary>
[Trait("Category", "Width")]
public class BlockedScanTests
{
    private const int Block = LinearRecurrentLayer<float>.ScanBlockSteps;

    [CaseProperty]
    public void FloatIsWithinTheBoundOfTheSequentialOrder(CellCase drawn) =>
        IsWithinTheBound<float>(drawn, Math.ScaleB(1, -24), ReferenceRnn.FlushBelowFloat);

    [CaseProperty]
    public void DoubleIsWithinTheBoundOfTheSequentialOrder(CellCase drawn) =>
        IsWithinTheBound<double>(drawn, Math.ScaleB(1, -53), ReferenceRnn.FlushBelowDouble);

    [CaseProperty]
    public void ChunksOfWholeBlocksHaveTheBitsOfTheWhole(CellCase drawn)
    {
        CellCase shape = Long(drawn) with { Steps = (2 * Block) + (drawn.Seed % Block) };
        CellLayerRun<float> whole = new(new CellData(shape));
        whole.Forward();
        var data = new CellData(shape);
        T[] Part<T>(T[] numbers, int first, int steps, int size) => [.. numbers.AsSpan(first * shape.Batch * size, steps * shape.Batch * size)];
        int cut = Block * (1 + (drawn.Seed % 2));
        var first = new CellLayerRun<float>(new CellData(data, shape with { Steps = cut })
        {
            Input = Part(data.Input, 0, cut, shape.InputSize),
            InitialState = data.InitialState,
        });
        first.Forward();
        var second = new CellLayerRun<float>(new CellData(data, shape with { Steps = shape.Steps - cut })
        {
            Input = Part(data.Input, cut, shape.Steps - cut, shape.InputSize),
            InitialState = Array.ConvertAll(first.FinalState, number => (double)number),
        });
        second.Forward();
        Compare.Bits(whole.Output, (float[])[.. first.Output, .. second.Output], "output");
        Compare.Bits(whole.FinalState, second.FinalState, "final state");
    }

    [Fact]
    public void TokensHaveTheBitsOfTheirOneHotInputs()
    {
        const int steps = 150, batch = 2, vocabulary = 7, hidden = 21;
        var layer = new MinGru<float>(vocabulary, hidden) { Order = RecurrenceOrder.BlockedScan };
        var random = new CaseRandom(11);
        random.Numbers<float>(layer.Parameters.Values.Length).CopyTo(layer.Parameters.Values);
        layer.Repack();
        int[] tokens = random.Indices(steps * batch, vocabulary);
        float[] oneHot = new float[tokens.Length * vocabulary];
        for (int i = 0; i < tokens.Length; i++) oneHot[(i * vocabulary) + tokens[i]] = 1;
        float[] workspace = new float[layer.ForwardWorkspaceSize(steps, batch)];
        float[] expected = new float[tokens.Length * hidden], actual = new float[expected.Length];
        using var workers = new WorkerGroup(3, multiplyAddsPerWorker: 0);
        layer.Forward(new RnnForward<float> { Steps = steps, Batch = batch, Input = oneHot, Output = expected, Workspace = workspace });
        layer.Forward(new RnnForward<float> { Steps = steps, Batch = batch, Tokens = tokens, Output = actual, Workspace = workspace }, workers);
        Compare.Bits(expected, actual, "output");
    }

    [Fact]
    public void NoOtherOrderIsTaken()
    {
        Assert.Equal(RecurrenceOrder.Sequential, new Lru<float>(2, 3).Order);
        Assert.Throws<ArgumentOutOfRangeException>(() => new MinLstm<double>(2, 3) { Order = (RecurrenceOrder)2 });
    }

    // Of a linear cell, and long enough for a few blocks.
    private static CellCase Long(CellCase drawn)
    {
        string cell = CellCase.Cells[3 + (drawn.Seed % 3)];
        CellTraits traits = (drawn.Traits | CellTraits.BlockedScan) & ~(CellTraits.OtherActivations | CellTraits.Ragged | CellTraits.Reverse);
        return drawn with { Cell = cell, Traits = traits, Batch = 1 + (drawn.Batch % 2), Steps = 1 + (drawn.Seed % 300) };
    }

    private static void IsWithinTheBound<T>(CellCase drawn, double roundoff, double flushBelow)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        CellCase shape = Long(drawn);
        var data = new CellData(shape);
        CellLayerRun<T> scan = new(data), sequential = new(new CellData(shape with { Traits = shape.Traits & ~CellTraits.BlockedScan }));
        using var workers = new WorkerGroup(1 + (shape.Seed % 3), multiplyAddsPerWorker: 0);
        scan.Forward(workers);
        sequential.Forward(workers);
        int states = shape.Batch * shape.HiddenSize;
        int same = Math.Min(shape.Steps, Block - 1) * states;
        Compare.Bits<T>(sequential.Output.AsSpan(0, same), scan.Output.AsSpan(0, same), "the first block but its last step");
        double[] magnitudes = Magnitudes(data, flushBelow);
        double largest = magnitudes.Max();
        double[] bounds = new double[magnitudes.Length];
        for (int i = 0; i < bounds.Length; i++)
        {
            int n = 1 + (i / states);

            // What is of second order in n·u, and M from other roundings of a and b, is far below a hundredth.
            bounds[i] = 1.01 * ((ErrorBounds.BlockedScan(n) * roundoff * magnitudes[i]) + (2 * n * flushBelow * (1 + largest)));
        }

        Compare.Within<T>(Array.ConvertAll(sequential.Output, double.CreateChecked), scan.Output, bounds, "output");
    }

    /// <summary>M of every output: |a|·M + |b|, step after step.</summary>
    private static double[] Magnitudes(CellData data, double flushBelow)
    {
        CellCase shape = data.Case;
        var math = new ReferenceFloatingPoint<double>(flushBelow);
        var cell = (ReferenceLinearCell<double>)data.Options.Create(math, shape.InputSize, shape.HiddenSize);
        for (int i = 0; i < data.Shapes.Count; i++) data.Parameters[i].CopyTo(cell.Parameters[data.Shapes[i].Name], 0);
        int units = shape.HiddenSize;
        double[] magnitudes = new double[shape.Steps * shape.Batch * units];
        double[] decays = new double[units], additions = new double[units], kept = new double[cell.KeptSize];
        for (int row = 0; row < shape.Steps * shape.Batch; row++)
        {
            cell.Terms(data.Input.AsSpan(row * shape.InputSize, shape.InputSize), decays, additions, kept);
            for (int j = 0; j < units; j++)
            {
                int place = (row * units) + j, before = place - (shape.Batch * units);
                double previous = before >= 0 ? magnitudes[before] : data.InitialState.Length > 0 ? Math.Abs(data.InitialState[place]) : 0;
                magnitudes[place] = (Math.Abs(decays[j]) * previous) + Math.Abs(additions[j]);
            }
        }

        return magnitudes;
    }
}
