using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Reference;
using HighPerfRnn.Simd;
using HighPerfRnn.Tests.Generation;
using HighPerfRnn.Threading;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>Dropout against the reference, bit for bit: over lanes, workers, chunks, rows, in place, and as a random choice.</summary>
/// <remarks>A case's T, B and H are those of the pass.</remarks>
[Trait("Category", "Width")]
public sealed class DropoutTests(DenseTests.Groups groups) : IClassFixture<DenseTests.Groups>
{
    private const ulong Seed = 0x0123456789ABCDEF;
    private const ulong Call = 0xFEDCBA9876543210;

    [CaseProperty]
    public void FloatIsTheReference(RnnCase shape) => CheckReference<float>(shape);

    [CaseProperty]
    public void DoubleIsTheReference(RnnCase shape) => CheckReference<double>(shape);

    [CaseProperty]
    public void EveryLaneGivesTheSameBits(RnnCase shape)
    {
        CheckLanes<float>(shape);
        CheckLanes<double>(shape);
    }

    [CaseProperty]
    public void InPlaceBackwardWorkersAndChunksGiveTheSameBits(RnnCase shape)
    {
        foreach (DropoutKind kind in Enum.GetValues<DropoutKind>())
        {
            var dropout = new Dropout<float>(0.25, Seed, kind);
            float[] input = new CaseRandom(shape.Seed, 5200).Numbers<float>(shape.Rows * shape.HiddenSize);
            float[] output = RnnRun<float>.Filled(input.Length), other = RnnRun<float>.Filled(input.Length);
            dropout.Forward(Pass(shape), input, output);
            dropout.Forward(Pass(shape), input, other, groups.All[shape.Seed % 2]);
            Compare.Bits(output, other, "workers");
            dropout.Backward(Pass(shape), input, other);
            Compare.Bits(output, other, "backward");
            float[] inPlace = (float[])input.Clone();
            dropout.Forward(Pass(shape), inPlace, inPlace);
            Compare.Bits(output, inPlace, "in place");
            int step = shape.Batch * shape.HiddenSize;
            for (int t = 0; t < shape.Steps; t++)
            {
                dropout.Forward(Pass(shape with { Steps = 1 }, firstStep: t), input.AsSpan(t * step, step), other.AsSpan(t * step, step));
            }

            Compare.Bits(output, other, "step by step");
        }
    }

    [CaseProperty]
    public void ARowsMaskFollowsFromItsKey(RnnCase shape)
    {
        var dropout = new Dropout<double>(0.5, Seed);
        var random = new CaseRandom(shape.Seed, 5201);
        int[] keys = [.. Enumerable.Range(0, shape.Batch).Select(_ => random.Below(int.MaxValue) - (1 << 30))];
        double[] input = random.Numbers<double>(shape.Rows * shape.HiddenSize);
        double[] output = RnnRun<double>.Filled(input.Length);
        dropout.Forward(Pass(shape, keys: keys), input, output);
        int row = random.Below(shape.Batch);
        var rows = new RowsOf(shape, row, 1);
        double[] alone = RnnRun<double>.Filled(shape.Steps * shape.HiddenSize);
        dropout.Forward(Pass(shape with { Batch = 1 }, keys: [keys[row]]), rows.Take(input, shape.HiddenSize), alone);
        Compare.Bits(rows.Take(output, shape.HiddenSize), alone, "row");
    }

    [CaseProperty]
    public void NothingIsDroppedWithProbabilityZero(RnnCase shape)
    {
        float[] input = new CaseRandom(shape.Seed, 5202).Numbers<float>(shape.Rows * shape.HiddenSize);
        if (input.Length > 3) (input[0], input[1], input[2]) = (float.NaN, -0.0f, float.NegativeInfinity);
        float[] output = new float[input.Length];
        new Dropout<float>(0, Seed).Forward(Pass(shape), input, output);
        Assert.Equal(input.Select(BitConverter.SingleToInt32Bits), output.Select(BitConverter.SingleToInt32Bits));
    }

