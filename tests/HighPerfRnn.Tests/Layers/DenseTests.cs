using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Generation;
using HighPerfRnn.Threading;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>The linear layer against the reference, element by element within γ_n·Σ|terms|, and bit for bit over rows.</summary>
/// <remarks>A case's B·T are its rows, I its inputs, H its outputs.</remarks>
[Trait("Category", "Width")]
public sealed class DenseTests(DenseTests.Groups groups) : IClassFixture<DenseTests.Groups>
{
    [CaseProperty]
    public void ForwardIsWithinTheBound(RnnCase shape)
    {
        CheckForward<float>(shape);
        CheckForward<double>(shape);
    }

    [CaseProperty]
    public void BackwardIsWithinTheBound(RnnCase shape)
    {
        CheckBackward<float>(shape);
        CheckBackward<double>(shape);
    }

    [CaseProperty]
    public void RowAloneEqualsRowAmongOthers(RnnCase shape)
    {
        if (shape.Rows == 0) return;
        var data = new RnnData<float>(shape with { Options = shape.Options | CaseOptions.OutputGradient });
        Run<float> all = new(data, null);
        int row = shape.Seed % shape.Rows;
        var one = new RnnData<float>(shape with { Batch = 1, Steps = 1, Options = shape.Options | CaseOptions.OutputGradient })
        {
            InputWeights = data.InputWeights,
            Bias = data.Bias,
            Input = data.Input[(row * shape.InputSize)..((row + 1) * shape.InputSize)],
            OutputGradient = data.OutputGradient[(row * shape.HiddenSize)..((row + 1) * shape.HiddenSize)],
        };
        Run<float> alone = new(one, null, all.InputStart[(row * shape.InputSize)..((row + 1) * shape.InputSize)]);
        Compare.Bits<float>(all.Output.AsSpan(row * shape.HiddenSize, shape.HiddenSize), alone.Output, "output");
        Compare.Bits<float>(all.InputGradient.AsSpan(row * shape.InputSize, shape.InputSize), alone.InputGradient, "dX");
    }

    [CaseProperty]
    public void WorkersGiveTheBitsOfOne(RnnCase shape)
    {
        var data = new RnnData<double>(shape with { Options = shape.Options | CaseOptions.OutputGradient });
        Run<double> one = new(data, null);
        Run<double> many = new(data, groups.All[shape.Seed % 2]);
        Compare.Bits(one.Output, many.Output, "output");
        Compare.Bits(one.InputGradient, many.InputGradient, "dX");
        Compare.Bits<double>(one.Gradients.Values, many.Gradients.Values, "parameters");
    }

    private static void CheckForward<T>(RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var data = new RnnData<T>(shape with { Options = shape.Options | CaseOptions.OutputGradient });
        var run = new Run<T>(data, null);
        (double[] x, double[] w, double[] b) =
            (RnnData<T>.Wide(data.Input), RnnData<T>.Wide(data.InputWeights), RnnData<T>.Wide(data.Bias));
        double[] expected = new double[run.Output.Length];
        double[] magnitudes = new double[expected.Length];
        ReferenceDense.Forward<double>(shape.InputSize, shape.HiddenSize, x, w, b, expected);
        ReferenceDense.Forward<double>(shape.InputSize, shape.HiddenSize, Abs(x), Abs(w), Abs(b), magnitudes);
        double[] bounds = Bounds<T>(magnitudes, shape.InputSize, CanonicalSum.Block(shape.InputSize));
        Compare.Within<T>(expected, run.Output, bounds, "output");
    }

    private static void CheckBackward<T>(RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var data = new RnnData<T>(shape with { Options = shape.Options | CaseOptions.OutputGradient });
        var run = new Run<T>(data, null);
        int inputSize = shape.InputSize;
        int outputSize = shape.HiddenSize;
        (double[] x, double[] w, double[] dY) =
            (RnnData<T>.Wide(data.Input), RnnData<T>.Wide(data.InputWeights), RnnData<T>.Wide(data.OutputGradient));
        double[] dX = RnnData<T>.Wide(run.InputStart);
        double[] dW = RnnData<T>.Wide(data.GradientsStart(w.Length, 1));
        double[] db = RnnData<T>.Wide(data.GradientsStart(outputSize, 2));
        (double[] sizeX, double[] sizeW, double[] sizeB) = (Abs(dX), Abs(dW), Abs(db));
        ReferenceDense.Backward<double>(inputSize, outputSize, x, w, dY, dX, dW, db);
        ReferenceDense.Backward<double>(inputSize, outputSize, Abs(x), Abs(w), Abs(dY), sizeX, sizeW, sizeB);
        Compare.Within<T>(dX, run.InputGradient, Bounds<T>(sizeX, outputSize, CanonicalSum.Block(outputSize)), "dX");
        Compare.Within<T>(dW, run.Gradients["weight"], Bounds<T>(sizeW, shape.Rows, CanonicalSum.RowBlock), "dW");
        Compare.Within<T>(db, run.Gradients["bias"], Bounds<T>(sizeB, shape.Rows, CanonicalSum.RowBlock), "db");
    }

    private static double[] Bounds<T>(double[] magnitudes, int terms, int block) =>
        Array.ConvertAll(magnitudes, magnitude => Tolerances.Sum<T>(terms, block, magnitude));

    private static double[] Abs(double[] values) => Array.ConvertAll(values, Math.Abs);

    /// <summary>Both passes of a layer with a case's Wx and b.</summary>
    private sealed class Run<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Run(RnnData<T> data, WorkerGroup? workers, T[]? inputStart = null)
        {
            (int rows, int inputSize, int outputSize) = (data.Case.Rows, data.Case.InputSize, data.Case.HiddenSize);
            var layer = new Dense<T>(inputSize, outputSize);
            data.InputWeights.CopyTo(layer.Parameters["weight"]);
            data.Bias.CopyTo(layer.Parameters["bias"]);
            layer.Repack();
            Output = RnnRun<T>.Filled(rows * outputSize);
            InputStart = inputStart ?? data.GradientsStart(rows * inputSize, 0);
            InputGradient = (T[])InputStart.Clone();
            Gradients = layer.Parameters.CreateZeros();
            data.GradientsStart(inputSize * outputSize, 1).CopyTo(Gradients["weight"]);
            data.GradientsStart(outputSize, 2).CopyTo(Gradients["bias"]);
            T[] workspace = RnnRun<T>.Filled(Dense<T>.WorkspaceSize(rows, outputSize));
            layer.Forward(rows, data.Input, Output, workers);
            layer.Backward(rows, data.Input, data.OutputGradient, InputGradient, Gradients, workspace, workers);
        }

        public T[] Output { get; }

        public T[] InputStart { get; }

        public T[] InputGradient { get; }

        public ParameterSet<T> Gradients { get; }
    }

    /// <summary>Groups of 2 and 3 workers, made once.</summary>
    public sealed class Groups : IDisposable
    {
        public IReadOnlyList<WorkerGroup> All { get; } = [new(2, 0), new(3, 0)];

        public void Dispose()
        {
            foreach (WorkerGroup group in All) group.Dispose();
        }
    }
}
