using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>
/// The register tile of a lone row. A row has one chain of multiply-adds a vector of outputs, and where outputs are few their
/// latency shows: so it takes several panels and several canonical blocks of k at once, each in chains of its own.
/// </summary>
/// <remarks>
/// One body serves every product of panels and blocks up to 8 (4 with 16 registers): 16 (8) chains hide 4 cycles of latency at
/// two multiply-adds a cycle twice (once) over. Each vector of weights is loaded once and used once, which is what bounds a lone
/// row. The type arguments are constants to the JIT, which drops what a smaller shape does not use.
/// </remarks>
internal static class RowTile<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    /// <summary>The most panels times blocks at once.</summary>
    public static int MaxGroups
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TLane.RegisterCount >= 32 ? 8 : 4;
    }

    /// <summary>
    /// For each panel p: sums[p] = (add ? sums[p] : 0) + block 0's sum + block 1's sum + …, in this order, where block j's sum is
    /// Σₖ left[j·depth + k] · panel p's row j·depth + k, for k in order.
    /// </summary>
    /// <param name="left">The row.</param>
    /// <param name="panels">The first panel, [depth · TBlocks or more, TVectors·Count].</param>
    /// <param name="panelStride">From one panel to the next.</param>
    /// <param name="depth">How many k each block takes.</param>
    /// <param name="sums">TPanels·TVectors·Count numbers, panel after panel.</param>
    /// <param name="add">Whether to add to what sums hold.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply<TVectors, TPanels, TBlocks>(
        ref T left, ref T panels, nint panelStride, nint depth, ref T sums, bool add)
        where TVectors : struct, ISize
        where TPanels : struct, ISize
        where TBlocks : struct, ISize
    {
        TLane s0a = TLane.Zero, s0b = TLane.Zero, s1a = TLane.Zero, s1b = TLane.Zero;
        TLane s2a = TLane.Zero, s2b = TLane.Zero, s3a = TLane.Zero, s3b = TLane.Zero;
        TLane s4a = TLane.Zero, s4b = TLane.Zero, s5a = TLane.Zero, s5b = TLane.Zero;
        TLane s6a = TLane.Zero, s6b = TLane.Zero, s7a = TLane.Zero, s7b = TLane.Zero;
        TLane a = TLane.Zero;
        nint width = TVectors.Value * TLane.Count;
        nint offset1 = (1 % TPanels.Value * panelStride) + (1 / TPanels.Value * depth * width);
        nint offset2 = (2 % TPanels.Value * panelStride) + (2 / TPanels.Value * depth * width);
        nint offset3 = (3 % TPanels.Value * panelStride) + (3 / TPanels.Value * depth * width);
        nint offset4 = (4 % TPanels.Value * panelStride) + (4 / TPanels.Value * depth * width);
        nint offset5 = (5 % TPanels.Value * panelStride) + (5 / TPanels.Value * depth * width);
        nint offset6 = (6 % TPanels.Value * panelStride) + (6 / TPanels.Value * depth * width);
        nint offset7 = (7 % TPanels.Value * panelStride) + (7 / TPanels.Value * depth * width);
        for (nint k = depth; k > 0; k--)
        {
            // Group g is panel g % TPanels in block g / TPanels.
            a = TLane.Broadcast(left);
            s0a = TLane.FusedMultiplyAdd(a, TLane.Load(ref panels), s0a);
            if (TVectors.Value > 1) s0b = TLane.FusedMultiplyAdd(a, TLane.Load(ref Unsafe.Add(ref panels, TLane.Count)), s0b);

            if (TPanels.Value * TBlocks.Value > 1)
            {
                if (1 % TPanels.Value == 0) a = TLane.Broadcast(Unsafe.Add(ref left, 1 / TPanels.Value * depth));
                s1a = TLane.FusedMultiplyAdd(a, TLane.Load(ref Unsafe.Add(ref panels, offset1)), s1a);
                if (TVectors.Value > 1) s1b = TLane.FusedMultiplyAdd(a, TLane.Load(ref Unsafe.Add(ref panels, offset1 + TLane.Count)), s1b);
            }

            if (TPanels.Value * TBlocks.Value > 2)
            {
                if (2 % TPanels.Value == 0) a = TLane.Broadcast(Unsafe.Add(ref left, 2 / TPanels.Value * depth));
                s2a = TLane.FusedMultiplyAdd(a, TLane.Load(ref Unsafe.Add(ref panels, offset2)), s2a);
                if (TVectors.Value > 1) s2b = TLane.FusedMultiplyAdd(a, TLane.Load(ref Unsafe.Add(ref panels, offset2 + TLane.Count)), s2b);
            }

            if (TPanels.Value * TBlocks.Value > 3)
            {
                if (3 % TPanels.Value == 0) a = TLane.Broadcast(Unsafe.Add(ref left, 3 / TPanels.Value * depth));
                s3a = TLane.FusedMultiplyAdd(a, TLane.Load(ref Unsafe.Add(ref panels, offset3)), s3a);
                if (TVectors.Value > 1) s3b = TLane.FusedMultiplyAdd(a, TLane.Load(ref Unsafe.Add(ref panels, offset3 + TLane.Count)), s3b);
            }

            if (TPanels.Value * TBlocks.Value > 4)
            {
                if (4 % TPanels.Value == 0) a = TLane.Broadcast(Unsafe.Add(ref left, 4 / TPanels.Value * depth));
                s4a = TLane.FusedMultiplyAdd(a, TLane.Load(ref Unsafe.Add(ref panels, offset4)), s4a);
                if (TVectors.Value > 1) s4b = TLane.FusedMultiplyAdd(a, TLane.Load(ref Unsafe.Add(ref panels, offset4 + TLane.Count)), s4b);
            }

            if (TPanels.Value * TBlocks.Value > 5)
            {
                if (5 % TPanels.Value == 0) a = TLane.Broadcast(Unsafe.Add(ref left, 5 / TPanels.Value * depth));
                s5a = TLane.FusedMultiplyAdd(a, TLane.Load(ref Unsafe.Add(ref panels, offset5)), s5a);
                if (TVectors.Value > 1) s5b = TLane.FusedMultiplyAdd(a, TLane.Load(ref Unsafe.Add(ref panels, offset5 + TLane.Count)), s5b);
            }

            if (TPanels.Value * TBlocks.Value > 6)
            {
                if (6 % TPanels.Value == 0) a = TLane.Broadcast(Unsafe.Add(ref left, 6 / TPanels.Value * depth));
                s6a = TLane.FusedMultiplyAdd(a, TLane.Load(ref Unsafe.Add(ref panels, offset6)), s6a);
                if (TVectors.Value > 1) s6b = TLane.FusedMultiplyAdd(a, TLane.Load(ref Unsafe.Add(ref panels, offset6 + TLane.Count)), s6b);
            }

            if (TPanels.Value * TBlocks.Value > 7)
            {
                if (7 % TPanels.Value == 0) a = TLane.Broadcast(Unsafe.Add(ref left, 7 / TPanels.Value * depth));
                s7a = TLane.FusedMultiplyAdd(a, TLane.Load(ref Unsafe.Add(ref panels, offset7)), s7a);
                if (TVectors.Value > 1) s7b = TLane.FusedMultiplyAdd(a, TLane.Load(ref Unsafe.Add(ref panels, offset7 + TLane.Count)), s7b);
            }

            left = ref Unsafe.Add(ref left, 1);
            panels = ref Unsafe.Add(ref panels, width);
        }

        if (add)
        {
            s0a = TLane.Load(ref Unsafe.Add(ref sums, 0 * width)) + s0a;
            if (TPanels.Value > 0 && TVectors.Value > 1) s0b = TLane.Load(ref Unsafe.Add(ref sums, (0 * width) + TLane.Count)) + s0b;
            if (TPanels.Value > 1) s1a = TLane.Load(ref Unsafe.Add(ref sums, 1 * width)) + s1a;
            if (TPanels.Value > 1 && TVectors.Value > 1) s1b = TLane.Load(ref Unsafe.Add(ref sums, (1 * width) + TLane.Count)) + s1b;
            if (TPanels.Value > 2) s2a = TLane.Load(ref Unsafe.Add(ref sums, 2 * width)) + s2a;
            if (TPanels.Value > 2 && TVectors.Value > 1) s2b = TLane.Load(ref Unsafe.Add(ref sums, (2 * width) + TLane.Count)) + s2b;
            if (TPanels.Value > 3) s3a = TLane.Load(ref Unsafe.Add(ref sums, 3 * width)) + s3a;
            if (TPanels.Value > 3 && TVectors.Value > 1) s3b = TLane.Load(ref Unsafe.Add(ref sums, (3 * width) + TLane.Count)) + s3b;
            if (TPanels.Value > 4) s4a = TLane.Load(ref Unsafe.Add(ref sums, 4 * width)) + s4a;
            if (TPanels.Value > 4 && TVectors.Value > 1) s4b = TLane.Load(ref Unsafe.Add(ref sums, (4 * width) + TLane.Count)) + s4b;
            if (TPanels.Value > 5) s5a = TLane.Load(ref Unsafe.Add(ref sums, 5 * width)) + s5a;
            if (TPanels.Value > 5 && TVectors.Value > 1) s5b = TLane.Load(ref Unsafe.Add(ref sums, (5 * width) + TLane.Count)) + s5b;
            if (TPanels.Value > 6) s6a = TLane.Load(ref Unsafe.Add(ref sums, 6 * width)) + s6a;
            if (TPanels.Value > 6 && TVectors.Value > 1) s6b = TLane.Load(ref Unsafe.Add(ref sums, (6 * width) + TLane.Count)) + s6b;
            if (TPanels.Value > 7) s7a = TLane.Load(ref Unsafe.Add(ref sums, 7 * width)) + s7a;
            if (TPanels.Value > 7 && TVectors.Value > 1) s7b = TLane.Load(ref Unsafe.Add(ref sums, (7 * width) + TLane.Count)) + s7b;
        }

        // Block sums in order: the next block of a panel is TPanels groups on.
        if (TPanels.Value == 1)
        {
            if (TBlocks.Value > 1)
            {
                s0a += s1a;
                if (TVectors.Value > 1) s0b += s1b;
            }

            if (TBlocks.Value > 2)
            {
                s0a += s2a;
                if (TVectors.Value > 1) s0b += s2b;
            }

            if (TBlocks.Value > 3)
            {
                s0a += s3a;
                if (TVectors.Value > 1) s0b += s3b;
            }

            if (TBlocks.Value > 4)
            {
                s0a += s4a;
                if (TVectors.Value > 1) s0b += s4b;
            }

            if (TBlocks.Value > 5)
            {
                s0a += s5a;
                if (TVectors.Value > 1) s0b += s5b;
            }

            if (TBlocks.Value > 6)
            {
                s0a += s6a;
                if (TVectors.Value > 1) s0b += s6b;
            }

            if (TBlocks.Value > 7)
            {
                s0a += s7a;
                if (TVectors.Value > 1) s0b += s7b;
            }
        }

        if (TPanels.Value == 2)
        {
            if (TBlocks.Value > 1)
            {
                s0a += s2a;
                if (TVectors.Value > 1) s0b += s2b;
                s1a += s3a;
                if (TVectors.Value > 1) s1b += s3b;
            }

            if (TBlocks.Value > 2)
            {
                s0a += s4a;
                if (TVectors.Value > 1) s0b += s4b;
                s1a += s5a;
                if (TVectors.Value > 1) s1b += s5b;
            }

            if (TBlocks.Value > 3)
            {
                s0a += s6a;
                if (TVectors.Value > 1) s0b += s6b;
                s1a += s7a;
                if (TVectors.Value > 1) s1b += s7b;
            }
        }

        if (TPanels.Value == 4)
        {
            if (TBlocks.Value > 1)
            {
                s0a += s4a;
                if (TVectors.Value > 1) s0b += s4b;
                s1a += s5a;
                if (TVectors.Value > 1) s1b += s5b;
                s2a += s6a;
                if (TVectors.Value > 1) s2b += s6b;
                s3a += s7a;
                if (TVectors.Value > 1) s3b += s7b;
            }
        }

        s0a.Store(ref Unsafe.Add(ref sums, 0 * width));
        if (TPanels.Value > 0 && TVectors.Value > 1) s0b.Store(ref Unsafe.Add(ref sums, (0 * width) + TLane.Count));
        if (TPanels.Value > 1) s1a.Store(ref Unsafe.Add(ref sums, 1 * width));
        if (TPanels.Value > 1 && TVectors.Value > 1) s1b.Store(ref Unsafe.Add(ref sums, (1 * width) + TLane.Count));
        if (TPanels.Value > 2) s2a.Store(ref Unsafe.Add(ref sums, 2 * width));
        if (TPanels.Value > 2 && TVectors.Value > 1) s2b.Store(ref Unsafe.Add(ref sums, (2 * width) + TLane.Count));
        if (TPanels.Value > 3) s3a.Store(ref Unsafe.Add(ref sums, 3 * width));
        if (TPanels.Value > 3 && TVectors.Value > 1) s3b.Store(ref Unsafe.Add(ref sums, (3 * width) + TLane.Count));
        if (TPanels.Value > 4) s4a.Store(ref Unsafe.Add(ref sums, 4 * width));
        if (TPanels.Value > 4 && TVectors.Value > 1) s4b.Store(ref Unsafe.Add(ref sums, (4 * width) + TLane.Count));
        if (TPanels.Value > 5) s5a.Store(ref Unsafe.Add(ref sums, 5 * width));
        if (TPanels.Value > 5 && TVectors.Value > 1) s5b.Store(ref Unsafe.Add(ref sums, (5 * width) + TLane.Count));
        if (TPanels.Value > 6) s6a.Store(ref Unsafe.Add(ref sums, 6 * width));
        if (TPanels.Value > 6 && TVectors.Value > 1) s6b.Store(ref Unsafe.Add(ref sums, (6 * width) + TLane.Count));
        if (TPanels.Value > 7) s7a.Store(ref Unsafe.Add(ref sums, 7 * width));
        if (TPanels.Value > 7 && TVectors.Value > 1) s7b.Store(ref Unsafe.Add(ref sums, (7 * width) + TLane.Count));
    }
}
