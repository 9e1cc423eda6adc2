using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Definitions;
using HighPerfRnn.Tests.Generation;
using HighPerfRnn.Threading;
using Xunit;
using Xunit.Abstractions;

namespace HighPerfRnn.Tests.Layers;

/// <summary>Every cell and variant of the library, ragged or not, in both directions, against the reference and against itself.</summary>
/// <remarks>
/// The bounds are the reference's own, run on numbers that carry them (<see cref="BoundedNumber{TProduct}"/>), for sums in any order.
/// Its gradients are central differences' to 1e-7 (<see cref="CellGradientTests"/>).
/// </remarks>
[Trait("Category", "Width")]
public sealed class CellLayerTests(ITestOutputHelper log) : IDisposable
{
    [CaseProperty]
    public void FloatIsWithinTheBound(CellCase shape) => IsWithinTheBound<float, AnyFloat>(shape, ReferenceRnn.FlushBelowFloat, 1e30);

    [CaseProperty]
    public void DoubleIsWithinTheBound(CellCase shape) => IsWithinTheBound<double, AnyDouble>(shape, ReferenceRnn.FlushBelowDouble, 1e30);

    [CaseProperty]
    public void StepsEqualOneSequence(CellCase shape)
    {
        CheckSteps<float>(shape);
        CheckSteps<double>(shape);
    }

    /// <summary>A lone row's panels end together in rounds of several; a last round may be short, and odd steps begin with it.</summary>
    [Theory]
    [InlineData("rnn", CellTraits.None)]
    [InlineData("gru", CellTraits.None)]
    [InlineData("lstm", CellTraits.None)]
    [InlineData("lstm", CellTraits.CoupledForget)]
    public void StepsOfALoneRowEqualOneSequenceAtEverySize(string cell, CellTraits traits)
    {
        for (int hiddenSize = 1; hiddenSize <= 160; hiddenSize++)
        {
            var shape = new CellCase(cell, Batch: 1, Steps: 3, InputSize: 2, hiddenSize, Seed: hiddenSize, traits);
            CheckSteps<float>(shape);
            CheckSteps<double>(shape);
        }
    }

    [CaseProperty]
    public void RowsAloneEqualRowsInBatch(CellCase shape)
    {
        CheckRowsAlone<float>(shape);
        CheckRowsAlone<double>(shape);
    }

    [CaseProperty]
    public void WorkersGiveTheSameBits(CellCase shape)
    {
        var data = new CellData(shape);
        CellLayerRun<float> alone = CellLayerRun<float>.Both(data);
        using var workers = new WorkerGroup(1 + (shape.Seed % 3), multiplyAddsPerWorker: 0);
        CellLayerRun<float> shared = CellLayerRun<float>.Both(data, workers);
        foreach (((string name, float[] expected), (_, float[] actual)) in alone.Tensors.Zip(shared.Tensors)) Compare.Bits(expected, actual, name);
    }

    [CaseProperty]
    public void BackwardTwiceAddsUpToTwice(CellCase drawn)
    {
        CellCase shape = drawn with { Traits = drawn.Traits & ~CellTraits.GradientsStart, Steps = Math.Min(drawn.Steps, 4) };
        var data = new CellData(shape);
        CellLayerRun<double> once = CellLayerRun<double>.Both(data);
        CellLayerRun<double> twice = CellLayerRun<double>.Both(data);
        twice.Backward();
        foreach (((string name, double[] expected), (_, double[] actual)) in once.Tensors.Zip(twice.Tensors))
        {
            // One block of rows: each gradient is one sum, added to what is there; but dh0 is two where h also goes past the product.
            if (name[0] != 'd') continue;
            double[] doubled = Array.ConvertAll(expected, number => number + number);
            if (name == "dh0") Compare.Within<double>(doubled, actual, Array.ConvertAll(doubled, number => (Math.Abs(number) + 16) * 1e-15), name);
            else Compare.Bits(doubled, actual, name);
        }
    }

    public void Dispose()
    {
        foreach (string line in Redraws.Report(nameof(CellLayerTests))) log.WriteLine(line);
    }

    private static void IsWithinTheBound<T, TProduct>(CellCase shape, double flushBelow, double largest)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TProduct : struct, IReferenceProduct
    {
        (CellData data, CellRun<BoundedNumber<TProduct>> bounded) =
            BoundedRun.Draw<TProduct>(shape, flushBelow, $"{nameof(CellLayerTests)}, {typeof(T).Name}, {shape.Cell}", largest);
        CellLayerRun<T> run = CellLayerRun<T>.Both(data);
        foreach (((string name, BoundedNumber<TProduct>[] bound), (_, T[] actual)) in bounded.Tensors.Zip(run.Tensors))
        {
            Compare.Within<T>(BoundedRun.Values(bound), actual, BoundedRun.Errors(bound), name);
        }
    }

