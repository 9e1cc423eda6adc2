using HighPerfRnn.Layers;
using HighPerfRnn.Threading;
using Xunit;

namespace HighPerfRnn.Tests.Guards;

/// <summary>Threads that a caller lends: they do all of the work, fail as one, wait for each other, sleep and end.</summary>
public class WorkerGroupTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void EveryItemIsDoneOnce(int count)
    {
        using var group = new WorkerGroup(count, multiplyAddsPerWorker: 0);
        Assert.Equal(count, group.Count);
        foreach (int total in new[] { 0, 1, count, 1000 })
        {
            int[] items = new int[total];
            var job = new CountJob { Items = items };
            for (int round = 1; round <= 50; round++)
            {
                WorkerGroup.Run(group, ref job);
                Assert.All(items, item => Assert.Equal(round, item));
            }
        }
    }

    [Fact]
    public void ZeroMeansOneWorkerAProcessor()
    {
        using var group = new WorkerGroup();
        Assert.Equal(Environment.ProcessorCount, group.Count);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1025)]
    public void AnImpossibleCountIsRefused(int count) =>
        Assert.Throws<ArgumentOutOfRangeException>(nameof(count), () => new WorkerGroup(count, multiplyAddsPerWorker: 0));

    [Theory]
    [InlineData(2, 300)]
    [InlineData(3, 20)]
    [InlineData(16, 5)] // far more than processors
    public void WorkersMeetBetweenPhases(int count, int rounds)
    {
        using var group = new WorkerGroup(count, multiplyAddsPerWorker: 0);
        var job = new PhaseJob { Values = new int[count], Sums = new int[count] };
        for (int round = 0; round < rounds; round++)
        {
            WorkerGroup.Run(group, ref job);
            // Each worker adds what all wrote before the meeting: phases 0 to 9.
            Assert.All(job.Sums, sum => Assert.Equal(45 * count, sum));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void AFailureReachesTheCallerAndTheGroupWorksOn(int failing)
    {
        using var group = new WorkerGroup(3, multiplyAddsPerWorker: 0);
        for (int round = 0; round < 20; round++)
        {
            var bad = new FailJob { FailingWorker = failing };
            InvalidOperationException failure = Assert.Throws<InvalidOperationException>(() => WorkerGroup.Run(group, ref bad));
            Assert.Equal($"worker {failing}", failure.Message);
            int[] items = new int[10];
            var good = new CountJob { Items = items };
            WorkerGroup.Run(group, ref good);
            Assert.All(items, item => Assert.Equal(1, item));
        }
    }

    [Fact]
    public void DisposeEndsTheThreadsAndUseAfterwardsThrows()
    {
        var threads = new Thread?[4];
        var group = new WorkerGroup(4, multiplyAddsPerWorker: 0);
        var job = new ThreadJob { Threads = threads };
        WorkerGroup.Run(group, ref job);
        Assert.Equal(4, threads.Distinct().Count());
        Assert.Same(Thread.CurrentThread, threads[0]);
        group.Dispose();
        Assert.All(threads.Skip(1), thread => Assert.False(thread!.IsAlive));
        group.Dispose();
        Assert.Throws<ObjectDisposedException>(() => WorkerGroup.Run(group, ref job));

        var dense = new Dense<float>(1, 1);
        Assert.Throws<ObjectDisposedException>(() => dense.Forward(1, new float[1], new float[1], group));
    }

    [Fact]
    public void SleepingWorkersWake()
    {
        using var group = new WorkerGroup(3, multiplyAddsPerWorker: 0);
        int[] items = new int[3];
        var job = new CountJob { Items = items };
        for (int round = 1; round <= 30; round++)
        {
            // Far longer than the spinning before sleep; the last rounds hit the border between the two.
            if (round <= 20) Thread.Sleep(5);
            else Thread.SpinWait(round * 1000);
            WorkerGroup.Run(group, ref job);
            Assert.Equal([round, round, round], items);
        }
    }

    [Fact]
    public void ThousandsOfRoundsAndManyGroupsComeToAnEnd()
    {
        var groups = new WorkerGroup[8];
        for (int i = 0; i < groups.Length; i++) groups[i] = new WorkerGroup(2, multiplyAddsPerWorker: 0);
        int[] items = new int[7];
        var job = new CountJob { Items = items };
        for (int round = 0; round < 3000; round++) WorkerGroup.Run(groups[round % groups.Length], ref job);
        Assert.All(items, item => Assert.Equal(3000, item));
        foreach (WorkerGroup group in groups) group.Dispose();
    }

    [Fact]
    public void CallersOnSeveralThreadsTakeTurns()
    {
        using var group = new WorkerGroup(2, multiplyAddsPerWorker: 0);
        int[] items = new int[100];
        var callers = new Thread[3];
        for (int i = 0; i < callers.Length; i++)
        {
            callers[i] = new Thread(() =>
            {
                var job = new CountJob { Items = items };
                for (int round = 0; round < 100; round++) WorkerGroup.Run(group, ref job);
            });
        }

        foreach (Thread caller in callers) caller.Start();
        foreach (Thread caller in callers) caller.Join();
        Assert.All(items, item => Assert.Equal(300, item));
    }

    [Fact]
    public void WithoutAGroupTheCallerWorksAlone()
    {
        var job = new ThreadJob { Threads = new Thread?[1] };
        WorkerGroup.Run(null, ref job);
        Assert.Same(Thread.CurrentThread, job.Threads[0]);
    }

    private struct CountJob : ITeamJob
    {
        public required int[] Items { get; init; }

        public readonly void Execute(WorkerTeam team)
        {
            (int start, int end) = team.Share(Items.Length);
            for (int i = start; i < end; i++) Items[i]++;
        }
    }

    private struct PhaseJob : ITeamJob
    {
        public required int[] Values { get; init; }

        public required int[] Sums { get; init; }

        public readonly void Execute(WorkerTeam team)
        {
            Sums[team.Index] = 0;
            for (int phase = 0; phase < 10; phase++)
            {
                Values[team.Index] = phase;
                team.Synchronize();
                foreach (int value in Values) Sums[team.Index] += value;
                team.Synchronize();
            }
        }
    }

    private struct FailJob : ITeamJob
    {
        public required int FailingWorker { get; init; }

        public readonly void Execute(WorkerTeam team)
        {
            if (team.Index == FailingWorker) throw new InvalidOperationException($"worker {FailingWorker}");
            // The others wait for one who never comes.
            team.Synchronize();
        }
    }

    private struct ThreadJob : ITeamJob
    {
        public required Thread?[] Threads { get; init; }

        public readonly void Execute(WorkerTeam team) => Threads[team.Index] = Thread.CurrentThread;
    }
}
