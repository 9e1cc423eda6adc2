using System.Diagnostics;
using BenchmarkDotNet.Attributes;
using HighPerfRnn.Benchmarks.Machine;

namespace HighPerfRnn.Benchmarks;

/// <summary>Times one case after another, and measures the machine's limits before and after each, in the same process.</summary>
/// <typeparam name="TCase">The kind of case.</typeparam>
public abstract class WorkBenchmark<TCase>
    where TCase : WorkCase
{
    private const int AllocationCalls = 4;

    private static readonly TimeSpan FirstWarmUp = TimeSpan.FromMilliseconds(700);
    private static readonly TimeSpan WarmUpTime = TimeSpan.FromMilliseconds(100);
    private static readonly HashSet<string> SeenLibraries = [];

    private MachineLimits _before;

    /// <summary>What is timed, between setup and clean-up.</summary>
    protected IWork? Work { get; private set; }

    /// <summary>The row.</summary>
    [ParamsSource(nameof(Cases))]
    public TCase Case { get; set; } = null!;

    /// <summary>The rows of this benchmark, the same ones in the same order whenever it is asked.</summary>
    public abstract IEnumerable<TCase> Cases { get; }

    /// <summary>Allocates, verifies, and measures the limits.</summary>
    [GlobalSetup]
    public void Setup()
    {
        Work = Prepare(Case);
        WarmUp();
        // The first call compiles the probes.
        MachineLimits.Measure(Case.WorkingSetBytes, Case.Threads);
        _before = MachineLimits.Measure(Case.WorkingSetBytes, Case.Threads);
    }

    /// <summary>Measures the limits again and lets go.</summary>
    [GlobalCleanup]
    public void Cleanup()
    {
        MachineLimits after = MachineLimits.Measure(Case.WorkingSetBytes, Case.Threads);
        var beside = new RowSurroundings(MachineLimits.Best(_before, after), MeasureAllocatedBytes());
        LimitLog.Write(BenchmarkType(), Case, beside);
        Work?.Dispose();
        Work = null;
    }

    /// <summary>Work that has been shown to compute what it should.</summary>
    protected abstract IWork Prepare(TCase work);

    // The runtime compiles a method for good once it has been called often, and then, in several rounds,
    // once no other method was new for 100 ms: a short measurement that starts before that times code that nobody runs for long.
    private void WarmUp()
    {
        long start = Stopwatch.GetTimestamp();
        TimeSpan time = SeenLibraries.Add(Case.Library) ? FirstWarmUp : WarmUpTime;
        while (Stopwatch.GetElapsedTime(start) < time) Work!.Run();
    }

    // The least of some calls: what other threads of the process allocate meanwhile only ever adds.
    private long MeasureAllocatedBytes()
    {
        long least = long.MaxValue;
        for (int i = 0; i < AllocationCalls; i++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            Work!.Run();
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        return least;
    }

    // What runs is a class derived from the benchmark, made when it was built.
    private Type BenchmarkType()
    {
        Type type = GetType();
        while (!type.BaseType!.IsAbstract) type = type.BaseType;
        return type;
    }
}
