using System.Numerics;

namespace HighPerfRnn.Reference;

/// <summary>
/// The look-up table E [V, D]: y_r = E[id_r]. It equals a one-hot row times E, so backward is a scatter:
/// dE[id_r] += dy_r, and an id that stands twice is added twice.
/// </summary>
public static class ReferenceEmbedding
{
    /// <summary>y_r = E[id_r]; overwrites <paramref name="output"/>.</summary>
    /// <param name="size">D, the width of a row of the table.</param>
    /// <param name="ids">[rows], each from 0 to V-1.</param>
    /// <param name="table">E, [V, D].</param>
    /// <param name="output">y, [rows, D].</param>
    /// <exception cref="ArgumentException">A length does not fit, or an id is not in the table; nothing is written.</exception>
    public static void Forward<T>(int size, ReadOnlySpan<int> ids, ReadOnlySpan<T> table, Span<T> output)
        where T : IBinaryFloatingPointIeee754<T>
    {
        ReferenceCheck.Length(nameof(output), output.Length, ids.Length * size);
        CheckIds(ids, table.Length / size);
        for (int r = 0; r < ids.Length; r++)
        {
            for (int d = 0; d < size; d++)
            {
                output[r * size + d] = table[ids[r] * size + d];
            }
        }
    }

    /// <summary>dE[id_r] += dy_r, rows in order; adds into <paramref name="dTable"/>.</summary>
    /// <param name="size">D.</param>
    /// <param name="ids">[rows], each from 0 to V-1.</param>
    /// <param name="dOutput">dy, [rows, D].</param>
    /// <param name="dTable">dE, [V, D]; added into.</param>
    /// <exception cref="ArgumentException">A length does not fit, or an id is not in the table; nothing is written.</exception>
    public static void Backward<T>(int size, ReadOnlySpan<int> ids, ReadOnlySpan<T> dOutput, Span<T> dTable)
        where T : IBinaryFloatingPointIeee754<T>
    {
        ReferenceCheck.Length(nameof(dOutput), dOutput.Length, ids.Length * size);
        CheckIds(ids, dTable.Length / size);
        for (int r = 0; r < ids.Length; r++)
        {
            for (int d = 0; d < size; d++)
            {
                dTable[ids[r] * size + d] += dOutput[r * size + d];
            }
        }
    }

    private static void CheckIds(ReadOnlySpan<int> ids, int tableRows)
    {
        foreach (int id in ids)
        {
            ReferenceCheck.Index(nameof(ids), id, tableRows);
        }
    }
}
