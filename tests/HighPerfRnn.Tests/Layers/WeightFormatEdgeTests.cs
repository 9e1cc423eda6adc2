using System.Reflection;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Generation;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>What a conversion reports, holds and refuses, and what NaN and infinities do.</summary>
[Trait("Category", "Width")]
public sealed class WeightFormatEdgeTests
{
    private const int InputSize = 37, HiddenSize = 50;

    private static readonly WeightFormat[] Smaller = [WeightFormat.BFloat16, WeightFormat.Int8];

    [Theory]
    [InlineData(WeightFormat.Full, 1.0)]
    [InlineData(WeightFormat.BFloat16, 0.5)]
    [InlineData(WeightFormat.Int8, 0.25)]
    public void TheReportHasBytesAndErrors(WeightFormat format, double share)
    {
        RnnRun<float> run = Run();
        WeightConversion report = run.Layer.UseWeights(format);
        Assert.Equal(format, report.Format);
        Assert.Equal(format, run.Layer.WeightFormat);
        Assert.Equal(["weight_ih", "weight_hh"], report.Matrices.Select(matrix => matrix.Name));
        Assert.Equal(report.Bytes, report.Matrices.Sum(matrix => matrix.Bytes));
        Assert.Equal(report.FullBytes, report.Matrices.Sum(matrix => matrix.FullBytes));
        foreach (MatrixConversion matrix in report.Matrices)
        {
            float[] weights = run.Layer.Parameters[matrix.Name].ToArray();
            int depth = weights.Length / HiddenSize;
            // H and k fill up to 64 columns and an even number of rows; a scale of a column is 4 bytes.
            Assert.Equal(4 * 64 * depth, matrix.FullBytes);
            long scales = format == WeightFormat.Int8 ? 4 * 64 : 0;
            int rows = format == WeightFormat.Int8 ? (depth + 1) / 2 * 2 : depth;
            Assert.Equal((long)(4 * 64 * rows * share) + scales, matrix.Bytes);
            double[] errors = [.. weights.Zip(Rounded(weights, depth, format), (a, b) => Math.Abs(b - a))];
            Assert.Equal(errors.Max(), matrix.MaxError);
            Assert.Equal(Math.Sqrt(errors.Average(e => e * e)), matrix.RootMeanSquareError, 1e-12);
            Assert.Equal(weights.Max(weight => Math.Abs((double)weight)), matrix.MaxWeight);
            Assert.Equal(matrix.MaxError / matrix.MaxWeight, matrix.RelativeError);
            if (format != WeightFormat.Full) Assert.InRange(matrix.RelativeError, 1e-4, 1.0 / 254 * (1 + 1e-6));
        }
    }

    /// <summary>A layer of zeros has no error, and no share of nothing.</summary>
    [Fact]
    public void ZerosStayZeros()
    {
        foreach (WeightFormat format in Enum.GetValues<WeightFormat>())
        {
            WeightConversion report = new Rnn<float>(3, 4).UseWeights(format);
            Assert.All(report.Matrices, matrix => Assert.Equal((0, 0, 0), (matrix.MaxError, matrix.MaxWeight, matrix.RelativeError)));
        }
    }

    [Fact]
    public void RepackTakesWhatParametersHoldNow()
    {
        foreach (WeightFormat format in Enum.GetValues<WeightFormat>())
        {
            RnnRun<float> run = Run();
            run.Layer.UseWeights(format);
            run.Layer.Parameters["weight_hh"].Fill(0.01f);
            run.Forward();
            float[] before = (float[])run.Output.Clone();
            run.Layer.Repack();
            run.Forward();
            Assert.NotEqual(before, run.Output);
            RnnRun<float> expected = Run();
            expected.Layer.Parameters["weight_hh"].Fill(0.01f);
            expected.Layer.UseWeights(format);
            expected.Forward();
            Compare.Bits(expected.Output, run.Output, $"{format}");
        }
    }

    [Fact]
    public void LettingGoOfParametersKeepsThePasses()
    {
        foreach (WeightFormat format in Enum.GetValues<WeightFormat>())
        {
            RnnRun<float> expected = Run(), run = Run();
            expected.Layer.UseWeights(format);
            run.Layer.UseWeights(format, keepParameters: false);
            Assert.Equal(["bias"], run.Layer.Parameters.Parameters.Select(parameter => parameter.Name));
            expected.Forward();
            run.Forward();
            Compare.Bits(expected.Output, run.Output, $"{format}");
            foreach (Action call in (Action[])
                [() => run.Layer.Repack(), () => run.Layer.UseWeights(WeightFormat.Full), () => run.Backward(), () => Tokens(run, [])])
            {
                InvalidOperationException failure = Assert.Throws<InvalidOperationException>(call);
                Assert.Contains("let go of its weights", failure.Message, StringComparison.Ordinal);
            }

            // Rows of a table are not the layer's.
            float[] table = new float[InputSize * HiddenSize];
            Tokens(run, table);
        }
    }

    /// <summary>The arrays that a layer holds, all of them: its parameters where it keeps them, and what its report says.</summary>
    [Theory]
    [InlineData(WeightFormat.Full, true, 3.0)]
    [InlineData(WeightFormat.Full, false, 1.0)]
    [InlineData(WeightFormat.BFloat16, true, 1.5)]
    [InlineData(WeightFormat.BFloat16, false, 0.5)]
    [InlineData(WeightFormat.Int8, true, 1.25)]
    [InlineData(WeightFormat.Int8, false, 0.25)]
    public void ALayerHoldsNoMore(WeightFormat format, bool keepParameters, double expected)
    {
        const int Size = 256;
        const long Full = 4L * Size * (Size + Size);
        var layer = new Rnn<float>(Size, Size);
        WeightConversion report = layer.UseWeights(format, keepParameters);
        long held = ArrayBytes(layer, []);
        // The bias as the caller has it and as the passes do, the scales of both matrices, and what brings blocks to a cache line.
        Assert.InRange(held, expected * Full, (expected * Full) + (4 * 4 * Size) + 256);
        if (!keepParameters) Assert.InRange(held - report.Bytes, 0, (8 * Size) + 256);
    }

