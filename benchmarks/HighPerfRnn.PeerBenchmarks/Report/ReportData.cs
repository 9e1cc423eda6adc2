using HighPerfRnn.Benchmarks;
using HighPerfRnn.Benchmarks.Machine;
using HighPerfRnn.Benchmarks.Pointwise;
using HighPerfRnn.Benchmarks.Recurrent;
using HighPerfRnn.PeerBenchmarks.Training;

namespace HighPerfRnn.PeerBenchmarks.Report;

/// <summary>All that a report is drawn from: what a run leaves behind.</summary>
/// <param name="Command">The command that repeats it.</param>
/// <param name="IsQuick">Whether it was a quick run.</param>
/// <param name="Environment">Processor, system and versions, a line each.</param>
/// <param name="Machine">The machine's limits.</param>
/// <param name="Libraries">Who was compared, and who was not.</param>
/// <param name="Rows">What was measured.</param>
/// <param name="Failures">Rows without a figure: their numbers were wrong, or they threw.</param>
internal sealed record ReportData(
    string Command,
    bool IsQuick,
    IReadOnlyList<string> Environment,
    MachineFigures Machine,
    IReadOnlyList<LibraryFigures> Libraries,
    IReadOnlyList<ReportRow> Rows,
    IReadOnlyList<string> Failures)
{
    /// <summary>The rows of layers.</summary>
    public IEnumerable<ReportRow> Layers => Rows.Where(row => row.Layer is not null);
}

/// <summary>The machine's limits on one thread and on two, measured when the rows were done.</summary>
/// <param name="VectorBits">The width of the vectors used.</param>
/// <param name="CyclesPerSecond">The clock.</param>
/// <param name="PeakGflops">Multiply-adds of one thread.</param>
/// <param name="PeakGflopsOfTwo">Of two threads at once; as of one where there is but one.</param>
/// <param name="Level1GBps">Loads of one thread from the first level.</param>
/// <param name="Level2GBps">From the second.</param>
/// <param name="Level3GBps">From the third.</param>
/// <param name="Latencies">What a short step waits for.</param>
internal sealed record MachineFigures(
    int VectorBits,
    double CyclesPerSecond,
    double PeakGflops,
    double PeakGflopsOfTwo,
    double Level1GBps,
    double Level2GBps,
    double Level3GBps,
    StepLatencies Latencies)
{
    /// <summary>Runs the probes.</summary>
    public static MachineFigures Measure()
    {
        int two = Math.Min(2, Environment.ProcessorCount);
        MachineLimits level1 = MachineLimits.Measure(MachineLimits.Level1Bytes, 1);
        return new MachineFigures(
            MachineLimits.VectorBits,
            level1.CyclesPerSecond,
            level1.PeakGflops,
            MachineLimits.Measure(0, two).PeakGflops,
            level1.LoadGBps,
            MachineLimits.Measure(MachineLimits.Level2Bytes, 1).LoadGBps,
            MachineLimits.Measure(MachineLimits.Level3Bytes, 1).LoadGBps,
            StepLatencies.Measure());
    }
}

/// <summary>A library in a report.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Version">What was measured; null where it is missing.</param>
/// <param name="Missing">Why it was left out.</param>
internal sealed record LibraryFigures(string Name, string? Version, string? Missing);

/// <summary>A figure; one of the cases says of what.</summary>
/// <param name="Benchmark">The class that measured it.</param>
/// <param name="Layer">A recurrent layer.</param>
/// <param name="Pointwise">A function over numbers.</param>
/// <param name="Training">The training of a character model.</param>
/// <param name="Task">The training of a task's model.</param>
/// <param name="Microseconds">One call, in the fastest of the iterations.</param>
/// <param name="MedianMicroseconds">One call, in the median one.</param>
/// <param name="Limits">The machine's limits next to it.</param>
/// <param name="AllocatedBytes">A call.</param>
internal sealed record ReportRow(
    string Benchmark,
    RecurrentCase? Layer,
    PointwiseCase? Pointwise,
    CharacterTrainingCase? Training,
    TaskTrainingCase? Task,
    double Microseconds,
    double MedianMicroseconds,
    MachineLimits Limits,
    long AllocatedBytes)
{
    /// <summary>The row of a benchmark's figures.</summary>
    public static ReportRow Create(string benchmark, RowFigures figures) => new(
        benchmark,
        figures.Work as RecurrentCase,
        figures.Work as PointwiseCase,
        figures.Work as CharacterTrainingCase,
        figures.Work as TaskTrainingCase,
        figures.Microseconds,
        figures.MedianMicroseconds,
        figures.Limits,
        figures.AllocatedBytes);

    /// <summary>The row with what follows from it.</summary>
    public RowFigures Figures() =>
        new((WorkCase?)Layer ?? (WorkCase?)Pointwise ?? (WorkCase?)Training ?? Task!, Microseconds, MedianMicroseconds, Limits, AllocatedBytes);
}
