using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Reference;
using HighPerfRnn.Simd;
using HighPerfRnn.Tests.Definitions;
using HighPerfRnn.Tests.Generation;
using HighPerfRnn.Threading;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>Layer normalisation against the reference, against its stated bound, and bit for bit over rows, workers and lanes.</summary>
/// <remarks>A case's B·T are its rows, H the size.</remarks>
[Trait("Category", "Width")]
public sealed class LayerNormTests(DenseTests.Groups groups) : IClassFixture<DenseTests.Groups>
{
    private const double Epsilon = 1.0 / (1 << 17);

    [CaseProperty]
    public void FloatIsWithinTheBound(RnnCase shape) => CheckBound<float, LibraryFloat>(shape);

    [CaseProperty]
    public void DoubleIsWithinTheBound(RnnCase shape) => CheckBound<double, LibraryDouble>(shape);

    [CaseProperty]
    public void OutputIsWithinTheStatedBound(RnnCase shape)
    {
        // A mean up to a thousand times the deviation.
        double offset = Math.Pow(10, (shape.Seed % 7) - 3);
        var data = new Data<float>(Small(shape), offset);
        var run = new Run<float>(data, null);
        for (int row = 0; row < data.Rows; row++)
        {
            double[] x = [.. data.Input.Skip(row * data.Size).Take(data.Size).Select(value => (double)value)];
            double mean = x.Average();
            double deviation = Math.Sqrt((x.Sum(value => (value - mean) * (value - mean)) / x.Length) + Epsilon);
            double magnitude = x.Average(Math.Abs);
            for (int i = 0; i < x.Length; i++)
            {
                double normalized = (x[i] - mean) / deviation;
                double expected = (normalized * data.Weight[i]) + data.Bias[i];
                double bound = LayerNorm<float>.OutputErrorBound(data.Size, magnitude, 1 / deviation, normalized, data.Weight[i], expected);
                // The terms of second order, and this sum's own rounding.
                double tolerance = (bound * 1.001) + (1e-13 * (1 + (magnitude / deviation)));
                double actual = run.Output[(row * data.Size) + i];
                Assert.True(Math.Abs(actual - expected) <= tolerance, $"[{row}, {i}] is {actual:R}, expected {expected:R} within {tolerance:E2}.");
            }
        }
    }

    [CaseProperty]
    public void GradientsAreTheDifferencesOfTheForwardPass(RnnCase shape)
    {
        var data = new Data<double>(Small(shape) with { Batch = Math.Min(shape.Batch, 3), Steps = Math.Min(shape.Steps, 2) }, 0.5);
        Array.Clear(data.InputStart);
        var run = new Run<double>(data, null);
        var loss = new Loss(data);
        new DifferenceCheck(nameof(LayerNormTests), loss, shape.Seed).Run(
            ("dX", data.Input, run.InputGradient),
            ("dγ", data.Weight, run.Gradients["weight"].ToArray()),
            ("dβ", data.Bias, run.Gradients["bias"].ToArray()));
    }

    [CaseProperty]
    public void RowAloneEqualsRowAmongOthersAndWorkersGiveTheBitsOfOne(RnnCase shape)
    {
        var data = new Data<float>(shape, 1);
        var all = new Run<float>(data, null);
        var many = new Run<float>(data, groups.All[shape.Seed % 2]);
        Compare.Bits(all.Output, many.Output, "output");
        Compare.Bits(all.InputGradient, many.InputGradient, "dX");
        Compare.Bits<float>(all.Gradients.Values, many.Gradients.Values, "parameters");
        if (data.Rows == 0) return;
        int row = shape.Seed % data.Rows;
        var alone = new Run<float>(data.Row(row), null);
        Compare.Bits<float>(all.Output.AsSpan(row * data.Size, data.Size), alone.Output, "output");
        Compare.Bits<float>(all.InputGradient.AsSpan(row * data.Size, data.Size), alone.InputGradient, "dX");
    }

