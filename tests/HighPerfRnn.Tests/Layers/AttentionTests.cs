using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Definitions;
using HighPerfRnn.Tests.Generation;
using HighPerfRnn.Threading;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>
/// Attention against the reference, element by element within the bound that the reference carries, and bit for bit over rows,
/// calls and workers.
/// </summary>
[Trait("Category", "Width")]
public sealed class AttentionTests(DenseTests.Groups groups) : IClassFixture<DenseTests.Groups>
{
    [CaseProperty]
    public void FloatIsWithinTheBound(AttentionCase shape) => CheckBound<float, LibraryFloat>(shape);

    [CaseProperty]
    public void DoubleIsWithinTheBound(AttentionCase shape) => CheckBound<double, LibraryDouble>(shape);

    [CaseProperty]
    public void RowAloneEqualsRowAmongOthers(AttentionCase shape)
    {
        CheckRows<float>(shape);
        CheckRows<double>(shape);
    }

    [CaseProperty]
    public void StepsOneByOneGiveTheBitsOfOneCall(AttentionCase shape)
    {
        var data = new AttentionData<float>(shape);
        AttentionRun<float> whole = AttentionRun<float>.Both(data);
        foreach (int steps in (int[])[1, 2])
        {
            AttentionRun<float> parts = AttentionRun<float>.Both(data, stepsPerCall: steps);
            CheckSame(whole, parts, withParameters: false);
        }
    }

    [CaseProperty]
    public void WorkersGiveTheBitsOfOne(AttentionCase shape)
    {
        var data = new AttentionData<double>(shape);
        AttentionRun<double> one = AttentionRun<double>.Both(data);
        AttentionRun<double> many = AttentionRun<double>.Both(data, groups.All[shape.Seed % 2]);
        CheckSame(one, many, withParameters: true);
    }

    [CaseProperty]
    public void WhatLiesPastARowsLengthIsNotRead(AttentionCase shape)
    {
        shape = shape with { IsRagged = true };
        var data = new AttentionData<float>(shape);
        var expected = new AttentionRun<float>(data);
        expected.Forward();
        data.FillPadding(data.Memory, float.NaN);
        var run = new AttentionRun<float>(data);
        run.Forward();
        Compare.Bits(expected.Context, run.Context, "context");
        Compare.Bits(expected.Weights, run.Weights, "weights");

        // The keys of NaN are NaN: the backward pass must not meet them either, but the weights' gradient may.
        run.Backward();
        data.FillPadding(data.Memory, 0);
        AttentionRun<float> zeros = AttentionRun<float>.Both(data);
        Compare.Bits(zeros.QueryGradient, run.QueryGradient, "dQuery");
        Compare.Bits(zeros.KeysGradient, run.KeysGradient, "dKeys");
        Compare.Bits(zeros.MemoryGradient, run.MemoryGradient, "dMemory");
        for (int row = 0; row < shape.Batch; row++)
        {
            for (int step = 0; step < shape.QuerySteps; step++)
            {
                int query = (step * shape.Batch) + row;
                Span<float> weights = run.Weights.AsSpan(query * shape.MemorySteps, shape.MemorySteps);
                Assert.True(weights[data.Lengths[row]..].IndexOfAnyExcept(0f) < 0);
                if (data.Lengths[row] > 0) continue;
                Assert.True(run.Context.AsSpan(query * shape.MemorySize, shape.MemorySize).IndexOfAnyExcept(0f) < 0);
            }
        }
    }

    [CaseProperty]
    public void GradientsThatAreNotWantedChangeNoOther(AttentionCase shape)
    {
        var data = new AttentionData<float>(shape);
        AttentionRun<float> all = AttentionRun<float>.Both(data);
        var run = new AttentionRun<float>(data);
        run.Forward();
        Attention<float> layer = data.CreateLayer();
        layer.Backward(new AttentionBackward<float>
        {
            QuerySteps = shape.QuerySteps,
            MemorySteps = shape.MemorySteps,
            Batch = shape.Batch,
            Query = data.Query,
            Memory = data.Memory,
            Keys = run.Keys,
            Lengths = data.GivenLengths,
            Weights = run.Weights,
            ContextGradient = data.ContextGradient,
            KeysGradient = run.KeysGradient,
            Gradients = run.Gradients,
            Workspace = RnnRun<float>.Filled(layer.BackwardWorkspaceSize(shape.QuerySteps, shape.MemorySteps, shape.Batch)),
        });
        float[] workspace = RnnRun<float>.Filled(layer.PrepareWorkspaceSize(shape.MemorySteps, shape.Batch));
        layer.PrepareBackward(shape.MemorySteps, shape.Batch, data.Memory, run.KeysGradient, [], run.Gradients, workspace);
        Compare.Bits(all.KeysGradient, run.KeysGradient, "dKeys");
        Compare.Bits<float>(all.Gradients.Values, run.Gradients.Values, "parameters");
    }

