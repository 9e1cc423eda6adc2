using HighPerfRnn.Data.Text;

namespace HighPerfRnn.Data.Images;

/// <summary>An image and what it shows.</summary>
/// <param name="Path">Where the image is.</param>
/// <param name="Caption">In words.</param>
public sealed record CaptionedImage(string Path, string Caption);

/// <summary>Tables of images and captions.</summary>
public static class CaptionTable
{
    /// <summary>Reads lines PATH TAB CAPTION; paths are relative to the table.</summary>
    /// <param name="path">The table.</param>
    /// <param name="options">Encoding, longest caption, and whether the first line names columns; it does where it is "path" and "caption".</param>
    /// <param name="skips">Takes what is passed over: empty lines, empty and too long captions.</param>
    /// <exception cref="DataException">The table cannot be read, a line has no tab, or there is none.</exception>
    public static IReadOnlyList<CaptionedImage> Read(string path, TextReadOptions options, DataSkips skips)
    {
        ArgumentNullException.ThrowIfNull(path);
        using FileStream stream = TextLines.Open(path);
        string folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? string.Empty;
        return [.. Read(stream, path, options, skips).Select(image => image with { Path = Path.Combine(folder, image.Path) })];
    }

    /// <summary>Reads lines PATH TAB CAPTION of a stream, paths as they stand.</summary>
    /// <param name="stream">The bytes.</param>
    /// <param name="name">What errors call it.</param>
    /// <param name="options">As for a file.</param>
    /// <param name="skips">As for a file.</param>
    /// <exception cref="DataException">As for a file.</exception>
    public static IReadOnlyList<CaptionedImage> Read(Stream stream, string name, TextReadOptions options, DataSkips skips)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(skips);
        var images = new List<CaptionedImage>();
        foreach (TextLine line in TextLines.Read(stream, name, options))
        {
            string place = $"{name}, line {line.Number}";
            if (line.Text.Length == 0)
            {
                skips.Add("empty line", place);
                continue;
            }

            string[] cells = line.Text.Split('\t', 2);
            if (cells.Length < 2) throw DataException.At(place, "no tab", "PATH TAB CAPTION");
            if (line.Number == 1 && (options.HasHeader ?? IsHeader(cells))) continue;
            if (cells[0].Length == 0) throw DataException.At($"{place}, column 1", "no path", "the path of an image");
            if (string.IsNullOrWhiteSpace(cells[1])) skips.Add("empty caption", place);
            else if (cells[1].Length > options.MaximumLength) skips.Add("caption longer than the most", place);
            else images.Add(new CaptionedImage(cells[0], cells[1]));
        }

        return images.Count > 0 ? images : throw DataException.At(name, "no image with a caption", "one at least");
    }

    private static bool IsHeader(string[] cells) =>
        cells[0].Equals("path", StringComparison.OrdinalIgnoreCase) && cells[1].Equals("caption", StringComparison.OrdinalIgnoreCase);
}
