using HighPerfRnn.Benchmarks.Recurrent;
using ScottPlot;
using ScottPlot.Plottables;

namespace HighPerfRnn.PeerBenchmarks.Report.Plots;

/// <summary>Hidden size against time, both logarithmic, a line a library, and the roofline of this one's rows.</summary>
internal static class SizePlot
{
    /// <summary>Draws a sweep; others' lines have the sizes at which the same work was measured anywhere in the run.</summary>
    public static void Draw(ReportData data, Sweep sweep, string title, string path)
    {
        using Plot plot = PlotStyle.Create(title, "hidden size H", "microseconds");
        RecurrentCase work = sweep.Rows[0].Layer!;
        var times = new List<double>();
        AddLine(OwnLibrary.LibraryName, sweep.Rows, PlotStyle.OwnWidth, PlotStyle.OwnMarker);
        foreach (LibraryFigures library in data.Libraries.Where(library => library.Name != OwnLibrary.LibraryName))
        {
            // The naive loop is timed over fewer steps than the others.
            ReportRow[] rows =
            [
                .. data.Layers.Where(row => row.Layer!.Library == library.Name && IsSameWork(row.Layer, work))
                    .OrderBy(row => row.Layer!.HiddenSize).DistinctBy(row => row.Layer!.HiddenSize),
            ];
            if (rows.Length > 0) AddLine(library.Name, rows, PlotStyle.PeerWidth, PlotStyle.PeerMarker);
        }

        double[] limits = [.. sweep.Rows.Select(row => row.Microseconds * row.Figures().ShareOfLimit)];
        PlotStyle.AddRoof(plot, "limit of multiply-adds and loads", LinePattern.Dashed, Sizes(sweep.Rows), limits);
        times.AddRange(limits);
        plot.Axes.Bottom.TickGenerator = PlotStyle.TicksAt(PlotStyle.PowersOfTwo(Sizes(sweep.Rows).Min(), Sizes(sweep.Rows).Max()));
        plot.Axes.Left.TickGenerator = PlotStyle.TicksAt(PlotStyle.Decades(times.Min(), times.Max()));
        plot.ShowLegend(Alignment.UpperLeft);
        PlotStyle.Save(plot, path);

        void AddLine(string name, IReadOnlyList<ReportRow> rows, float width, float marker)
        {
            double[] microseconds = [.. rows.Select(row => row.Microseconds * work.Steps / row.Layer!.Steps)];
            Scatter line = plot.Add.Scatter(PlotStyle.Logs(Sizes(rows)), PlotStyle.Logs(microseconds));
            line.LegendText = name;
            line.LineWidth = width;
            line.MarkerSize = marker;
            times.AddRange(microseconds);
        }
    }

    // I = H everywhere; a case of the naive loop may have fewer steps.
    private static bool IsSameWork(RecurrentCase row, RecurrentCase sweep) =>
        row.InputSize == row.HiddenSize
        && row with { Library = sweep.Library, Steps = sweep.Steps, InputSize = sweep.InputSize, HiddenSize = sweep.HiddenSize } == sweep
        && (row.Steps == sweep.Steps || row.Library == NaiveLibrary.LibraryName);

    private static double[] Sizes(IEnumerable<ReportRow> rows) => [.. rows.Select(row => (double)row.Layer!.HiddenSize)];
}
