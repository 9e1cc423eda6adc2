using HighPerfRnn.Benchmarks.Recurrent;
using ScottPlot;
using ScottPlot.Plottables;

namespace HighPerfRnn.PeerBenchmarks.Report.Plots;

/// <summary>Operations a byte against operations a second, both logarithmic, under the machine's roofs.</summary>
internal static class RooflinePlot
{
    private static readonly (string Benchmark, RecurrentMode Mode, string Name)[] Series =
    [
        ("PeerStep", RecurrentMode.Step, "one step of one row"),
        ("PeerStepSweep", RecurrentMode.Step, "one step of one row, sweep"),
        ("PeerBatches", RecurrentMode.Forward, "1 to 32 rows of 256 units"),
        ("PeerForwardSweep", RecurrentMode.Forward, "32 rows, sweep"),
        ("PeerForward", RecurrentMode.Forward, "forward"),
        ("PeerTraining", RecurrentMode.Training, "training"),
    ];

    private static readonly MarkerShape[] Shapes =
    [
        MarkerShape.FilledSquare, MarkerShape.OpenCircle, MarkerShape.FilledDiamond, MarkerShape.OpenTriangleUp,
        MarkerShape.FilledTriangleDown, MarkerShape.FilledCircle,
    ];

    /// <summary>Draws the rows of this library on one thread.</summary>
    /// <returns>Whether there are any.</returns>
    public static bool TryDraw(ReportData data, string path)
    {
        ReportRow[] rows = [.. data.Layers.Where(row => row.Layer is { Library: OwnLibrary.LibraryName, Threads: 1 })];
        if (rows.Length == 0) return false;
        using Plot plot = PlotStyle.Create("roofline, one thread", "operations a byte of weights loaded", "GFLOP/s");
        double least = rows.Min(Intensity) / 1.5;
        double most = rows.Max(Intensity) * 1.5;
        MachineFigures machine = data.Machine;
        Roof(plot, "first level of the cache", machine.PeakGflops, machine.Level1GBps, least, most, LinePattern.Solid);
        Roof(plot, "second level", machine.PeakGflops, machine.Level2GBps, least, most, LinePattern.Dashed);
        Roof(plot, "third level", machine.PeakGflops, machine.Level3GBps, least, most, LinePattern.Dotted);
        var palette = new ScottPlot.Palettes.Category10();
        for (int i = 0; i < Series.Length; i++)
        {
            (string benchmark, RecurrentMode mode, string name) = Series[i];
            ReportRow[] points = [.. rows.Where(row => row.Benchmark == benchmark && row.Layer!.Mode == mode)];
            if (points.Length == 0) continue;
            Scatter markers = plot.Add.ScatterPoints(PlotStyle.Logs(points.Select(Intensity)), PlotStyle.Logs(points.Select(Gflops)));
            markers.LegendText = name;
            // Series share intensities: colour and shape tell them apart where they lie on each other.
            markers.Color = palette.GetColor(i);
            markers.MarkerShape = Shapes[i];
            markers.MarkerSize = 9;
        }

        double lowest = Math.Min(rows.Min(Gflops), machine.Level3GBps * least);
        plot.Axes.Bottom.TickGenerator = PlotStyle.TicksAt(PlotStyle.Decades(least, most));
        plot.Axes.Left.TickGenerator = PlotStyle.TicksAt(PlotStyle.Decades(lowest, machine.PeakGflops));
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
        PlotStyle.AddRoof(plot, name, pattern, intensities, Array.ConvertAll(intensities, x => Math.Min(peakGflops, loadGBps * x)));
    }
}