    [CaseProperty]
    public void InPlaceAndWithoutStatisticsGiveTheSameBits(RnnCase shape)
    {
        var data = new Data<float>(shape, 1);
        var run = new Run<float>(data, null);
        float[] inPlace = (float[])data.Input.Clone();
        data.CreateLayer().Forward(data.Rows, inPlace, inPlace);
        Compare.Bits(run.Output, inPlace, "output");

        ParameterSet<float> gradients = data.CreateLayer().Parameters.CreateZeros();
        data.CreateLayer().Backward(data.Rows, data.Input, run.Statistics, data.OutputGradient, [], gradients);
        Compare.Bits<float>(run.Gradients.Values, gradients.Values, "parameters without dX");
    }

    [CaseProperty]
    public void EveryLaneGivesTheSameBits(RnnCase shape)
    {
        CheckLanes<float>(shape);
        CheckLanes<double>(shape);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void WhatIsNotFiniteMakesItsOwnRowNaN(float bad)
    {
        for (int size = 1; size <= 35; size++)
        {
            for (int at = 0; at < size; at++)
            {
                var data = new Data<float>(new RnnCase(3, 1, 1, size, 1, CaseOptions.None), 1);
                data.Input[size + at] = bad;
                var run = new Run<float>(data, null);
                Assert.All(run.Output[size..(2 * size)], y => Assert.True(float.IsNaN(y)));
                Assert.All(run.InputGradient[size..(2 * size)], y => Assert.True(float.IsNaN(y)));
                Assert.All(run.Output[..size].Concat(run.Output[(2 * size)..]), y => Assert.True(float.IsFinite(y)));
                Assert.All(run.InputGradient[..size].Concat(run.InputGradient[(2 * size)..]), y => Assert.True(float.IsFinite(y)));
            }
        }
    }

    [Fact]
    public void AConstantRowIsTheBias()
    {
        var layer = new LayerNorm<float>(37);
        layer.Parameters["bias"].Fill(3);
        float[] rows = new float[2 * 37];
        rows.AsSpan(37).Fill(0.1f);
        float[] output = new float[rows.Length];
        layer.Forward(2, rows, output);
        Assert.All(output[..37], y => Assert.Equal(3, y));
        // The mean of 37 times 0.1 may be a unit beside it: √ε is what that is measured by.
        Assert.All(output[37..], y => Assert.Equal(3, y, 0.1 * 1e-6 / Math.Sqrt(1e-5)));
    }

    private static RnnCase Small(RnnCase shape) => shape with { Batch = Math.Min(shape.Batch, 8), Steps = Math.Min(shape.Steps, 5) };

    private static void CheckBound<T, TProduct>(RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TProduct : struct, IReferenceProduct
    {
        var data = new Data<T>(Small(shape), 0.5);
        var run = new Run<T>(data, null);
        var reference = new ReferenceLayerNorm<BoundedNumber<TProduct>>(
            new ReferenceBounded<TProduct>(0), Epsilon, Wide(data.Weight), Wide(data.Bias));
        BoundedNumber<TProduct>[] output = new BoundedNumber<TProduct>[run.Output.Length];
        reference.Forward(Wide(data.Input), output);
        Check(output, run.Output, "output");
        BoundedNumber<TProduct>[] dInput = Wide(data.InputStart);
        (BoundedNumber<TProduct>[] dWeight, BoundedNumber<TProduct>[] dBias) =
            (new BoundedNumber<TProduct>[data.Size], new BoundedNumber<TProduct>[data.Size]);
        reference.Backward(Wide(data.Input), Wide(data.OutputGradient), dInput, dWeight, dBias);
        Check(dInput, run.InputGradient, "dX");
        Check(dWeight, run.Gradients["weight"], "dγ");
        Check(dBias, run.Gradients["bias"], "dβ");

        static BoundedNumber<TProduct>[] Wide(T[] values) =>
            Array.ConvertAll(values, value => new BoundedNumber<TProduct>(double.CreateChecked(value)));

        static void Check(BoundedNumber<TProduct>[] expected, ReadOnlySpan<T> actual, string what) =>
            Compare.Within(BoundedRun.Values(expected), actual, BoundedRun.Errors(expected), what);
    }

    private static void CheckLanes<T>(RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var data = new Data<T>(shape, 1);
        T[][] scalar = RunAt<ScalarLane<T>>();
        foreach (T[][] other in (T[][][])[RunAt<VectorLane<T>>(), RunAt<Vector512Lane<T>>()])
        {
            for (int i = 0; i < scalar.Length; i++) Compare.Bits(scalar[i], other[i], $"{typeof(T).Name}, result {i}");
        }

        T[][] RunAt<TLane>()
            where TLane : struct, ILane<TLane, T>
        {
            T[] output = RnnRun<T>.Filled(data.Input.Length), statistics = RnnRun<T>.Filled(2 * data.Rows);
            T[] inputGradient = (T[])data.InputStart.Clone(), weightGradient = new T[data.Size], biasGradient = new T[data.Size];
            new LayerNormForwardJob<T>
            {
                Rows = data.Rows,
                Size = data.Size,
                Epsilon = T.CreateChecked(Epsilon),
                Input = data.Input,
                Output = output,
                Statistics = statistics,
                Weight = data.Weight,
                Bias = data.Bias,
            }.Run<TLane>(WorkerTeam.Alone);
            new LayerNormBackwardJob<T>
            {
                Rows = data.Rows,
                Size = data.Size,
                Input = data.Input,
                Statistics = statistics,
                OutputGradient = data.OutputGradient,
                InputGradient = inputGradient,
                Weight = data.Weight,
                WeightGradient = weightGradient,
                BiasGradient = biasGradient,
            }.Run<TLane>(WorkerTeam.Alone);
            return [output, statistics, inputGradient, weightGradient, biasGradient];
        }
    }

    private sealed class Data<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Data(RnnCase shape, double offset)
        {
            (Rows, Size) = (shape.Rows, shape.HiddenSize);
            var random = new CaseRandom(shape.Seed, 5100);
            T shift = T.CreateChecked(offset);
            Input = Array.ConvertAll(random.Numbers<T>(Rows * Size), value => value + shift);
            OutputGradient = random.Numbers<T>(Rows * Size);
            InputStart = random.Numbers<T>(Rows * Size);
            Weight = random.Numbers<T>(Size, 2);
            Bias = random.Numbers<T>(Size);
        }

        private Data(Data<T> source, int row)
        {
            (Rows, Size, Weight, Bias) = (1, source.Size, source.Weight, source.Bias);
            (Input, OutputGradient, InputStart) = (Cut(source.Input), Cut(source.OutputGradient), Cut(source.InputStart));
            T[] Cut(T[] values) => values[(row * Size)..((row + 1) * Size)];
        }

        public int Rows { get; }

        public int Size { get; }

        public T[] Input { get; }

        public T[] OutputGradient { get; }

        public T[] InputStart { get; }

        public T[] Weight { get; }

        public T[] Bias { get; }

        public Data<T> Row(int row) => new(this, row);

        public LayerNorm<T> CreateLayer()
        {
            var layer = new LayerNorm<T>(Size, Epsilon);
            Weight.CopyTo(layer.Parameters["weight"]);
            Bias.CopyTo(layer.Parameters["bias"]);
            return layer;
        }
    }

    /// <summary>Both passes.</summary>
    private sealed class Run<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Run(Data<T> data, WorkerGroup? workers)
        {
            LayerNorm<T> layer = data.CreateLayer();
            Output = RnnRun<T>.Filled(data.Input.Length);
            Statistics = RnnRun<T>.Filled(2 * data.Rows);
            InputGradient = (T[])data.InputStart.Clone();
            Gradients = layer.Parameters.CreateZeros();
            layer.Forward(data.Rows, data.Input, Output, Statistics, workers);
            layer.Backward(data.Rows, data.Input, Statistics, data.OutputGradient, InputGradient, Gradients, workers);
        }

        public T[] Output { get; }

        public T[] Statistics { get; }

        public T[] InputGradient { get; }

        public ParameterSet<T> Gradients { get; }
    }

    /// <summary>L = Σ dY·y.</summary>
    private sealed class Loss(Data<double> data) : IDifferenceLoss
    {
        public string Kind => nameof(LayerNorm<double>);

        public bool IsSmooth => true;

        /// <summary>An output is off by some H roundings of x̂, which is below √H, and of the row's mean beside its deviation.</summary>
        public double Magnitude { get; } =
            (data.Size + 16) * CompensatedSum.Magnitude(data.OutputGradient, new Run<double>(data, null).Output);

        public double Evaluate(out bool switched)
        {
            switched = false;
            CompensatedSum sum = default;
            sum.AddProducts(data.OutputGradient, new Run<double>(data, null).Output);
            return sum.Value;
        }
    }
}
