using HighPerfRnn.Layers;
using HighPerfRnn.Tests.Generation;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>Numbers that are not finite, sizes of nothing, scores of any size.</summary>
[Trait("Category", "Width")]
public sealed class AttentionEdgeTests
{
    [Theory]
    [InlineData(AttentionScore.ScaledDot)]
    [InlineData(AttentionScore.General)]
    [InlineData(AttentionScore.Additive)]
    public void WhatIsNotFiniteStaysInItsRow(AttentionScore score)
    {
        AttentionCase shape = Case(score);
        foreach (float bad in (float[])[float.NaN, float.PositiveInfinity])
        {
            var data = new AttentionData<float>(shape);
            AttentionRun<float> expected = AttentionRun<float>.Both(data);
            // In the memory of row 1.
            data.Memory[(((2 * shape.Batch) + 1) * shape.MemorySize) + 3] = bad;
            AttentionRun<float> run = AttentionRun<float>.Both(data);
            float[] context = data.RowOf(run.Context, 1, shape.QuerySteps, shape.MemorySize);
            Assert.All(context.Where((_, i) => i % shape.MemorySize == 3), x => Assert.False(float.IsFinite(x)));
            foreach (int row in (int[])[0, 2])
            {
                Compare.Bits(Row(expected.Context), Row(run.Context), "context");
                Compare.Bits(
                    data.RowOf(expected.QueryGradient, row, shape.QuerySteps, shape.QuerySize),
                    data.RowOf(run.QueryGradient, row, shape.QuerySteps, shape.QuerySize),
                    "dQuery");

                float[] Row(float[] values) => data.RowOf(values, row, shape.QuerySteps, shape.MemorySize);
            }
        }
    }

    [Fact]
    public void ANaNInAQueryMakesItsOwnContextNaN()
    {
        AttentionCase shape = Case(AttentionScore.Additive);
        var data = new AttentionData<float>(shape);
        data.Query[shape.QuerySize] = float.NaN; // query step 0 of row 1
        AttentionRun<float> run = AttentionRun<float>.Both(data);
        Assert.Equal(
            Enumerable.Range(0, shape.Queries).Select(query => query == 1),
            Enumerable.Range(0, shape.Queries).Select(query => float.IsNaN(run.Context[query * shape.MemorySize])));
    }

    [Fact]
    public void VeryLargeScoresChooseTheLargest()
    {
        // Scores of ±1e30 · 1.5: the softmax subtracts the largest, so that nothing overflows.
        var layer = new Attention<float>(AttentionScore.ScaledDot, 1, 1);
        float[] memory = [-1, 1, 0.5f], query = [1.5e30f], context = new float[1], weights = new float[3];
        layer.Forward(new AttentionForward<float>
        {
            QuerySteps = 1,
            MemorySteps = 3,
            Batch = 1,
            Query = query,
            Memory = memory,
            Context = context,
            Weights = weights,
        });
        Assert.Equal([0, 1, 0], weights);
        Assert.Equal(1, context[0]);
    }

    [Fact]
    public void AScoreOfMinusInfinityIsAWeightOfZero()
    {
        var layer = new Attention<double>(AttentionScore.General, 1, 2);
        layer.Parameters["weight_memory"][0] = 1; // the score reads the first number, the context both
        layer.Repack();
        double[] memory = [0, 3, double.NegativeInfinity, 4, 0, 5], keys = new double[3], context = new double[2], weights = new double[3];
        // A number of minus infinity cannot be summed, not even with a weight of 0: it stands in the keys alone.
        layer.Prepare(3, 1, memory, keys);
        memory[2] = 0;
        layer.Forward(new AttentionForward<double>
        {
            QuerySteps = 1,
            MemorySteps = 3,
            Batch = 1,
            Query = [1],
            Memory = memory,
            Keys = keys,
            Context = context,
            Weights = weights,
        });
        Assert.Equal([0.5, 0, 0.5], weights);
        Assert.Equal([0, 4], context);
    }

    [Fact]
    public void EqualScoresAverage()
    {
        for (int steps = 1; steps <= 70; steps++)
        {
            var layer = new Attention<double>(AttentionScore.Additive, 3, 1, 2); // all zeros
            layer.Repack();
            double[] memory = [.. Enumerable.Range(0, steps).Select(i => (double)i)];
            double[] context = new double[1], weights = new double[steps];
            layer.Forward(new AttentionForward<double>
            {
                QuerySteps = 1,
                MemorySteps = steps,
                Batch = 1,
                Query = [1, 2, 3],
                Memory = memory,
                Keys = new double[2 * steps],
                Context = context,
                Weights = weights,
                Workspace = new double[2],
            });
            Assert.All(weights, weight => Assert.Equal(1.0 / steps, weight, 1e-16));
            Assert.Equal((steps - 1) / 2.0, context[0], 1e-13);
        }
    }

    private static AttentionCase Case(AttentionScore score) =>
        new AttentionCase(score, QuerySteps: 2, MemorySteps: 5, Batch: 3, QuerySize: 7, MemorySize: 9, ScoreSize: 6, Seed: 5, IsRagged: false)
            .Allowed();
}
