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
/// chains, enough to hide the 4 cycles of a fused multiply-add that starts twice a cycle. Three rows share one base
/// register (base, base + stride, base + 2·stride), so that twelve rows fit in the general registers. References step on after
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
    /// sums[r, v] = (add ? sums[r, v] : 0) + Σₖ left(r, k) · panel[k, v] for k in order, one chain of fused
    /// multiply-adds a sum.
    /// </summary>
    /// <param name="left">The first row's first number: left(r, k) is left[r·stride + k], or transposed left[k·stride + r].</param>
    /// <param name="leftStride">The stride above.</param>
    /// <param name="panel">[depth, TVectors·Count].</param>
    /// <param name="depth">How many k.</param>
    /// <param name="sums">Row r at r·sumsStride, TVectors·Count numbers each.</param>
    /// <param name="sumsStride">From one row of sums to the next.</param>
    /// <param name="add">Whether to add to what sums hold.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply<TRows, TVectors, TOrder>(
        ref T left, nint leftStride, ref T panel, nint depth, ref T sums, nint sumsStride, bool add)
        where TRows : struct, ISize
        where TVectors : struct, ISize
        where TOrder : struct, ILeftOrder
    {
        TLane s0a = TLane.Zero, s0b = TLane.Zero, s1a = TLane.Zero, s1b = TLane.Zero, s2a = TLane.Zero, s2b = TLane.Zero;
        TLane s3a = TLane.Zero, s3b = TLane.Zero, s4a = TLane.Zero, s4b = TLane.Zero, s5a = TLane.Zero, s5b = TLane.Zero;
        TLane s6a = TLane.Zero, s6b = TLane.Zero, s7a = TLane.Zero, s7b = TLane.Zero, s8a = TLane.Zero, s8b = TLane.Zero;
        TLane s9a = TLane.Zero, s9b = TLane.Zero, s10a = TLane.Zero, s10b = TLane.Zero, s11a = TLane.Zero, s11b = TLane.Zero;
        nint rowStep = TOrder.IsTransposed ? 1 : leftStride;
        nint depthStep = TOrder.IsTransposed ? leftStride : 1;
        ref T left0 = ref left;
        ref T left3 = ref Unsafe.Add(ref left, 3 * rowStep);
        ref T left6 = ref Unsafe.Add(ref left, 6 * rowStep);
        ref T left9 = ref Unsafe.Add(ref left, 9 * rowStep);
        for (nint k = depth; k > 0; k--)
        {
            TLane a, shared = TPanelRows.Shared(ref panel);
            TLane b0 = TPanelRows.First(shared, ref panel);
            TLane b1 = TVectors.Value > 1 ? TPanelRows.Second(shared, ref panel) : b0;
            panel = ref Unsafe.Add(ref panel, TPanelRows.Length(TVectors.Value));
            a = TLane.Broadcast(left0);
            s0a = TLane.FusedMultiplyAdd(a, b0, s0a);
            if (TVectors.Value > 1) s0b = TLane.FusedMultiplyAdd(a, b1, s0b);

            if (TRows.Value > 1)
            {
                a = TLane.Broadcast(Unsafe.Add(ref left0, rowStep));
                s1a = TLane.FusedMultiplyAdd(a, b0, s1a);
                if (TVectors.Value > 1) s1b = TLane.FusedMultiplyAdd(a, b1, s1b);
            }

            if (TRows.Value > 2)
            {
                a = TLane.Broadcast(Unsafe.Add(ref left0, 2 * rowStep));
                s2a = TLane.FusedMultiplyAdd(a, b0, s2a);
                if (TVectors.Value > 1) s2b = TLane.FusedMultiplyAdd(a, b1, s2b);
            }

            if (TRows.Value > 3)
            {
                a = TLane.Broadcast(left3);
                s3a = TLane.FusedMultiplyAdd(a, b0, s3a);
                if (TVectors.Value > 1) s3b = TLane.FusedMultiplyAdd(a, b1, s3b);
            }

            if (TRows.Value > 4)
            {
                a = TLane.Broadcast(Unsafe.Add(ref left3, rowStep));
                s4a = TLane.FusedMultiplyAdd(a, b0, s4a);
                if (TVectors.Value > 1) s4b = TLane.FusedMultiplyAdd(a, b1, s4b);
            }

            if (TRows.Value > 5)
            {
                a = TLane.Broadcast(Unsafe.Add(ref left3, 2 * rowStep));
                s5a = TLane.FusedMultiplyAdd(a, b0, s5a);
                if (TVectors.Value > 1) s5b = TLane.FusedMultiplyAdd(a, b1, s5b);
            }

            if (TRows.Value > 6)
            {
                a = TLane.Broadcast(left6);
                s6a = TLane.FusedMultiplyAdd(a, b0, s6a);
                if (TVectors.Value > 1) s6b = TLane.FusedMultiplyAdd(a, b1, s6b);
            }

            if (TRows.Value > 7)
            {
                a = TLane.Broadcast(Unsafe.Add(ref left6, rowStep));
                s7a = TLane.FusedMultiplyAdd(a, b0, s7a);
                if (TVectors.Value > 1) s7b = TLane.FusedMultiplyAdd(a, b1, s7b);
            }

            if (TRows.Value > 8)
            {
                a = TLane.Broadcast(Unsafe.Add(ref left6, 2 * rowStep));
                s8a = TLane.FusedMultiplyAdd(a, b0, s8a);
                if (TVectors.Value > 1) s8b = TLane.FusedMultiplyAdd(a, b1, s8b);
            }

            if (TRows.Value > 9)
            {
                a = TLane.Broadcast(left9);
                s9a = TLane.FusedMultiplyAdd(a, b0, s9a);
                if (TVectors.Value > 1) s9b = TLane.FusedMultiplyAdd(a, b1, s9b);
            }

            if (TRows.Value > 10)
            {
                a = TLane.Broadcast(Unsafe.Add(ref left9, rowStep));
                s10a = TLane.FusedMultiplyAdd(a, b0, s10a);
                if (TVectors.Value > 1) s10b = TLane.FusedMultiplyAdd(a, b1, s10b);
            }

            if (TRows.Value > 11)
            {
                a = TLane.Broadcast(Unsafe.Add(ref left9, 2 * rowStep));
                s11a = TLane.FusedMultiplyAdd(a, b0, s11a);
                if (TVectors.Value > 1) s11b = TLane.FusedMultiplyAdd(a, b1, s11b);
            }

            left0 = ref Unsafe.Add(ref left0, depthStep);
            if (TRows.Value > 3) left3 = ref Unsafe.Add(ref left3, depthStep);
            if (TRows.Value > 6) left6 = ref Unsafe.Add(ref left6, depthStep);
            if (TRows.Value > 9) left9 = ref Unsafe.Add(ref left9, depthStep);
        }

        Finish<TVectors>(ref sums, 0 * sumsStride, s0a, s0b, add);
        if (TRows.Value > 1) Finish<TVectors>(ref sums, 1 * sumsStride, s1a, s1b, add);
        if (TRows.Value > 2) Finish<TVectors>(ref sums, 2 * sumsStride, s2a, s2b, add);
        if (TRows.Value > 3) Finish<TVectors>(ref sums, 3 * sumsStride, s3a, s3b, add);
        if (TRows.Value > 4) Finish<TVectors>(ref sums, 4 * sumsStride, s4a, s4b, add);
        if (TRows.Value > 5) Finish<TVectors>(ref sums, 5 * sumsStride, s5a, s5b, add);
        if (TRows.Value > 6) Finish<TVectors>(ref sums, 6 * sumsStride, s6a, s6b, add);
        if (TRows.Value > 7) Finish<TVectors>(ref sums, 7 * sumsStride, s7a, s7b, add);
        if (TRows.Value > 8) Finish<TVectors>(ref sums, 8 * sumsStride, s8a, s8b, add);
        if (TRows.Value > 9) Finish<TVectors>(ref sums, 9 * sumsStride, s9a, s9b, add);
        if (TRows.Value > 10) Finish<TVectors>(ref sums, 10 * sumsStride, s10a, s10b, add);
        if (TRows.Value > 11) Finish<TVectors>(ref sums, 11 * sumsStride, s11a, s11b, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<TVectors>(ref T sums, nint offset, TLane a, TLane b, bool add)
        where TVectors : struct, ISize
    {
        ref T first = ref Unsafe.Add(ref sums, offset);
        ref T second = ref Unsafe.Add(ref first, TLane.Count);
        (add ? TLane.Load(ref first) + a : a).Store(ref first);
        if (TVectors.Value > 1) (add ? TLane.Load(ref second) + b : b).Store(ref second);
    }
}
