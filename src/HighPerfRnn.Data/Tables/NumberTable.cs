using System.Globalization;
using System.Text;
using HighPerfRnn.Data.Text;
using nietras.SeparatedValues;

namespace HighPerfRnn.Data.Tables;

/// <summary>Rows of numbers, with a label each where there is a column of them.</summary>
/// <param name="Columns">Names of the numbers' columns: those of the first row, or 1, 2, 3 …</param>
/// <param name="Values">[rows, columns].</param>
/// <param name="Labels">One a row; empty without a column of labels.</param>
public sealed record NumberTable(IReadOnlyList<string> Columns, float[] Values, string[] Labels)
{
    private static readonly char[] Separators = ['\t', ';', ','];

    /// <summary>How many rows there are.</summary>
    public int Rows => Values.Length / Columns.Count;

    /// <summary>Reads a table whose columns commas, semicolons or tabs separate, as the first row shows.</summary>
    /// <param name="path">The file, in UTF-8.</param>
    /// <param name="hasLabel">Whether the last column is labels.</param>
    /// <param name="hasHeader">Whether the first row names columns; null to find out: it does where a cell of the numbers' columns is no number.</param>
    /// <exception cref="DataException">The file cannot be read, is empty, a row has another number of cells, a cell is no finite number, or a label is empty or longer than a line.</exception>
    public static NumberTable Read(string path, bool hasLabel, bool? hasHeader = null)
    {
        string first = TextLines.Read(path, new TextReadOptions()).Select(line => line.Text).FirstOrDefault(text => text.Length > 0)
            ?? throw DataException.At(path, "an empty file", "rows of numbers");
        char separator = Array.Find(Separators, mark => first.Contains(mark, StringComparison.Ordinal));
        if (separator == default) separator = ',';
        using FileStream stream = TextLines.Open(path);
        try
        {
            using var text = new StreamReader(stream, new TextReadOptions().Encoding);
            using SepReader rows = Sep.New(separator).Reader(o => o with { HasHeader = false, Unescape = true, DisableColCountCheck = true }).From(text);
            return Read(path, rows, hasLabel, hasHeader);
        }
        catch (DecoderFallbackException error)
        {
            // Read line by line, the byte has a place.
            foreach (TextLine _ in TextLines.Read(path, new TextReadOptions()))
            {
            }

            throw DataException.At(path, "bytes that are no text", "UTF-8", error);
        }
        catch (Exception error) when (error is InvalidDataException or NotSupportedException or IOException or ArgumentException)
        {
            throw DataException.At(path, error.Message.TrimEnd('.'), "rows of numbers", error);
        }
    }

    private static NumberTable Read(string path, SepReader rows, bool hasLabel, bool? hasHeader)
    {
        string[]? columns = null;
        var values = new List<float>();
        var labels = new List<string>();
        int line = 1;
        foreach (SepReader.Row row in rows)
        {
            // Of a row that a quote keeps open to the end, Sep's LineNumberFrom is the last line.
            string place = $"{path}, line {line}";
            line = row.LineNumberToExcl;
            int width = row.ColCount - (hasLabel ? 1 : 0);
            if (row.ColCount == 1 && row[0].Span.IsEmpty) continue;
            if (columns is null)
            {
                if (width < 1) throw DataException.At(place, $"{row.ColCount} columns", "numbers, then a label");
                bool isHeader = hasHeader ?? HasText(row, width);
                columns = new string[width];
                for (int column = 0; column < width; column++)
                {
                    columns[column] = isHeader ? row[column].ToString() : (column + 1).ToString(CultureInfo.InvariantCulture);
                }

                if (isHeader) continue;
            }

            if (width != columns.Length) throw DataException.At(place, $"{row.ColCount} cells", $"{columns.Length + (hasLabel ? 1 : 0)}, as in the first row");
            for (int column = 0; column < width; column++)
            {
                if (!TryNumber(row[column].Span, out float value)) throw DataException.At($"{place}, column {column + 1}", $"'{row[column].ToString()}'", "a finite number");
                values.Add(value);
            }

            if (!hasLabel) continue;
            string label = row[width].ToString().Trim();
            if (label.Length == 0) throw DataException.At($"{place}, column {width + 1}", "an empty label", "a label");
            // A quote that is never closed takes the rows after it.
            if (label.AsSpan().IndexOfAny('\r', '\n') >= 0) throw DataException.At($"{place}, column {width + 1}", $"'{label}' over more than a line", "a label");
            labels.Add(label);
        }

        return values.Count > 0 ? new NumberTable(columns!, [.. values], [.. labels]) : throw DataException.At(path, "no row of numbers", "one at least");
    }

    private static bool HasText(in SepReader.Row row, int width)
    {
        for (int column = 0; column < width; column++)
        {
            if (!TryNumber(row[column].Span, out _)) return true;
        }

        return false;
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out float value) =>
        float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && float.IsFinite(value);
}
