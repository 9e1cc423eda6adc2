using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Tests.Generation;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>Segments are whole row blocks, and memory is what the documentation's formula says.</summary>
public sealed class CheckpointPlanTests
{
    [CaseProperty]
    public void SegmentsAreWholeBlocksAndCoverTheSequence(RnnCase shape)
    {
        var random = new CaseRandom(shape.Seed, 4003);
        (int steps, int batch) = (random.Below(1 << random.Below(16)), 1 + random.Below(1 << random.Below(10)));
        int wanted = random.Below(2) == 0 ? 0 : 1 + random.Below(steps + 9);
        var plan = new CheckpointPlan(steps, batch, wanted);
        int block = Math.Max(1, 256 / batch);
        int atLeast = wanted > 0 ? wanted : Math.Max(1, (int)Math.Ceiling(Math.Sqrt(steps)));
        Assert.Equal((steps, batch), (plan.Steps, plan.Batch));
        if (atLeast > steps) Assert.Equal(Math.Max(1, steps), plan.SegmentSteps);
        else if (plan.SegmentSteps != steps) Assert.Equal(0, plan.SegmentSteps % block);
        Assert.InRange(plan.SegmentSteps, Math.Min(atLeast, Math.Max(1, steps)), atLeast + block - 1);
        Assert.InRange(steps, plan.SegmentSteps * (plan.SegmentCount - 1), plan.SegmentSteps * plan.SegmentCount);
        Assert.True(plan.SegmentCount == 1 || steps > plan.SegmentSteps * (plan.SegmentCount - 1), "An empty segment.");
    }

    [CaseProperty]
    public void TheWorkspaceIsAsLargeAsTheFormulaSays(RnnCase shape)
    {
        CheckSize(new Rnn<float>(shape.InputSize, shape.HiddenSize), shape);
        CheckSize(new Rnn<double>(shape.InputSize, shape.HiddenSize), shape);
        CheckSize(new CellLayer<float, BlendCell<float>>(shape.InputSize, shape.HiddenSize), shape);
        CheckSize(new CellLayer<double, BlendCell<double>>(shape.InputSize, shape.HiddenSize), shape);
    }

    /// <summary>√T: over a hundred times the steps, ten times the memory that grows with them.</summary>
    [Fact]
    public void MemoryGrowsAsTheSquareRootOfTheSteps()
    {
        var layer = new Rnn<float>(64, 64);
        long shorter = Growing(1_600), longer = Growing(160_000);
        Assert.InRange(longer, 9 * shorter, 11 * shorter);
        Assert.InRange(layer.CheckpointedWorkspaceSize(new CheckpointPlan(10_000, 8)), 1, 10_000 * 8 * 64 * 2 / 20);

        long Growing(int steps)
        {
            var plan = new CheckpointPlan(steps, 32);
            return layer.CheckpointedWorkspaceSize(plan) - layer.WorkspaceSize(plan.SegmentSteps, 32) - (2 * 32 * 64);
        }
    }

    [Fact]
    public void SizesOutOfRangeAreRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new CheckpointPlan(-1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CheckpointPlan(1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CheckpointPlan(1, 1, -1));
        var layer = new CellLayer<float, BlendCell<float>>(1, 64);
        Assert.Throws<ArgumentOutOfRangeException>(() => layer.CheckpointedWorkspaceSize(default));
        Assert.Equal((int.MaxValue, 1), (new CheckpointPlan(int.MaxValue, 1, int.MaxValue).SegmentSteps, new CheckpointPlan(0, 1).SegmentCount));
        // Each part by itself: one step's states, all segments' states, a segment's outputs, all together.
        foreach ((int steps, int batch, int segment) in ((int, int, int)[])
            [(1, 1 << 30, 0), (1 << 20, 256, 1), (1 << 26, 1, 1 << 26), (1 << 23, 2, 1 << 22)])
        {
            Assert.Throws<OverflowException>(() => layer.CheckpointedWorkspaceSize(new CheckpointPlan(steps, batch, segment)));
        }
    }

    private static void CheckSize<T>(RecurrentLayer<T> layer, RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var random = new CaseRandom(shape.Seed, 4004);
        var plan = new CheckpointPlan(random.Below(3000), shape.Batch, random.Below(3) == 0 ? 0 : 1 + random.Below(900));
        long line = typeof(T) == typeof(float) ? 16 : 8;
        long states = (long)shape.Batch * shape.HiddenSize * (1 + layer.Cell.CellStates);
        long padded = Rounded(shape.HiddenSize);
        long expected = Rounded(plan.SegmentCount * states)
            + (2 * Rounded((long)plan.SegmentSteps * shape.Batch * shape.HiddenSize))
            + (plan.SegmentSteps * shape.Batch * layer.Cell.KeptValues * padded)
            + Rounded(2 * states)
            + layer.WorkspaceSize(plan.SegmentSteps, shape.Batch);
        Assert.Equal(expected, layer.CheckpointedWorkspaceSize(plan));

        long Rounded(long length) => (length + line - 1) / line * line;
    }
}