    [Fact]
    public void WhatIsDroppedIsZeroWhateverItWas()
    {
        var shape = new RnnCase(1, 1, 1, 1000, 0, CaseOptions.None);
        foreach (float special in (float[])[float.NaN, float.PositiveInfinity, float.NegativeInfinity, -1])
        {
            float[] values = new float[1000];
            Array.Fill(values, special);
            new Dropout<float>(0.5, Seed).Forward(Pass(shape), values, values);
            float kept = 2 * special;
            Assert.All(values, value => Assert.True(Compare.SameBits(kept, value) || Compare.SameBits(0f, value)));
            Assert.InRange(values.Count(value => Compare.SameBits(0f, value)), 400, 600);
        }
    }

    /// <summary>The share that is kept, of rows, columns, steps and calls, and of pairs of neighbours among them: within 5 deviations.</summary>
    [Theory]
    [InlineData(0.1)]
    [InlineData(0.5)]
    [InlineData(0.75)]
    public void MasksAreIndependent(double p)
    {
        const int steps = 16, batch = 64, size = 256;
        bool[] mask = Mask(Call), next = Mask(Call + 1), otherSeed = Mask(Call, Seed + 1);
        const int row = size, step = batch * size;
        CheckShare(mask, 1 - p, "kept");
        CheckPairs(mask, mask, 1, "units");
        CheckPairs(mask, mask, 2, "units but one");
        CheckPairs(mask, mask, row, "rows");
        CheckPairs(mask, mask, row + 1, "rows, shifted up");
        CheckPairs(mask, mask, row - 1, "rows, shifted down");
        CheckPairs(mask, mask, step, "steps");
        CheckPairs(mask, next, 0, "calls");
        CheckPairs(mask, otherSeed, 0, "seeds");
        for (int unit = 0; unit < size; unit++) CheckShare([.. mask.Where((_, i) => i % size == unit)], 1 - p, $"unit {unit}");
        for (int first = 0; first < mask.Length; first += size) CheckShare(mask[first..(first + size)], 1 - p, $"row {first / size}");

        bool[] Mask(ulong call, ulong seed = Seed)
        {
            var shape = new RnnCase(batch, steps, 1, size, 0, CaseOptions.None);
            float[] ones = new float[steps * batch * size];
            Array.Fill(ones, 1);
            new Dropout<float>(p, seed).Forward(Pass(shape, call: call), ones, ones);
            return Array.ConvertAll(ones, value => value != 0);
        }

        void CheckPairs(bool[] first, bool[] second, int distance, string what)
        {
            bool[] both = [.. Enumerable.Range(0, first.Length - distance).Select(i => first[i] && second[i + distance])];
            CheckShare(both, (1 - p) * (1 - p), what);
        }

        static void CheckShare(bool[] kept, double expected, string what)
        {
            double share = kept.Count(value => value) / (double)kept.Length;
            double deviation = Math.Sqrt(expected * (1 - expected) / kept.Length);
            Assert.True(Math.Abs(share - expected) <= 5 * deviation, $"{what}: {share:P3}, expected {expected:P3} ± {deviation:P3}.");
        }
    }

