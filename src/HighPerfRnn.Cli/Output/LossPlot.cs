using HighPerfRnn.Cli.Training;
using ScottPlot;

namespace HighPerfRnn.Cli.Output;

/// <summary>The loss curve as a PNG.</summary>
internal static class LossPlot
{
    private const int Width = 900;
    private const int Height = 540;

    /// <summary>Draws the curve; whatever goes wrong is a warning, since the model is what was asked for.</summary>
    /// <returns>Whether the file is there.</returns>
    public static bool TrySave(ToolContext context, string path, LossCurve curve, string title, string unit)
    {
        if (curve.Training.Count == 0) return false;
        try
        {
            EmbeddedFont.Install();
            byte[] png = Draw(curve, title, unit);
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

    private static byte[] Draw(LossCurve curve, string title, string unit)
    {
        using var plot = new Plot();
        var training = plot.Add.Signal(curve.Training.ToArray());
        training.Data.XOffset = curve.FirstIteration;
        training.LegendText = "training";
        training.LineWidth = 1.5f;
        if (curve.Validation.Count > 0)
        {
            double[] iterations = [.. curve.Validation.Select(point => (double)point.Iteration)];
            double[] losses = [.. curve.Validation.Select(point => point.Loss)];
            var validation = plot.Add.Scatter(iterations, losses);
            validation.LegendText = "validation";
            validation.LineWidth = 2;
            validation.MarkerSize = 7;
        }

        plot.Title(title);
        plot.XLabel("iteration");
        plot.YLabel(unit);
        plot.ShowLegend(Alignment.UpperRight);
        return plot.GetImageBytes(Width, Height, ImageFormat.Png);
    }
}
