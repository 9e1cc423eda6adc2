using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Memory;
using HighPerfRnn.Reference;
using HighPerfRnn.Simd;
using HighPerfRnn.Tests.Generation;
using HighPerfRnn.Threading;
using HighPerfRnn.Training;
using Xunit;

namespace HighPerfRnn.Tests.Training.Losses;

/// <summary>Two softmaxes against the definition; a case's B·T are its rows, I its inputs, H its words.</summary>
[Trait("Category", "Width")]
public sealed class HierarchicalSoftmaxTests
{
    private static readonly WorkerGroup[] Groups = [new(2, 0), new(3, 0)];

    [CaseProperty]
    public void LossesAndGradientsAreWithinTheBound(RnnCase shape)
    {
        CheckBound<float>(Smaller(shape));
        CheckBound<double>(Smaller(shape));
    }

    [CaseProperty]
    public void GradientsAreCentralDifferences(RnnCase shape)
    {
        var data = new Data<double>(Smaller(shape) with { Steps = 1 });
        ParameterSet<double> gradients = data.Layer.Parameters.CreateZeros();
        double[] dX = new double[data.Input.Length];
        data.Layer.ForwardBackward(data.Input, data.Targets, data.Losses, dX, gradients, data.Workspace, 0.6);
        var random = new CaseRandom(shape.Seed, 9);
        for (int check = 0; check < 6; check++)
        {
            int i = random.Below(dX.Length);
            Assert.Equal(CentralDifferences.Entry(Loss, data.Input, i).Derivative, dX[i], 1e-7);
            foreach (Parameter parameter in gradients.Parameters)
            {
                i = random.Below(parameter.Length);
                double derivative = CentralDifferences.Entry(Loss, data.Layer.Parameters.Span(parameter), i).Derivative;
                Assert.Equal(derivative, gradients.Span(parameter)[i], 1e-7);
            }
        }

        double Loss() => data.Layer.Forward(data.Input, data.Targets, data.Losses, data.Workspace, 0.6);
    }

    [CaseProperty]
    public void ProbabilitiesAddUpToOneAndAreTheLosses(RnnCase shape)
    {
        var data = new Data<double>(Smaller(shape));
        if (data.Targets.Length == 0) return;
        data.Layer.Forward(data.Input, data.Targets, data.Losses, data.Workspace);
        for (int r = 0; r < Math.Min(3, data.Targets.Length); r++)
        {
            double[] logP = data.LogProbabilities(r, null);
            Assert.Equal(1, logP.Sum(Math.Exp), 1e-12);
            Assert.Equal(-data.Losses[r], logP[data.Targets[r]], 1e-12);
            (double[] classes, double[] words) = data.Reference.LogProbabilities(data.WideRow(r));
            for (int w = 0; w < words.Length; w++) Assert.Equal(classes[w / data.Layer.ClassSize] + words[w], logP[w], 1e-12);
            Compare.Bits(logP, data.LogProbabilities(r, Groups[r % 2]), "workers");
        }
    }

    [CaseProperty]
    public void WorkersAndForwardAloneGiveTheSameBits(RnnCase shape)
    {
        var data = new Data<float>(Smaller(shape));
        (double loss, float[] losses, float[] dX, ParameterSet<float> gradients) = data.Run(null);
        (double ofMany, float[] lossesOfMany, float[] dXOfMany, ParameterSet<float> gradientsOfMany) = data.Run(Groups[shape.Seed % 2]);
        Assert.Equal(loss, ofMany);
        Compare.Bits(losses, lossesOfMany, "losses");
        Compare.Bits(dX, dXOfMany, "dX");
        Compare.Bits<float>(gradients.Values, gradientsOfMany.Values, "gradients");
        Array.Fill(data.Workspace, float.NaN);
        Assert.Equal(loss, data.Layer.Forward(data.Input, data.Targets, lossesOfMany, data.Workspace, 0.5, Groups[0]));
        Compare.Bits(losses, lossesOfMany, "losses alone");
    }

