using HighPerfRnn.Benchmarks.Recurrent;
using ScottPlot;
using ScottPlot.Plottables;

namespace HighPerfRnn.PeerBenchmarks.Report.Plots;

/// <summary>Operations a byte against operations a second, both logarithmic, under the machine's roofs.</summary>
internal static class RooflinePlot
{
    private static readonly (string Benchmark, string Name)[] Series =
    [
        ("PeerStep", "one step of one row"), ("PeerStepSweep", "one step of one row, sweep"), ("PeerBatches", "1 to 33 rows of 256 units"),
        ("PeerForwardSweep", "32 rows, sweep"), ("PeerForward", "forward"), ("PeerTraining", "training"),
    ];

    /// <summary>Draws the rows of this library on one thread.</summary>
    /// <returns>Whether there are any.</returns>
    public static bool TryDraw(ReportData data, string path)
    {
        ReportRow[] rows = [.. data.Layers.Where(row => row.Layer is { Library: OwnLibrary.LibraryName, Threads: 1 })];
        if (rows.Length == 0) return false;
        PlotStyle.InstallFont();
        using var plot = new Plot();
        double least = rows.Min(Intensity) / 1.5;
        double most = rows.Max(Intensity) * 1.5;
        MachineFigures machine = data.Machine;
        Roof(plot, "first level of the cache", machine.PeakGflops, machine.Level1GBps, least, most, LinePattern.Solid);
        Roof(plot, "second level", machine.PeakGflops, machine.Level2GBps, least, most, LinePattern.Dashed);
        Roof(plot, "third level", machine.PeakGflops, machine.Level3GBps, least, most, LinePattern.Dotted);
        foreach ((string benchmark, string name) in Series)
        {
            ReportRow[] points = [.. rows.Where(row => row.Benchmark == benchmark)];
            if (points.Length == 0) continue;
            Scatter markers = plot.Add.ScatterPoints(PlotStyle.Logs(points.Select(Intensity)), PlotStyle.Logs(points.Select(Gflops)));
            markers.LegendText = name;
            markers.MarkerSize = 8;
        }

        double lowest = Math.Min(rows.Min(Gflops), machine.Level3GBps * least);
        plot.Axes.Bottom.TickGenerator = PlotStyle.TicksAt(PlotStyle.Decades(least, most));
        plot.Axes.Left.TickGenerator = PlotStyle.TicksAt(PlotStyle.Decades(lowest, machine.PeakGflops));
        plot.Title("roofline, one thread");
        plot.XLabel("operations a byte of weights loaded");
        plot.YLabel("GFLOP/s");
        plot.ShowLegend(Alignment.LowerRight);
        PlotStyle.Save(plot, path);
        return true;
    }

    private static double Intensity(ReportRow row) => row.Layer!.Operations / row.Layer.LoadedBytes;

    private static double Gflops(ReportRow row) => row.Figures().Gflops;

    private static void Roof(Plot plot, string name, double peakGflops, double loadGBps, double least, double most, LinePattern pattern)
    {
        double ridge = Math.Clamp(peakGflops / loadGBps, least, most);
        double[] intensities = [least, ridge, most];
        Scatter roof = plot.Add.ScatterLine(
            PlotStyle.Logs(intensities), PlotStyle.Logs(intensities.Select(x => Math.Min(peakGflops, loadGBps * x))));
        roof.LegendText = name;
        roof.LinePattern = pattern;
        roof.LineWidth = 2;
        roof.Color = Colors.Gray;
    }
}
