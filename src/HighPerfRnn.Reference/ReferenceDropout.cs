using System.Numerics;

namespace HighPerfRnn.Reference;

/// <summary>
/// Dropout over x [T, B, H]: y = x·(1/(1-p)) where a unit is kept, else 0.
/// <code>
/// a, b, _, _   = philox4x32-10(counter: 0, 0, call low, call high; key: seed low, seed high)
/// k0, k1       low and high half of
///              z = b·2³² + a + (step·2³² + row)·9E3779B97F4A7C15
///              z = (z xor z&gt;&gt;30)·BF58476D1CE4E5B9;  z = (z xor z&gt;&gt;27)·94D049BB133111EB;  z xor z&gt;&gt;31
/// h(i)         z = i·9E3779B9 + k0;  z = (z xor z&gt;&gt;16)·7FEB352D + k1;  (z xor z&gt;&gt;15)·846CA68B
/// float        u = (h(unit) &gt;&gt; 9) / 2²³
/// double       u = (w(2·unit + 1) mod 2²⁰ · 2³² + w(2·unit)) / 2⁵²     w(i) = h(i) xor h(i)&gt;&gt;16
/// kept         where u ≥ p
/// </code>
/// The variational kind has step 2³² - 1 for every step.
/// </summary>
/// <param name="seed">The seed.</param>
/// <param name="call">The call.</param>
public sealed class ReferenceDropout(ulong seed, ulong call)
{
    /// <summary>The step of a mask that all steps share.</summary>
    public const uint EveryStep = uint.MaxValue;

    /// <summary>y or, of gradients, dx; overwrites <paramref name="target"/>.</summary>
    /// <param name="probability">p.</param>
    /// <param name="isVariational">Whether steps share a mask.</param>
    /// <param name="firstStep">The number of the first step.</param>
    /// <param name="rowKeys">Which row is which, [B].</param>
    /// <param name="size">H.</param>
    /// <param name="source">x, [T, B, H].</param>
    /// <param name="target">y, [T, B, H].</param>
    public void Apply<T>(
        double probability, bool isVariational, int firstStep, ReadOnlySpan<int> rowKeys, int size, ReadOnlySpan<T> source, Span<T> target)
        where T : IBinaryFloatingPointIeee754<T>
    {
        T scale = T.CreateChecked(1 / (1 - probability));
        for (int i = 0; i < source.Length; i++)
        {
            int row = i / size % rowKeys.Length;
            uint step = isVariational ? EveryStep : (uint)(firstStep + i / size / rowKeys.Length);
            double u = Uniform<T>(step, (uint)rowKeys[row], i % size);
            target[i] = u < probability ? T.Zero : source[i] * scale;
        }
    }

    /// <summary>u of one unit, in [0, 1).</summary>
    /// <param name="step">The step.</param>
    /// <param name="row">The row's key.</param>
    /// <param name="unit">The unit.</param>
    public double Uniform<T>(uint step, uint row, int unit)
    {
        if (typeof(T) == typeof(float))
        {
            return (Hash(step, row, (uint)unit) >> 9) / (double)(1 << 23);
        }

        ulong high = Word(step, row, 2 * (uint)unit + 1) & 0xFFFFF;
        return ((high << 32) | Word(step, row, 2 * (uint)unit)) / (double)(1L << 52);
    }

    private uint Word(uint step, uint row, uint index)
    {
        uint z = Hash(step, row, index);
        return z ^ (z >> 16);
    }

    private uint Hash(uint step, uint row, uint index)
    {
        uint[] counter = [0, 0, (uint)call, (uint)(call >> 32)];
        uint[] key = [(uint)seed, (uint)(seed >> 32)];
        for (int round = 0; round < 10; round++)
        {
            ulong a = (ulong)counter[0] * 0xD2511F53;
            ulong b = (ulong)counter[2] * 0xCD9E8D57;
            counter = [(uint)(b >> 32) ^ counter[1] ^ key[0], (uint)b, (uint)(a >> 32) ^ counter[3] ^ key[1], (uint)a];
            key = [unchecked(key[0] + 0x9E3779B9), unchecked(key[1] + 0xBB67AE85)];
        }

        ulong keys = unchecked((((ulong)counter[1] << 32) | counter[0]) + (((ulong)step << 32) | row) * 0x9E3779B97F4A7C15);
        keys = unchecked((keys ^ (keys >> 30)) * 0xBF58476D1CE4E5B9);
        keys = unchecked((keys ^ (keys >> 27)) * 0x94D049BB133111EB);
        keys ^= keys >> 31;
        uint z = unchecked(index * 0x9E3779B9 + (uint)keys);
        z = unchecked((z ^ (z >> 16)) * 0x7FEB352D + (uint)(keys >> 32));
        return unchecked((z ^ (z >> 15)) * 0x846CA68B);
    }
}
