namespace HighPerfRnn.PeerBenchmarks.Peers;

/// <summary>Matrices as other libraries lay them out.</summary>
internal static class PeerWeights
{
    /// <summary>[columns, rows] from [rows, columns].</summary>
    public static float[] Transposed(ReadOnlySpan<float> values, int rows)
    {
        int columns = values.Length / rows;
        float[] transposed = new float[values.Length];
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                transposed[(column * rows) + row] = values[(row * columns) + column];
            }
        }

        return transposed;
    }
}
