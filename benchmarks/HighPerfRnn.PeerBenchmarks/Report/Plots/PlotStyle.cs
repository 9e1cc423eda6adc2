using System.Globalization;
using ScottPlot;
using ScottPlot.Plottables;
using ScottPlot.TickGenerators;

namespace HighPerfRnn.PeerBenchmarks.Report.Plots;

/// <summary>What the plots have in common: logarithmic axes, and a font that every system has because it comes along.</summary>
internal static class PlotStyle
{
    /// <summary>The width of this library's line.</summary>
    public const float OwnWidth = 3;

    /// <summary>The size of its markers.</summary>
    public const float OwnMarker = 7;

    /// <summary>The width of another line.</summary>
    public const float PeerWidth = 1.5f;

    /// <summary>The size of another's markers.</summary>
    public const float PeerMarker = 5;

    private const int Width = 1000;
    private const int Height = 640;
    private const string FontName = "Roboto";

    /// <summary>An empty plot with its labels, in the font that lies beside the program.</summary>
    public static Plot Create(string title, string xLabel, string yLabel)
    {
        InstallFont();
        var plot = new Plot();
        plot.Title(title);
        plot.XLabel(xLabel);
        plot.YLabel(yLabel);
        return plot;
    }

    /// <summary>Adds a limit: a grey line without markers.</summary>
    public static void AddRoof(Plot plot, string name, LinePattern pattern, double[] x, double[] y)
    {
        Scatter roof = plot.Add.ScatterLine(Logs(x), Logs(y));
        roof.LegendText = name;
        roof.LinePattern = pattern;
        roof.LineWidth = 2;
        roof.Color = Colors.Gray;
    }

    private static void InstallFont()
    {
        string path = Path.Combine(AppContext.BaseDirectory, "Roboto-Regular.ttf");
        // Titles are bold: without a bold face they would fall back to whatever the system has, or to nothing.
        Fonts.AddFontFile(FontName, path, bold: false, italic: false);
        Fonts.AddFontFile(FontName, path, bold: true, italic: false);
        Fonts.Default = FontName;
    }

    /// <summary>Values as a logarithmic axis takes them.</summary>
    public static double[] Logs(IEnumerable<double> values) => [.. values.Select(Math.Log10)];

    /// <summary>Ticks at the given values.</summary>
    public static NumericManual TicksAt(IEnumerable<double> values)
    {
        double[] all = [.. values];
        string[] labels = Array.ConvertAll(all, value => value.ToString(value < 1 ? "0.###" : "N0", CultureInfo.InvariantCulture));
        return new NumericManual(Logs(all), labels);
    }

    /// <summary>1, 2, 5, 10, 20 ... around a range.</summary>
    public static IEnumerable<double> Decades(double least, double most)
    {
        for (int power = (int)Math.Floor(Math.Log10(least)); power <= Math.Ceiling(Math.Log10(most)); power++)
        {
            foreach (int digit in (int[])[1, 2, 5])
            {
                double value = digit * Math.Pow(10, power);
                if (value >= least / 1.3 && value <= most * 1.3) yield return value;
            }
        }
    }

    /// <summary>The powers of two around a range.</summary>
    public static IEnumerable<double> PowersOfTwo(double least, double most)
    {
        for (double value = Math.Pow(2, Math.Floor(Math.Log2(least))); value <= most * 1.3; value *= 2) yield return value;
    }

    /// <summary>Writes the plot.</summary>
    public static void Save(Plot plot, string path) => plot.SavePng(path, Width, Height);
}
