using HighPerfRnn.Benchmarks.Recurrent;
using ScottPlot;
using ScottPlot.Plottables;

namespace HighPerfRnn.PeerBenchmarks.Report.Plots;

/// <summary>Hidden size against time, both logarithmic, a line a library.</summary>
internal static class SizePlot
{
    /// <summary>Draws a sweep.</summary>
    /// <returns>Whether there was one.</returns>
    public static bool TryDraw(ReportData data, string benchmark, string title, string path)
    {
        ReportRow[] rows = [.. data.Layers.Where(row => row.Benchmark == benchmark)];
        if (rows.Length == 0) return false;
        PlotStyle.InstallFont();
        using var plot = new Plot();
        double longest = 0;
        double shortest = double.PositiveInfinity;
        // The naive loop is timed over fewer steps than the others.
        int steps = rows.Max(row => row.Layer!.Steps);
        foreach (IGrouping<string, ReportRow> library in rows.GroupBy(row => row.Layer!.Library))
        {
            ReportRow[] ordered = [.. library.OrderBy(row => row.Layer!.HiddenSize)];
            double[] times = [.. ordered.Select(row => row.Microseconds * steps / row.Layer!.Steps)];
            Scatter line = plot.Add.Scatter(
                PlotStyle.Logs(ordered.Select(row => (double)row.Layer!.HiddenSize)), PlotStyle.Logs(times));
            line.LegendText = library.Key;
            line.LineWidth = library.Key == OwnLibrary.LibraryName ? 3 : 1.5f;
            line.MarkerSize = library.Key == OwnLibrary.LibraryName ? 7 : 5;
            longest = Math.Max(longest, times.Max());
            shortest = Math.Min(shortest, times.Min());
        }

        double[] sizes = [.. rows.Select(row => (double)row.Layer!.HiddenSize)];
        plot.Axes.Bottom.TickGenerator = PlotStyle.TicksAt(PlotStyle.PowersOfTwo(sizes.Min(), sizes.Max()));
        plot.Axes.Left.TickGenerator = PlotStyle.TicksAt(PlotStyle.Decades(shortest, longest));
        plot.Title(title);
        plot.XLabel("hidden size H");
        plot.YLabel("microseconds");
        plot.ShowLegend(Alignment.UpperLeft);
        PlotStyle.Save(plot, path);
        return true;
    }
}
