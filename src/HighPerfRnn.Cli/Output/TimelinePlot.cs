using ScottPlot;

namespace HighPerfRnn.Cli.Output;

/// <summary>Labels over time, what is right above what was found, as a PNG.</summary>
internal static class TimelinePlot
{
    private const int Width = 1200;
    private const int Height = 320;

    /// <summary>Draws the labels.</summary>
    /// <param name="context">Takes warnings.</param>
    /// <param name="path">The file.</param>
    /// <param name="title">Above it.</param>
    /// <param name="rows">A name and a label a frame, the first row above.</param>
    /// <param name="labels">All labels, for colours.</param>
    /// <param name="background">The label that is left white.</param>
    /// <returns>Whether the file is there.</returns>
    public static bool TrySave(
        ToolContext context,
        string path,
        string title,
        IReadOnlyList<(string Name, IReadOnlyList<string> Labels)> rows,
        IReadOnlyList<string> labels,
        string background) => PlotFile.TrySave(context, path, () => Draw(title, rows, labels, background));

    private static byte[] Draw(
        string title, IReadOnlyList<(string Name, IReadOnlyList<string> Labels)> rows, IReadOnlyList<string> labels, string background)
    {
        using var plot = new Plot();
        var palette = new ScottPlot.Palettes.Category20();
        Dictionary<string, Color> colours = labels.Where(label => label != background)
            .Select((label, number) => (label, colour: palette.GetColor(number)))
            .ToDictionary(pair => pair.label, pair => pair.colour, StringComparer.Ordinal);
        var shown = new HashSet<string>(StringComparer.Ordinal);
        for (int row = 0; row < rows.Count; row++)
        {
            IReadOnlyList<string> frames = rows[row].Labels;
            for (int first = 0, end; first < frames.Count; first = end)
            {
                for (end = first + 1; end < frames.Count && frames[end] == frames[first];) end++;
                if (!colours.TryGetValue(frames[first], out Color colour)) continue;
                var bar = plot.Add.Rectangle(first, end, rows.Count - row - 0.9, rows.Count - row - 0.1);
                bar.FillColor = colour;
                bar.LineWidth = 0;
                if (shown.Add(frames[first])) bar.LegendText = frames[first];
            }
        }

        double[] places = [.. Enumerable.Range(0, rows.Count).Select(row => rows.Count - row - 0.5)];
        plot.Axes.Left.SetTicks(places, [.. rows.Select(row => row.Name)]);
        plot.Axes.SetLimits(0, rows.Max(row => row.Labels.Count), 0, rows.Count);
        plot.ShowLegend(Edge.Right);
        plot.HideGrid();
        plot.XLabel("frame");
        plot.Title(title);
        return plot.GetImageBytes(Width, Height, ImageFormat.Png);
    }
}