    private static void CheckSteps<T>(CellCase drawn)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        CellCase shape = drawn with { Traits = drawn.Traits & ~(CellTraits.Ragged | CellTraits.Reverse | CellTraits.BlockedScan) };
        var data = new CellData(shape);
        var run = new CellLayerRun<T>(data);
        run.Forward();
        (int batch, int inputs) = (shape.Batch, shape.Batch * shape.InputSize);
        T[] state = data.InitialState.Length > 0 ? CellLayerRun<T>.Convert(data.InitialState) : new T[batch * data.OutputSize];
        T[] cellState = data.InitialCellState.Length > 0 ? CellLayerRun<T>.Convert(data.InitialCellState) : new T[batch * data.CellStateSize];
        T[] input = CellLayerRun<T>.Convert(data.Input);
        T[] workspace = RnnRun<T>.Filled(run.Layer.ForwardWorkspaceSize(1, batch));
        for (int t = 0; t < shape.Steps; t++)
        {
            T[] next = RnnRun<T>.Filled(state.Length);
            run.Layer.Step(new RnnStep<T>
            {
                Input = input.AsSpan(t * inputs, inputs),
                State = state,
                CellState = cellState,
                NextState = next,
                NextCellState = cellState,
                Workspace = workspace,
            });
            Compare.Bits<T>(run.Output.AsSpan(t * state.Length, state.Length), next, $"{typeof(T).Name} step {t}");
            state = next;
        }

        Compare.Bits(run.FinalState, state, "last state");
        Compare.Bits(run.FinalCellState, cellState, "last cell state");
    }

    /// <summary>A row in a batch of any lengths, and alone over its own length.</summary>
    private static void CheckRowsAlone<T>(CellCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var data = new CellData(shape);
        CellLayerRun<T> run = CellLayerRun<T>.Both(data);
        int row = new CaseRandom(shape.Seed, 3001).Below(shape.Batch);
        int length = data.Lengths?[row] ?? shape.Steps;
        T[] Row(T[] sequence, int size) => [.. Enumerable.Range(0, length).SelectMany(t => sequence.AsSpan(((t * shape.Batch) + row) * size, size).ToArray())];
        double[] RowOf(double[] sequence, int size) => sequence.Length == 0
            ? [] : [.. Enumerable.Range(0, length).SelectMany(t => sequence.AsSpan(((t * shape.Batch) + row) * size, size).ToArray())];
        double[] StateOf(double[] states, int size) => states.Length == 0 ? [] : states.AsSpan(row * size, size).ToArray();
        CellCase alone = shape with { Batch = 1, Steps = length, Traits = shape.Traits & ~(CellTraits.Ragged | CellTraits.GradientsStart) };
        var part = new CellData(data, alone)
        {
            Input = RowOf(data.Input, shape.InputSize),
            InitialState = StateOf(data.InitialState, data.OutputSize),
            InitialCellState = StateOf(data.InitialCellState, data.CellStateSize),
            OutputGradient = RowOf(data.OutputGradient, data.OutputSize),
            FinalStateGradient = StateOf(data.FinalStateGradient, data.OutputSize),
            FinalCellStateGradient = StateOf(data.FinalCellStateGradient, data.CellStateSize),
        };
        CellLayerRun<T> own = CellLayerRun<T>.Both(part);
        Compare.Bits(Row(run.Output, data.OutputSize), own.Output, "output");
        Compare.Bits<T>(run.FinalState.AsSpan(row * data.OutputSize, data.OutputSize), own.FinalState, "final state");
        Compare.Bits<T>(run.FinalCellState.AsSpan(row * data.CellStateSize, data.CellStateSize), own.FinalCellState, "final cell state");
        if (shape.Has(CellTraits.GradientsStart)) return;
        Compare.Bits(Row(run.InputGradient, shape.InputSize), own.InputGradient, "dX");
        Compare.Bits<T>(run.InitialStateGradient.AsSpan(row * data.OutputSize, data.OutputSize), own.InitialStateGradient, "dh0");
        Compare.Bits<T>(
            run.InitialCellStateGradient.AsSpan(row * data.CellStateSize, data.CellStateSize), own.InitialCellStateGradient, "dc0");
    }
}