    [Fact]
    public void TrainingIsRefusedInOneLine()
    {
        foreach (WeightFormat format in Smaller)
        {
            RnnRun<float> run = Run();
            run.Layer.UseWeights(format);
            run.Forward();
            InvalidOperationException failure = Assert.Throws<InvalidOperationException>(() => run.Backward());
            Assert.Equal(
                $"The layer holds its weights in {format} and has no backward pass; UseWeights(WeightFormat.Full) brings it back.",
                failure.Message);
            var forInference = new Rnn<float>(2, 3, isTrainable: false);
            forInference.UseWeights(format);
            failure = Assert.Throws<InvalidOperationException>(() => forInference.BackwardBatchMajor(default));
            Assert.Equal("The layer was made with isTrainable: false, so it has no backward pass.", failure.Message);
        }
    }

    [Fact]
    public void WhatCannotBeIsRefused()
    {
        var layer = new Rnn<float>(2, 3);
        Assert.Equal("format", Assert.Throws<ArgumentOutOfRangeException>(() => layer.UseWeights((WeightFormat)3)).ParamName);
        foreach (WeightFormat format in Smaller)
        {
            var wide = new Rnn<double>(2, 3);
            Assert.Contains("Double", Assert.Throws<NotSupportedException>(() => wide.UseWeights(format)).Message, StringComparison.Ordinal);
            Assert.Equal(WeightFormat.Full, wide.WeightFormat);
        }

        Assert.Equal(0, new Rnn<double>(2, 3).UseWeights(WeightFormat.Full).Matrices[0].MaxError);
        var longest = new Rnn<float>(Int8Format.MaxDepth, 1);
        longest.UseWeights(WeightFormat.Int8);
        var longer = new Rnn<float>(Int8Format.MaxDepth + 1, 1);
        Assert.Contains("32769", Assert.Throws<NotSupportedException>(() => longer.UseWeights(WeightFormat.Int8)).Message, StringComparison.Ordinal);
        longer.UseWeights(WeightFormat.BFloat16);
    }

    /// <summary>What is not finite makes NaN of its row, or of its column, and of nothing else.</summary>
    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void WhatIsNotFiniteStaysInItsRowOrColumn(float value)
    {
        RnnRun<float> clean = Run();
        clean.Layer.UseWeights(WeightFormat.Int8);
        clean.Forward();
        RnnRun<float> run = Run();
        const int SickRow = 2;
        run.Data.Input[(SickRow * InputSize) + 11] = value;
        run.Layer.UseWeights(WeightFormat.Int8);
        run.Forward();
        var others = new RowsOf(run.Data.Case, SickRow + 1, 2);
        Compare.Bits(others.Take(clean.Output, HiddenSize), others.Take(run.Output, HiddenSize), "other rows");
        Assert.All(new RowsOf(run.Data.Case, SickRow, 1).Take(run.Output, HiddenSize), h => Assert.True(float.IsNaN(h)));

        run = Run();
        const int SickColumn = 7;
        run.Layer.Parameters["weight_ih"][(3 * HiddenSize) + SickColumn] = value;
        Assert.True(double.IsNaN(run.Layer.UseWeights(WeightFormat.Int8).Matrices[0].MaxError));
        run.Forward();
        for (int i = 0; i < run.Data.Case.Batch * HiddenSize; i++)
        {
            if (i % HiddenSize == SickColumn) Assert.True(float.IsNaN(run.Output[i]));
            else Assert.Equal(clean.Output[i], run.Output[i]);
        }
    }

    private static RnnRun<float> Run() => new(new RnnData<float>(new RnnCase(5, 3, InputSize, HiddenSize, 4, CaseOptions.InitialState)));

    private static void Tokens(RnnRun<float> run, float[] table)
    {
        run.Tokens = new int[run.Data.Case.Rows];
        run.TokenTable = table;
        try
        {
            run.Forward();
        }
        finally
        {
            run.Tokens = [];
        }
    }

    private static double[] Rounded(float[] weights, int depth, WeightFormat format)
    {
        if (format == WeightFormat.Full) return Array.ConvertAll(weights, weight => (double)weight);
        if (format == WeightFormat.BFloat16) return Array.ConvertAll(weights, weight => (double)ReferenceBFloat16.Round(weight));
        var matrix = new ReferenceInt8(weights, depth, HiddenSize);
        return [.. matrix.Weights.Select((v, i) => (double)matrix.Scales[i % HiddenSize] * v)];
    }

    private static long ArrayBytes(object? value, HashSet<object> seen)
    {
        if (value is null or string or Type || !seen.Add(value)) return 0;
        if (value is Array array) return Buffer.ByteLength((Array?)(array as float[]) ?? Array.Empty<byte>());
        // Private fields of a base type are listed by that type alone.
        IEnumerable<Type> types = [value.GetType(), .. BaseTypes(value.GetType())];
        return types
            .SelectMany(type => type.GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.DeclaredOnly))
            .Where(field => !field.FieldType.IsValueType)
            .Sum(field => ArrayBytes(field.GetValue(value), seen));
    }

    private static IEnumerable<Type> BaseTypes(Type type)
    {
        for (Type? parent = type.BaseType; parent is not null; parent = parent.BaseType) yield return parent;
    }
}
