using System.Globalization;
using System.Text.RegularExpressions;
using HighPerfRnn.Data.Text;

namespace HighPerfRnn.Data.Images;

/// <summary>A frame of a clip and its label.</summary>
/// <param name="Path">The image.</param>
/// <param name="Label">Empty where the folder has no labels.</param>
public sealed record LabelledFrame(string Path, string Label);

/// <summary>Clips as folders: images with numbers in their names, and labels.csv with lines FRAME,LABEL.</summary>
public static partial class FrameFolder
{
    private static readonly string[] Extensions = [".png", ".jpg", ".jpeg"];

    /// <summary>Whether a folder has images with numbers in their names.</summary>
    public static bool IsClip(string folder) => Directory.Exists(folder) && Directory.EnumerateFiles(folder).Any(file => NumberOf(file) is not null);

    /// <summary>The frames of a clip by their numbers.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="needsLabels">Whether a folder without labels.csv is an error; else its frames have none.</param>
    /// <exception cref="DataException">There is no frame, two have one number, a frame has no label or two, or a label no frame.</exception>
    public static IReadOnlyList<LabelledFrame> Read(string folder, bool needsLabels)
    {
        ArgumentNullException.ThrowIfNull(folder);
        if (!Directory.Exists(folder)) throw DataException.At(folder, "no such folder", "a folder of frames");
        var frames = new SortedDictionary<long, string>();
        foreach (string file in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
        {
            if (NumberOf(file) is not long number) continue;
            if (!frames.TryAdd(number, file)) throw DataException.At(file, $"a second frame {number}", "a number a frame");
        }

        if (frames.Count == 0) throw DataException.At(folder, "no frame", "images with numbers in their names");
        string table = Path.Combine(folder, "labels.csv");
        if (!File.Exists(table))
        {
            if (needsLabels) throw DataException.At(table, "no such file", "lines FRAME,LABEL");
            return [.. frames.Values.Select(path => new LabelledFrame(path, string.Empty))];
        }

        Dictionary<long, string> labels = ReadLabels(table, frames);
        return
        [
            .. frames.Select(frame => new LabelledFrame(
                frame.Value, labels.TryGetValue(frame.Key, out string? label) ? label : throw DataException.At(table, $"no label of frame {frame.Key}", "one of each"))),
        ];
    }

    private static Dictionary<long, string> ReadLabels(string table, SortedDictionary<long, string> frames)
    {
        var labels = new Dictionary<long, string>();
        foreach (TextLine line in TextLines.Read(table, new TextReadOptions()))
        {
            if (line.Text.Length == 0) continue;
            string place = $"{table}, line {line.Number}";
            string[] cells = line.Text.Split(',', 2);
            if (cells.Length < 2 || cells[1].Trim().Length == 0) throw DataException.At(place, $"'{line.Text}'", "FRAME,LABEL");
            if (!long.TryParse(cells[0].AsSpan().Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long number))
            {
                if (line.Number == 1) continue;
                throw DataException.At($"{place}, column 1", $"'{cells[0]}'", "the number of a frame");
            }

            if (!frames.ContainsKey(number)) throw DataException.At(place, $"a label of frame {number}, which is not there", "a frame for each label");
            if (!labels.TryAdd(number, cells[1].Trim())) throw DataException.At(place, $"a second label of frame {number}", "one of each");
        }

        return labels;
    }

    /// <summary>The last number in an image's name; null for what is no frame.</summary>
    private static long? NumberOf(string file)
    {
        if (!Extensions.Contains(Path.GetExtension(file).ToLowerInvariant())) return null;
        Match match = Numbers().Match(Path.GetFileNameWithoutExtension(file));
        return match.Success && long.TryParse(match.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;
    }

    [GeneratedRegex("[0-9]+", RegexOptions.RightToLeft)]
    private static partial Regex Numbers();
}
