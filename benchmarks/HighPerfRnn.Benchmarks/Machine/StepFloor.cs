using HighPerfRnn.Benchmarks.Recurrent;
using HighPerfRnn.Kernels;

namespace HighPerfRnn.Benchmarks.Machine;

/// <summary>
/// The fewest cycles in which one step of one row of the vanilla layer can follow another, in the order in which sums are taken
/// (<see cref="CanonicalSum"/>), on a machine of these latencies and limits.
/// </summary>
/// <remarks>
/// From one state to the next, each waits for the last: the trip through memory; the recurrent sums, where the blocks of k are
/// chains beside each other and their sums are added in order; the addition of the input part; tanh. The recurrent sums take no
/// less than their multiply-adds at the peak and their weights' loads, since all of them wait for the state, whose units are taken to
/// be there all at once. The input part waits for none, and runs beside whatever waits; but the multiply-adds and loads of both parts
/// take their time together.
/// </remarks>
/// <param name="Blocks">How many blocks of k a recurrent sum has.</param>
/// <param name="BlockLength">How many multiply-adds of one chain follow each other.</param>
/// <param name="MemoryTrip">Cycles from the stored state to its numbers in registers.</param>
/// <param name="Chain">Cycles of one block's chain.</param>
/// <param name="BlockSums">Cycles of the additions of block sums.</param>
/// <param name="Stream">Cycles in which the recurrent part's multiply-adds and loads start, if nothing waits.</param>
/// <param name="InputSum">Cycles of the addition of the input part.</param>
/// <param name="Tanh">Cycles of tanh.</param>
/// <param name="Throughput">Cycles in which both parts' multiply-adds and loads start: the row's roofline.</param>
public sealed record StepFloor(
    int Blocks,
    int BlockLength,
    double MemoryTrip,
    double Chain,
    double BlockSums,
    double Stream,
    double InputSum,
    double Tanh,
    double Throughput)
{
    /// <summary>From one state to the next.</summary>
    public double Path => MemoryTrip + Math.Max(Chain + BlockSums, Stream) + InputSum + Tanh;

    /// <summary>The larger of the path and of what takes its time whatever waits.</summary>
    public double Cycles => Math.Max(Path, Throughput);

    /// <summary>The floor of a step.</summary>
    /// <param name="step">A step of one row on one thread.</param>
    /// <param name="latencies">The machine's latencies.</param>
    /// <param name="limits">Its limits, at the size of the weights.</param>
    public static StepFloor Of(RecurrentCase step, in StepLatencies latencies, in MachineLimits limits)
    {
        ArgumentNullException.ThrowIfNull(step);
        if (step is not { Cell: RecurrentCell.Rnn, Mode: RecurrentMode.Step, Batch: 1, Threads: 1, Weights: WeightFormat.Full })
        {
            throw new ArgumentException($"{step}: the floor is that of one row's step of the vanilla layer in float.", nameof(step));
        }

        int length = Math.Min(step.HiddenSize, CanonicalSum.Block(step.HiddenSize));
        int blocks = (step.HiddenSize + length - 1) / length;
        double cyclesPerNanosecond = limits.CyclesPerSecond / 1e9;
        double recurrentOperations = 2.0 * step.HiddenSize * step.HiddenSize;
        double stream = Math.Max(recurrentOperations / limits.PeakGflops, step.RecurrentBytes / limits.LoadGBps);
        return new StepFloor(
            blocks,
            length,
            latencies.MemoryTrip,
            length * latencies.MultiplyAdd,
            (blocks - 1) * latencies.Addition,
            stream * cyclesPerNanosecond,
            latencies.Addition,
            latencies.Tanh,
            step.Operations / limits.LimitGflops(step) * cyclesPerNanosecond);
    }
}
