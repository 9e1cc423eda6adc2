using HighPerfRnn.Benchmarks.Machine;
using HighPerfRnn.Benchmarks.Recurrent;

namespace HighPerfRnn.PeerBenchmarks.Report;

/// <summary>The tables of layers: a size a row, a library a column.</summary>
internal sealed class LayerTables(ReportData data)
{
    /// <summary>A benchmark's sizes on one thread.</summary>
    /// <param name="benchmark">The class that measured them.</param>
    /// <param name="extraHeader">One more column.</param>
    /// <param name="extra">What stands in it.</param>
    public MarkdownTable Compare(string benchmark, string extraHeader, Func<ReportRow, string> extra)
    {
        ReportRow[] rows = [.. data.Layers.Where(row => row.Benchmark == benchmark)];
        string[] others = [.. rows.Select(row => row.Layer!.Library).Where(name => name != OwnLibrary.LibraryName).Distinct()];
        bool hasModes = rows.Select(row => row.Layer!.Mode).Distinct().Count() > 1;
        var table = new MarkdownTable(
        [
            "B, T, I, H", "HighPerfRnn, µs", "GFLOP/s", "of the limit", extraHeader, "bytes allocated",
            .. others.Select(name => $"{name}, µs"), "the fastest peer",
        ]);
        foreach (ReportRow own in rows.Where(row => row.Layer is { Library: OwnLibrary.LibraryName, Threads: 1 }))
        {
            RowFigures figures = own.Figures();
            double[] times = [.. others.Select(name => TimeOf(rows, own.Layer!, name))];
            double fastest = times
                .Where((time, i) => double.IsFinite(time) && others[i] != NaiveLibrary.LibraryName).DefaultIfEmpty(double.NaN).Min();
            table.Add(
            [
                (hasModes ? $"{own.Layer!.Mode} " : "") + SizeOf(own.Layer!),
                Numbers.Short(own.Microseconds),
                Numbers.Short(figures.Gflops),
                Numbers.Share(figures.ShareOfLimit),
                extra(own),
                $"{own.AllocatedBytes}",
                .. times.Select(time => double.IsNaN(time) ? "-" : Numbers.Beside(time, own.Microseconds)),
                double.IsNaN(fastest) ? "-" : Numbers.Times(fastest / own.Microseconds),
            ]);
        }

        return table;
    }

    /// <summary>What two threads gain, beside what they gain on bare multiply-adds.</summary>
    public MarkdownTable TwoThreads()
    {
        var table = new MarkdownTable(
            "work", "1 thread, µs", "2 threads, µs", "gain", "gain of bare multiply-adds", "share of that gain");
        foreach (ReportRow two in data.Layers.Where(row => row.Layer is { Library: OwnLibrary.LibraryName, Threads: 2 }))
        {
            ReportRow? one = data.Layers.FirstOrDefault(
                row => row.Benchmark == two.Benchmark && row.Layer == two.Layer! with { Threads = 1 });
            if (one is null) continue;
            double gain = one.Microseconds / two.Microseconds;
            double possible = two.Limits.PeakGflops / one.Limits.PeakGflops;
            table.Add(
                $"{two.Layer!.Mode} {SizeOf(two.Layer)}",
                Numbers.Short(one.Microseconds),
                Numbers.Short(two.Microseconds),
                Numbers.Times(gain),
                Numbers.Times(possible),
                Numbers.Share(gain / possible));
        }

        return table;
    }

    /// <summary>Backward's time over forward's, at the same size; packing counts as backward.</summary>
    public string BackwardOverForward(ReportRow training)
    {
        ReportRow? forward = data.Layers.FirstOrDefault(row => row.Layer == training.Layer! with { Mode = RecurrentMode.Forward });
        return forward is null ? "-" : Numbers.Short((training.Microseconds - forward.Microseconds) / forward.Microseconds);
    }

    /// <summary>The time that a library needs for a size; the naive loop's is that of its few steps, scaled. NaN if unknown.</summary>
    private static double TimeOf(ReportRow[] rows, RecurrentCase own, string library)
    {
        ReportRow? row = rows.FirstOrDefault(
            row => row.Layer!.Library == library && row.Layer with { Library = own.Library, Steps = own.Steps } == own);
        return row is null ? double.NaN : row.Microseconds * own.Steps / row.Layer!.Steps;
    }

    private static string SizeOf(RecurrentCase work) => $"{work.Batch}, {work.Steps}, {work.InputSize}, {work.HiddenSize}";
}
