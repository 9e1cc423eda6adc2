using System.Numerics;

namespace HighPerfRnn.Reference;

/// <summary>The three products of a recurrent layer, one multiply and one add at a time. Matrices are row-major.</summary>
internal static class ReferenceMatrix
{
    /// <summary>result_j += Σ_i x_i·W_ij, for W [x.Length, result.Length]; an empty x stands for zeros and adds nothing.</summary>
    internal static void AddProduct<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> w, Span<T> result)
        where T : INumberBase<T>
    {
        for (int j = 0; j < result.Length; j++)
        {
            T sum = result[j];
            for (int i = 0; i < x.Length; i++)
            {
                sum += x[i] * w[i * result.Length + j];
            }

            result[j] = sum;
        }
    }

    /// <summary>result_i += Σ_j d_j·W_ij, for W [result.Length, d.Length].</summary>
    internal static void AddTransposedProduct<T>(ReadOnlySpan<T> d, ReadOnlySpan<T> w, Span<T> result)
        where T : INumberBase<T>
    {
        for (int i = 0; i < result.Length; i++)
        {
            T sum = T.Zero;
            for (int j = 0; j < d.Length; j++)
            {
                sum += d[j] * w[i * d.Length + j];
            }

            result[i] += sum;
        }
    }

    /// <summary>result_ij += x_i·d_j, for result [x.Length, d.Length]; an empty x stands for zeros and adds nothing.</summary>
    internal static void AddOuterProduct<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> d, Span<T> result)
        where T : INumberBase<T>
    {
        for (int i = 0; i < x.Length; i++)
        {
            for (int j = 0; j < d.Length; j++)
            {
                result[i * d.Length + j] += x[i] * d[j];
            }
        }
    }

    /// <summary>result_i += d_i.</summary>
    internal static void Add<T>(ReadOnlySpan<T> d, Span<T> result)
        where T : INumberBase<T>
    {
        for (int i = 0; i < d.Length; i++)
        {
            result[i] += d[i];
        }
    }
}
