using System.Numerics;
using HighPerfRnn.Kernels;

namespace HighPerfRnn.Training;

/// <summary>Sums of losses and weights in double, each in one order.</summary>
internal static class LossSum
{
    /// <summary>One after the other: for rows, each of which took far longer than an addition.</summary>
    public static double InOrder<T>(ReadOnlySpan<T> values)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double sum = 0;
        foreach (T value in values) sum += ExactMath.Widen(value);
        return sum;
    }

    /// <summary>
    /// In eight chains, number i in chain i mod 8, chains added in pairs: for elements, of which a lone chain would wait four
    /// cycles each.
    /// </summary>
    public static double InChains<T>(ReadOnlySpan<T> values)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0;
        int i = 0;
        for (; i <= values.Length - 8; i += 8)
        {
            ReadOnlySpan<T> eight = values.Slice(i, 8);
            s0 += ExactMath.Widen(eight[0]);
            s1 += ExactMath.Widen(eight[1]);
            s2 += ExactMath.Widen(eight[2]);
            s3 += ExactMath.Widen(eight[3]);
            s4 += ExactMath.Widen(eight[4]);
            s5 += ExactMath.Widen(eight[5]);
            s6 += ExactMath.Widen(eight[6]);
            s7 += ExactMath.Widen(eight[7]);
        }

        double rest = InOrder(values[i..]);
        return (s0 + s4 + (s2 + s6)) + (s1 + s5 + (s3 + s7)) + rest;
    }
}
