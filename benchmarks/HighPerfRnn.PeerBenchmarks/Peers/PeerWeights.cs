namespace HighPerfRnn.PeerBenchmarks.Peers;

/// <summary>Matrices as other libraries lay them out.</summary>
internal static class PeerWeights
{
    /// <summary>Matrices [K, G·H], or a bias [G·H], whose gates stand in another order: the i-th of the result is the order[i]-th here.</summary>
    public static float[] Reordered(ReadOnlySpan<float> values, int hiddenSize, ReadOnlySpan<int> order)
    {
        float[] reordered = new float[values.Length];
        int columns = order.Length * hiddenSize;
        for (int row = 0; row < values.Length / columns; row++)
        {
            for (int gate = 0; gate < order.Length; gate++)
            {
                ReadOnlySpan<float> source = values.Slice((row * columns) + (order[gate] * hiddenSize), hiddenSize);
                source.CopyTo(reordered.AsSpan((row * columns) + (gate * hiddenSize)));
            }
        }

        return reordered;
    }

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