    [CaseProperty]
    public void RowAloneEqualsRowAmongOthers(RnnCase shape)
    {
        var data = new Data<float>(Smaller(shape));
        if (data.Targets.Length == 0) return;
        (_, float[] losses, float[] dX, _) = data.Run(null);
        int row = shape.Seed % data.Targets.Length, size = data.Layer.InputSize;
        var alone = new Data<float>(Smaller(shape))
        {
            Input = data.Input[(row * size)..((row + 1) * size)],
            Targets = [data.Targets[row]],
            InputGradientStart = data.InputGradientStart[(row * size)..((row + 1) * size)],
        };
        (_, float[] loss, float[] dXAlone, _) = alone.Run(null);
        Compare.Bits((float[])[losses[row]], loss, "loss");
        Compare.Bits(dX[(row * size)..((row + 1) * size)], dXAlone, "dX");
    }

    [CaseProperty]
    public void ProductsWithRowsHaveTheBitsOfTheirDefinitionAtEveryWidth(ProductCase shape)
    {
        CheckProducts<float>(shape);
        CheckProducts<double>(shape);
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(2, 2, 1)]
    [InlineData(3, 2, 2)]
    [InlineData(5, 3, 2)]
    [InlineData(12, 4, 3)]
    [InlineData(49, 7, 7)]
    [InlineData(50, 8, 7)]
    [InlineData(50_000, 224, 224)]
    public void ClassesHoldAllWords(int words, int classes, int size)
    {
        var layer = new HierarchicalSoftmax<float>(1, words);
        Assert.Equal((classes, size), (layer.ClassCount, layer.ClassSize));
        Assert.InRange(words, ((classes - 1) * size) + 1, classes * size);
        Assert.Equal([classes, classes, words, words], layer.Parameters.Parameters.Select(p => p.Length));
        Assert.Equal((10 * (1 + classes + size + 1)) + classes + 1, layer.WorkspaceSize(10));
    }

    [Fact]
    public void ZerosAreUniformWithinClasses()
    {
        // Twelve words in four classes of three.
        var layer = new HierarchicalSoftmax<double>(2, 12);
        double[] losses = new double[2], workspace = new double[layer.WorkspaceSize(2)];
        Assert.Equal(Math.Log(12), layer.Forward([1, 2, 3, 4], [0, 11], losses, workspace), 1e-15);
        Assert.True(double.IsNaN(layer.Forward([], [], [], workspace)));
        layer.Parameters["class_bias"][1] = double.NaN;
        layer.Forward([1, 2, 3, 4], [0, 11], losses, workspace);
        Assert.All(losses, loss => Assert.True(double.IsNaN(loss)));
        layer.Parameters["class_bias"][1] = 0;
        layer.Parameters["word_bias"][10] = double.PositiveInfinity;
        layer.Forward([1, 2, 3, 4], [0, 11], losses, workspace);
        Assert.Equal(Math.Log(12), losses[0], 1e-15);
        Assert.True(double.IsNaN(losses[1]));
    }

