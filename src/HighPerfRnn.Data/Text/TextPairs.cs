namespace HighPerfRnn.Data.Text;

/// <summary>A text and what it becomes.</summary>
public sealed record TextPair(string Source, string Target);

/// <summary>Pairs of texts from files.</summary>
public static class TextPairs
{
    /// <summary>Two files whose lines belong together by their number.</summary>
    /// <param name="sourcePath">The sources.</param>
    /// <param name="targetPath">The targets.</param>
    /// <param name="options">Encoding and longest line.</param>
    /// <param name="skips">Takes what is passed over: empty and too long lines.</param>
    /// <exception cref="DataException">A file cannot be read, one has more lines than the other, or no pair is left.</exception>
    public static IReadOnlyList<TextPair> ReadAligned(string sourcePath, string targetPath, TextReadOptions options, DataSkips skips)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(skips);
        var pairs = new List<TextPair>();
        using IEnumerator<TextLine> targets = TextLines.Read(targetPath, options).GetEnumerator();
        int sourceCount = 0, targetCount = 0;
        foreach (TextLine source in TextLines.Read(sourcePath, options))
        {
            sourceCount = source.Number;
            if (!targets.MoveNext()) continue;
            targetCount = targets.Current.Number;
            Add(pairs, source.Text, targets.Current.Text, $"{sourcePath}, line {source.Number}", options, skips);
        }

        while (targets.MoveNext()) targetCount = targets.Current.Number;
        if (sourceCount != targetCount)
        {
            throw DataException.At($"{sourcePath} and {targetPath}", $"{sourceCount} and {targetCount} lines", "as many in both");
        }

        return NotEmpty(pairs, sourcePath);
    }

    /// <summary>A file of lines SOURCE TAB TARGET; what follows a second tab is not read.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Encoding and longest line; a header is passed over where <see cref="TextReadOptions.HasHeader"/> says so, or
    /// the first line is "source" and "target".</param>
    /// <param name="skips">Takes what is passed over: empty and too long lines.</param>
    /// <exception cref="DataException">The file cannot be read, a line has no tab, or no pair is left.</exception>
    public static IReadOnlyList<TextPair> ReadTable(string path, TextReadOptions options, DataSkips skips)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(skips);
        var pairs = new List<TextPair>();
        foreach (TextLine line in TextLines.Read(path, options))
        {
            string place = $"{path}, line {line.Number}";
            if (line.Text.Length == 0)
            {
                skips.Add("empty line", place);
                continue;
            }

            string[] cells = line.Text.Split('\t');
            if (cells.Length < 2) throw DataException.At(place, "no tab", "SOURCE TAB TARGET");
            if (line.Number == 1 && (options.HasHeader ?? IsHeader(cells))) continue;
            Add(pairs, cells[0], cells[1], place, options, skips);
        }

        return NotEmpty(pairs, path);
    }

    private static bool IsHeader(string[] cells) =>
        cells[0].Equals("source", StringComparison.OrdinalIgnoreCase) && cells[1].Equals("target", StringComparison.OrdinalIgnoreCase);

    private static void Add(List<TextPair> pairs, string source, string target, string place, TextReadOptions options, DataSkips skips)
    {
        if (string.IsNullOrWhiteSpace(source) || string.IsNullOrWhiteSpace(target)) skips.Add("empty text", place);
        else if (Math.Max(source.Length, target.Length) > options.MaximumLength) skips.Add("text longer than the most", place);
        else pairs.Add(new TextPair(source, target));
    }

    private static List<TextPair> NotEmpty(List<TextPair> pairs, string path) =>
        pairs.Count > 0 ? pairs : throw DataException.At(path, "no pair of texts", "one at least");
}
