using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace HighPerfRnn.Benchmarks.Machine;

/// <summary>What follows from a row's time, its sizes and the limits measured beside it.</summary>
/// <param name="Work">The row.</param>
/// <param name="Microseconds">One call, in the fastest of the iterations.</param>
/// <param name="MedianMicroseconds">One call, in the median one.</param>
/// <param name="Limits">The machine's limits next to it.</param>
/// <param name="AllocatedBytes">On the managed heap, a call.</param>
public sealed record RowFigures(
    WorkCase Work, double Microseconds, double MedianMicroseconds, MachineLimits Limits, long AllocatedBytes)
{
    /// <summary>Operations a second in billions; 0 where none are counted.</summary>
    public double Gflops => Work.Operations / Microseconds / 1e3;

    /// <summary>The roofline of the row.</summary>
    public double LimitGflops => Work.Operations == 0 ? 0 : Limits.LimitGflops(Work);

    /// <summary>GFLOP/s over the roofline.</summary>
    public double ShareOfLimit => LimitGflops == 0 ? 0 : Gflops / LimitGflops;

    /// <summary>The time in cycles of the core.</summary>
    public double Cycles => Microseconds * 1e-6 * Limits.CyclesPerSecond;

    /// <summary>The figures of a row that was measured, else null.</summary>
    public static RowFigures? Of(Summary summary, BenchmarkCase benchmarkCase)
    {
        ArgumentNullException.ThrowIfNull(summary);
        ArgumentNullException.ThrowIfNull(benchmarkCase);
        if (benchmarkCase.Parameters[nameof(WorkBenchmark<>.Case)] is not WorkCase work) return null;
        if (summary[benchmarkCase]?.ResultStatistics is not { } statistics) return null;
        if (LimitLog.Read(benchmarkCase.Descriptor.Type, work) is not { } beside) return null;
        return new RowFigures(work, statistics.Min / 1e3, statistics.Median / 1e3, beside.Limits, beside.AllocatedBytes);
    }
}
