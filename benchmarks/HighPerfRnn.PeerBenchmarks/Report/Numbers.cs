using System.Globalization;

namespace HighPerfRnn.PeerBenchmarks.Report;

/// <summary>How numbers stand in a report; what is not a number is a dash.</summary>
internal static class Numbers
{
    private const string None = "-";

    /// <summary>Three digits or all before the point.</summary>
    public static string Short(double value) => double.IsFinite(value)
        ? value.ToString(value switch { < 1 => "F3", < 10 => "F2", < 100 => "F1", _ => "N0" }, CultureInfo.InvariantCulture)
        : None;

    /// <summary>A whole number.</summary>
    public static string Whole(double value) => double.IsFinite(value) ? value.ToString("N0", CultureInfo.InvariantCulture) : None;

    /// <summary>Per cent.</summary>
    public static string Share(double value) => double.IsFinite(value) ? value.ToString("P0", CultureInfo.InvariantCulture) : None;

    /// <summary>Per cent, and a tenth of one.</summary>
    public static string ExactShare(double value) => double.IsFinite(value) ? value.ToString("P1", CultureInfo.InvariantCulture) : None;

    /// <summary>A time, and how many times another one it is.</summary>
    public static string Beside(double time, double own) => double.IsFinite(time) ? $"{Short(time)} ({Times(time / own)})" : None;

    /// <summary>So many times.</summary>
    public static string Times(double value) => double.IsFinite(value) ? $"{Short(value)} ×" : None;
}
