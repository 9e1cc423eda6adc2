namespace HighPerfRnn.Cli.Bench;

/// <summary>The machine's limits as measured in the run.</summary>
/// <param name="PeakGflops">Multiply-adds of one thread in float, each counted as two operations: the median over the run.</param>
/// <param name="PeakSpread">(largest - smallest) / median of that peak over the run: how far the clock drifted.</param>
/// <param name="VectorBits">The width of the vectors used; 0 without vector instructions.</param>
/// <param name="L1GBps">Load bandwidth of one thread from the first level of the cache.</param>
/// <param name="L2GBps">From the second level.</param>
/// <param name="L3GBps">From the third level, or memory where there is none.</param>
/// <param name="CyclesPerSecond">From a chain of dependent additions, one a cycle.</param>
internal sealed record BenchMachine(
    double PeakGflops, double PeakSpread, int VectorBits, double L1GBps, double L2GBps, double L3GBps, double CyclesPerSecond);

/// <summary>One measurement.</summary>
/// <param name="Cell">rnn, lstm, gru, mingru, minlstm or lru.</param>
/// <param name="Precision">float or double; bfloat16 or int8 where a layer of float holds its weights so.</param>
/// <param name="Batch">B.</param>
/// <param name="Steps">T.</param>
/// <param name="Input">I.</param>
/// <param name="Hidden">H.</param>
/// <param name="Layers">How many stand on each other.</param>
/// <param name="Bidirectional">Whether each runs both ways.</param>
/// <param name="Mode">step, forward, backward or training.</param>
/// <param name="Threads">Workers.</param>
/// <param name="Microseconds">One call, in the fastest sample; a step is one time step.</param>
/// <param name="Gflops">The cell's multiply-adds, each as two operations, over that time.</param>
/// <param name="ShareOfPeak">
/// Of the multiply-add peak of so many threads in double or, for all others, float, measured just before and after the row.
/// </param>
/// <param name="ShareOfLimit">Of the row's roofline, with loads from a working set as large as its weights.</param>
/// <param name="TimeOverFull">Where weights are bfloat16 or int8: over the time of the same call with float weights, else null.</param>
/// <param name="SpeedupOverNaive">Against the reference's naive loops in float on one thread.</param>
/// <param name="AllocatedBytes">A call.</param>
internal sealed record BenchRow(
    string Cell,
    string Precision,
    int Batch,
    int Steps,
    int Input,
    int Hidden,
    int Layers,
    bool Bidirectional,
    string Mode,
    int Threads,
    double Microseconds,
    double Gflops,
    double ShareOfPeak,
    double ShareOfLimit,
    double TimeOverFull,
    double SpeedupOverNaive,
    long AllocatedBytes);

/// <summary>What bench --json prints.</summary>
internal sealed record BenchReport(BenchMachine Machine, IReadOnlyList<BenchRow> Rows);
