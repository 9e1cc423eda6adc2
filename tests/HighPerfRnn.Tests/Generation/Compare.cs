using System.Numerics;
using System.Runtime.InteropServices;
using Xunit.Sdk;

namespace HighPerfRnn.Tests.Generation;

/// <summary>Comparisons that say which element differs, and by how much.</summary>
internal static partial class Compare
{
    /// <summary>Bit for bit; a NaN equals a NaN, since payloads are no part of the promise.</summary>
    public static void Bits<T>(ReadOnlySpan<T> expected, ReadOnlySpan<T> actual, string what)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        SameLength(expected.Length, actual.Length, what);
        if (MemoryMarshal.AsBytes(expected).SequenceEqual(MemoryMarshal.AsBytes(actual))) return;
        for (int i = 0; i < expected.Length; i++)
        {
            if (!SameBits(expected[i], actual[i]))
            {
                throw new XunitException($"{what}[{i}] is {actual[i]:R}, expected the bits of {expected[i]:R}.");
            }
        }
    }

    /// <inheritdoc cref="Bits{T}(ReadOnlySpan{T}, ReadOnlySpan{T}, string)"/>
    public static void Bits<T>(T[] expected, T[] actual, string what)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Bits<T>(expected.AsSpan(), actual.AsSpan(), what);

    public static bool SameBits<T>(T expected, T actual)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        (T.IsNaN(expected) && T.IsNaN(actual)) || (expected == actual && T.IsNegative(expected) == T.IsNegative(actual));

    /// <summary>|actual - expected| ≤ bound, element by element.</summary>
    public static void Within<T>(ReadOnlySpan<double> expected, ReadOnlySpan<T> actual, ReadOnlySpan<double> bound, string what)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        SameLength(expected.Length, actual.Length, what);
        for (int i = 0; i < expected.Length; i++)
        {
            double value = double.CreateChecked(actual[i]);
            double difference = Math.Abs(value - expected[i]);
            if (!(difference <= bound[i]))
            {
                throw new XunitException(
                    $"{what}[{i}] is {value:R}, expected {expected[i]:R} within {bound[i]:E2}; it is {difference:E2} off.");
            }
        }
    }

    /// <summary>NaN where NaN, an infinity where that infinity, a finite number where a finite one.</summary>
    public static void Class<T>(ReadOnlySpan<double> expected, ReadOnlySpan<T> actual, string what)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        SameLength(expected.Length, actual.Length, what);
        for (int i = 0; i < expected.Length; i++)
        {
            double value = double.CreateChecked(actual[i]);
            bool same = double.IsFinite(expected[i]) ? double.IsFinite(value) : value.Equals(expected[i]);
            if (!same) throw new XunitException($"{what}[{i}] is {value}, expected {expected[i]}.");
        }
    }

    private static void SameLength(int expected, int actual, string what)
    {
        if (expected != actual) throw new XunitException($"{what}: {actual} elements, expected {expected}.");
    }
}
