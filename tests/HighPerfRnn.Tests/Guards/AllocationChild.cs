using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Tests.Guards;

/// <summary>What runs in the child processes of <see cref="AllocationTests"/>: nothing else allocates there.</summary>
internal static class AllocationChild
{
    public const string Alone = "allocations";
    public const string WithWorkers = "allocations-workers";
    public const string Passed = "nothing allocated";

    private const int RoundsAlone = 10_000, RoundsWithWorkers = 1_000;

    private const long CastTableBytes = 98_352;

    // Of every cell and option, since there are thirty.
    private const int RoundsBetweenCells = 50;

    public static readonly RnnShape Shape = new(Steps: 3, Batch: 2, InputSize: 5, HiddenSize: 7);

    /// <summary>Writes what was allocated; 0 when that is nothing.</summary>
    public static int Measure(int workerCount)
    {
        RuntimeTables.Grow();
        using WorkerGroup? workers = workerCount == 0 ? null : new WorkerGroup(workerCount, multiplyAddsPerWorker: 0);
        bool passed = Measure<float>(workers) == 0 & Measure<double>(workers) == 0;
        if (passed) Console.WriteLine(Passed);
        return passed ? 0 : 1;
    }

    /// <summary>Rounds whose recurrent layer has its weights in the smaller formats; none of double.</summary>
    public static IEnumerable<LayerRound<T>> WithSmallerWeights<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (typeof(T) != typeof(float)) yield break;
        foreach (WeightFormat format in (WeightFormat[])[WeightFormat.BFloat16, WeightFormat.Int8])
        {
            var round = new LayerRound<T>(Shape, 4, Activation.Tanh, new HeapRoom(), seed: 1);
            round.Rnn.UseWeights(format);
            yield return round;
        }
    }

    private static long Measure<T>(WorkerGroup? workers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var round = new LayerRound<T>(Shape, 4, Activation.Tanh, new HeapRoom(), seed: 1);
        LayerRound<T>[] smaller = [.. WithSmallerWeights<T>()];
        CellRound<T>[] cells = CellRound<T>.Every(Shape, new HeapRoom());
        long process = GC.GetTotalAllocatedBytes(precise: true);
        long thread = GC.GetAllocatedBytesForCurrentThread();
        round.Run(workers);
        round.Step(workers);
        for (int i = 0; i < smaller.Length; i++) smaller[i].RunInference(workers);
        for (int i = 0; i < cells.Length; i++) cells[i].RunInChild(workers);
        long first = GC.GetAllocatedBytesForCurrentThread() - thread;
        RunRounds(round, smaller, cells, workers, workers is null ? RoundsAlone : RoundsWithWorkers);
        thread = GC.GetAllocatedBytesForCurrentThread() - thread;
        process = GC.GetTotalAllocatedBytes(precise: true) - process;
        // The runtime may make its table of casts anew, once, on this thread or one of its own; a round that allocates does so again.
        if (thread >= CastTableBytes) thread -= CastTableBytes;
        for (int again = 0; again < 2 && process > 0; again++) process = Math.Min(process, RunRoundsInProcess(round, smaller, cells, workers));
        Console.WriteLine(
            $"{typeof(T).Name}: {first} bytes in the first calls, {thread} in all on this thread, {process} in the process");
        // The runtime's own threads (tiering, finalizers) may allocate a little once; less than a byte a round is nobody's round.
        return thread + (process / (workers is null ? RoundsAlone : RoundsWithWorkers));
    }

    private static long RunRoundsInProcess<T>(LayerRound<T> round, LayerRound<T>[] smaller, CellRound<T>[] cells, WorkerGroup? workers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long process = GC.GetTotalAllocatedBytes(precise: true);
        RunRounds(round, smaller, cells, workers, workers is null ? RoundsAlone : RoundsWithWorkers);
        return GC.GetTotalAllocatedBytes(precise: true) - process;
    }

    // Optimized at once, so that this loop's code is not replaced while it runs.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RunRounds<T>(LayerRound<T> round, LayerRound<T>[] smaller, CellRound<T>[] cells, WorkerGroup? workers, int rounds)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < rounds; i++)
        {
            round.ClearGradients();
            round.Run(workers);
            for (int j = 0; j < smaller.Length; j++) smaller[j].RunInference(workers);
            for (int j = 0; i % RoundsBetweenCells == 0 && j < cells.Length; j++)
            {
                cells[j].ClearGradients();
                cells[j].RunInChild(workers);
            }

            // Workers that spin see the next call at once; workers that sleep are woken: both must cost nothing.
            if (workers is not null && i % 100 == 0) Thread.Sleep(2);
        }
    }
}
