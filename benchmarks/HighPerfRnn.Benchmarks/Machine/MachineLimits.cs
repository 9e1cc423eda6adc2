using HighPerfRnn.Cli.Bench;

namespace HighPerfRnn.Benchmarks.Machine;

/// <summary>What the machine can do at most, as measured in the process and next to the time of the row that it stands beside.</summary>
/// <param name="PeakGflops">Multiply-adds in float of as many threads as the row uses, each counted as two operations.</param>
/// <param name="LoadGBps">Loads from a working set as large as the row's weights, by as many threads; 0 where none was asked for.</param>
/// <param name="CyclesPerSecond">The core's clock.</param>
public readonly record struct MachineLimits(double PeakGflops, double LoadGBps, double CyclesPerSecond)
{
    /// <summary>Runs the probes; some milliseconds.</summary>
    /// <param name="workingSetBytes">What the row reads again and again; 0 for nothing worth counting.</param>
    /// <param name="threads">How many threads the row uses.</param>
    public static MachineLimits Measure(long workingSetBytes, int threads) => new(
        MachinePeak.MeasureGflops<float>(threads),
        workingSetBytes == 0 ? 0 : MachineLoads.MeasureGBps(workingSetBytes, threads),
        MachineClock.MeasureCyclesPerSecond());

    /// <summary>The mean of what was measured before and after a row, so that a drifting clock does not favour it.</summary>
    public static MachineLimits Mean(in MachineLimits before, in MachineLimits after) => new(
        (before.PeakGflops + after.PeakGflops) / 2,
        (before.LoadGBps + after.LoadGBps) / 2,
        (before.CyclesPerSecond + after.CyclesPerSecond) / 2);

    /// <summary>The most operations a second, in billions, that the row could do: see <see cref="WorkCase"/> for its sizes.</summary>
    public double LimitGflops(WorkCase work)
    {
        ArgumentNullException.ThrowIfNull(work);
        return new Roofline(PeakGflops, LoadGBps).LimitGflops(work.Operations, work.LoadedBytes);
    }
}
