using System.Text;
using nietras.SeparatedValues;

namespace HighPerfRnn.Data.Text;

/// <summary>A text and its class.</summary>
public sealed record LabelledText(string Label, string Text);

/// <summary>Texts with classes, from tables and folders.</summary>
public static class LabelledTexts
{
    private const string Expected = "LABEL TAB TEXT, or LABEL,TEXT with quotes where the text needs them";

    /// <summary>
    /// Reads a table of lines LABEL TAB TEXT; a table LABEL,TEXT with quotes as RFC 4180 has them; a folder with a file a class, a text a
    /// line, named by what tells the files' names apart; or a folder with a folder a class, a text a file.
    /// </summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="options">Encoding, longest text, and whether the first line names columns; it does where it is "label" and "text".</param>
    /// <param name="skips">Takes what is passed over: empty and too long texts.</param>
    /// <exception cref="DataException">Something cannot be read, a line has no label, a class has no text, or there are not two classes.</exception>
    public static IReadOnlyList<LabelledText> Read(string path, TextReadOptions options, DataSkips skips)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(skips);
        var texts = new List<LabelledText>();
        if (Directory.Exists(path)) ReadFolder(path, texts, options, skips);
        else ReadTable(path, texts, options, skips);
        int classes = texts.Select(text => text.Label).Distinct(StringComparer.Ordinal).Count();
        return classes >= 2 ? texts : throw DataException.At(path, classes == 0 ? "no text with a label" : $"the one class '{texts[0].Label}'", "two classes at least");
    }

    /// <summary>Reads lines LABEL TAB TEXT of a stream.</summary>
    /// <param name="stream">The bytes.</param>
    /// <param name="name">What errors call it.</param>
    /// <param name="options">As for <see cref="Read(string, TextReadOptions, DataSkips)"/>.</param>
    /// <param name="skips">Takes what is passed over.</param>
    /// <exception cref="DataException">A line has no tab.</exception>
    public static IReadOnlyList<LabelledText> Read(Stream stream, string name, TextReadOptions options, DataSkips skips)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(skips);
        var texts = new List<LabelledText>();
        foreach (TextLine line in TextLines.Read(stream, name, options)) AddLine(line, name, texts, options, skips);
        return texts;
    }

    private static void ReadTable(string path, List<LabelledText> texts, TextReadOptions options, DataSkips skips)
    {
        string? first = TextLines.Read(path, options).Select(line => line.Text).FirstOrDefault();
        if (first is null) throw DataException.At(path, "an empty file", Expected);
        if (!first.Contains('\t', StringComparison.Ordinal))
        {
            if (!first.Contains(',', StringComparison.Ordinal)) throw DataException.At($"{path}, line 1", "neither tab nor comma", Expected);
            ReadQuoted(path, texts, options, skips);
            return;
        }

        foreach (TextLine line in TextLines.Read(path, options)) AddLine(line, path, texts, options, skips);
    }

    private static void AddLine(TextLine line, string name, List<LabelledText> texts, TextReadOptions options, DataSkips skips)
    {
        string place = $"{name}, line {line.Number}";
        if (line.Text.Length == 0)
        {
            skips.Add("empty line", place);
            return;
        }

        int tab = line.Text.IndexOf('\t', StringComparison.Ordinal);
        if (tab < 0) throw DataException.At(place, "no tab", "LABEL TAB TEXT");
        Add(line.Text[..tab], line.Text[(tab + 1)..], line.Number == 1, place, texts, options, skips);
    }

    private static void ReadQuoted(string path, List<LabelledText> texts, TextReadOptions options, DataSkips skips)
    {
        try
        {
            using FileStream stream = TextLines.Open(path);
            using var text = new StreamReader(stream, options.Encoding);
            using SepReader rows = Sep.New(',').Reader(o => o with { HasHeader = false, Unescape = true, DisableColCountCheck = true }).From(text);
            foreach (SepReader.Row row in rows)
            {
                string place = $"{path}, line {row.LineNumberFrom}";
                if (row.ColCount < 2) throw DataException.At(place, "one column", Expected);
                // What follows a comma that no quotes hold belongs to the text: people write tables by hand.
                var cells = new StringBuilder();
                for (int column = 1; column < row.ColCount; column++) cells.Append(column > 1 ? "," : string.Empty).Append(row[column].Span);
                Add(row[0].ToString(), cells.ToString(), row.RowIndex == 0, place, texts, options, skips);
            }
        }
        catch (Exception error) when (error is InvalidDataException or NotSupportedException or IOException or ArgumentException)
        {
            throw DataException.At(path, TextOf(error), Expected, error);
        }
    }

    private static string TextOf(Exception error) => error.Message.ReplaceLineEndings(" ");

    private static void Add(
        string label, string text, bool isFirst, string place, List<LabelledText> texts, TextReadOptions options, DataSkips skips)
    {
        if (isFirst && (options.HasHeader ?? IsHeader(label, text))) return;
        string name = label.Trim();
        if (name.Length == 0) throw DataException.At($"{place}, column 1", "an empty label", "a label");
        if (name.AsSpan().ContainsAny('\r', '\n')) throw DataException.At($"{place}, column 1", "a label of several lines", "one of a single line");
        if (string.IsNullOrWhiteSpace(text)) skips.Add("empty text", place);
        else if (text.Length > options.MaximumLength) skips.Add("text longer than the most", place);
        else texts.Add(new LabelledText(name, text));
    }

    private static bool IsHeader(string label, string text) =>
        label.Trim().Equals("label", StringComparison.OrdinalIgnoreCase) && text.Trim().Equals("text", StringComparison.OrdinalIgnoreCase);

    private static void ReadFolder(string path, List<LabelledText> texts, TextReadOptions options, DataSkips skips)
    {
        string[] folders = [.. Directory.GetDirectories(path).Where(IsShown).Order(StringComparer.Ordinal)];
        string[] files = [.. Directory.GetFiles(path).Where(IsShown).Order(StringComparer.Ordinal)];
        if (folders.Length > 0 && files.Length > 0)
        {
            throw DataException.At(path, $"{folders.Length} folders and {files.Length} files", "a folder a class or a file a class");
        }

        foreach ((string place, string label) in folders.Select(folder => (folder, Path.GetFileName(folder))).Concat(Labels(files)))
        {
            int before = texts.Count;
            if (folders.Length > 0) ReadTexts(place, label, texts, options, skips);
            else ReadLines(place, label, texts, options, skips);
            if (texts.Count == before) throw DataException.At(place, "no text", "one at least of the class");
        }
    }

    private static bool IsShown(string path) => !Path.GetFileName(path).StartsWith('.');

    /// <summary>Files of one stem are told apart by their extensions, others by their stems.</summary>
    private static IEnumerable<(string Path, string Label)> Labels(string[] files)
    {
        bool isOneStem = files.Select(Path.GetFileNameWithoutExtension).Distinct().Count() == 1 && files.Length > 1;
        return files.Select(file => (file, isOneStem ? Path.GetExtension(file).TrimStart('.') : Path.GetFileNameWithoutExtension(file)));
    }

    private static void ReadLines(string path, string label, List<LabelledText> texts, TextReadOptions options, DataSkips skips)
    {
        foreach (TextLine line in TextLines.Read(path, options)) Add(label, line.Text, isFirst: false, $"{path}, line {line.Number}", texts, options, skips);
    }

    private static void ReadTexts(string folder, string label, List<LabelledText> texts, TextReadOptions options, DataSkips skips)
    {
        foreach (string file in Directory.GetFiles(folder).Where(IsShown).Order(StringComparer.Ordinal))
        {
            string text = string.Join('\n', TextLines.Read(file, options).Select(line => line.Text));
            Add(label, text, isFirst: false, file, texts, options, skips);
        }
    }
}
