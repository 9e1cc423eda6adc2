using System.Numerics;
using HighPerfRnn.Tests.Generation;
using HighPerfRnn.Threading;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>Any number of workers gives the bits of one, parameter gradients included.</summary>
[Trait("Category", "Width")]
public sealed class RnnWorkerTests(RnnWorkerTests.Groups groups) : IClassFixture<RnnWorkerTests.Groups>
{
    [CaseProperty]
    public void WorkersGiveTheBitsOfOne(RnnCase shape)
    {
        // Two of the groups a case: more workers than processors wait for each other for milliseconds.
        WorkerGroup few = groups.All[shape.Seed % 3];
        WorkerGroup many = groups.All[3 + (shape.Seed % 2)];
        Check<float>(shape, (shape.Seed & 4) == 0 ? few : many);
        Check<double>(shape, (shape.Seed & 4) == 0 ? many : few);
    }

    [CaseProperty]
    public void WorkersGiveTheBitsOfOneWithTokens(RnnCase shape)
    {
        WorkerGroup group = groups.All[shape.Seed % 5];
        if (shape.Rows == 0) return;
        var data = new RnnData<float>(shape);
        int[] tokens = new CaseRandom(shape.Seed, 3002).Indices(shape.Rows, shape.InputSize);
        var one = new RnnRun<float>(data) { Tokens = tokens };
        var other = new RnnRun<float>(data) { Tokens = tokens };
        one.Forward();
        one.Backward();
        other.Forward(group);
        other.Backward(group);
        Compare.SameRun(one, other, $"{group.Count} workers");
    }

    /// <summary>Calls so short that workers are falling asleep when the next one comes.</summary>
    [Fact]
    public void GroupsServeManyShortCalls()
    {
        var data = new RnnData<float>(new RnnCase(3, 2, 5, 4, 1, CaseOptions.OutputGradient));
        RnnRun<float> expected = RnnRun<float>.Both(data);
        foreach (WorkerGroup group in groups.All)
        {
            var run = new RnnRun<float>(data);
            // More workers than processors wait for a time slice at every call.
            int calls = TestSettings.Cases * (group.Count <= Environment.ProcessorCount ? 20 : 1);
            for (int i = 0; i < calls; i++)
            {
                Array.Fill(run.Output, float.NaN);
                run.Forward(group);
                Compare.Bits(expected.Output, run.Output, $"call {i} of {group.Count} workers");
                if (i % 100 == 0) Thread.Sleep(1);
            }
        }
    }

    /// <summary>Several groups of steps, whose input parts take each other's place; workers with rows enough, with few, with none.</summary>
    [Theory]
    [InlineData(24, 150, 20, 64)]
    [InlineData(13, 150, 20, 64)]
    [InlineData(2, 700, 9, 96)]
    [InlineData(3, 400, 5, 7)]
    [InlineData(1, 4000, 40, 16)]
    public void GroupsOfStepsKeepApart(int batch, int steps, int inputSize, int hiddenSize)
    {
        var data = new RnnData<float>(new RnnCase(batch, steps, inputSize, hiddenSize, 5, CaseOptions.InitialState));
        var expected = new RnnRun<float>(data);
        expected.Forward();
        foreach (WorkerGroup group in groups.All.Take(4))
        {
            var run = new RnnRun<float>(data);
            for (int i = 0; i < 5; i++)
            {
                Array.Fill(run.Output, float.NaN);
                run.Forward(group);
                Compare.Bits(expected.Output, run.Output, $"call {i} of {group.Count} workers");
            }
        }
    }

    private static void Check<T>(RnnCase shape, WorkerGroup group)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var data = new RnnData<T>(shape);
        Compare.SameRun(RnnRun<T>.Both(data), RnnRun<T>.Both(data, group), $"{typeof(T).Name}, {group.Count} workers");
    }

    /// <summary>Groups of 1, 2, 3, 4 and 7 workers that all take part however little there is to do, made once.</summary>
    public sealed class Groups : IDisposable
    {
        public IReadOnlyList<WorkerGroup> All { get; } = [new(1, 0), new(2, 0), new(3, 0), new(4, 0), new(7, 0)];

        public void Dispose()
        {
            foreach (WorkerGroup group in All) group.Dispose();
        }
    }
}
