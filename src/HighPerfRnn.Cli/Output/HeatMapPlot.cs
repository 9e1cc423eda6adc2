using HighPerfRnn.Data.Metrics;
using HighPerfRnn.Tasks.Translation;
using ScottPlot;

namespace HighPerfRnn.Cli.Output;

/// <summary>A table of numbers as colours, with a name for each row and column, as a PNG.</summary>
/// <param name="Title">Above it.</param>
/// <param name="Rows">Names, the first one above.</param>
/// <param name="Columns">Names.</param>
/// <param name="Values">[rows, columns].</param>
internal sealed record HeatMap(string Title, IReadOnlyList<string> Rows, IReadOnlyList<string> Columns, double[,] Values)
{
    /// <summary>What each token of a translation looked at: a row a target token, a column a source token.</summary>
    public static HeatMap Of(AttentionMap map)
    {
        double[,] weights = new double[map.Target.Count, map.Source.Count];
        for (int i = 0; i < map.Weights.Length; i++) weights[i / map.Source.Count, i % map.Source.Count] = map.Weights[i];
        return new HeatMap("Attention", map.Target, map.Source, weights);
    }

    /// <summary>A row a right class, a column a predicted one: the share of the right class that was taken for it.</summary>
    public static HeatMap Of(ClassificationMetrics metrics, IReadOnlyList<string> classes)
    {
        double[,] shares = new double[classes.Count, classes.Count];
        for (int right = 0; right < classes.Count; right++)
        {
            int all = Enumerable.Range(0, classes.Count).Sum(found => metrics.Confusion(right, found));
            for (int found = 0; found < classes.Count; found++) shares[right, found] = all == 0 ? 0 : (double)metrics.Confusion(right, found) / all;
        }

        return new HeatMap("Right class (rows), predicted class (columns), share of the row", classes, classes, shares);
    }
}

/// <summary>Draws heat maps.</summary>
internal static class HeatMapPlot
{
    private const int CellPixels = 36;
    private const int Margin = 160;
    private const int MostPixels = 4000;

    /// <summary>Draws the map.</summary>
    /// <returns>Whether the file is there.</returns>
    public static bool TrySave(ToolContext context, string path, HeatMap map) => PlotFile.TrySave(context, path, () => Draw(map));

    private static byte[] Draw(HeatMap map)
    {
        int rows = map.Rows.Count, columns = map.Columns.Count;
        using var plot = new Plot();
        var heat = plot.Add.Heatmap(map.Values);
        heat.Colormap = new ScottPlot.Colormaps.Viridis();
        plot.Add.ColorBar(heat);
        double[] across = [.. Enumerable.Range(0, columns).Select(i => (double)i)];
        double[] down = [.. Enumerable.Range(0, rows).Select(i => (double)(rows - 1 - i))];
        plot.Axes.Bottom.SetTicks(across, [.. map.Columns]);
        plot.Axes.Left.SetTicks(down, [.. map.Rows]);
        plot.Axes.Bottom.TickLabelStyle.Rotation = -60;
        plot.Axes.Bottom.TickLabelStyle.Alignment = Alignment.MiddleRight;
        plot.Axes.Bottom.MinimumSize = 90;
        plot.Axes.SetLimits(-0.5, columns - 0.5, -0.5, rows - 0.5);
        plot.HideGrid();
        plot.Title(map.Title);
        return plot.GetImageBytes(Pixels(columns), Pixels(rows), ImageFormat.Png);
    }

    private static int Pixels(int cells) => Math.Min(MostPixels, (cells * CellPixels) + (2 * Margin));
}
