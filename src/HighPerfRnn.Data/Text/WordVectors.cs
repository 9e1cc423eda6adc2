using System.Globalization;

namespace HighPerfRnn.Data.Text;

/// <summary>
/// Vectors of words that were learned elsewhere, in the text format of GloVe (a line a word: WORD NUMBER NUMBER …) and word2vec (the same
/// after a line of two numbers, words and size).
/// </summary>
public static class WordVectors
{
    /// <summary>Reads the vectors of some words, line by line; a file of millions takes the memory of those.</summary>
    /// <param name="path">The file, in UTF-8.</param>
    /// <param name="size">Numbers a word.</param>
    /// <param name="take">Takes a word and its vector, which holds during the call; called for every word of the file.</param>
    /// <returns>How many words the file has.</returns>
    /// <exception cref="DataException">The file cannot be read, a vector has another size, or a number is none.</exception>
    public static int Read(string path, int size, Action<string, float[]> take)
    {
        ArgumentNullException.ThrowIfNull(take);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        float[] vector = new float[size];
        int words = 0;
        foreach (TextLine line in TextLines.Read(path, new TextReadOptions()))
        {
            string place = $"{path}, line {line.Number}";
            string[] cells = line.Text.TrimEnd().Split(' ');
            if (line.Number == 1 && cells.Length == 2 && IsWhole(cells[0]) && IsWhole(cells[1])) continue;
            if (cells.Length <= size) throw DataException.At(place, $"{cells.Length - 1} numbers", $"a word and {size} numbers");
            // Words of some GloVe files have spaces in them.
            int first = cells.Length - size;
            for (int i = 0; i < size; i++)
            {
                if (!float.TryParse(cells[first + i], NumberStyles.Float, CultureInfo.InvariantCulture, out vector[i]) || !float.IsFinite(vector[i]))
                {
                    throw DataException.At($"{place}, column {first + i + 1}", $"'{cells[first + i]}'", "a finite number");
                }
            }

            take(string.Join(' ', cells[..first]), vector);
            words++;
        }

        return words > 0 ? words : throw DataException.At(path, "no word", "a line a word: WORD NUMBER NUMBER …");
    }

    private static bool IsWhole(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _);
}
