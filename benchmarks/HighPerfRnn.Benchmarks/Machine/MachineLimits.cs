using HighPerfRnn.Cli.Bench;

namespace HighPerfRnn.Benchmarks.Machine;

/// <summary>What the machine can do at most, as measured in the process and next to the time of the row that it stands beside.</summary>
/// <param name="PeakGflops">Multiply-adds in float of as many threads as the row uses, each counted as two operations.</param>
/// <param name="LoadGBps">Loads from a working set as large as the row's weights, by as many threads; 0 where none was asked for.</param>
/// <param name="CyclesPerSecond">The core's clock.</param>
public readonly record struct MachineLimits(double PeakGflops, double LoadGBps, double CyclesPerSecond)
{
    /// <summary>A working set of the first level of the cache, on any machine.</summary>
    public static long Level1Bytes => MachineLoads.Level1Bytes;

    /// <summary>Of the second.</summary>
    public static long Level2Bytes => MachineLoads.Level2Bytes;

    /// <summary>Of the third.</summary>
    public static long Level3Bytes => MachineLoads.Level3Bytes;

    /// <summary>The width of the vectors that the library uses, in bits; 0 without vector instructions.</summary>
    public static int VectorBits => MachinePeak.VectorBits;

    /// <summary>Runs the probes; some milliseconds.</summary>
    /// <param name="workingSetBytes">What the row reads again and again; 0 for nothing worth counting.</param>
    /// <param name="threads">How many threads the row uses.</param>
    public static MachineLimits Measure(long workingSetBytes, int threads) => new(
        MachinePeak.MeasureGflops<float>(threads),
        workingSetBytes == 0 ? 0 : MachineLoads.MeasureGBps(workingSetBytes, threads),
        MachineClock.MeasureCyclesPerSecond());

    /// <summary>The best of what was measured before and after a row, as the row's time is that of its fastest iteration.</summary>
    public static MachineLimits Best(in MachineLimits before, in MachineLimits after) => new(
        Math.Max(before.PeakGflops, after.PeakGflops),
        Math.Max(before.LoadGBps, after.LoadGBps),
        Math.Max(before.CyclesPerSecond, after.CyclesPerSecond));

    /// <summary>The most operations a second, in billions, that the row could do: see <see cref="WorkCase"/> for its sizes.</summary>
    public double LimitGflops(WorkCase work)
    {
        ArgumentNullException.ThrowIfNull(work);
        return new Roofline(PeakGflops, LoadGBps).LimitGflops(work.Operations, work.LoadedBytes);
    }
}
