using HighPerfRnn.Tasks.Translation;
using ScottPlot;

namespace HighPerfRnn.Cli.Output;

/// <summary>What each token of a translation looked at, as a PNG: a row a target token, a column a source token.</summary>
internal static class AttentionPlot
{
    private const int CellPixels = 36;
    private const int Margin = 160;
    private const int MostPixels = 4000;

    /// <summary>Draws the map; whatever goes wrong is a warning, since the translation is what was asked for.</summary>
    /// <returns>Whether the file is there.</returns>
    public static bool TrySave(ToolContext context, string path, AttentionMap map)
    {
        try
        {
            EmbeddedFont.Install();
            byte[] png = Draw(map);
            Formats.AtomicFile.Write(path, stream => stream.Write(png));
            return true;
        }
        // A native library that does not load, a full disk, a font that Skia dislikes: any of them.
        catch (Exception error)
        {
            context.Warn($"{path}: the plot cannot be drawn: {error.GetBaseException().Message}");
            return false;
        }
    }

    private static byte[] Draw(AttentionMap map)
    {
        int rows = map.Target.Count, columns = map.Source.Count;
        double[,] weights = new double[rows, columns];
        for (int i = 0; i < map.Weights.Length; i++) weights[i / columns, i % columns] = map.Weights[i];
        using var plot = new Plot();
        var heat = plot.Add.Heatmap(weights);
        heat.Colormap = new ScottPlot.Colormaps.Viridis();
        plot.Add.ColorBar(heat);
        double[] across = [.. Enumerable.Range(0, columns).Select(i => (double)i)];
        double[] down = [.. Enumerable.Range(0, rows).Select(i => (double)(rows - 1 - i))];
        plot.Axes.Bottom.SetTicks(across, [.. map.Source]);
        plot.Axes.Left.SetTicks(down, [.. map.Target]);
        plot.Axes.Bottom.TickLabelStyle.Rotation = -60;
        plot.Axes.Bottom.TickLabelStyle.Alignment = Alignment.MiddleRight;
        plot.Axes.Bottom.MinimumSize = 90;
        plot.Axes.SetLimits(-0.5, columns - 0.5, -0.5, rows - 0.5);
        plot.HideGrid();
        plot.Title("Attention");
        return plot.GetImageBytes(Pixels(columns), Pixels(rows), ImageFormat.Png);
    }

    private static int Pixels(int cells) => Math.Min(MostPixels, (cells * CellPixels) + (2 * Margin));
}
