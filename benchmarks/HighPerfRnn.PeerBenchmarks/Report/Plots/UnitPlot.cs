using HighPerfRnn.Benchmarks.Machine;
using ScottPlot;
using ScottPlot.Plottables;

namespace HighPerfRnn.PeerBenchmarks.Report.Plots;

/// <summary>
/// Hidden size against this library's time a unit, both logarithmic, above its roofline: a size that costs more than those beside it
/// shows.
/// </summary>
internal static class UnitPlot
{
    /// <summary>Draws a sweep.</summary>
    /// <param name="sweep">The rows.</param>
    /// <param name="latencies">Where given, the floor of latencies is drawn too: of single steps.</param>
    /// <param name="title">What is swept.</param>
    /// <param name="path">Where to.</param>
    public static void Draw(Sweep sweep, StepLatencies? latencies, string title, string path)
    {
        using Plot plot = PlotStyle.Create($"{title}: time a unit", "hidden size H", "nanoseconds a unit, row and step");
        double[] sizes = [.. sweep.Rows.Select(row => (double)row.Layer!.HiddenSize)];
        double[] times = [.. sweep.Rows.Select(Sweep.UnitNanoseconds)];
        double[] limits = [.. sweep.Rows.Select(Sweep.LimitUnitNanoseconds)];
        Scatter line = plot.Add.Scatter(PlotStyle.Logs(sizes), PlotStyle.Logs(times));
        line.LegendText = "HighPerfRnn";
        line.LineWidth = PlotStyle.OwnWidth;
        line.MarkerSize = PlotStyle.OwnMarker;
        PlotStyle.AddRoof(plot, "limit of multiply-adds and loads, measured beside each row", LinePattern.Dashed, sizes, limits);
        if (latencies is { } waits)
        {
            double[] floors = [.. sweep.Rows.Select(row => FloorUnitNanoseconds(row, waits))];
            PlotStyle.AddRoof(plot, "floor of one step after another, latencies included", LinePattern.Dotted, sizes, floors);
        }

        double[] all = [.. times, .. limits];
        plot.Axes.Bottom.TickGenerator = PlotStyle.TicksAt(PlotStyle.PowersOfTwo(sizes.Min(), sizes.Max()));
        plot.Axes.Left.TickGenerator = PlotStyle.TicksAt(PlotStyle.Decades(all.Min(), all.Max()));
        plot.ShowLegend(Alignment.LowerRight);
        PlotStyle.Save(plot, path);
    }

    private static double FloorUnitNanoseconds(ReportRow row, in StepLatencies latencies) =>
        StepFloor.Of(row.Layer!, latencies, row.Limits).Cycles / row.Limits.CyclesPerSecond * 1e9 / row.Layer!.HiddenSize;
}
