using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>
/// The register tile: the innermost loop of every matrix product here. Rows × vectors sums stay in registers while k
/// runs; each step of k loads the vectors of one panel row once and broadcasts one number a row.
/// </summary>
/// <remarks>
/// One body serves every shape up to 12 × 2: <c>TRows</c> and <c>TVectors</c> are constants to the JIT, which drops what a
/// smaller shape does not use. 12 × 2 fills 24 of 32 registers, 6 × 2 fills 12 of 16; both run 12 or more independent
/// chains, enough to hide the 4 cycles of a fused multiply-add that starts twice a cycle. Six rows share one base
/// register and the multiples of one step, so that twelve rows fit in the general registers. References step on after
/// the last k, past the end of their memory, as references of rows that a smaller tile does not have start there: they are
/// never followed then, and it does not matter what the collector makes of them.
/// </remarks>
internal static class RegisterTile<T, TLane, TPanelRows>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
    where TPanelRows : struct, IPanelRows<T, TLane>
{
    /// <summary>The most rows that a tile of two vectors takes without spilling its sums.</summary>
    public static int MaxRows
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TLane.RegisterCount >= 32 ? 12 : 6;
    }

    /// <summary>
    /// sums[r, v] = block 0's sum + block 1's sum + …, in this order, after what sums hold if that is to be added to, where a block's
    /// sum is Σₖ left(r, k) · panel[k, v] over its k in order, one chain of fused multiply-adds from +0.
    /// </summary>
    /// <param name="left">The first row's first number: left(r, k) is left[r·stride + k], or transposed left[k·stride + r].</param>
    /// <param name="leftStride">The stride above.</param>
    /// <param name="panel">[depth, TVectors·Count].</param>
    /// <param name="depth">How many k; without any, block 0's sum is zero.</param>
    /// <param name="block">How many k a block takes; the last one takes what is left.</param>
    /// <param name="sums">Row r at r·sumsStride, TVectors·Count numbers each.</param>
    /// <param name="sumsStride">From one row of sums to the next.</param>
    /// <param name="add">Whether to add to what sums hold.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply<TRows, TVectors, TOrder>(
        ref T left, nint leftStride, ref T panel, nint depth, nint block, ref T sums, nint sumsStride, bool add)
        where TRows : struct, ISize
        where TVectors : struct, ISize
        where TOrder : struct, ILeftOrder
    {
        nint step = TOrder.IsTransposed ? 1 : leftStride;
        RowSteps steps;
        steps.Two = 2 * step;
        steps.Three = 3 * step;
        steps.Four = 4 * step;
        steps.Five = 5 * step;
        nint depthStep = TOrder.IsTransposed ? leftStride : 1;
        nint rowLength = TPanelRows.Length(TVectors.Value);
        ref T left6 = ref Unsafe.Add(ref left, 6 * step);
        do
        {
            TLane s0a = TLane.Zero, s0b = TLane.Zero, s1a = TLane.Zero, s1b = TLane.Zero, s2a = TLane.Zero, s2b = TLane.Zero;
            TLane s3a = TLane.Zero, s3b = TLane.Zero, s4a = TLane.Zero, s4b = TLane.Zero, s5a = TLane.Zero, s5b = TLane.Zero;
            TLane s6a = TLane.Zero, s6b = TLane.Zero, s7a = TLane.Zero, s7b = TLane.Zero, s8a = TLane.Zero, s8b = TLane.Zero;
            TLane s9a = TLane.Zero, s9b = TLane.Zero, s10a = TLane.Zero, s10b = TLane.Zero, s11a = TLane.Zero, s11b = TLane.Zero;
            nint rest = Math.Min(block, depth);
            depth -= block;
            if (TLane.RegisterCount < 32 && rest > 1)
            {
                // Narrow vectors need twice as many instructions for as many multiply-adds: with two k
                // a round, more of them are these.
                nint pairs = rest >> 1;
                rest &= 1;
                do
                {
                    Add<TRows, TVectors>(
                        ref left, ref left6, step, steps, 0, ref panel,
                        ref s0a, ref s0b, ref s1a, ref s1b, ref s2a, ref s2b, ref s3a, ref s3b,
                        ref s4a, ref s4b, ref s5a, ref s5b, ref s6a, ref s6b, ref s7a, ref s7b,
                        ref s8a, ref s8b, ref s9a, ref s9b, ref s10a, ref s10b, ref s11a, ref s11b);
                    Add<TRows, TVectors>(
                        ref left, ref left6, step, steps, depthStep, ref Unsafe.Add(ref panel, rowLength),
                        ref s0a, ref s0b, ref s1a, ref s1b, ref s2a, ref s2b, ref s3a, ref s3b,
                        ref s4a, ref s4b, ref s5a, ref s5b, ref s6a, ref s6b, ref s7a, ref s7b,
                        ref s8a, ref s8b, ref s9a, ref s9b, ref s10a, ref s10b, ref s11a, ref s11b);
                    left = ref Unsafe.Add(ref left, 2 * depthStep);
                    if (TRows.Value > 6) left6 = ref Unsafe.Add(ref left6, 2 * depthStep);
                    panel = ref Unsafe.Add(ref panel, 2 * rowLength);
                }
                while (--pairs > 0);
            }

            for (; rest > 0; rest--)
            {
                Add<TRows, TVectors>(
                    ref left, ref left6, step, steps, 0, ref panel,
                    ref s0a, ref s0b, ref s1a, ref s1b, ref s2a, ref s2b, ref s3a, ref s3b,
                    ref s4a, ref s4b, ref s5a, ref s5b, ref s6a, ref s6b, ref s7a, ref s7b,
                    ref s8a, ref s8b, ref s9a, ref s9b, ref s10a, ref s10b, ref s11a, ref s11b);
                left = ref Unsafe.Add(ref left, depthStep);
                if (TRows.Value > 6) left6 = ref Unsafe.Add(ref left6, depthStep);
                panel = ref Unsafe.Add(ref panel, rowLength);
            }

            if (add)
            {
                TileSums<T, TLane>.AddTotal<TVectors>(ref sums, 0 * sumsStride, ref s0a, ref s0b);
                if (TRows.Value > 1) TileSums<T, TLane>.AddTotal<TVectors>(ref sums, 1 * sumsStride, ref s1a, ref s1b);
                if (TRows.Value > 2) TileSums<T, TLane>.AddTotal<TVectors>(ref sums, 2 * sumsStride, ref s2a, ref s2b);
                if (TRows.Value > 3) TileSums<T, TLane>.AddTotal<TVectors>(ref sums, 3 * sumsStride, ref s3a, ref s3b);
                if (TRows.Value > 4) TileSums<T, TLane>.AddTotal<TVectors>(ref sums, 4 * sumsStride, ref s4a, ref s4b);
                if (TRows.Value > 5) TileSums<T, TLane>.AddTotal<TVectors>(ref sums, 5 * sumsStride, ref s5a, ref s5b);
                if (TRows.Value > 6) TileSums<T, TLane>.AddTotal<TVectors>(ref sums, 6 * sumsStride, ref s6a, ref s6b);
                if (TRows.Value > 7) TileSums<T, TLane>.AddTotal<TVectors>(ref sums, 7 * sumsStride, ref s7a, ref s7b);
                if (TRows.Value > 8) TileSums<T, TLane>.AddTotal<TVectors>(ref sums, 8 * sumsStride, ref s8a, ref s8b);
                if (TRows.Value > 9) TileSums<T, TLane>.AddTotal<TVectors>(ref sums, 9 * sumsStride, ref s9a, ref s9b);
                if (TRows.Value > 10) TileSums<T, TLane>.AddTotal<TVectors>(ref sums, 10 * sumsStride, ref s10a, ref s10b);
                if (TRows.Value > 11) TileSums<T, TLane>.AddTotal<TVectors>(ref sums, 11 * sumsStride, ref s11a, ref s11b);
            }

            TileSums<T, TLane>.Store<TVectors>(ref sums, 0 * sumsStride, s0a, s0b);
            if (TRows.Value > 1) TileSums<T, TLane>.Store<TVectors>(ref sums, 1 * sumsStride, s1a, s1b);
            if (TRows.Value > 2) TileSums<T, TLane>.Store<TVectors>(ref sums, 2 * sumsStride, s2a, s2b);
            if (TRows.Value > 3) TileSums<T, TLane>.Store<TVectors>(ref sums, 3 * sumsStride, s3a, s3b);
            if (TRows.Value > 4) TileSums<T, TLane>.Store<TVectors>(ref sums, 4 * sumsStride, s4a, s4b);
            if (TRows.Value > 5) TileSums<T, TLane>.Store<TVectors>(ref sums, 5 * sumsStride, s5a, s5b);
            if (TRows.Value > 6) TileSums<T, TLane>.Store<TVectors>(ref sums, 6 * sumsStride, s6a, s6b);
            if (TRows.Value > 7) TileSums<T, TLane>.Store<TVectors>(ref sums, 7 * sumsStride, s7a, s7b);
            if (TRows.Value > 8) TileSums<T, TLane>.Store<TVectors>(ref sums, 8 * sumsStride, s8a, s8b);
            if (TRows.Value > 9) TileSums<T, TLane>.Store<TVectors>(ref sums, 9 * sumsStride, s9a, s9b);
            if (TRows.Value > 10) TileSums<T, TLane>.Store<TVectors>(ref sums, 10 * sumsStride, s10a, s10b);
            if (TRows.Value > 11) TileSums<T, TLane>.Store<TVectors>(ref sums, 11 * sumsStride, s11a, s11b);
            add = true;
        }
        while (depth > 0);
    }

    /// <summary>Adds the products of one k.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<TRows, TVectors>(
        ref T left,
        ref T left6,
        nint step,
        RowSteps steps,
        nint offset,
        ref T panel,
        ref TLane s0a, ref TLane s0b, ref TLane s1a, ref TLane s1b, ref TLane s2a, ref TLane s2b,
        ref TLane s3a, ref TLane s3b, ref TLane s4a, ref TLane s4b, ref TLane s5a, ref TLane s5b,
        ref TLane s6a, ref TLane s6b, ref TLane s7a, ref TLane s7b, ref TLane s8a, ref TLane s8b,
        ref TLane s9a, ref TLane s9b, ref TLane s10a, ref TLane s10b, ref TLane s11a, ref TLane s11b)
        where TRows : struct, ISize
        where TVectors : struct, ISize
    {
        TLane a, shared = TPanelRows.Shared(ref panel);
        TLane b0 = TPanelRows.First(shared, ref panel);
        TLane b1 = TVectors.Value > 1 ? TPanelRows.Second(shared, ref panel) : b0;
        a = TLane.Broadcast(Unsafe.Add(ref left, offset));
        TLane.AddProduct(ref s0a, a, b0);
        if (TVectors.Value > 1) TLane.AddProduct(ref s0b, a, b1);

        if (TRows.Value > 1)
        {
            a = TLane.Broadcast(Unsafe.Add(ref Unsafe.Add(ref left, step), offset));
            TLane.AddProduct(ref s1a, a, b0);
            if (TVectors.Value > 1) TLane.AddProduct(ref s1b, a, b1);
        }

        if (TRows.Value > 2)
        {
            a = TLane.Broadcast(Unsafe.Add(ref Unsafe.Add(ref left, steps.Two), offset));
            TLane.AddProduct(ref s2a, a, b0);
            if (TVectors.Value > 1) TLane.AddProduct(ref s2b, a, b1);
        }

        if (TRows.Value > 3)
        {
            a = TLane.Broadcast(Unsafe.Add(ref Unsafe.Add(ref left, steps.Three), offset));
            TLane.AddProduct(ref s3a, a, b0);
            if (TVectors.Value > 1) TLane.AddProduct(ref s3b, a, b1);
        }

        if (TRows.Value > 4)
        {
            a = TLane.Broadcast(Unsafe.Add(ref Unsafe.Add(ref left, steps.Four), offset));
            TLane.AddProduct(ref s4a, a, b0);
            if (TVectors.Value > 1) TLane.AddProduct(ref s4b, a, b1);
        }

        if (TRows.Value > 5)
        {
            a = TLane.Broadcast(Unsafe.Add(ref Unsafe.Add(ref left, steps.Five), offset));
            TLane.AddProduct(ref s5a, a, b0);
            if (TVectors.Value > 1) TLane.AddProduct(ref s5b, a, b1);
        }

        if (TRows.Value > 6)
        {
            a = TLane.Broadcast(Unsafe.Add(ref left6, offset));
            TLane.AddProduct(ref s6a, a, b0);
            if (TVectors.Value > 1) TLane.AddProduct(ref s6b, a, b1);
        }

        if (TRows.Value > 7)
        {
            a = TLane.Broadcast(Unsafe.Add(ref Unsafe.Add(ref left6, step), offset));
            TLane.AddProduct(ref s7a, a, b0);
            if (TVectors.Value > 1) TLane.AddProduct(ref s7b, a, b1);
        }

        if (TRows.Value > 8)
        {
            a = TLane.Broadcast(Unsafe.Add(ref Unsafe.Add(ref left6, steps.Two), offset));
            TLane.AddProduct(ref s8a, a, b0);
            if (TVectors.Value > 1) TLane.AddProduct(ref s8b, a, b1);
        }

        if (TRows.Value > 9)
        {
            a = TLane.Broadcast(Unsafe.Add(ref Unsafe.Add(ref left6, steps.Three), offset));
            TLane.AddProduct(ref s9a, a, b0);
            if (TVectors.Value > 1) TLane.AddProduct(ref s9b, a, b1);
        }

        if (TRows.Value > 10)
        {
            a = TLane.Broadcast(Unsafe.Add(ref Unsafe.Add(ref left6, steps.Four), offset));
            TLane.AddProduct(ref s10a, a, b0);
            if (TVectors.Value > 1) TLane.AddProduct(ref s10b, a, b1);
        }

        if (TRows.Value > 11)
        {
            a = TLane.Broadcast(Unsafe.Add(ref Unsafe.Add(ref left6, steps.Five), offset));
            TLane.AddProduct(ref s11a, a, b0);
            if (TVectors.Value > 1) TLane.AddProduct(ref s11b, a, b1);
        }
    }

    /// <summary>
    /// Multiples of the step from one row of left to the next, which stay in registers, so that no row costs an addition. Four, since
    /// the compiler keeps a structure of more fields in memory.
    /// </summary>
    private struct RowSteps
    {
        public nint Two;
        public nint Three;
        public nint Four;
        public nint Five;
    }
}
