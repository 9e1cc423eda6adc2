using System.Numerics;
using System.Runtime.InteropServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Memory;
using HighPerfRnn.Reference;
using HighPerfRnn.Simd;
using HighPerfRnn.Tests.Generation;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>Products with weights in smaller formats: on every lane the bits of their definition.</summary>
[Trait("Category", "Width")]
public sealed class WeightFormatProductTests
{
    [CaseProperty]
    public void BFloat16GivesTheBitsOfRoundedWeights(ProductCase shape)
    {
        var data = new ProductData<float>(shape);
        float[] rounded = Array.ConvertAll(data.Right, ReferenceBFloat16.Round);
        float[] product = CanonicalProduct.Multiply(data.Left, rounded, shape, CanonicalSum.Block(shape.Depth));
        OverLanes(data, WeightFormat.BFloat16, product);
    }

    [CaseProperty]
    public void Int8GivesTheBitsOfItsDefinition(ProductCase shape)
    {
        var data = new ProductData<float>(shape);
        Scale(data, shape.Seed);
        OverLanes(data, WeightFormat.Int8, Int8Product(data));
    }

    [CaseProperty]
    public void WhatIsNotFiniteGivesTheBitsOfItsDefinition(ProductCase shape)
    {
        if (shape.Depth == 0) return;
        var data = new ProductData<float>(shape);
        var random = new CaseRandom(shape.Seed, 4002);
        float[] special = [float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.MaxValue, float.Epsilon];
        for (int i = random.Below(3); i >= 0; i--)
        {
            float[] numbers = random.Below(2) == 0 ? data.Left : data.Right;
            numbers[random.Below(numbers.Length)] = special[random.Below(special.Length)];
        }

        OverLanes(data, WeightFormat.Int8, Int8Product(data));
        float[] rounded = Array.ConvertAll(data.Right, ReferenceBFloat16.Round);
        float[] product = CanonicalProduct.Multiply(data.Left, rounded, shape, CanonicalSum.Block(shape.Depth));
        OverLanes(data, WeightFormat.BFloat16, product);
    }

    /// <summary>Gates side by side, as cells have them: panels in groups, forwards and backwards, some of the columns zeros.</summary>
    [CaseProperty]
    public void GatesGiveTheBitsOfTheirColumns(ProductCase shape)
    {
        int gates = 2 + (shape.Seed % 3);
        var data = new ProductData<float>(shape with { Columns = gates * (1 + (shape.Columns / 4)) });
        float[] rounded = Array.ConvertAll(data.Right, ReferenceBFloat16.Round);
        float[] half = CanonicalProduct.Multiply(data.Left, rounded, data.Shape, CanonicalSum.Block(shape.Depth));
        float[] full = CanonicalProduct.Multiply(data.Left, data.Right, data.Shape, CanonicalSum.Block(shape.Depth));
        (WeightFormat, float[])[] products =
            [(WeightFormat.Full, full), (WeightFormat.BFloat16, half), (WeightFormat.Int8, Int8Product(data))];
        foreach ((WeightFormat format, float[] product) in products)
        {
            CheckGates<ScalarLane<float>>(data, format, gates, product);
            CheckGates<VectorLane<float>>(data, format, gates, product);
            CheckGates<Vector512Lane<float>>(data, format, gates, product);
        }
    }

    /// <summary>Sums on both sides of a block of 1,024, of two blocks, and of the longest row.</summary>
    [Theory]
    [InlineData(1, 1023, 17)]
    [InlineData(2, 1024, 33)]
    [InlineData(3, 1025, 40)]
    [InlineData(1, 2047, 70)]
    [InlineData(5, 2049, 9)]
    [InlineData(4, 3333, 1)]
    [InlineData(3, 9000, 5)]
    [InlineData(2, 17000, 3)]
    [InlineData(2, Int8Format.MaxDepth, 2)]
    public void LongSumsGiveTheBitsOfTheirDefinition(int rows, int depth, int columns)
    {
        var data = new ProductData<float>(new ProductCase(rows, depth, columns, depth));
        OverLanes(data, WeightFormat.Int8, Int8Product(data));
        float[] rounded = Array.ConvertAll(data.Right, ReferenceBFloat16.Round);
        OverLanes(
            data, WeightFormat.BFloat16, CanonicalProduct.Multiply(data.Left, rounded, data.Shape, CanonicalSum.Block(depth)));
        OverLanes(
            data, WeightFormat.Full, CanonicalProduct.Multiply(data.Left, data.Right, data.Shape, CanonicalSum.Block(depth)));
    }

