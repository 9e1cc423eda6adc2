using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>
/// The register tile of one or two rows. So few rows have few chains of multiply-adds a panel, and their latency shows: so the
/// tile takes several panels and several canonical blocks of k at once, each in chains of its own.
/// </summary>
/// <remarks>
/// One body serves every product of rows, panels and blocks that registers allow. A group is one panel in one block; there are up
/// to 8 of them for a lone row, 4 for two rows (half as many with 16 registers), which makes 16 (8) chains: they hide 4 cycles of
/// latency at two multiply-adds a cycle twice (once) over. Each vector of weights is loaded once for both rows, which is what
/// bounds so few. The type arguments are constants to the JIT, which drops what a smaller shape does not use.
/// </remarks>
internal static class RowTile<T, TLane, TPanelRows>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
    where TPanelRows : struct, IPanelRows<T, TLane>
{
    /// <summary>The most panels times blocks at once.</summary>
    public static int MaxGroups<TRows>()
        where TRows : struct, ISize => (TLane.RegisterCount >= 32 ? 8 : 4) / TRows.Value;

    /// <summary>
    /// For each row and panel p: sums[p] = block 0's sum + block 1's sum + …, in this order, after what sums hold if that is to be
    /// added to, where block j's sum is Σₖ left[j·depth + k] · panel p's row j·depth + k, for k in order from +0. TBlocks of them run
    /// beside each other, round after round.
    /// </summary>
    /// <param name="call">Which panels, blocks and k. All that follow are where the first of everything lies.</param>
    /// <param name="left">The first row.</param>
    /// <param name="panels">The matrix, panels of [depth, TVectors·Count].</param>
    /// <param name="sums">Of each row, TPanels·TVectors·Count numbers, panel after panel.</param>
    /// <param name="leftStride">From one row to the next.</param>
    /// <param name="sumsStride">From one row of sums to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply<TRows, TVectors, TPanels, TBlocks>(
        in RowCall call, ref T left, ref T panels, ref T sums, nint leftStride, nint sumsStride)
        where TRows : struct, ISize
        where TVectors : struct, ISize
        where TPanels : struct, ISize
        where TBlocks : struct, ISize
    {
        Debug.Assert(TRows.Value * TPanels.Value * TBlocks.Value <= 8);
        left = ref Unsafe.Add(ref left, call.Left);
        panels = ref Unsafe.Add(ref panels, call.Weights);
        sums = ref Unsafe.Add(ref sums, call.Sums);
        nint panelStride = call.PanelStride;
        nint depth = call.Depth;
        nint rounds = call.Rounds;
        bool add = call.Adds;
        nint width = TVectors.Value * TLane.Count;
        nint rowLength = TPanelRows.Length(TVectors.Value);
        nint panelBlock = depth * rowLength;
        ref T secondSums = ref Unsafe.Add(ref sums, sumsStride);
        ref T second = ref Unsafe.Add(ref left, leftStride);
        do
        {
            TLane s0a = TLane.Zero, s0b = TLane.Zero, s1a = TLane.Zero, s1b = TLane.Zero;
            TLane s2a = TLane.Zero, s2b = TLane.Zero, s3a = TLane.Zero, s3b = TLane.Zero;
            TLane s4a = TLane.Zero, s4b = TLane.Zero, s5a = TLane.Zero, s5b = TLane.Zero;
            TLane s6a = TLane.Zero, s6b = TLane.Zero, s7a = TLane.Zero, s7b = TLane.Zero;
            TLane t0a = TLane.Zero, t0b = TLane.Zero, t1a = TLane.Zero, t1b = TLane.Zero;
            TLane t2a = TLane.Zero, t2b = TLane.Zero, t3a = TLane.Zero, t3b = TLane.Zero;
            nint rest = depth;
            if (TLane.RegisterCount < 32 && depth > 1)
            {
                // As in the register tile: two k a round, since narrow vectors need many instructions.
                rest = depth & 1;
                nint pairs = depth >> 1;
                do
                {
                    Add<TRows, TVectors, TPanels, TBlocks>(
                        ref left, ref second, depth, ref panels, panelStride, panelBlock, 0,
                        ref s0a, ref s0b, ref s1a, ref s1b, ref s2a, ref s2b, ref s3a, ref s3b,
                        ref s4a, ref s4b, ref s5a, ref s5b, ref s6a, ref s6b, ref s7a, ref s7b,
                        ref t0a, ref t0b, ref t1a, ref t1b, ref t2a, ref t2b, ref t3a, ref t3b);
                    Add<TRows, TVectors, TPanels, TBlocks>(
                        ref left, ref second, depth, ref Unsafe.Add(ref panels, rowLength), panelStride, panelBlock, 1,
                        ref s0a, ref s0b, ref s1a, ref s1b, ref s2a, ref s2b, ref s3a, ref s3b,
                        ref s4a, ref s4b, ref s5a, ref s5b, ref s6a, ref s6b, ref s7a, ref s7b,
                        ref t0a, ref t0b, ref t1a, ref t1b, ref t2a, ref t2b, ref t3a, ref t3b);
                    left = ref Unsafe.Add(ref left, 2);
                    if (TRows.Value > 1) second = ref Unsafe.Add(ref second, 2);
                    panels = ref Unsafe.Add(ref panels, 2 * rowLength);
                }
                while (--pairs > 0);
            }

            for (; rest > 0; rest--)
            {
                Add<TRows, TVectors, TPanels, TBlocks>(
                    ref left, ref second, depth, ref panels, panelStride, panelBlock, 0,
                    ref s0a, ref s0b, ref s1a, ref s1b, ref s2a, ref s2b, ref s3a, ref s3b,
                    ref s4a, ref s4b, ref s5a, ref s5b, ref s6a, ref s6b, ref s7a, ref s7b,
                    ref t0a, ref t0b, ref t1a, ref t1b, ref t2a, ref t2b, ref t3a, ref t3b);
                left = ref Unsafe.Add(ref left, 1);
                if (TRows.Value > 1) second = ref Unsafe.Add(ref second, 1);
                panels = ref Unsafe.Add(ref panels, rowLength);
            }

            if (add)
            {
                TileSums<T, TLane>.AddTotal<TVectors>(ref sums, 0 * width, ref s0a, ref s0b);
                if (TPanels.Value > 1) TileSums<T, TLane>.AddTotal<TVectors>(ref sums, 1 * width, ref s1a, ref s1b);
                if (TPanels.Value > 2) TileSums<T, TLane>.AddTotal<TVectors>(ref sums, 2 * width, ref s2a, ref s2b);
                if (TPanels.Value > 3) TileSums<T, TLane>.AddTotal<TVectors>(ref sums, 3 * width, ref s3a, ref s3b);
                if (TPanels.Value > 4) TileSums<T, TLane>.AddTotal<TVectors>(ref sums, 4 * width, ref s4a, ref s4b);
                if (TPanels.Value > 5) TileSums<T, TLane>.AddTotal<TVectors>(ref sums, 5 * width, ref s5a, ref s5b);
                if (TPanels.Value > 6) TileSums<T, TLane>.AddTotal<TVectors>(ref sums, 6 * width, ref s6a, ref s6b);
                if (TPanels.Value > 7) TileSums<T, TLane>.AddTotal<TVectors>(ref sums, 7 * width, ref s7a, ref s7b);
                if (TRows.Value > 1) TileSums<T, TLane>.AddTotal<TVectors>(ref secondSums, 0 * width, ref t0a, ref t0b);
                if (TRows.Value > 1 && TPanels.Value > 1)
                {
                    TileSums<T, TLane>.AddTotal<TVectors>(ref secondSums, 1 * width, ref t1a, ref t1b);
                }
                if (TRows.Value > 1 && TPanels.Value > 2)
                {
                    TileSums<T, TLane>.AddTotal<TVectors>(ref secondSums, 2 * width, ref t2a, ref t2b);
                }
                if (TRows.Value > 1 && TPanels.Value > 3)
                {
                    TileSums<T, TLane>.AddTotal<TVectors>(ref secondSums, 3 * width, ref t3a, ref t3b);
                }
            }

            // Block sums in order: the next block of a panel is TPanels groups on.
            if (TPanels.Value == 1)
            {
                if (TBlocks.Value > 1) TileSums<T, TLane>.Join<TVectors>(ref s0a, ref s0b, s1a, s1b);
                if (TBlocks.Value > 2) TileSums<T, TLane>.Join<TVectors>(ref s0a, ref s0b, s2a, s2b);
                if (TBlocks.Value > 3) TileSums<T, TLane>.Join<TVectors>(ref s0a, ref s0b, s3a, s3b);
                if (TBlocks.Value > 4) TileSums<T, TLane>.Join<TVectors>(ref s0a, ref s0b, s4a, s4b);
                if (TBlocks.Value > 5) TileSums<T, TLane>.Join<TVectors>(ref s0a, ref s0b, s5a, s5b);
                if (TBlocks.Value > 6) TileSums<T, TLane>.Join<TVectors>(ref s0a, ref s0b, s6a, s6b);
                if (TBlocks.Value > 7) TileSums<T, TLane>.Join<TVectors>(ref s0a, ref s0b, s7a, s7b);
                if (TRows.Value > 1 && TBlocks.Value > 1) TileSums<T, TLane>.Join<TVectors>(ref t0a, ref t0b, t1a, t1b);
                if (TRows.Value > 1 && TBlocks.Value > 2) TileSums<T, TLane>.Join<TVectors>(ref t0a, ref t0b, t2a, t2b);
                if (TRows.Value > 1 && TBlocks.Value > 3) TileSums<T, TLane>.Join<TVectors>(ref t0a, ref t0b, t3a, t3b);
            }

            if (TPanels.Value == 2)
            {
                if (TBlocks.Value > 1) TileSums<T, TLane>.Join<TVectors>(ref s0a, ref s0b, s2a, s2b);
                if (TBlocks.Value > 1) TileSums<T, TLane>.Join<TVectors>(ref s1a, ref s1b, s3a, s3b);
                if (TBlocks.Value > 2) TileSums<T, TLane>.Join<TVectors>(ref s0a, ref s0b, s4a, s4b);
                if (TBlocks.Value > 2) TileSums<T, TLane>.Join<TVectors>(ref s1a, ref s1b, s5a, s5b);
                if (TBlocks.Value > 3) TileSums<T, TLane>.Join<TVectors>(ref s0a, ref s0b, s6a, s6b);
                if (TBlocks.Value > 3) TileSums<T, TLane>.Join<TVectors>(ref s1a, ref s1b, s7a, s7b);
                if (TRows.Value > 1 && TBlocks.Value > 1) TileSums<T, TLane>.Join<TVectors>(ref t0a, ref t0b, t2a, t2b);
                if (TRows.Value > 1 && TBlocks.Value > 1) TileSums<T, TLane>.Join<TVectors>(ref t1a, ref t1b, t3a, t3b);
            }

            if (TPanels.Value == 4)
            {
                if (TBlocks.Value > 1) TileSums<T, TLane>.Join<TVectors>(ref s0a, ref s0b, s4a, s4b);
                if (TBlocks.Value > 1) TileSums<T, TLane>.Join<TVectors>(ref s1a, ref s1b, s5a, s5b);
                if (TBlocks.Value > 1) TileSums<T, TLane>.Join<TVectors>(ref s2a, ref s2b, s6a, s6b);
                if (TBlocks.Value > 1) TileSums<T, TLane>.Join<TVectors>(ref s3a, ref s3b, s7a, s7b);
            }

            TileSums<T, TLane>.Store<TVectors>(ref sums, 0 * width, s0a, s0b);
            if (TPanels.Value > 1) TileSums<T, TLane>.Store<TVectors>(ref sums, 1 * width, s1a, s1b);
            if (TPanels.Value > 2) TileSums<T, TLane>.Store<TVectors>(ref sums, 2 * width, s2a, s2b);
            if (TPanels.Value > 3) TileSums<T, TLane>.Store<TVectors>(ref sums, 3 * width, s3a, s3b);
            if (TPanels.Value > 4) TileSums<T, TLane>.Store<TVectors>(ref sums, 4 * width, s4a, s4b);
            if (TPanels.Value > 5) TileSums<T, TLane>.Store<TVectors>(ref sums, 5 * width, s5a, s5b);
            if (TPanels.Value > 6) TileSums<T, TLane>.Store<TVectors>(ref sums, 6 * width, s6a, s6b);
            if (TPanels.Value > 7) TileSums<T, TLane>.Store<TVectors>(ref sums, 7 * width, s7a, s7b);
            if (TRows.Value > 1) TileSums<T, TLane>.Store<TVectors>(ref secondSums, 0 * width, t0a, t0b);
            if (TRows.Value > 1 && TPanels.Value > 1) TileSums<T, TLane>.Store<TVectors>(ref secondSums, 1 * width, t1a, t1b);
            if (TRows.Value > 1 && TPanels.Value > 2) TileSums<T, TLane>.Store<TVectors>(ref secondSums, 2 * width, t2a, t2b);
            if (TRows.Value > 1 && TPanels.Value > 3) TileSums<T, TLane>.Store<TVectors>(ref secondSums, 3 * width, t3a, t3b);

            // The first block's end is where the second began.
            left = ref Unsafe.Add(ref left, (TBlocks.Value - 1) * depth);
            if (TRows.Value > 1) second = ref Unsafe.Add(ref second, (TBlocks.Value - 1) * depth);
            panels = ref Unsafe.Add(ref panels, (TBlocks.Value - 1) * panelBlock);
            add = true;
        }
        while (--rounds > 0);
    }

    /// <summary>Adds the products of one k of each block. Group g is panel g % TPanels in block g / TPanels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<TRows, TVectors, TPanels, TBlocks>(
        ref T left,
        ref T second,
        nint leftBlock,
        ref T panels,
        nint panelStride,
        nint panelBlock,
        nint k,
        ref TLane s0a, ref TLane s0b, ref TLane s1a, ref TLane s1b, ref TLane s2a, ref TLane s2b, ref TLane s3a, ref TLane s3b,
        ref TLane s4a, ref TLane s4b, ref TLane s5a, ref TLane s5b, ref TLane s6a, ref TLane s6b, ref TLane s7a, ref TLane s7b,
        ref TLane t0a, ref TLane t0b, ref TLane t1a, ref TLane t1b, ref TLane t2a, ref TLane t2b, ref TLane t3a, ref TLane t3b)
        where TRows : struct, ISize
        where TVectors : struct, ISize
        where TPanels : struct, ISize
        where TBlocks : struct, ISize
    {
        TLane a0 = TLane.Broadcast(Unsafe.Add(ref left, k));
        TLane a1 = TRows.Value > 1 ? TLane.Broadcast(Unsafe.Add(ref second, k)) : a0;
        Group<TRows, TVectors>(a0, a1, ref panels, ref s0a, ref s0b, ref t0a, ref t0b);
        if (TPanels.Value * TBlocks.Value > 1)
        {
            if (1 % TPanels.Value == 0) a0 = Number(ref left, 1 / TPanels.Value * leftBlock, k);
            if (TRows.Value > 1 && 1 % TPanels.Value == 0) a1 = Number(ref second, 1 / TPanels.Value * leftBlock, k);
            ref T row1 = ref Row<TPanels>(ref panels, 1, panelStride, panelBlock);
            Group<TRows, TVectors>(a0, a1, ref row1, ref s1a, ref s1b, ref t1a, ref t1b);
        }

        if (TPanels.Value * TBlocks.Value > 2)
        {
            if (2 % TPanels.Value == 0) a0 = Number(ref left, 2 / TPanels.Value * leftBlock, k);
            if (TRows.Value > 1 && 2 % TPanels.Value == 0) a1 = Number(ref second, 2 / TPanels.Value * leftBlock, k);
            ref T row2 = ref Row<TPanels>(ref panels, 2, panelStride, panelBlock);
            Group<TRows, TVectors>(a0, a1, ref row2, ref s2a, ref s2b, ref t2a, ref t2b);
        }

        if (TPanels.Value * TBlocks.Value > 3)
        {
            if (3 % TPanels.Value == 0) a0 = Number(ref left, 3 / TPanels.Value * leftBlock, k);
            if (TRows.Value > 1 && 3 % TPanels.Value == 0) a1 = Number(ref second, 3 / TPanels.Value * leftBlock, k);
            ref T row3 = ref Row<TPanels>(ref panels, 3, panelStride, panelBlock);
            Group<TRows, TVectors>(a0, a1, ref row3, ref s3a, ref s3b, ref t3a, ref t3b);
        }

        if (TPanels.Value * TBlocks.Value > 4)
        {
            if (4 % TPanels.Value == 0) a0 = Number(ref left, 4 / TPanels.Value * leftBlock, k);
            ref T row4 = ref Row<TPanels>(ref panels, 4, panelStride, panelBlock);
            Group<Size1, TVectors>(a0, a1, ref row4, ref s4a, ref s4b, ref t0a, ref t0b);
        }

        if (TPanels.Value * TBlocks.Value > 5)
        {
            if (5 % TPanels.Value == 0) a0 = Number(ref left, 5 / TPanels.Value * leftBlock, k);
            ref T row5 = ref Row<TPanels>(ref panels, 5, panelStride, panelBlock);
            Group<Size1, TVectors>(a0, a1, ref row5, ref s5a, ref s5b, ref t0a, ref t0b);
        }

        if (TPanels.Value * TBlocks.Value > 6)
        {
            if (6 % TPanels.Value == 0) a0 = Number(ref left, 6 / TPanels.Value * leftBlock, k);
            ref T row6 = ref Row<TPanels>(ref panels, 6, panelStride, panelBlock);
            Group<Size1, TVectors>(a0, a1, ref row6, ref s6a, ref s6b, ref t0a, ref t0b);
        }

        if (TPanels.Value * TBlocks.Value > 7)
        {
            if (7 % TPanels.Value == 0) a0 = Number(ref left, 7 / TPanels.Value * leftBlock, k);
            ref T row7 = ref Row<TPanels>(ref panels, 7, panelStride, panelBlock);
            Group<Size1, TVectors>(a0, a1, ref row7, ref s7a, ref s7b, ref t0a, ref t0b);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLane Number(ref T row, nint block, nint k) => TLane.Broadcast(Unsafe.Add(ref Unsafe.Add(ref row, block), k));

    /// <summary>The panel row of a group.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ref T Row<TPanels>(ref T panels, int group, nint panelStride, nint panelBlock)
        where TPanels : struct, ISize =>
        ref Unsafe.Add(ref panels, (group % TPanels.Value * panelStride) + (group / TPanels.Value * panelBlock));

    /// <summary>One row of a panel, times a number of each row of the left factor.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Group<TRows, TVectors>(
        TLane a0, TLane a1, ref T row, ref TLane firstA, ref TLane firstB, ref TLane secondA, ref TLane secondB)
        where TRows : struct, ISize
        where TVectors : struct, ISize
    {
        TLane shared = TPanelRows.Shared(ref row);
        TLane b = TPanelRows.First(shared, ref row);
        TLane.AddProduct(ref firstA, a0, b);
        if (TRows.Value > 1) TLane.AddProduct(ref secondA, a1, b);
        if (TVectors.Value == 1) return;
        b = TPanelRows.Second(shared, ref row);
        TLane.AddProduct(ref firstB, a0, b);
        if (TRows.Value > 1) TLane.AddProduct(ref secondB, a1, b);
    }
}
