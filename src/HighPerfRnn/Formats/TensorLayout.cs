namespace HighPerfRnn.Formats;

/// <summary>The order of a matrix's elements at the border between files and memory.</summary>
public static class TensorLayout
{
    // One side is walked with a stride. A tile of 16 by 16 doubles takes 32 cache lines on either side, so that a line is
    // still in L1 when its next element is due.
    private const int Tile = 16;

    /// <summary>
    /// Transposes a row-major matrix: destination[c, r] = source[r, c]. Overwrites. Files hold weights as PyTorch does,
    /// [H, I]; memory holds them as [I, H].
    /// </summary>
    /// <typeparam name="T">The element type.</typeparam>
    /// <param name="source">The matrix, [rows, columns].</param>
    /// <param name="rows">The rows of <paramref name="source"/>.</param>
    /// <param name="columns">The columns of <paramref name="source"/>.</param>
    /// <param name="destination">The transposed matrix, [columns, rows]; no memory of <paramref name="source"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is negative.</exception>
    /// <exception cref="ArgumentException">A span's length is not rows · columns, or the spans overlap.</exception>
    public static void CopyTransposed<T>(ReadOnlySpan<T> source, int rows, int columns, Span<T> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        long count = (long)rows * columns;
        if (source.Length != count)
            throw new ArgumentException(Describe(nameof(source), source.Length, rows, columns), nameof(source));
        if (destination.Length != count)
            throw new ArgumentException(Describe(nameof(destination), destination.Length, rows, columns), nameof(destination));
        if (source.Overlaps(destination))
            throw new ArgumentException("destination overlaps source, expected memory of its own.", nameof(destination));

        if (count == 0)
            return;
        int tileRow = 0;
        while (tileRow < rows)
        {
            int endRow = tileRow + Math.Min(rows - tileRow, Tile);
            int tileColumn = 0;
            while (tileColumn < columns)
            {
                int endColumn = tileColumn + Math.Min(columns - tileColumn, Tile);
                for (int row = tileRow; row < endRow; row++)
                {
                    for (int column = tileColumn; column < endColumn; column++)
                        destination[(column * rows) + row] = source[(row * columns) + column];
                }

                tileColumn = endColumn;
            }

            tileRow = endRow;
        }
    }

    private static string Describe(string name, int length, int rows, int columns) =>
        $"{name} holds {length} elements, expected rows * columns = {rows} * {columns} = {(long)rows * columns}.";
}
