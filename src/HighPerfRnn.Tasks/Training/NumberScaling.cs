using System.Globalization;
using System.Text;

namespace HighPerfRnn.Tasks.Training;

/// <summary>Columns of numbers with what takes them to mean 0 and deviation 1: (x - mean) / deviation.</summary>
public sealed class NumberScaling
{
    private readonly float[] _means;
    private readonly float[] _deviations;

    /// <summary>A scaling of these columns.</summary>
    /// <param name="columns">Their names.</param>
    /// <param name="means">A mean each.</param>
    /// <param name="deviations">A deviation each, above 0.</param>
    /// <exception cref="ArgumentException">There is no column, the lists differ in length, or a number is not finite or no deviation.</exception>
    public NumberScaling(IReadOnlyList<string> columns, ReadOnlySpan<float> means, ReadOnlySpan<float> deviations)
    {
        ArgumentNullException.ThrowIfNull(columns);
        if (columns.Count == 0 || means.Length != columns.Count || deviations.Length != columns.Count)
        {
            throw new ArgumentException($"Found {columns.Count} columns, {means.Length} means and {deviations.Length} deviations; expected as many, one at least.");
        }

        for (int i = 0; i < means.Length; i++)
        {
            if (!float.IsFinite(means[i]) || !float.IsFinite(deviations[i]) || deviations[i] <= 0)
            {
                throw new ArgumentException($"Found mean {means[i]} and deviation {deviations[i]} of '{columns[i]}'; expected finite numbers, the deviation above 0.");
            }
        }

        Columns = columns;
        _means = means.ToArray();
        _deviations = deviations.ToArray();
    }

    /// <summary>Names of the columns.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>The means.</summary>
    public ReadOnlySpan<float> Means => _means;

    /// <summary>The deviations.</summary>
    public ReadOnlySpan<float> Deviations => _deviations;

    /// <summary>What takes these rows to mean 0 and deviation 1; a column of one value keeps its scale.</summary>
    /// <param name="columns">Names.</param>
    /// <param name="sequences">Rows [N, columns], in parts.</param>
    /// <exception cref="ArgumentException">There is no row.</exception>
    public static NumberScaling Of(IReadOnlyList<string> columns, IEnumerable<ReadOnlyMemory<float>> sequences)
    {
        ArgumentNullException.ThrowIfNull(columns);
        ArgumentNullException.ThrowIfNull(sequences);
        int width = columns.Count;
        ReadOnlyMemory<float>[] parts = [.. sequences];
        double[] sums = new double[width], squares = new double[width];
        long rows = 0;
        foreach (ReadOnlyMemory<float> part in parts)
        {
            for (int i = 0; i < part.Length; i++) sums[i % width] += part.Span[i];
            rows += part.Length / width;
        }

        if (rows == 0) throw new ArgumentException("There is no row; expected one at least.", nameof(sequences));
        float[] means = [.. sums.Select(sum => (float)(sum / rows))];
        foreach (ReadOnlyMemory<float> part in parts)
        {
            for (int i = 0; i < part.Length; i++)
            {
                double difference = part.Span[i] - means[i % width];
                squares[i % width] += difference * difference;
            }
        }

        float[] deviations = [.. squares.Select(square => (float)Math.Sqrt(square / rows))];
        for (int i = 0; i < width; i++)
        {
            if (!(deviations[i] > 1e-12f * Math.Abs(means[i])) || !float.IsFinite(deviations[i])) deviations[i] = 1;
        }

        return new NumberScaling(columns, means, deviations);
    }

    /// <summary>Scales rows in place.</summary>
    /// <param name="rows">[N, columns].</param>
    public void Scale(Span<float> rows)
    {
        for (int start = 0; start < rows.Length; start += _means.Length)
        {
            for (int i = 0; i < _means.Length; i++) rows[start + i] = (rows[start + i] - _means[i]) / _deviations[i];
        }
    }

    /// <summary>Takes scaled rows back, in place.</summary>
    /// <param name="rows">[N, columns].</param>
    public void Restore(Span<float> rows)
    {
        for (int start = 0; start < rows.Length; start += _means.Length)
        {
            for (int i = 0; i < _means.Length; i++) rows[start + i] = (rows[start + i] * _deviations[i]) + _means[i];
        }
    }

    /// <summary>A text that <see cref="Parse"/> reads: a line a column, MEAN TAB DEVIATION TAB NAME.</summary>
    public string Save()
    {
        var text = new StringBuilder();
        for (int i = 0; i < _means.Length; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{_means[i]:R}\t{_deviations[i]:R}\t{Columns[i].ReplaceLineEndings(" ")}\n");
        }

        return text.ToString();
    }

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <exception cref="FormatException">The text is something else.</exception>
    public static NumberScaling Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[][] lines = [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t', 3))];
        if (lines.Length == 0 || lines.Any(line => line.Length < 3)) throw new FormatException($"Found '{text}'; expected lines MEAN TAB DEVIATION TAB NAME.");
        try
        {
            return new NumberScaling([.. lines.Select(line => line[2])], Numbers(0), Numbers(1));
        }
        catch (ArgumentException error)
        {
            throw new FormatException(error.Message, error);
        }

        float[] Numbers(int column) => [.. lines.Select(line => float.Parse(line[column], NumberStyles.Float, CultureInfo.InvariantCulture))];
    }
}
