using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Cli.Bench;

/// <summary>How a run measures.</summary>
/// <param name="Precision">What to compute in.</param>
/// <param name="Threads">Workers; 0 for one a processor.</param>
/// <param name="Seconds">A row; the naive loop takes as long again.</param>
internal readonly record struct BenchSettings(BenchPrecision Precision, int Threads, double Seconds);

/// <summary>Measures rows, and the machine's peak before and after each of them, so that a drifting clock shows.</summary>
internal static class BenchRunner
{
    // Longer than the 100 ms for which the runtime waits before it compiles a method for good.
    private const double FirstWarmUpSeconds = 0.3;
    private const double WarmUpSeconds = 0.05;

    /// <summary>Runs the rows, telling of each before it is measured.</summary>
    public static BenchReport Run(IReadOnlyList<BenchCase> cases, BenchSettings settings, Action<BenchCase> onStart) =>
        settings.Precision == BenchPrecision.Double ? Run<double>(cases, settings, onStart) : Run<float>(cases, settings, onStart);

    private static BenchReport Run<T>(IReadOnlyList<BenchCase> cases, BenchSettings settings, Action<BenchCase> onStart)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using var group = new WorkerGroup(settings.Threads);
        WorkerGroup? workers = group.Count > 1 ? group : null;
        MachinePeak.MeasureGflops<T>(group.Count);
        var machinePeaks = new List<double> { MachinePeak.MeasureGflops<float>(1) };
        double peakBefore = MachinePeak.MeasureGflops<T>(group.Count);
        var rows = new List<BenchRow>();
        var seenModes = new HashSet<BenchMode>();
        foreach (BenchCase benchCase in cases)
        {
            onStart(benchCase);
            var work = new RnnWork<T>(benchCase, workers);
            double warmUp = seenModes.Add(benchCase.Mode) ? FirstWarmUpSeconds : WarmUpSeconds;
            BenchTime time = BenchTimer.Measure(work.Call, settings.Seconds, warmUp, allThreads: workers is not null);
            double fullMicroseconds = MeasureFull<T>(benchCase, workers, settings.Seconds, warmUp);
            double peakAfter = MachinePeak.MeasureGflops<T>(group.Count);
            machinePeaks.Add(MachinePeak.MeasureGflops<float>(1));
            double naive = NaiveRnn.MeasureMicroseconds(benchCase, settings.Seconds, warmUp);
            double gflops = benchCase.Operations / time.Microseconds / 1e3;
            double peak = Math.Max(peakBefore, peakAfter);
            int weightBytes = benchCase.WeightBytes(Unsafe.SizeOf<T>());
            double loads = MachineLoads.MeasureGBps(benchCase.WorkingWeights * weightBytes, group.Count);
            double limit = new Roofline(peak, loads).LimitGflops(benchCase.Operations, benchCase.LoadedWeights * weightBytes);
            rows.Add(new BenchRow(
                RecurrentCells.NameOf(benchCase.Cell),
                PrecisionName<T>(benchCase.Weights),
                benchCase.Batch,
                benchCase.Steps,
                benchCase.InputSize,
                benchCase.HiddenSize,
                benchCase.Layers,
                benchCase.IsBidirectional,
                ModeName(benchCase.Mode),
                group.Count,
                time.Microseconds,
                gflops,
                gflops / peak,
                gflops / limit,
                time.Microseconds / fullMicroseconds,
                naive / time.Microseconds,
                time.AllocatedBytes));
            peakBefore = peakAfter;
        }

        machinePeaks.Sort();
        double median = machinePeaks[machinePeaks.Count / 2];
        var machine = new BenchMachine(
            median,
            (machinePeaks[^1] - machinePeaks[0]) / median,
            MachinePeak.VectorBits,
            MachineLoads.MeasureGBps(MachineLoads.Level1Bytes, 1),
            MachineLoads.MeasureGBps(MachineLoads.Level2Bytes, 1),
            MachineLoads.MeasureGBps(MachineLoads.Level3Bytes, 1),
            MachineClock.MeasureCyclesPerSecond());
        return new BenchReport(machine, rows);
    }

    /// <summary>The same case with full weights, right after; NaN where it has them already.</summary>
    private static double MeasureFull<T>(BenchCase benchCase, WorkerGroup? workers, double seconds, double warmUpSeconds)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (benchCase.Weights == WeightFormat.Full) return double.NaN;
        var work = new RnnWork<T>(benchCase with { Weights = WeightFormat.Full }, workers);
        return BenchTimer.Measure(work.Call, seconds, warmUpSeconds, allThreads: workers is not null).Microseconds;
    }

    private static string PrecisionName<T>(WeightFormat weights) => weights switch
    {
        WeightFormat.BFloat16 => "bfloat16",
        WeightFormat.Int8 => "int8",
        _ => typeof(T) == typeof(float) ? "float" : "double",
    };

    private static string ModeName(BenchMode mode) => mode switch
    {
        BenchMode.Step => "step",
        BenchMode.Forward => "forward",
        BenchMode.Backward => "backward",
        _ => "training",
    };
}
