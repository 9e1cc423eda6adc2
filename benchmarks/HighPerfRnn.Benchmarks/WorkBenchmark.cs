using BenchmarkDotNet.Attributes;
using HighPerfRnn.Benchmarks.Machine;

namespace HighPerfRnn.Benchmarks;

/// <summary>Times one case after another, and measures the machine's limits before and after each, in the same process.</summary>
/// <typeparam name="TCase">The kind of case.</typeparam>
public abstract class WorkBenchmark<TCase>
    where TCase : WorkCase
{
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
        // The first call compiles the probes.
        MachineLimits.Measure(Case.WorkingSetBytes, Case.Threads);
        _before = MachineLimits.Measure(Case.WorkingSetBytes, Case.Threads);
    }

    /// <summary>Measures the limits again and lets go.</summary>
    [GlobalCleanup]
    public void Cleanup()
    {
        MachineLimits after = MachineLimits.Measure(Case.WorkingSetBytes, Case.Threads);
        LimitLog.Write(BenchmarkType(), Case, MachineLimits.Mean(_before, after));
        Work?.Dispose();
        Work = null;
    }

    /// <summary>Work that has been shown to compute what it should.</summary>
    protected abstract IWork Prepare(TCase work);

    // What runs is a class derived from the benchmark, made when it was built.
    private Type BenchmarkType()
    {
        Type type = GetType();
        while (!type.BaseType!.IsAbstract) type = type.BaseType;
        return type;
    }
}