    [Fact]
    public void WrongArgumentsAreNamedAndNothingIsWritten()
    {
        var layer = new HierarchicalSoftmax<float>(3, 12);
        ParameterSet<float> gradients = layer.Parameters.CreateZeros();
        float[] x = new float[6], losses = [8, 8], dX = [9, 9, 9, 9, 9, 9], workspace = new float[layer.WorkspaceSize(2)], logP = new float[12];
        Check("input has length 5; expected 6, [N, H] = [2, 3].", "input", () => Run(x.AsSpan(1), [0, 1], losses, dX, gradients, workspace));
        Check("targets[1] is 12; expected 0 to 11.", "targets", () => Run(x, [0, 12], losses, dX, gradients, workspace));
        Check("rowLosses has length 1; expected 2", "rowLosses", () => Run(x, [0, 1], losses.AsSpan(1), dX, gradients, workspace));
        Check("inputGradient has length 5; expected 6", "inputGradient", () => Run(x, [0, 1], losses, dX.AsSpan(1), gradients, workspace));
        Check($"workspace has length {workspace.Length - 1}; expected at least {workspace.Length}.", "workspace", () => Run(x, [0, 1], losses, dX, gradients, workspace.AsSpan(1)));
        Check("The gradients have another layout", "gradients", () => Run(x, [0, 1], losses, dX, new ParameterSet<float>(("a", 1, 1)), workspace));
        Check("The gradients are the parameters themselves.", "gradients", () => Run(x, [0, 1], losses, dX, layer.Parameters, workspace));
        Check("rowLosses overlaps input.", "rowLosses", () => Run(x, [0, 1], x.AsSpan(0, 2), dX, gradients, workspace));
        Check("inputGradient overlaps input.", "inputGradient", () => Run(x, [0, 1], losses, x, gradients, workspace));
        Check("inputGradient overlaps rowLosses.", "inputGradient", () => Run(x, [0, 1], dX.AsSpan(0, 2), dX, gradients, workspace));
        Check("inputGradient overlaps workspace.", "inputGradient", () => Run(x, [0, 1], losses, workspace.AsSpan(0, 6), gradients, workspace));
        Check("workspace overlaps input.", "workspace", () => Run(workspace.AsSpan(0, 6), [0, 1], losses, dX, gradients, workspace));
        Check("workspace overlaps rowLosses.", "workspace", () => Run(x, [0, 1], workspace.AsSpan(0, 2), dX, gradients, workspace));
        Check("gradients overlaps input.", "gradients", () => Run(gradients.Values[..6], [0, 1], losses, dX, gradients, workspace));
        Check("logProbabilities has length 11; expected 12, [V] = [12].", "logProbabilities", () => layer.LogProbabilities(x.AsSpan(0, 3), logP.AsSpan(1), workspace));
        Check("input has length 6; expected 3, [H] = [3].", "input", () => layer.LogProbabilities(x, logP, workspace));
        Check("workspace has length 3; expected at least 4.", "workspace", () => layer.LogProbabilities(x.AsSpan(0, 3), logP, workspace.AsSpan(0, 3)));
        Check("logProbabilities overlaps input.", "logProbabilities", () => layer.LogProbabilities(logP.AsSpan(0, 3), logP, workspace));
        Assert.Equal([8, 8], losses);
        Assert.Equal([9, 9, 9, 9, 9, 9], dX);
        Assert.True(gradients.Values.IndexOfAnyExcept(0f) < 0);
        Assert.Throws<ArgumentOutOfRangeException>("inputSize", () => new HierarchicalSoftmax<float>(0, 1));
        Assert.Throws<ArgumentOutOfRangeException>("vocabularySize", () => new HierarchicalSoftmax<float>(1, 0));
        Assert.Throws<ArgumentOutOfRangeException>("rows", () => layer.WorkspaceSize(-1));

        void Run(ReadOnlySpan<float> x, ReadOnlySpan<int> targets, Span<float> losses, Span<float> dX, ParameterSet<float> gradients, Span<float> workspace) =>
            layer.ForwardBackward(x, targets, losses, dX, gradients, workspace);

        static void Check(string message, string name, Action run) =>
            Assert.Contains(message, Assert.Throws<ArgumentException>(name, run).Message, StringComparison.Ordinal);
    }

    private static RnnCase Smaller(RnnCase shape) =>
        shape with { Batch = Math.Min(shape.Batch, 20), Steps = Math.Min(shape.Steps, 14), InputSize = Math.Min(shape.InputSize, 70) };

