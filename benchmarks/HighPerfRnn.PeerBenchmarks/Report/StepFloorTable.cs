using HighPerfRnn.Benchmarks.Machine;
using HighPerfRnn.Benchmarks.Recurrent;
using HighPerfRnn.PeerBenchmarks.Report.Goals;

namespace HighPerfRnn.PeerBenchmarks.Report;

/// <summary>Short steps in cycles, beside the fewest that the order of their sums and the machine's latencies allow.</summary>
internal static class StepFloorTable
{
    /// <summary>How the floor is derived.</summary>
    public const string Derivation =
        "The floor of a step is the larger of two. The path from a state to the next, each part of which waits for the last: " +
        "*store to load* + max(*chain* + *block sums*, *recurrent part*) + *input sum* + *tanh*. And *throughput*: what both " +
        "parts' loads and multiply-adds take whatever waits, the row's roofline. A sum over k is taken in blocks, each one " +
        "chain of fused multiply-adds, the blocks beside each other, block sums added in order: *chain* is a block's length " +
        "times the latency of a multiply-add, *block sums* one addition a block but the first. Recurrent multiply-adds wait " +
        "for the state, whose units are taken to be there all at once: *recurrent part* is the time of them and of their " +
        "weights' loads at the machine's limits. The input part waits for no state and costs the path one addition. Cycles " +
        "are the core's; latencies come from chains of nothing else, limits and clock from beside the row, all in the process " +
        "that measured it.";

    /// <summary>The machine's latencies.</summary>
    public static MarkdownTable Latencies(in StepLatencies latencies)
    {
        var table = new MarkdownTable("from argument to result", "cycles");
        table.Add("fused multiply-add", Numbers.Short(latencies.MultiplyAdd));
        table.Add("addition", Numbers.Short(latencies.Addition));
        table.Add("tanh, with the flush of tiny states", Numbers.Short(latencies.Tanh));
        table.Add("a vector stored, one of its numbers loaded into every element", Numbers.Short(latencies.MemoryTrip));
        return table;
    }

    /// <summary>A step a row.</summary>
    public static MarkdownTable Floors(ReportData data)
    {
        var table = new MarkdownTable(
            "H = I",
            "blocks of k",
            "store to load",
            "chain",
            "block sums",
            "recurrent part",
            "input sum",
            "tanh",
            "path",
            "throughput",
            "floor",
            "measured",
            "over the floor",
            "goal");
        foreach (ReportRow row in data.Layers.Where(row => row.Benchmark == StepGoals.Benchmark))
        {
            if (row.Layer!.Library != OwnLibrary.LibraryName) continue;
            if (StepGoals.FloorOf(row, data.Machine.Latencies) is not { } floor) continue;
            double cycles = row.Figures().Cycles;
            table.Add(
            [
                $"{row.Layer.HiddenSize}",
                $"{floor.Blocks} of {floor.BlockLength}",
                .. ((double[])
                [
                    floor.MemoryTrip, floor.Chain, floor.BlockSums, floor.Stream, floor.InputSum, floor.Tanh, floor.Path, floor.Throughput,
                    floor.Cycles, cycles,
                ]).Select(Numbers.Whole),
                Numbers.Times(cycles / floor.Cycles),
                $"at most {Numbers.Times(StepGoals.MostOverFloor)}",
            ]);
        }

        return table;
    }
}
