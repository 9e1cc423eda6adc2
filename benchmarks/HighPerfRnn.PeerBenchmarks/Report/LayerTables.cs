using HighPerfRnn.Benchmarks.Machine;
using HighPerfRnn.Benchmarks.Recurrent;
using HighPerfRnn.Kernels;
using HighPerfRnn.PeerBenchmarks.Report.Goals;

namespace HighPerfRnn.PeerBenchmarks.Report;

/// <summary>A column that follows from a row of this library.</summary>
/// <param name="Header">What stands above it.</param>
/// <param name="Cell">What stands in it.</param>
internal readonly record struct RowColumn(string Header, Func<ReportRow, string> Cell);

/// <summary>The tables of layers: a size a row, a library a column.</summary>
internal sealed class LayerTables(ReportData data, RowLookup rows)
{
    /// <summary>A benchmark's sizes.</summary>
    /// <param name="benchmark">The class that measured them.</param>
    /// <param name="mode">Of which kind of work.</param>
    /// <param name="columns">More columns.</param>
    public MarkdownTable Compare(string benchmark, RecurrentMode mode, params IReadOnlyList<RowColumn> columns)
    {
        ReportRow[] all = [.. data.Layers.Where(row => row.Benchmark == benchmark && row.Layer!.Mode == mode)];
        string[] others = [.. all.Select(row => row.Layer!.Library).Where(name => name != OwnLibrary.LibraryName).Distinct()];
        var table = new MarkdownTable(
        [
            "B, T, I, H", "HighPerfRnn, µs", "GFLOP/s", "of the limit", .. columns.Select(column => column.Header), "bytes allocated",
            .. others.Select(name => $"{name}, µs"), .. (string[])(others.Length == 0 ? [] : ["the fastest peer"]),
        ]);
        foreach (ReportRow own in all.Where(row => row.Layer!.Library == OwnLibrary.LibraryName))
        {
            RowFigures figures = own.Figures();
            table.Add(
            [
                SizeOf(own.Layer!),
                Numbers.Short(own.Microseconds),
                Numbers.Short(figures.Gflops),
                Numbers.Share(figures.ShareOfLimit),
                .. columns.Select(column => column.Cell(own)),
                $"{own.AllocatedBytes}",
                .. others.Select(name => Numbers.Beside(rows.TimeOf(own, name), own.Microseconds)),
                .. (string[])(others.Length == 0 ? [] : [Numbers.Times(rows.FastestPeer(own))]),
            ]);
        }

        return table;
    }

    /// <summary>Row counts and widths beside those that fill tiles and vectors.</summary>
    public MarkdownTable Neighbours()
    {
        var table = new MarkdownTable("work", "µs", "of the limit", "a row or unit, over B = 32 or H = 128", "goal", "bytes allocated");
        foreach (ReportRow row in data.Layers.Where(row => row.Benchmark == NeighbourGoals.Benchmark))
        {
            RecurrentCase even = NeighbourGoals.EvenOf(row.Layer!);
            table.Add(
                NameOf(row.Layer!),
                Numbers.Short(row.Microseconds),
                Numbers.Share(row.Figures().ShareOfLimit),
                row.Layer == even ? "1" : Numbers.Short(rows.CostOver(row, even)),
                NeighbourGoals.IsAsked(row.Layer!) ? $"at most {Numbers.Short(NeighbourGoals.MostCost)}" : "-",
                $"{row.AllocatedBytes}");
        }

        return table;
    }

    /// <summary>What two threads gain, beside what they gain on bare multiply-adds.</summary>
    public MarkdownTable TwoThreads()
    {
        var table = new MarkdownTable(
            "work", "1 thread, µs", "2 threads, µs", "gain", "gain of bare multiply-adds", "share of that gain", "goal", "bytes allocated");
        foreach (ReportRow two in data.Layers.Where(row => row.Layer!.Threads == 2))
        {
            if (rows.Gain(two) is not { } gain) continue;
            double? goal = ThreadGoals.LeastShareOfGain(two.Layer!);
            table.Add(
                NameOf(two.Layer!),
                Numbers.Short(gain.Microseconds),
                Numbers.Short(two.Microseconds),
                Numbers.Times(gain.Gain),
                Numbers.Times(gain.BareGain),
                Numbers.Share(gain.Gain / gain.BareGain),
                goal is null ? "-" : $"at least {Numbers.Share(goal.Value)}",
                $"{two.AllocatedBytes}");
        }

        return table;
    }

    /// <summary>Steps over weights of every kind that was measured.</summary>
    public MarkdownTable Formats()
    {
        var table = new MarkdownTable("H = I", "weights", "µs", "of float's time", "goal", "of the limit", "bytes allocated");
        foreach (ReportRow row in data.Layers.Where(row => row.Benchmark == FormatGoals.Benchmark))
        {
            double? goal = FormatGoals.MostOfFloat(row.Layer!.Weights);
            table.Add(
                $"{row.Layer.HiddenSize}",
                row.Layer.Weights == WeightFormat.Full ? "float" : $"{row.Layer.Weights}",
                Numbers.Short(row.Microseconds),
                Numbers.Share(row.Microseconds / (rows.Layer(row.Benchmark, FormatGoals.FloatOf(row.Layer))?.Microseconds ?? double.NaN)),
                goal is null ? "-" : $"at most {Numbers.Share(goal.Value)}",
                Numbers.Share(row.Figures().ShareOfLimit),
                $"{row.AllocatedBytes}");
        }

        return table;
    }

    /// <summary>What is done, at which size.</summary>
    public static string NameOf(RecurrentCase work) => $"{work.Mode} {SizeOf(work)}";

    private static string SizeOf(RecurrentCase work) =>
        (work.Cell == RecurrentCell.Rnn ? "" : $"{work.Cell} ") + (work.IsRagged ? "ragged " : "")
        + $"{work.Batch}, {work.Steps}, {work.InputSize}, {work.HiddenSize}";
}
