using ScottPlot;
using ScottPlot.Plottables;
using ScottPlot.TickGenerators;

namespace HighPerfRnn.PeerBenchmarks.Report.Plots;

/// <summary>Hidden size, logarithmic, against the share of the roofline that this library's rows reach.</summary>
internal static class SharePlot
{
    private const double Top = 120;
    private const int TickEvery = 20;

    /// <summary>Draws sweeps.</summary>
    /// <returns>Whether there were any rows.</returns>
    public static bool TryDraw(IEnumerable<(string Name, Sweep Sweep)> sweeps, string path)
    {
        (string Name, Sweep Sweep)[] all = [.. sweeps.Where(sweep => sweep.Sweep.Rows.Count > 0)];
        if (all.Length == 0) return false;
        using Plot plot = PlotStyle.Create("share of the limit, I = H", "hidden size H", "of the limit of multiply-adds and loads");
        foreach ((string name, Sweep sweep) in all)
        {
            Scatter line = plot.Add.Scatter(
                PlotStyle.Logs(sweep.Rows.Select(row => (double)row.Layer!.HiddenSize)),
                [.. sweep.Rows.Select(row => 100 * row.Figures().ShareOfLimit)]);
            line.LegendText = name;
            line.LineWidth = PlotStyle.PeerWidth;
            line.MarkerSize = PlotStyle.OwnMarker;
        }

        double[] sizes = [.. all.SelectMany(sweep => sweep.Sweep.Rows).Select(row => (double)row.Layer!.HiddenSize)];
        plot.Axes.Bottom.TickGenerator = PlotStyle.TicksAt(PlotStyle.PowersOfTwo(sizes.Min(), sizes.Max()));
        double most = Math.Max(Top, 100 * all.SelectMany(sweep => sweep.Sweep.Rows).Max(row => row.Figures().ShareOfLimit));
        double[] ticks = [.. Enumerable.Range(0, (int)(most / TickEvery) + 1).Select(i => (double)i * TickEvery)];
        plot.Axes.Left.TickGenerator = new NumericManual(ticks, Array.ConvertAll(ticks, tick => $"{tick} %"));
        plot.Axes.SetLimitsY(0, most);
        plot.ShowLegend(Alignment.LowerRight);
        PlotStyle.Save(plot, path);
        return true;
    }
}