    [Fact]
    public void WrongArgumentsAreNamedBeforeAnythingIsWritten()
    {
        var shape = new RnnCase(2, 3, 1, 4, 0, CaseOptions.None);
        var dropout = new Dropout<float>(0.5, 1);
        float[] x = new float[24], y = RnnRun<float>.Filled(25);
        Refuses("input has length 23; expected 24, [T, B, H] = [3, 2, 4].", "input", () => dropout.Forward(Pass(shape), x.AsSpan(1), y.AsSpan(1)));
        Refuses("output has length 25; expected 24,", "output", () => dropout.Forward(Pass(shape), x, y));
        Refuses("output overlaps input.", "output", () => dropout.Forward(Pass(shape), y.AsSpan(1), y.AsSpan(0, 24)));
        Refuses("outputGradient has length 23", "outputGradient", () => dropout.Backward(Pass(shape), x.AsSpan(1), y.AsSpan(1)));
        Refuses("inputGradient has length 25", "inputGradient", () => dropout.Backward(Pass(shape), x, y));
        Refuses("RowKeys has length 1; expected 2, [B] = [2].", "RowKeys", () => dropout.Forward(Pass(shape, keys: [7]), x, y.AsSpan(1)));
        Assert.True(y.All(float.IsNaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => dropout.Forward(Pass(shape with { Steps = -1 }), x, x));
        Assert.Throws<ArgumentOutOfRangeException>(() => dropout.Forward(Pass(shape with { Batch = 0 }), x, x));
        Assert.Throws<ArgumentOutOfRangeException>(() => dropout.Forward(Pass(shape with { HiddenSize = 0 }), x, x));
        Assert.Throws<ArgumentOutOfRangeException>(() => dropout.Forward(Pass(shape, firstStep: -1), x, x));
        Assert.Throws<ArgumentOutOfRangeException>(() => dropout.Forward(Pass(shape, firstStep: int.MaxValue - 2), x, x));
        foreach (double p in (double[])[-0.1, 1, double.NaN])
        {
            Assert.Contains(
                "expected at least 0 and less than 1",
                Assert.Throws<ArgumentOutOfRangeException>("probability", () => new Dropout<float>(p, 1)).Message,
                StringComparison.Ordinal);
        }

        Assert.Throws<ArgumentOutOfRangeException>("kind", () => new Dropout<float>(0.5, 1, (DropoutKind)2));

        static void Refuses(string message, string name, Action run) =>
            Assert.Contains(message, Assert.Throws<ArgumentException>(name, run).Message, StringComparison.Ordinal);
    }

    private static DropoutPass Pass(RnnCase shape, ulong call = Call, int firstStep = 0, int[]? keys = null) => new()
    {
        Steps = shape.Steps,
        Batch = shape.Batch,
        Size = shape.HiddenSize,
        Call = call,
        FirstStep = firstStep,
        RowKeys = keys,
    };

    private static void CheckReference<T>(RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var random = new CaseRandom(shape.Seed, 5203);
        double p = (1 + random.Below(63)) / 64.0;
        int[]? keys = random.Below(2) == 0 ? null : random.Indices(shape.Batch, int.MaxValue);
        int firstStep = random.Below(1000);
        ulong seed = random.NextBits(), call = random.NextBits();
        T[] input = random.Numbers<T>(shape.Rows * shape.HiddenSize);
        foreach (DropoutKind kind in Enum.GetValues<DropoutKind>())
        {
            T[] expected = new T[input.Length], output = RnnRun<T>.Filled(input.Length);
            new ReferenceDropout(seed, call).Apply<T>(
                p, kind == DropoutKind.Variational, firstStep, keys ?? [.. Enumerable.Range(0, shape.Batch)], shape.HiddenSize, input, expected);
            new Dropout<T>(p, seed, kind).Forward(Pass(shape, call, firstStep, keys), input, output);
            Compare.Bits(expected, output, $"{kind}");
        }
    }

    private static void CheckLanes<T>(RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] input = new CaseRandom(shape.Seed, 5204).Numbers<T>(shape.Rows * shape.HiddenSize);
        T[] scalar = RunAt<ScalarLane<T>>();
        Compare.Bits(scalar, RunAt<VectorLane<T>>(), "vector");
        Compare.Bits(scalar, RunAt<Vector512Lane<T>>(), "512 bits");

        T[] RunAt<TLane>()
            where TLane : struct, ILane<TLane, T>
        {
            T[] output = RnnRun<T>.Filled(input.Length);
            new DropoutJob<T>
            {
                Pass = Pass(shape),
                Source = input,
                Target = output,
                Seed = Seed,
                SharesSteps = shape.Seed % 2 == 0,
                Bound = T.CreateChecked(1.375),
                Scale = T.CreateChecked(1.6),
            }.Run<TLane>(WorkerTeam.Alone);
            return output;
        }
    }
}