    private static void CheckBound<T, TProduct>(AttentionCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TProduct : struct, IReferenceProduct
    {
        var data = new AttentionData<T>(shape);
        AttentionRun<T> run = AttentionRun<T>.Both(data);
        var reference = new ReferenceAttention<BoundedNumber<TProduct>>(
            new ReferenceBounded<TProduct>(0), (ReferenceAttentionScore)shape.Score, shape.QuerySize, shape.MemorySize, shape.KeySize);
        Wide(data.QueryWeights).CopyTo(reference.Parameters["weight_query"], 0);
        Wide(data.Bias).CopyTo(reference.Parameters["bias"], 0);
        Wide(data.MemoryWeights).CopyTo(reference.Parameters["weight_memory"], 0);
        Wide(data.Score).CopyTo(reference.Parameters["score"], 0);
        (BoundedNumber<TProduct>[] query, BoundedNumber<TProduct>[] memory) = (Wide(data.Query), Wide(data.Memory));
        BoundedNumber<TProduct>[] context = new BoundedNumber<TProduct>[run.Context.Length];
        BoundedNumber<TProduct>[] weights = new BoundedNumber<TProduct>[run.Weights.Length];
        reference.Forward(data.Lengths, query, memory, context, weights);
        Check(context, run.Context, "context");
        Check(weights, run.Weights, "weights");

        (BoundedNumber<TProduct>[] dQuery, BoundedNumber<TProduct>[] dMemory) = (Wide(data.QueryStart), Wide(data.MemoryStart));
        ReferenceParameters<BoundedNumber<TProduct>> gradients = reference.Parameters.Zeros();
        reference.Backward(data.Lengths, query, memory, weights, Wide(data.ContextGradient), dQuery, dMemory, gradients);
        Check(dQuery, run.QueryGradient, "dQuery");
        Check(dMemory, run.MemoryGradient, "dMemory");
        foreach (Memory.Parameter parameter in run.Gradients.Parameters)
        {
            Check(gradients[parameter.Name], run.Gradients.Span(parameter), "d" + parameter.Name);
        }

        static BoundedNumber<TProduct>[] Wide(T[] values) =>
            Array.ConvertAll(values, value => new BoundedNumber<TProduct>(double.CreateChecked(value)));

        static void Check(BoundedNumber<TProduct>[] expected, ReadOnlySpan<T> actual, string what) =>
            Compare.Within(BoundedRun.Values(expected), actual, BoundedRun.Errors(expected), what);
    }

    private static void CheckRows<T>(AttentionCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var data = new AttentionData<T>(shape);
        AttentionRun<T> all = AttentionRun<T>.Both(data);
        for (int row = 0; row < shape.Batch; row++)
        {
            int length = data.Lengths[row];
            AttentionRun<T> alone = AttentionRun<T>.Both(data.Row(row));
            Compare.Bits(data.RowOf(all.Context, row, shape.QuerySteps, shape.MemorySize), alone.Context, "context");
            T[] weights = data.RowOf(all.Weights, row, shape.QuerySteps, shape.MemorySteps);
            for (int step = 0; step < shape.QuerySteps; step++)
            {
                Compare.Bits<T>(weights.AsSpan(step * shape.MemorySteps, length), alone.Weights.AsSpan(step * length, length), "weights");
            }

            Compare.Bits(data.RowOf(all.QueryGradient, row, shape.QuerySteps, shape.QuerySize), alone.QueryGradient, "dQuery");
            Compare.Bits(data.RowOf(all.MemoryGradient, row, length, shape.MemorySize), alone.MemoryGradient, "dMemory");
            if (all.Keys.Length == 0) continue;
            Compare.Bits(data.RowOf(all.KeysGradient, row, length, shape.KeySize), alone.KeysGradient, "dKeys");
        }
    }

    private static void CheckSame<T>(AttentionRun<T> expected, AttentionRun<T> actual, bool withParameters)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Compare.Bits(expected.Keys, actual.Keys, "keys");
        Compare.Bits(expected.Context, actual.Context, "context");
        Compare.Bits(expected.Weights, actual.Weights, "weights");
        Compare.Bits(expected.QueryGradient, actual.QueryGradient, "dQuery");
        Compare.Bits(expected.KeysGradient, actual.KeysGradient, "dKeys");
        Compare.Bits(expected.MemoryGradient, actual.MemoryGradient, "dMemory");
        if (withParameters) Compare.Bits<T>(expected.Gradients.Values, actual.Gradients.Values, "parameters");
    }
}

/// <summary>The library's arithmetic in float, sums in any order: exp and tanh within 2.2 units in the last place.</summary>
internal readonly struct LibraryFloat : IReferenceProduct
{
    public static ReferenceArithmetic Arithmetic { get; } = ReferenceArithmetic.SinglePrecision(ErrorBounds.TanhDoubleUlps);
}

/// <inheritdoc cref="LibraryFloat"/>
internal readonly struct LibraryDouble : IReferenceProduct
{
    public static ReferenceArithmetic Arithmetic { get; } = ReferenceArithmetic.DoublePrecision(ErrorBounds.TanhDoubleUlps);
}
