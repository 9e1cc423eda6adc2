using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Memory;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>A lone row times a packed matrix: the same sums in the same order as <see cref="MatrixProduct{T, TLane}"/> takes them.</summary>
internal static class RowProduct<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    /// <summary>Multiplies a row by panels [firstPanel, endPanel).</summary>
    /// <param name="left">The row's first number.</param>
    /// <param name="row">Its number in the product.</param>
    /// <param name="right">The packed right factor.</param>
    /// <param name="firstPanel">The first panel.</param>
    /// <param name="endPanel">One past the last panel.</param>
    /// <param name="block">The canonical block of the sum.</param>
    /// <param name="epilogue">Takes up to eight panels' sums at once.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    public static unsafe void Run<TEpilogue>(
        ref T left, int row, scoped in PackedMatrix<T> right, int firstPanel, int endPanel, int block, ref TEpilogue epilogue)
        where TEpilogue : struct, IEpilogue<T, TLane>, allows ref struct
    {
        byte* memory = stackalloc byte[(8 * 2 * 64) + AlignedBlock<T>.AlignmentBytes];
        memory += AlignedBlock<T>.AlignmentBytes - (nint)((nuint)memory % AlignedBlock<T>.AlignmentBytes);
        ref T sums = ref Unsafe.AsRef<T>(memory);
        for (int panel = firstPanel; panel < endPanel;)
        {
            int vectors = right.Vectors(panel);
            int panels = vectors == 1 ? 1 : PowerOfTwoUpTo(Math.Min(FullPanels(right, panel, endPanel), RowTile<T, TLane>.MaxGroups));
            nint panelStride = 2 * TLane.Count * (nint)right.Depth;
            int k = 0;
            do
            {
                // Whole blocks together as far as registers allow; what is left over is a short block of its own.
                int depth = Math.Min(block, right.Depth - k);
                int wholeBlocks = Math.Max(1, (right.Depth - k) / block);
                int blocks = PowerOfTwoUpTo(Math.Min(wholeBlocks, RowTile<T, TLane>.MaxGroups / panels));
                ref T weights = ref Unsafe.Add(ref right.Panel(panel), (nint)k * vectors * TLane.Count);
                Tile(vectors, panels, blocks, ref Unsafe.Add(ref left, k), ref weights, panelStride, depth, ref sums, k > 0);
                k += depth * blocks;
            }
            while (k < right.Depth);

            int column = right.FirstColumn(panel);
            int width = panels * vectors * TLane.Count;
            epilogue.Finish(ref sums, width, row, 1, column, Math.Min(width, right.Columns - column));
            panel += panels;
        }
    }

    private static int FullPanels(scoped in PackedMatrix<T> right, int panel, int endPanel) =>
        right.Vectors(endPanel - 1) == 2 ? endPanel - panel : endPanel - 1 - panel;

    private static int PowerOfTwoUpTo(int value) => 1 << BitOperations.Log2((uint)value);

    private static void Tile(
        int vectors, int panels, int blocks, ref T left, ref T weights, nint panelStride, nint depth, ref T sums, bool add)
    {
        switch (vectors, panels, blocks)
        {
            case (2, 1, 1): RowTile<T, TLane>.Multiply<Size2, Size1, Size1>(ref left, ref weights, panelStride, depth, ref sums, add); break;
            case (2, 1, 2): RowTile<T, TLane>.Multiply<Size2, Size1, Size2>(ref left, ref weights, panelStride, depth, ref sums, add); break;
            case (2, 1, 4): RowTile<T, TLane>.Multiply<Size2, Size1, Size4>(ref left, ref weights, panelStride, depth, ref sums, add); break;
            case (2, 1, 8): RowTile<T, TLane>.Multiply<Size2, Size1, Size8>(ref left, ref weights, panelStride, depth, ref sums, add); break;
            case (2, 2, 1): RowTile<T, TLane>.Multiply<Size2, Size2, Size1>(ref left, ref weights, panelStride, depth, ref sums, add); break;
            case (2, 2, 2): RowTile<T, TLane>.Multiply<Size2, Size2, Size2>(ref left, ref weights, panelStride, depth, ref sums, add); break;
            case (2, 2, 4): RowTile<T, TLane>.Multiply<Size2, Size2, Size4>(ref left, ref weights, panelStride, depth, ref sums, add); break;
            case (2, 4, 1): RowTile<T, TLane>.Multiply<Size2, Size4, Size1>(ref left, ref weights, panelStride, depth, ref sums, add); break;
            case (2, 4, 2): RowTile<T, TLane>.Multiply<Size2, Size4, Size2>(ref left, ref weights, panelStride, depth, ref sums, add); break;
            case (2, 8, 1): RowTile<T, TLane>.Multiply<Size2, Size8, Size1>(ref left, ref weights, panelStride, depth, ref sums, add); break;
            case (1, 1, 1): RowTile<T, TLane>.Multiply<Size1, Size1, Size1>(ref left, ref weights, panelStride, depth, ref sums, add); break;
            case (1, 1, 2): RowTile<T, TLane>.Multiply<Size1, Size1, Size2>(ref left, ref weights, panelStride, depth, ref sums, add); break;
            case (1, 1, 4): RowTile<T, TLane>.Multiply<Size1, Size1, Size4>(ref left, ref weights, panelStride, depth, ref sums, add); break;
            case (1, 1, 8): RowTile<T, TLane>.Multiply<Size1, Size1, Size8>(ref left, ref weights, panelStride, depth, ref sums, add); break;
            default: throw new UnreachableException();
        }
    }
}
