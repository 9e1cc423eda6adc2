using HighPerfRnn.Cli.Training;
using ScottPlot;

namespace HighPerfRnn.Cli.Output;

/// <summary>The loss curve as a PNG.</summary>
internal static class LossPlot
{
    private const int Width = 900;
    private const int Height = 540;

    /// <summary>Draws the curve, where there is one.</summary>
    /// <returns>Whether the file is there.</returns>
    public static bool TrySave(ToolContext context, string path, LossCurve curve, string title, string unit) =>
        curve.Training.Count > 0 && PlotFile.TrySave(context, path, () => Draw(curve, title, unit));

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
