namespace HighPerfRnn.Reference;

/// <summary>Norms of matrices, from above: never less than the true norm.</summary>
public static class ReferenceMatrixNorm
{
    /// <summary>The Frobenius norm √(Σ w²), at least the spectral norm and at most √rank times it.</summary>
    /// <param name="matrix">W, of any shape.</param>
    public static double Frobenius(ReadOnlySpan<double> matrix)
    {
        double norm = 0;
        foreach (double w in matrix)
        {
            norm = double.Hypot(norm, w);
        }

        return norm * (1 + Margin);
    }

    /// <summary>
    /// An upper bound on the spectral norm ‖W‖₂ of a square matrix. With G = WᵀW, ‖W‖₂^(2·2^s) = ‖G^(2^s)‖₂ ≤
    /// ‖G^(2^s)‖_F ≤ √n·‖G^(2^s)‖₂, so the 2·2^s-th root of that Frobenius norm, got by squaring G s times, exceeds
    /// ‖W‖₂ by at most the factor n^(1/2^(s+2)): 2 % for n = 150 and s = 6. Power iteration would come from below.
    /// </summary>
    /// <param name="matrix">W, [size, size].</param>
    /// <param name="size">n.</param>
    /// <param name="squarings">s; each costs n³ multiply-adds.</param>
    /// <exception cref="ArgumentException">The length is not n².</exception>
    public static double SpectralUpperBound(ReadOnlySpan<double> matrix, int size, int squarings = 6)
    {
        ReferenceCheck.Length(nameof(matrix), matrix.Length, size * size);
        double[] transposed = new double[matrix.Length];
        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j < size; j++)
            {
                transposed[j * size + i] = matrix[i * size + j];
            }
        }

        double[] g = RowProducts(transposed, size);
        double logarithm = 0;
        for (int s = 0; ; s++)
        {
            // G is scaled to norm 1 before each squaring, and its scale kept as a logarithm, so that no power overflows.
            double norm = Frobenius(g);
            if (norm == 0)
            {
                return 0;
            }

            logarithm += Math.Log(norm);
            if (s == squarings)
            {
                return Math.Exp(logarithm / (2 * Math.ScaleB(1, s))) * (1 + Margin);
            }

            for (int i = 0; i < g.Length; i++)
            {
                g[i] /= norm;
            }

            g = RowProducts(g, size);
            logarithm *= 2;
        }
    }

    // Rounding moves these norms by about n²·2⁻⁵³ of their value.
    private const double Margin = 1e-9;

    /// <summary>M·Mᵀ; for a symmetric M its square.</summary>
    private static double[] RowProducts(double[] m, int size)
    {
        double[] result = new double[m.Length];
        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double sum = 0;
                for (int k = 0; k < size; k++)
                {
                    sum += m[i * size + k] * m[j * size + k];
                }

                result[i * size + j] = sum;
                result[j * size + i] = sum;
            }
        }

        return result;
    }
}
