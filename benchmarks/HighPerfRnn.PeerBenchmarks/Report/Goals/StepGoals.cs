using HighPerfRnn.Benchmarks.Machine;
using HighPerfRnn.Benchmarks.Recurrent;

namespace HighPerfRnn.PeerBenchmarks.Report.Goals;

/// <summary>What is asked of single steps of one row.</summary>
internal static class StepGoals
{
    /// <summary>The class that measures them.</summary>
    public const string Benchmark = "PeerStep";

    /// <summary>How many times its floor a short step may take.</summary>
    public const double MostOverFloor = 1.3;

    private const int LongestInCycles = 64;
    private const double MostOverLoads = 1.1;
    private const double LeastShareOfLoads = 0.9;

    /// <summary>Them all.</summary>
    public static IEnumerable<Goal> Of(GoalContext run) =>
        RecurrentSizes.Steps(OwnLibrary.LibraryName, RecurrentCell.Rnn).SelectMany(work => Of(run, work));

    /// <summary>The floor of a vanilla layer's step that is counted in cycles; null of longer ones.</summary>
    public static StepFloor? FloorOf(ReportRow? row, in StepLatencies latencies) =>
        row?.Layer is { HiddenSize: <= LongestInCycles, Cell: RecurrentCell.Rnn } ? StepFloor.Of(row.Layer, latencies, row.Limits) : null;

    private static IEnumerable<Goal> Of(GoalContext run, RecurrentCase work)
    {
        string name = LayerTables.NameOf(work);
        ReportRow? row = run.Rows.Layer(Benchmark, work);
        double? cycles = row?.Figures().Cycles;
        StepFloor? floor = FloorOf(row, run.Data.Machine.Latencies);
        string floorText = floor is null ? "" : $"floor of the row: {Numbers.Whole(floor.Cycles)}";
        if (MostCycles(work.HiddenSize) is { } most)
        {
            yield return Goal.AtMost(name, most, "cycles", cycles, Numbers.Whole, floorText);
            yield return Goal.AtMost(name, MostOverFloor, "the floor of its latencies and loads", cycles / floor?.Cycles, Numbers.Times);
        }

        if (work.HiddenSize == LongestInCycles && !run.HasWideVectors)
        {
            yield return Goal.AtMost(name, MostOverLoads, "the time of its loads", 1 / row?.Figures().ShareOfLimit, Numbers.Times);
        }

        if (work.HiddenSize is 128 or 256)
        {
            yield return Goal.AtLeast(
                name, LeastShareOfLoads, "of the load bandwidth of its weights", row?.Figures().ShareOfLimit, Numbers.ExactShare);
        }

        if (LeastOverPeers(run, work.HiddenSize) is { } least)
        {
            yield return Goal.AtLeast(
                name,
                least,
                "as fast as the fastest peer",
                row is null ? null : run.Rows.FastestPeer(row),
                Numbers.Times,
                run.PeerLimit(row, floor));
        }
    }

    private static double? MostCycles(int hiddenSize) => hiddenSize switch
    {
        16 => 170,
        32 => 200,
        64 => 300,
        _ => null,
    };

    private static double? LeastOverPeers(GoalContext run, int hiddenSize) => hiddenSize switch
    {
        64 => run.Of(7, 14),
        128 => run.Of(2.2, 4),
        256 => run.Of(1.3, 3),
        512 or 1024 => run.Of(1.2, 1.4),
        _ => null,
    };
}