    /// <summary>
    /// Logits are off by δ = bound of their sum; a loss by 2·δ at both levels and the bounds of both losses; a score's gradient by
    /// scale·p·(2·δ and the roundings of a softmax) and so on down the products, by absolute values.
    /// </summary>
    private static void CheckBound<T>(RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var data = new Data<T>(shape);
        (double loss, T[] losses, T[] dX, ParameterSet<T> gradients) = data.Run(null);
        (int size, double u) = (data.Layer.InputSize, Tolerances.UnitRoundoff<T>() + 2e-16);
        ReferenceHierarchicalSoftmax reference = data.Reference;
        double[] expectedX = Wide(data.InputGradientStart), boundX = new double[expectedX.Length];
        double[][] expected = [.. gradients.Parameters.Select(p => new double[p.Length])];
        double[][] bounds = [.. gradients.Parameters.Select(p => new double[p.Length])];
        for (int r = 0; r < losses.Length; r++)
        {
            double[] x = data.WideRow(r);
            (double[] classes, double[] words) = reference.LogProbabilities(x);
            int k = data.Targets[r] / data.Layer.ClassSize;
            double expectedLoss = -classes[k] - words[data.Targets[r]];
            double magnitude = 0;
            for (int i = 0; i < size; i++) magnitude += Math.Abs(x[i]);
            // Weights and biases are at most 1.
            double logit = Tolerances.Sum<T>(size, int.MaxValue, magnitude + 1);
            double lossBound = (4 * logit) + SoftmaxCrossEntropy<T>.LossErrorBound(classes.Length, -classes[k])
                + SoftmaxCrossEntropy<T>.LossErrorBound(data.Layer.ClassSize, -words[data.Targets[r]]) + (2 * u * expectedLoss);
            Assert.Equal(expectedLoss, double.CreateChecked(losses[r]), lossBound + 1e-14);
            (double[] ofClasses, double[] ofWords) = reference.ScoreGradients(x, data.Targets[r], 0.5);
            Add(ofClasses, classes, 0, reference.ClassWeights);
            Add(ofWords, words, 2, reference.WordWeights);

            void Add(double[] scores, double[] logP, int parameter, double[] rows)
            {
                for (int j = 0; j < scores.Length; j++)
                {
                    if (parameter == 2 && j / data.Layer.ClassSize != k) continue;
                    double p = Math.Exp(logP[j]);
                    double off = (0.5 * p * ((2 * logit) + (u * ((logP.Length / 16) + Math.Log(logP.Length) + 30 - logP[j] + (2 * magnitude))))) + (2 * u);
                    expected[parameter + 1][j] += scores[j];
                    bounds[parameter + 1][j] += off + (300 * u * Math.Abs(scores[j]));
                    for (int i = 0; i < size; i++)
                    {
                        expected[parameter][(j * size) + i] += scores[j] * x[i];
                        bounds[parameter][(j * size) + i] += Math.Abs(x[i]) * (off + (300 * u * Math.Abs(scores[j])));
                        expectedX[(r * size) + i] += scores[j] * rows[(j * size) + i];
                        boundX[(r * size) + i] += Math.Abs(rows[(j * size) + i]) * (off + (300 * u * Math.Abs(scores[j])));
                    }
                }
            }
        }

        for (int i = 0; i < boundX.Length; i++) boundX[i] += 4 * u;
        Compare.Within<T>(expectedX, dX, boundX, "dX");
        for (int i = 0; i < expected.Length; i++)
        {
            Parameter parameter = gradients.Parameters[i];
            // The gradients start from 1.
            Compare.Within<T>(
                Array.ConvertAll(expected[i], g => g + 1), gradients.Span(parameter), Array.ConvertAll(bounds[i], b => b + (4 * u)), parameter.Name);
        }

        Assert.Equal(losses.Sum(double.CreateChecked) * 0.5, loss);
    }

