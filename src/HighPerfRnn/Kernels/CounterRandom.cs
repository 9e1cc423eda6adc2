using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace HighPerfRnn.Kernels;

/// <summary>
/// Random numbers by counting: word n of a stream is a function of seed, stream and n alone, the same on every machine, so
/// that three numbers are the whole state and a run continues where a checkpoint left it.
/// </summary>
/// <remarks>
/// Philox4x32-10 (Salmon, Moraes, Dror and Shaw, Parallel Random Numbers: As Easy as 1, 2, 3, 2011), four words a block: the
/// key is the seed, the counter's lower half the block, its upper half the stream. A stream repeats after 2⁶⁴ words. It is a
/// value: a copy draws the same numbers, so pass it by reference. Not for secrets.
/// </remarks>
[StructLayout(LayoutKind.Auto)]
public struct CounterRandom
{
    private uint _word0;
    private uint _word1;
    private uint _word2;
    private uint _word3;

    /// <summary>The stream from <paramref name="position"/> on.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="stream">Which of the 2⁶⁴ independent streams of the seed.</param>
    /// <param name="position">How many words were drawn before.</param>
    public CounterRandom(ulong seed, ulong stream = 0, ulong position = 0)
    {
        Seed = seed;
        Stream = stream;
        Position = position;
        if (position % 4 != 0) Fill();
    }

    /// <summary>The seed.</summary>
    public ulong Seed { get; }

    /// <summary>The stream.</summary>
    public ulong Stream { get; }

    /// <summary>How many 32-bit words were drawn. A new generator of the same three numbers continues with the same bits.</summary>
    public ulong Position { get; private set; }

    /// <summary>A uniform word.</summary>
    public uint NextUInt32()
    {
        uint index = (uint)Position % 4;
        if (index == 0) Fill();
        Position++;
        return index switch { 0 => _word0, 1 => _word1, 2 => _word2, _ => _word3 };
    }

    /// <summary>Two words, the first in the low half.</summary>
    public ulong NextUInt64()
    {
        ulong low = NextUInt32();
        return low | ((ulong)NextUInt32() << 32);
    }

    /// <summary>Uniform in [0, 1), a multiple of 2⁻²⁴: the top bits of one word.</summary>
    public float NextSingle() => (NextUInt32() >> 8) * (1f / (1 << 24));

    /// <summary>Uniform in [0, 1), a multiple of 2⁻⁵³: the top bits of two words.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1L << 53));

    /// <summary>Uniform among 0 to <paramref name="bound"/> - 1, without bias: multiply and reject (Lemire, 2019).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The bound is not positive.</exception>
    public int NextInt(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        uint range = (uint)bound;
        ulong product = (ulong)NextUInt32() * range;
        if ((uint)product < range)
        {
            uint threshold = (0 - range) % range;
            while ((uint)product < threshold) product = (ulong)NextUInt32() * range;
        }

        return (int)(product >> 32);
    }

    /// <summary>
    /// Normal with mean 0 and variance 1: the polar method (Marsaglia and Bray, 1964). The second number that it would give is
    /// not kept, so that <see cref="Position"/> stays the whole state.
    /// </summary>
    public double NextGaussian()
    {
        double u;
        double square;
        do
        {
            u = (2 * NextDouble()) - 1;
            double v = (2 * NextDouble()) - 1;
            square = (u * u) + (v * v);
        }
        while (square >= 1 || square == 0);

        return u * Math.Sqrt(-2 * ExactMath.Log(square) / square);
    }

    /// <summary>Puts the items in a uniformly drawn order (Fisher and Yates, from the end).</summary>
    public void Shuffle<TItem>(Span<TItem> items)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int j = NextInt(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    /// <summary>One block of Philox4x32-10: counter words in, random words out.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Philox(ref uint word0, ref uint word1, ref uint word2, ref uint word3, uint key0, uint key1)
    {
        // In locals, which stay in registers.
        (uint w0, uint w1, uint w2, uint w3) = (word0, word1, word2, word3);
        for (int round = 0; round < 10; round++)
        {
            ulong product0 = (ulong)w0 * 0xD2511F53;
            ulong product1 = (ulong)w2 * 0xCD9E8D57;
            w0 = (uint)(product1 >> 32) ^ w1 ^ key0;
            w1 = (uint)product1;
            w2 = (uint)(product0 >> 32) ^ w3 ^ key1;
            w3 = (uint)product0;
            unchecked
            {
                key0 += 0x9E3779B9;
                key1 += 0xBB67AE85;
            }
        }

        (word0, word1, word2, word3) = (w0, w1, w2, w3);
    }

    private void Fill()
    {
        ulong block = Position / 4;
        (_word0, _word1, _word2, _word3) = ((uint)block, (uint)(block >> 32), (uint)Stream, (uint)(Stream >> 32));
        Philox(ref _word0, ref _word1, ref _word2, ref _word3, (uint)Seed, (uint)(Seed >> 32));
    }
}
