using System.Globalization;

namespace HighPerfRnn.PeerBenchmarks.Report;

/// <summary>How numbers stand in a report.</summary>
internal static class Numbers
{
    /// <summary>Three digits or all before the point.</summary>
    public static string Short(double value) => value.ToString(
        value switch { < 1 => "F3", < 10 => "F2", < 100 => "F1", _ => "N0" }, CultureInfo.InvariantCulture);

    /// <summary>Per cent.</summary>
    public static string Share(double value) => double.IsFinite(value) ? value.ToString("P0", CultureInfo.InvariantCulture) : "-";

    /// <summary>A time, and how many times another one it is.</summary>
    public static string Beside(double time, double own) => $"{Short(time)} ({Times(time / own)})";

    /// <summary>So many times.</summary>
    public static string Times(double value) => $"{Short(value)} ×";
}
