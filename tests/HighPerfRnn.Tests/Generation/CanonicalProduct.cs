using System.Numerics;

namespace HighPerfRnn.Tests.Generation;

/// <summary>A product in the canonical order, one number at a time: what every lane must give to the bit.</summary>
internal static class CanonicalProduct
{
    /// <summary>
    /// [rows, columns] from left [rows, depth] and right [depth, columns]: blocks of k, each a chain of fused multiply-adds
    /// from +0, added in order.
    /// </summary>
    public static T[] Multiply<T>(T[] left, T[] right, ProductCase shape, int block)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] result = new T[shape.Rows * shape.Columns];
        for (int r = 0; r < shape.Rows; r++)
        {
            for (int c = 0; c < shape.Columns; c++)
            {
                T total = T.Zero;
                for (int start = 0; start < shape.Depth; start += block)
                {
                    T sum = T.Zero;
                    for (int k = start; k < Math.Min(shape.Depth, start + block); k++)
                    {
                        sum = FusedMultiplyAdd(left[(r * shape.Depth) + k], right[(k * shape.Columns) + c], sum);
                    }

                    total = start == 0 ? sum : total + sum;
                }

                result[(r * shape.Columns) + c] = total;
            }
        }

        return result;
    }

    private static T FusedMultiplyAdd<T>(T a, T b, T c)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        typeof(T) == typeof(float)
            ? (T)(object)MathF.FusedMultiplyAdd((float)(object)a, (float)(object)b, (float)(object)c)
            : (T)(object)Math.FusedMultiplyAdd((double)(object)a, (double)(object)b, (double)(object)c);
}