    private static void CheckProducts<T>(ProductCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var data = new ProductData<T>(shape);
        (int depth, int columns) = (shape.Depth, shape.Columns);
        // Each target row starts from Start, and the sum is added to it at once.
        T[] expected = new T[data.Start.Length];
        for (int i = 0; i < expected.Length; i++) expected[i] = depth == 0 ? data.Start[i] : data.Start[i] + data.Product[i];
        T[] dots = RunAt<ScalarLane<T>>();
        Compare.Bits(dots, RunAt<VectorLane<T>>(), "dots");
        Compare.Bits(dots, RunAt<Vector512Lane<T>>(), "dots");

        T[] RunAt<TLane>()
            where TLane : struct, ILane<TLane, T>
        {
            T[] target = [.. data.Start];
            int split = columns / 3;
            T none = T.Zero;
            for (int r = 0; r < shape.Rows; r++)
            {
                ref T coefficients = ref depth == 0 ? ref none : ref data.Left[r * depth];
                Span<T> row = target.AsSpan(r * columns, columns);
                int block = Math.Max(1, CanonicalSum.Block(depth));
                RowCombination<T, TLane>.Add(in coefficients, 1, depth, block, data.Right, columns, 0, split, row);
                RowCombination<T, TLane>.Add(in coefficients, 1, depth, block, data.Right, columns, split, columns, row);
            }

            Compare.Bits(expected, target, typeof(TLane).Name);
            T[] y = new T[depth], bias = [.. data.Bias, .. new T[depth]];
            RowCombination<T, TLane>.Dots(data.Bias, data.Right, bias.AsSpan(0, depth), y);
            for (int j = 0; j < depth; j++)
            {
                T dot = DotTerms<T, TLane>.Sum(data.Bias, data.Right.AsSpan(j * columns, columns));
                Compare.Bits((T[])[dot + bias[j]], (T[])[y[j]], "dot");
            }

            return y;
        }
    }

    private static double[] Wide<T>(T[] values)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Array.ConvertAll(values, double.CreateChecked);

    private sealed class Data<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Data(RnnCase shape)
        {
            var random = new CaseRandom(shape.Seed, 1);
            Layer = new HierarchicalSoftmax<T>(shape.InputSize, shape.HiddenSize);
            foreach (Parameter parameter in Layer.Parameters.Parameters)
            {
                random.Numbers<T>(parameter.Length).CopyTo(Layer.Parameters.Span(parameter));
            }

            Input = random.Numbers<T>(shape.Rows * shape.InputSize, 0.5);
            Targets = random.Indices(shape.Rows, shape.HiddenSize);
            // Half of them among the first words, so that classes have many rows and none.
            for (int i = 0; i < Targets.Length; i += 2) Targets[i] /= 4;
            Losses = new T[shape.Rows];
            Workspace = RnnRun<T>.Filled(Layer.WorkspaceSize(shape.Rows));
            InputGradientStart = random.Numbers<T>(Input.Length);
        }

        public HierarchicalSoftmax<T> Layer { get; }

        public T[] Input { get; init; }

        public int[] Targets { get; init; }

        public T[] Losses { get; }

        public T[] Workspace { get; }

        public T[] InputGradientStart { get; init; }

        public ReferenceHierarchicalSoftmax Reference => new()
        {
            InputSize = Layer.InputSize,
            ClassSize = Layer.ClassSize,
            ClassWeights = Wide(Layer.Parameters["class_weight"].ToArray()),
            ClassBias = Wide(Layer.Parameters["class_bias"].ToArray()),
            WordWeights = Wide(Layer.Parameters["word_weight"].ToArray()),
            WordBias = Wide(Layer.Parameters["word_bias"].ToArray()),
        };

        public double[] WideRow(int row) => Wide(Input[(row * Layer.InputSize)..((row + 1) * Layer.InputSize)]);

        public T[] LogProbabilities(int row, WorkerGroup? workers)
        {
            T[] logP = RnnRun<T>.Filled(Layer.VocabularySize), workspace = RnnRun<T>.Filled(Layer.ClassCount);
            Layer.LogProbabilities(Input.AsSpan(row * Layer.InputSize, Layer.InputSize), logP, workspace, workers);
            return logP;
        }

        /// <summary>Scale ½, parameter gradients from 1.</summary>
        public (double Loss, T[] Losses, T[] InputGradient, ParameterSet<T> Gradients) Run(WorkerGroup? workers)
        {
            T[] losses = RnnRun<T>.Filled(Targets.Length), dX = [.. InputGradientStart];
            ParameterSet<T> gradients = Layer.Parameters.CreateZeros();
            foreach (Parameter parameter in gradients.Parameters) gradients.Span(parameter).Fill(T.One);
            double loss = Layer.ForwardBackward(Input, Targets, losses, dX, gradients, Workspace, 0.5, workers);
            return (loss, losses, dX, gradients);
        }
    }
}
