using System.Numerics;

namespace HighPerfRnn.Tests.Generation;

/// <summary>Numbers that follow from a seed alone: SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).</summary>
internal sealed class CaseRandom(int seed, int stream = 0)
{
    private ulong _state = ((ulong)(uint)stream << 32) | (uint)seed;

    public ulong NextBits()
    {
        ulong z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>0 to <paramref name="count"/> - 1.</summary>
    public int Below(int count) => (int)(NextBits() % (ulong)count);

    /// <summary>Uniform in (-1, 1), never 0.</summary>
    public double Signed() => (((NextBits() >> 12) + 0.5) * double.ScaleB(1, -51)) - 1;

    /// <summary>Numbers of at most <paramref name="scale"/>, rounded to T.</summary>
    /// <param name="length">How many.</param>
    /// <param name="scale">The largest magnitude.</param>
    /// <param name="spread">Whether magnitudes spread over 20 binades, an eighth being zeros.</param>
    public T[] Numbers<T>(int length, double scale = 1, bool spread = false)
        where T : IBinaryFloatingPointIeee754<T>
    {
        T[] numbers = new T[length];
        for (int i = 0; i < length; i++)
        {
            double value = Signed() * scale;
            if (spread) value = Below(8) == 0 ? 0 : Math.ScaleB(value, -Below(20));
            numbers[i] = T.CreateChecked(value);
        }

        return numbers;
    }

    /// <summary>Indices below <paramref name="count"/>.</summary>
    public int[] Indices(int length, int count)
    {
        int[] indices = new int[length];
        for (int i = 0; i < length; i++) indices[i] = Below(count);
        return indices;
    }
}
