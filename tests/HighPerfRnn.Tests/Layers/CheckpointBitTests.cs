using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Tests.Generation;
using HighPerfRnn.Threading;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>Recomputation in segments changes no bit of outputs, states and gradients, for cells of every kind.</summary>
[Trait("Category", "Width")]
public sealed class CheckpointBitTests(RnnWorkerTests.Groups groups) : IClassFixture<RnnWorkerTests.Groups>
{
    [CaseProperty]
    public void CheckpointedPassesGiveTheBitsOfWholeOnes(RnnCase shape)
    {
        shape = OfManyBlocks(shape);
        Check<float>(shape, workers: null);
        Check<double>(shape, workers: null);
    }

    [CaseProperty]
    public void WorkersGiveTheSameBits(RnnCase shape)
    {
        shape = OfManyBlocks(shape);
        Check<float>(shape, groups.All[shape.Seed % 2 == 0 ? 1 : 2]);
    }

    [CaseProperty]
    public void ASecondBackwardPassAddsTheSameBitsAgain(RnnCase shape)
    {
        shape = OfManyBlocks(shape);
        (CheckpointRun<float> whole, CheckpointRun<float> parts) = (Make<float>(shape), Make<float>(shape));
        whole.Whole(backwards: 2);
        parts.Checkpointed(PlanOf(shape), backwards: 2);
        whole.AssertSame(parts, "twice");
    }

    /// <summary>Each of the cells, over as many steps as training on long signals takes.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void TenThousandStepsGiveTheBitsOfOnePass(int seed)
    {
        var shape = new RnnCase(2, 10_000, 3, 8, seed, CaseOptions.InitialState | CaseOptions.FinalGradient);
        CheckpointRun<float> whole = new(LayerOf<float>(shape), shape, OutputGradients.FromLoss, hasTokens: false);
        CheckpointRun<float> parts = new(LayerOf<float>(shape), shape, OutputGradients.FromLoss, hasTokens: false);
        var plan = new CheckpointPlan(shape.Steps, shape.Batch);
        Assert.Equal((128, 79), (plan.SegmentSteps, plan.SegmentCount));
        whole.Whole();
        parts.Checkpointed(plan, keepsOutput: false);
        whole.AssertSameButOutput(parts, parts.Layer.GetType().Name);
        Assert.All(parts.Output, value => Assert.True(float.IsNaN(value)));
        // What overflowed or vanished on its way would hide differences.
        Assert.True(float.IsNormal(whole.InitialStateGradient.Sum(Math.Abs)), "dh0");
        Assert.All(whole.Gradients["weight_ih"].ToArray(), value => Assert.True(float.IsNormal(value)));
    }

    private static void Check<T>(RnnCase shape, WorkerGroup? workers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (CheckpointRun<T> whole, CheckpointRun<T> parts) = (Make<T>(shape), Make<T>(shape));
        CheckpointPlan plan = PlanOf(shape);
        whole.Whole();
        parts.Checkpointed(plan, workers, keepsOutput: true, inPlace: shape.Seed % 11 < 5);
        whole.AssertSame(parts, $"{typeof(T).Name}, {parts.Layer.GetType().Name}, {plan}");
    }

    private static CheckpointRun<T> Make<T>(RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        new(LayerOf<T>(shape), shape, (OutputGradients)(shape.Seed / 3 % 3), hasTokens: shape.Seed % 7 < 2);

    private static RecurrentLayer<T> LayerOf<T>(RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => (shape.Seed % 3) switch
        {
            0 => new Rnn<T>(shape.InputSize, shape.HiddenSize),
            1 => new Rnn<T>(shape.InputSize, shape.HiddenSize, Activation.Relu),
            _ => new CellLayer<T, BlendCell<T>>(shape.InputSize, shape.HiddenSize),
        };

    /// <summary>Up to six row blocks of a narrow layer: one row or several to a block of steps, or more rows than a block has.</summary>
    private static RnnCase OfManyBlocks(RnnCase shape)
    {
        var random = new CaseRandom(shape.Seed, 4001);
        int batch = random.Below(4) == 0 ? shape.Batch * 7 : shape.Batch;
        int steps = random.Below((5 * Math.Max(1, 256 / batch)) + 3);
        return shape with
        {
            Batch = batch,
            Steps = shape.Steps == 0 ? 0 : steps,
            InputSize = 1 + (shape.InputSize % 20),
            HiddenSize = 1 + (shape.HiddenSize % 20),
        };
    }

    /// <summary>Segments of √T steps, of one block, of several, and of all.</summary>
    private static CheckpointPlan PlanOf(RnnCase shape)
    {
        var random = new CaseRandom(shape.Seed, 4002);
        int segmentSteps = random.Below(3) == 0 ? 0 : random.Below(2) == 0 ? 1 : 1 + random.Below(shape.Steps + 5);
        return new CheckpointPlan(shape.Steps, shape.Batch, segmentSteps);
    }
}