    /// <summary>What docs/numerics.md says of the blocks.</summary>
    [Theory]
    [InlineData(1, 8)]
    [InlineData(32, 8)]
    [InlineData(33, 16)]
    [InlineData(64, 16)]
    [InlineData(65, 33)]
    [InlineData(128, 64)]
    [InlineData(129, 65)]
    [InlineData(256, 128)]
    [InlineData(257, 86)]
    [InlineData(1024, 128)]
    [InlineData(1025, 114)]
    public void BlocksAreThoseOfTheDocumentation(int depth, int block) => Assert.Equal(block, CanonicalSum.Block(depth));

    /// <summary>Every product as large as it can be, in a full block: the sum is exact, and one more block adds in float.</summary>
    [Theory]
    [InlineData(1024, 1f, 1f)]
    [InlineData(1024, -1f, 1f)]
    [InlineData(1024, 1f, -1f)]
    [InlineData(1025, 1f, -1f)]
    [InlineData(2048, -1f, -1f)]
    public void TheLargestSumsDoNotOverflow(int depth, float state, float weight)
    {
        long block = (long)Int8Format.BlockDepth * Int8Format.LargestState * Int8Format.LargestWeight;
        Assert.InRange(block, 0, int.MaxValue);
        Assert.True((block / Int8Format.BlockDepth * 1033) > int.MaxValue, "The bound has room: the block could be longer.");
        var data = new ProductData<float>(new ProductCase(3, depth, 21, 1));
        Array.Fill(data.Left, state);
        Array.Fill(data.Right, weight * Int8Format.LargestWeight);
        // 2¹⁴·127 is a float, and so is any of its multiples here.
        BigInteger sum = (BigInteger)depth * (int)state * Int8Format.LargestState * (int)weight * Int8Format.LargestWeight;
        float expected = (float)((double)sum / Int8Format.LargestState);
        float[] product = Int8Product(data);
        Assert.All(product, value => Assert.Equal(expected, value));
        OverLanes(data, WeightFormat.Int8, product);
    }

    [CaseProperty]
    public void Int8StaysWithinItsBound(ProductCase shape)
    {
        var data = new ProductData<float>(shape);
        Scale(data, shape.Seed);
        var matrix = new ReferenceInt8(data.Right, shape.Depth, shape.Columns);
        double[] bounds = new double[shape.Columns];
        float[] product = Int8Product(data);
        for (int r = 0; r < shape.Rows; r++)
        {
            float[] row = data.Left[(r * shape.Depth)..((r + 1) * shape.Depth)];
            matrix.BoundError(row, data.Right, bounds);
            double[] exact = new double[shape.Columns];
            for (int i = 0; i < data.Right.Length; i++) exact[i % shape.Columns] += (double)row[i / shape.Columns] * data.Right[i];
            Compare.Within<float>(exact, product.AsSpan(r * shape.Columns, shape.Columns), bounds, "product");
        }
    }

    /// <summary>The shares in which the documentation states the errors.</summary>
    [CaseProperty]
    public void NumbersAreWithinTheirShares(ProductCase shape)
    {
        if (shape.Depth == 0) return;
        var data = new ProductData<float>(shape);
        var matrix = new ReferenceInt8(data.Right, shape.Depth, shape.Columns);
        float[] largest = new float[shape.Columns];
        for (int i = 0; i < data.Right.Length; i++)
        {
            largest[i % shape.Columns] = Math.Max(largest[i % shape.Columns], Math.Abs(data.Right[i]));
        }

        for (int i = 0; i < data.Right.Length; i++)
        {
            double weight = data.Right[i];
            double int8 = (double)matrix.Scales[i % shape.Columns] * matrix.Weights[i];
            // The scale itself is rounded to a float.
            Assert.InRange(Math.Abs(int8 - weight), 0, ErrorBounds.Int8Weight * largest[i % shape.Columns] * (1 + 1e-7));
            Assert.InRange(
                Math.Abs(ReferenceBFloat16.Round(data.Right[i]) - weight), 0, ErrorBounds.BFloat16Weight * Math.Abs(weight));
        }

        float[] row = data.Left[..shape.Depth];
        int[] rounded = new int[shape.Depth];
        float scale = ReferenceInt8.RoundRow(row, rounded);
        for (int k = 0; k < row.Length; k++)
        {
            double error = Math.Abs(((double)rounded[k] * scale) - row[k]);
            Assert.InRange(error, 0, ErrorBounds.Int8State * row.Max(Math.Abs));
        }
    }

    [CaseProperty]
    public void ErrorsAreThoseOfTheRoundedWeights(ProductCase shape)
    {
        if (shape.Depth == 0) return;
        var data = new ProductData<float>(shape);
        Scale(data, shape.Seed);
        var matrix = new ReferenceInt8(data.Right, shape.Depth, shape.Columns);
        double[] int8 = new double[data.Right.Length];
        for (int i = 0; i < int8.Length; i++) int8[i] = (double)matrix.Scales[i % shape.Columns] * matrix.Weights[i];
        CheckError(data, WeightFormat.Int8, int8);
        CheckError(data, WeightFormat.BFloat16, Array.ConvertAll(data.Right, weight => (double)ReferenceBFloat16.Round(weight)));
    }

