using System.Runtime.CompilerServices;

namespace HighPerfRnn.Kernels;

/// <summary>
/// The one order in which every sum of products is taken, whatever the vector width, the batch, the threads or the chunks:
/// k runs in blocks, each block in order as one chain of fused multiply-adds from +0, and block sums are added in order.
/// </summary>
/// <remarks>
/// Short blocks for short sums, and never a single one for a longer sum, since a lone row hides the latency of its chains only behind
/// other blocks where the matrix is narrow; long blocks for long sums, since a batch tile pays a load, an addition
/// and a store a sum for each block. Blocks also bound the rounding error:
/// a sum of n products is off by at most (block + ⌈n / block⌉)·u·Σ|aₖ·bₖ| to first order, not n·u·Σ|aₖ·bₖ| (Higham, Accuracy and
/// Stability of Numerical Algorithms, 2nd ed., section 4.2).
/// </remarks>
internal static class CanonicalSum
{
    /// <summary>Sums over rows (weight and bias gradients) take blocks of this many rows, in whole steps.</summary>
    public const int RowBlock = 256;

    private const uint LongestBlock = 128;

    /// <summary>
    /// How many k one block takes: a function of the sum's length alone. Sums of more than 64 fall into equal parts, of which only the
    /// last may be shorter: two, or the fewest of at most 128.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Block(int length) => length <= 32 ? 8 : length <= 64 ? 16 : EqualParts((uint)length);

    /// <summary>How many steps of <paramref name="batch"/> rows make one row block.</summary>
    public static int StepsInRowBlock(int batch) => Math.Max(1, RowBlock / Math.Max(1, batch));

    private static int EqualParts(uint length)
    {
        uint parts = Math.Max(2, (length + LongestBlock - 1) / LongestBlock);
        return (int)((length + parts - 1) / parts);
    }
}
