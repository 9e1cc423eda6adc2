using System.Runtime.CompilerServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>
/// The register tile of products of 16-bit rows with 8-bit panels, in exact 32-bit sums: up to four groups, a group being one row
/// with the two vectors of one panel.
/// </summary>
/// <remarks>
/// Each vector is half as wide in memory, widened by its load and used by every row. A sum of whole numbers has no order, and an
/// addition takes one cycle, so that a lone row needs no other blocks of k to hide latency behind: panels side by side save
/// broadcasts. Two sums, a weight and a row's pair each fit in 16 registers. The type arguments are constants to the JIT.
/// </remarks>
internal static class Int8Tile<TInteger>
    where TInteger : struct, IIntegerLane<TInteger>
{
    /// <summary>The most rows times panels.</summary>
    public const int MaxGroups = 4;

    /// <summary>sums[r, c] = (add ? sums[r, c] : 0) + the float nearest to Σₖ left[r, k] · panel[k, c].</summary>
    /// <param name="left">The first row, pairs of k.</param>
    /// <param name="leftStride">From one row to the next.</param>
    /// <param name="panels">The first panel: for each pair of k and each of 2·Count columns two bytes.</param>
    /// <param name="panelStride">Bytes from one panel to the next.</param>
    /// <param name="pairs">How many pairs of k, at most <see cref="Int8Format.BlockDepth"/> / 2.</param>
    /// <param name="sums">Of each row, TPanels·2·Count numbers, panel after panel.</param>
    /// <param name="sumsStride">From one row of sums to the next.</param>
    /// <param name="add">Whether to add to what sums hold.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply<TRows, TPanels>(
        ref short left, nint leftStride, ref sbyte panels, nint panelStride, nint pairs, ref float sums, nint sumsStride, bool add)
        where TRows : struct, ISize
        where TPanels : struct, ISize
    {
        TInteger s00a = TInteger.Zero, s00b = TInteger.Zero, s01a = TInteger.Zero, s01b = TInteger.Zero;
        TInteger s02a = TInteger.Zero, s02b = TInteger.Zero, s03a = TInteger.Zero, s03b = TInteger.Zero;
        TInteger s10a = TInteger.Zero, s10b = TInteger.Zero, s11a = TInteger.Zero, s11b = TInteger.Zero;
        TInteger s20a = TInteger.Zero, s20b = TInteger.Zero, s30a = TInteger.Zero, s30b = TInteger.Zero;
        nint width = 2 * TInteger.Count;
        for (nint k = pairs; k > 0; k--)
        {
            TInteger x0 = TInteger.BroadcastPair(ref left), x1 = x0, x2 = x0, x3 = x0;
            if (TRows.Value > 1) x1 = TInteger.BroadcastPair(ref Unsafe.Add(ref left, leftStride));
            if (TRows.Value > 2) x2 = TInteger.BroadcastPair(ref Unsafe.Add(ref left, 2 * leftStride));
            if (TRows.Value > 3) x3 = TInteger.BroadcastPair(ref Unsafe.Add(ref left, 3 * leftStride));
            TInteger w0 = TInteger.LoadPairs(ref panels);
            s00a = TInteger.MultiplyAddPairs(x0, w0, s00a);
            if (TRows.Value > 1) s10a = TInteger.MultiplyAddPairs(x1, w0, s10a);
            if (TRows.Value > 2) s20a = TInteger.MultiplyAddPairs(x2, w0, s20a);
            if (TRows.Value > 3) s30a = TInteger.MultiplyAddPairs(x3, w0, s30a);
            w0 = TInteger.LoadPairs(ref Unsafe.Add(ref panels, width));
            s00b = TInteger.MultiplyAddPairs(x0, w0, s00b);
            if (TRows.Value > 1) s10b = TInteger.MultiplyAddPairs(x1, w0, s10b);
            if (TRows.Value > 2) s20b = TInteger.MultiplyAddPairs(x2, w0, s20b);
            if (TRows.Value > 3) s30b = TInteger.MultiplyAddPairs(x3, w0, s30b);

            if (TPanels.Value > 1)
            {
                TInteger w1 = TInteger.LoadPairs(ref Unsafe.Add(ref panels, panelStride));
                s01a = TInteger.MultiplyAddPairs(x0, w1, s01a);
                if (TRows.Value > 1) s11a = TInteger.MultiplyAddPairs(x1, w1, s11a);
                w1 = TInteger.LoadPairs(ref Unsafe.Add(ref panels, panelStride + width));
                s01b = TInteger.MultiplyAddPairs(x0, w1, s01b);
                if (TRows.Value > 1) s11b = TInteger.MultiplyAddPairs(x1, w1, s11b);
            }

            if (TPanels.Value > 2)
            {
                TInteger w2 = TInteger.LoadPairs(ref Unsafe.Add(ref panels, 2 * panelStride));
                s02a = TInteger.MultiplyAddPairs(x0, w2, s02a);
                w2 = TInteger.LoadPairs(ref Unsafe.Add(ref panels, (2 * panelStride) + width));
                s02b = TInteger.MultiplyAddPairs(x0, w2, s02b);
            }

            if (TPanels.Value > 3)
            {
                TInteger w3 = TInteger.LoadPairs(ref Unsafe.Add(ref panels, 3 * panelStride));
                s03a = TInteger.MultiplyAddPairs(x0, w3, s03a);
                w3 = TInteger.LoadPairs(ref Unsafe.Add(ref panels, (3 * panelStride) + width));
                s03b = TInteger.MultiplyAddPairs(x0, w3, s03b);
            }

            left = ref Unsafe.Add(ref left, 2);
            panels = ref Unsafe.Add(ref panels, 2 * width);
        }

        nint columns = 2 * TInteger.Count;
        Finish(ref sums, 0, s00a, s00b, add);
        if (TPanels.Value > 1) Finish(ref sums, columns, s01a, s01b, add);
        if (TPanels.Value > 2) Finish(ref sums, 2 * columns, s02a, s02b, add);
        if (TPanels.Value > 3) Finish(ref sums, 3 * columns, s03a, s03b, add);
        if (TRows.Value > 1) Finish(ref sums, sumsStride, s10a, s10b, add);
        if (TRows.Value > 1 && TPanels.Value > 1) Finish(ref sums, sumsStride + columns, s11a, s11b, add);
        if (TRows.Value > 2) Finish(ref sums, 2 * sumsStride, s20a, s20b, add);
        if (TRows.Value > 3) Finish(ref sums, 3 * sumsStride, s30a, s30b, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(ref float sums, nint offset, TInteger a, TInteger b, bool add)
    {
        ref float first = ref Unsafe.Add(ref sums, offset);
        ref float second = ref Unsafe.Add(ref first, TInteger.Count);
        if (add)
        {
            a.AddAsSingle(ref first);
            b.AddAsSingle(ref second);
        }
        else
        {
            a.StoreAsSingle(ref first);
            b.StoreAsSingle(ref second);
        }
    }
}