    /// <summary>Every upper half of a float with lower halves on both sides of where rounding changes.</summary>
    [Fact]
    public void BFloat16RoundsToNearestEven()
    {
        foreach (uint lower in (uint[])[0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF])
        {
            for (uint upper = 0; upper <= 0xFFFF; upper++)
            {
                float value = BitConverter.UInt32BitsToSingle((upper << 16) | lower);
                float rounded = BitConverter.UInt32BitsToSingle((uint)WeightRounding.ToBFloat16(value) << 16);
                if (!Compare.SameBits(ReferenceBFloat16.Round(value), rounded)) Assert.Fail($"{value:R} became {rounded:R}.");
            }
        }
    }

    private static void CheckError(ProductData<float> data, WeightFormat format, double[] rounded)
    {
        double[] errors = [.. rounded.Zip(data.Right, (a, b) => Math.Abs(a - b))];
        RoundingError error = new RoundedMatrix(data.Right, data.Shape, 4, format).Error;
        Assert.Equal(errors.Max(), error.MaxError);
        double mean = Math.Sqrt(errors.Sum(e => e * e) / errors.Length);
        // Sums of squares in another order.
        Assert.InRange(error.RootMeanSquareError, mean * (1 - 1e-9), mean * (1 + 1e-9));
        Assert.Equal(data.Right.Max(weight => Math.Abs((double)weight)), error.MaxWeight);
    }

    /// <summary>Rows and columns of very different magnitudes, one of them zeros, some beyond the scales that there are.</summary>
    private static void Scale(ProductData<float> data, int seed)
    {
        var random = new CaseRandom(seed, 4001);
        int[] exponents = [0, 0, 0, 3, -3, 20, -20, -100, -120];
        for (int r = 0; r < data.Shape.Rows; r++) Times(r * data.Shape.Depth, 1, data.Shape.Depth, data.Left);
        for (int c = 0; c < data.Shape.Columns; c++) Times(c, data.Shape.Columns, data.Shape.Depth, data.Right);

        void Times(int first, int stride, int count, float[] numbers)
        {
            bool isZero = random.Below(20) == 0;
            int exponent = exponents[random.Below(exponents.Length)];
            // A power of two itself is the end of its binade, and of the range of a row.
            bool hasPower = random.Below(3) == 0;
            for (int i = 0; i < count; i++)
            {
                ref float number = ref numbers[first + (i * stride)];
                number = isZero ? 0 : MathF.ScaleB(hasPower && i == count / 2 ? 1 : number, exponent);
            }
        }
    }

    private static float[] Int8Product(ProductData<float> data)
    {
        (_, int depth, int columns, _) = data.Shape;
        var matrix = new ReferenceInt8(data.Right, depth, columns);
        float[] product = new float[data.Shape.Rows * columns];
        for (int r = 0; r < data.Shape.Rows; r++)
        {
            matrix.Multiply(data.Left.AsSpan(r * depth, depth), product.AsSpan(r * columns, columns));
        }

        return product;
    }

    private static void OverLanes(ProductData<float> data, WeightFormat format, float[] product)
    {
        Check<ScalarLane<float>>(data, format, product);
        Check<VectorLane<float>>(data, format, product);
        Check<Vector512Lane<float>>(data, format, product);
    }

    private static void Check<TLane>(ProductData<float> data, WeightFormat format, float[] product)
        where TLane : struct, ILane<TLane, float>
    {
        ProductCase shape = data.Shape;
        string what = $"{typeof(TLane).Name}, {format}";
        var matrix = new RoundedMatrix(data.Right, shape, TLane.Count, format);
        float[] expected = data.Framed((r, c) => product[(r * shape.Columns) + c]);
        float[] target = data.Framed((_, _) => float.NaN);
        var store = new StoreEpilogue<float, TLane>(data.Inside(target), data.Stride, default, GateLayout.Of<float>(1, shape.Columns));
        MatrixProduct<float, TLane>.RunRows(data.Left, shape.Depth, 0, shape.Rows, matrix.Matrix, ref store);
        Compare.Bits(expected, target, what);

        // In two parts, as two workers would, the second one row high where it can be.
        target = data.Framed((_, _) => float.NaN);
        store = new StoreEpilogue<float, TLane>(data.Inside(target), data.Stride, default, GateLayout.Of<float>(1, shape.Columns));
        int middle = Math.Max(0, shape.Rows - 1 - (shape.Seed % 3));
        MatrixProduct<float, TLane>.RunRows(data.Left, shape.Depth, 0, middle, matrix.Matrix, ref store);
        MatrixProduct<float, TLane>.RunRows(data.Left, shape.Depth, middle, shape.Rows, matrix.Matrix, ref store);
        Compare.Bits(expected, target, what + ", in parts");

        if (shape.Depth == 0) return;
        float[] pair = new float[2 * shape.Columns];
        var both = new PairEpilogue<TLane> { Target = pair, Columns = shape.Columns };
        int last = shape.Rows - 1;
        PackedMatrix<float> packed = matrix.Matrix;
        int first = shape.Seed % packed.GroupCount;
        foreach ((int firstGroup, int endGroup) in ((int, int)[])[(0, first), (first, packed.GroupCount)])
        {
            RowProduct<float, TLane>.RunPair(
                ref data.Left[0],
                ref packed.Start,
                packed.Shape,
                ref data.Left[last * shape.Depth],
                ref packed.Start,
                packed.Shape,
                firstGroup,
                endGroup,
                isBackwards: shape.Seed % 2 == 0,
                ref both);
        }

        Compare.Bits<float>(product.AsSpan(0, shape.Columns), pair.AsSpan(0, shape.Columns), what + ", first of a pair");
        Compare.Bits<float>(product.AsSpan(last * shape.Columns), pair.AsSpan(shape.Columns), what + ", second of a pair");
    }

