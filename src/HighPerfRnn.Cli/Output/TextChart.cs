using System.Globalization;
using System.Text;

namespace HighPerfRnn.Cli.Output;

/// <summary>A curve in text: braille dots, two by four a character, with a scale at its left and below.</summary>
internal static class TextChart
{
    private const int Rows = 10;
    private const int DotsPerRow = 4;
    private const int DotsPerColumn = 2;
    private const char EmptyBraille = '\u2800';

    // The dots of a braille character from top to bottom, left column then right.
    private static readonly int[,] DotBits = { { 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 }, { 0x40, 0x80 } };

    /// <summary>Draws values at equal distances. Values that are no numbers leave a gap.</summary>
    /// <param name="values">y, one at least.</param>
    /// <param name="firstX">x of the first value; the others follow by 1.</param>
    /// <param name="width">Columns of the whole chart.</param>
    public static string Draw(ReadOnlySpan<double> values, long firstX, int width)
    {
        (double least, double most) = Range(values);
        string top = Label(most);
        string bottom = Label(least);
        int margin = Math.Max(top.Length, bottom.Length) + 1;
        int columns = Math.Clamp(width - margin - 2, 10, 100);
        int[,] cells = Plot(values, least, most, columns);
        var chart = new StringBuilder();
        for (int row = 0; row < Rows; row++)
        {
            string label = row == 0 ? top : row == Rows - 1 ? bottom : string.Empty;
            chart.Append(label.PadLeft(margin)).Append(label.Length > 0 ? '┤' : '│');
            for (int column = 0; column < columns; column++) chart.Append((char)(EmptyBraille + cells[row, column]));
            chart.Append('\n');
        }

        string first = firstX.ToString(CultureInfo.InvariantCulture);
        string last = (firstX + values.Length - 1).ToString(CultureInfo.InvariantCulture);
        chart.Append(' ', margin).Append('└').Append('─', columns).Append('\n');
        return chart.Append(' ', margin + 1).Append(first).Append(last.PadLeft(columns - first.Length)).ToString();
    }

    private static (double Least, double Most) Range(ReadOnlySpan<double> values)
    {
        double least = double.PositiveInfinity;
        double most = double.NegativeInfinity;
        foreach (double value in values)
        {
            if (!double.IsFinite(value)) continue;
            least = Math.Min(least, value);
            most = Math.Max(most, value);
        }

        return least <= most ? (least, most) : (0, 1);
    }

    /// <summary>A column of dots shows the mean of the values that fall into it; neighbours are joined.</summary>
    private static int[,] Plot(ReadOnlySpan<double> values, double least, double most, int columns)
    {
        var cells = new int[Rows, columns];
        int width = columns * DotsPerColumn;
        int height = Rows * DotsPerRow;
        int previous = -1;
        for (int x = 0; x < width; x++)
        {
            double mean = Mean(values, x, width);
            if (!double.IsFinite(mean))
            {
                previous = -1;
                continue;
            }

            double share = most > least ? (mean - least) / (most - least) : 0;
            int y = height - 1 - (int)Math.Round(share * (height - 1));
            (int from, int to) = previous < 0 ? (y, y) : (Math.Min(y, previous), Math.Max(y, previous));
            // The end that the column before has drawn is left out, so that a slope stays one dot wide.
            if (previous >= 0 && from != to && from == previous) from++;
            else if (previous >= 0 && from != to) to--;
            for (int dot = from; dot <= to; dot++)
            {
                cells[dot / DotsPerRow, x / DotsPerColumn] |= DotBits[dot % DotsPerRow, x % DotsPerColumn];
            }

            previous = y;
        }

        return cells;
    }

    private static double Mean(ReadOnlySpan<double> values, int x, int width)
    {
        int start = (int)((long)x * values.Length / width);
        int end = Math.Max(start + 1, (int)((long)(x + 1) * values.Length / width));
        double sum = 0;
        for (int i = start; i < end; i++) sum += values[i];
        return sum / (end - start);
    }

    private static string Label(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);
}
