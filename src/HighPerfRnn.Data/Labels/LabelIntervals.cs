using System.Globalization;
using HighPerfRnn.Data.Text;

namespace HighPerfRnn.Data.Labels;

/// <summary>A label from one time to another.</summary>
/// <param name="Start">Seconds.</param>
/// <param name="End">Seconds, not before the start.</param>
/// <param name="Label">What is there.</param>
public sealed record LabelInterval(double Start, double End, string Label);

/// <summary>Label tracks as Audacity writes them: a line an interval, START TAB END TAB LABEL, seconds.</summary>
public static class LabelIntervals
{
    private const string Format = "START TAB END TAB LABEL";

    /// <summary>Whether a file's first line that is not empty has tabs, and so times: without them a line is a label alone.</summary>
    /// <exception cref="DataException">The file cannot be read.</exception>
    public static bool HasTimes(string path) =>
        TextLines.Read(path, new TextReadOptions()).Select(line => line.Text).FirstOrDefault(text => text.Length > 0)?.Contains('\t', StringComparison.Ordinal) ?? true;

    /// <summary>Reads a track; lines that begin with a backslash (Audacity's frequencies) are passed over.</summary>
    /// <exception cref="DataException">The file cannot be read, a line has other columns, a time is none, or an end stands before its start.</exception>
    public static IReadOnlyList<LabelInterval> Read(string path)
    {
        var intervals = new List<LabelInterval>();
        foreach (TextLine line in TextLines.Read(path, new TextReadOptions()))
        {
            if (line.Text.Length == 0 || line.Text[0] == '\\') continue;
            string place = $"{path}, line {line.Number}";
            string[] cells = line.Text.Split('\t', 3);
            if (cells.Length < 3) throw DataException.At(place, $"{cells.Length} columns", Format);
            double start = Seconds(cells[0], $"{place}, column 1"), end = Seconds(cells[1], $"{place}, column 2");
            if (end < start) throw DataException.At(place, $"an end of {cells[1]} before its start of {cells[0]}", Format);
            string label = cells[2].Trim();
            if (label.Length == 0) throw DataException.At($"{place}, column 3", "an empty label", Format);
            intervals.Add(new LabelInterval(start, end, label));
        }

        return intervals;
    }

    /// <summary>Reads labels without times, one a line, in their order.</summary>
    /// <exception cref="DataException">The file cannot be read.</exception>
    public static IReadOnlyList<string> ReadOrder(string path) =>
        [.. TextLines.Read(path, new TextReadOptions()).Select(line => line.Text.Trim()).Where(label => label.Length > 0)];

    /// <summary>A label a frame: that of the first interval that holds the frame's middle.</summary>
    /// <param name="intervals">The track.</param>
    /// <param name="frames">How many.</param>
    /// <param name="hopSeconds">From one frame to the next.</param>
    /// <param name="background">The label of frames that no interval holds.</param>
    public static string[] ToFrames(IReadOnlyList<LabelInterval> intervals, int frames, double hopSeconds, string background)
    {
        ArgumentNullException.ThrowIfNull(intervals);
        ArgumentOutOfRangeException.ThrowIfNegative(frames);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(hopSeconds);
        string[] labels = new string[frames];
        Array.Fill(labels, background);
        foreach (LabelInterval interval in intervals.Reverse())
        {
            int first = (int)Math.Clamp(Math.Ceiling((interval.Start / hopSeconds) - 0.5), 0, frames);
            int last = (int)Math.Clamp(Math.Ceiling((interval.End / hopSeconds) - 0.5), 0, frames);
            Array.Fill(labels, interval.Label, first, Math.Max(0, last - first));
        }

        return labels;
    }

    /// <summary>The intervals of equal labels, but for the background.</summary>
    /// <param name="labels">A label a frame.</param>
    /// <param name="hopSeconds">From one frame to the next.</param>
    /// <param name="background">What is left out.</param>
    public static IReadOnlyList<LabelInterval> FromFrames(IReadOnlyList<string> labels, double hopSeconds, string background)
    {
        ArgumentNullException.ThrowIfNull(labels);
        var intervals = new List<LabelInterval>();
        for (int first = 0, end; first < labels.Count; first = end)
        {
            for (end = first + 1; end < labels.Count && labels[end] == labels[first];) end++;
            if (labels[first] != background) intervals.Add(new LabelInterval(first * hopSeconds, end * hopSeconds, labels[first]));
        }

        return intervals;
    }

    /// <summary>An interval as a line of a track.</summary>
    public static string Line(LabelInterval interval)
    {
        ArgumentNullException.ThrowIfNull(interval);
        return string.Create(CultureInfo.InvariantCulture, $"{interval.Start:0.000000}\t{interval.End:0.000000}\t{interval.Label}");
    }

    private static double Seconds(string text, string place)
    {
        bool isNumber = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value);
        return isNumber && double.IsFinite(value) && value >= 0 ? value : throw DataException.At(place, $"'{text}'", "seconds, 0 or more");
    }
}