    private static void CheckGates<TLane>(ProductData<float> data, WeightFormat format, int gates, float[] product)
        where TLane : struct, ILane<TLane, float>
    {
        ProductCase shape = data.Shape;
        var layout = GateLayout.Of<float>(gates, shape.Columns / gates);
        int group = layout.PanelsPerGroup(TLane.Count);
        var full = new PackedShape(shape.Depth, layout.Columns, TLane.Count, group);
        var smaller = new PackedShape(shape.Depth, layout.Columns, TLane.Count, group, format);
        var fullMemory = new AlignedBlock<float>(PackedMatrix<float>.Size(shape.Depth, layout.Columns));
        var memory = new AlignedBlock<float>(PackedMatrix<float>.Size(shape.Depth, layout.Columns, format));
        var source = new PackedMatrix<float>(ref MemoryMarshal.GetReference(fullMemory.Span), full);
        var matrix = new PackedMatrix<float>(ref MemoryMarshal.GetReference(memory.Span), smaller);
        Packing<float, TLane>.Pack(data.Right, shape.Columns, layout, source, 0, source.PanelCount);
        if (format == WeightFormat.Full) matrix = source;
        else WeightRounding.Round(source, matrix, shape.Columns);
        float[] expected = data.Framed((r, c) => product[(r * shape.Columns) + c]);
        float[] target = data.Framed((_, _) => float.NaN);
        var store = new StoreEpilogue<float, TLane>(data.Inside(target), data.Stride, default, layout);
        int middle = shape.Seed % (matrix.GroupCount + 1);
        foreach ((int firstGroup, int endGroup) in ((int, int)[])[(0, middle), (middle, matrix.GroupCount)])
        {
            MatrixProduct<float, TLane>.Run<AsStored, StoreEpilogue<float, TLane>>(
                ref MemoryMarshal.GetArrayDataReference(data.Left),
                shape.Depth,
                0,
                shape.Rows,
                matrix,
                firstGroup,
                endGroup,
                CanonicalSum.Block(shape.Depth),
                isBackwards: shape.Seed % 2 == 0,
                ref store);
        }

        Compare.Bits(expected, target, $"{typeof(TLane).Name}, {format}, {gates} gates");
        if (shape.Depth == 0) return;
        float[] pair = new float[2 * layout.Columns];
        var both = new PairEpilogue<TLane> { Target = pair, Columns = layout.Columns };
        RowProduct<float, TLane>.RunPair(
            ref data.Left[0], ref matrix.Start, smaller, ref data.Left[0], ref matrix.Start, smaller, 0, matrix.GroupCount, shape.Seed % 2 == 0, ref both);
        for (int c = 0; c < layout.Columns; c++)
        {
            (int column, int count) = layout.Source(c);
            float sum = count > 0 ? product[column] : 0;
            if (!Compare.SameBits(sum + 0f, pair[c] + 0f) || !Compare.SameBits(pair[c], pair[layout.Columns + c]))
            {
                Assert.Fail($"{typeof(TLane).Name}, {format}, {gates} gates: column {c} of a pair is {pair[c]:R}, expected {sum:R}.");
            }
        }
    }

    private ref struct PairEpilogue<TLane> : IPairEpilogue<float, TLane>
        where TLane : struct, ILane<TLane, float>
    {
        public Span<float> Target;
        public int Columns;

        public readonly void Finish(ref float first, ref float second, int column, int columns)
        {
            MemoryMarshal.CreateSpan(ref first, columns).CopyTo(Target[column..]);
            MemoryMarshal.CreateSpan(ref second, columns).CopyTo(Target[(Columns + column)..]);
        }
    }
}
