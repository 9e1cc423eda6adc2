using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Memory;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>What happens to the sums of a product: a tile at a time, while they are in the first-level cache, or where they belong at once.</summary>
internal interface IEpilogue<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    /// <param name="sums">The finished sums: row r, column c at r·stride + c; columns past the end hold zeros' sums.</param>
    /// <param name="stride">From one row of sums to the next.</param>
    /// <param name="row">The tile's first row in the product.</param>
    /// <param name="rows">How many rows.</param>
    /// <param name="column">The tile's first column in the product.</param>
    /// <param name="columns">How many columns.</param>
    void Finish(ref T sums, int stride, int row, int rows, int column, int columns);

    /// <summary>
    /// From one row of the target to the next, where whole vectors of sums may be left where they belong, without <see cref="Finish"/>;
    /// else 0. The target then holds the sums of some of the blocks until the last one ends. Tiles of several rows take it up, of one
    /// panel a group, and where sums add to what the target holds, of one block.
    /// </summary>
    int TargetStride { get; }

    /// <summary>Where the sum of a row and a column belongs, if <see cref="TargetStride"/> is not 0.</summary>
    ref T Target(int row, int column);

    /// <summary>Whether sums are added to what the target holds.</summary>
    static virtual bool Adds => false;
}

/// <summary>left [rows, depth] · right [depth, columns], each sum in the canonical order, each tile handed to an epilogue.</summary>
internal static class MatrixProduct<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    /// <summary>How often an epilogue is handed the sums of a product of so many rows, where it does not take them in place.</summary>
    public static int TileCount(int rows, int firstGroup, int endGroup, in PackedShape right)
    {
        int groups = endGroup - firstGroup;
        if (rows <= RowProduct<T, TLane>.MaxRows)
        {
            int together = Math.Max(1, right.GroupsTogether / Math.Max(1, rows));
            return (groups + together - 1) / together;
        }

        int maxRows = RegisterTile<T, TLane, FullRows<T, TLane>>.MaxRows;
        return (rows + maxRows - 1) / maxRows * groups;
    }

    /// <summary>Rows [firstRow, endRow) of left, stored row by row, times all of right: sums over k in its canonical blocks.</summary>
    public static void RunRows<TEpilogue>(
        ReadOnlySpan<T> left, int leftStride, int firstRow, int endRow, scoped in PackedMatrix<T> right, ref TEpilogue epilogue)
        where TEpilogue : struct, IEpilogue<T, TLane>, allows ref struct =>
        Run<AsStored, TEpilogue>(
            ref MemoryMarshal.GetReference(left),
            leftStride,
            firstRow,
            endRow,
            right,
            0,
            right.GroupCount,
            CanonicalSum.Block(right.Depth),
            isBackwards: false,
            ref epilogue);

    /// <summary>Multiplies rows [firstRow, endRow) by the panels of groups [firstGroup, endGroup).</summary>
    /// <typeparam name="TOrder">Whether left is read as stored (row r at r·stride) or transposed (k at k·stride).</typeparam>
    /// <typeparam name="TEpilogue">What takes the sums.</typeparam>
    /// <param name="left">Row 0, k 0 of the left factor.</param>
    /// <param name="leftStride">Its stride.</param>
    /// <param name="firstRow">The first row.</param>
    /// <param name="endRow">One past the last row.</param>
    /// <param name="right">The packed right factor.</param>
    /// <param name="firstGroup">The first group of panels.</param>
    /// <param name="endGroup">One past the last group.</param>
    /// <param name="block">The canonical block of the sum.</param>
    /// <param name="isBackwards">Whether the last group comes first: what an earlier product left in the cache is then read first.</param>
    /// <param name="epilogue">Takes each tile of a group.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run<TOrder, TEpilogue>(
        ref T left,
        nint leftStride,
        int firstRow,
        int endRow,
        scoped in PackedMatrix<T> right,
        int firstGroup,
        int endGroup,
        int block,
        bool isBackwards,
        ref TEpilogue epilogue)
        where TOrder : struct, ILeftOrder
        where TEpilogue : struct, IEpilogue<T, TLane>, allows ref struct
    {
        Debug.Assert(block > 0 && firstRow >= 0 && firstGroup >= 0 && firstGroup <= endGroup && endGroup <= right.GroupCount);
        Debug.Assert(right.Format == WeightFormat.Full || !TOrder.IsTransposed);
        switch (right.Format)
        {
            case WeightFormat.Full:
                Run<FullRows<T, TLane>, TOrder, TEpilogue>(
                    ref left, leftStride, firstRow, endRow, right, firstGroup, endGroup, block, isBackwards, ref epilogue);
                break;
            case WeightFormat.BFloat16:
                Run<HalfRows<T, TLane>, TOrder, TEpilogue>(
                    ref left, leftStride, firstRow, endRow, right, firstGroup, endGroup, block, isBackwards, ref epilogue);
                break;
            default:
                Int8Product<T, TLane>.Run(
                    ref left, leftStride, firstRow, endRow, right, firstGroup, endGroup, isBackwards, ref epilogue);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void Run<TPanelRows, TOrder, TEpilogue>(
        ref T left,
        nint leftStride,
        int firstRow,
        int endRow,
        scoped in PackedMatrix<T> right,
        int firstGroup,
        int endGroup,
        int block,
        bool isBackwards,
        ref TEpilogue epilogue)
        where TPanelRows : struct, IPanelRows<T, TLane>
        where TOrder : struct, ILeftOrder
        where TEpilogue : struct, IEpilogue<T, TLane>, allows ref struct
    {
        int rows = endRow - firstRow;
        if (rows <= 0) return;
        if (rows <= RowProduct<T, TLane>.MaxRows && !TOrder.IsTransposed)
        {
            Debug.Assert(block == right.Shape.Block);
            ref T row0 = ref Unsafe.Add(ref left, firstRow * leftStride);
            RowProduct<T, TLane>.Run<TPanelRows, TEpilogue>(
                ref row0, leftStride, firstRow, rows, right, firstGroup, endGroup, isBackwards, ref epilogue);
            return;
        }

        int maxRows = RegisterTile<T, TLane, FullRows<T, TLane>>.MaxRows;
        int stride = 2 * TLane.Count * right.PanelsPerGroup;
        // The tile's sums lie on the stack at the start of a cache line: a tile of 12 × 2 512-bit vectors is 1.5 KB.
        byte* memory = stackalloc byte[(maxRows * stride * sizeof(T)) + AlignedBlock<T>.AlignmentBytes];
        memory += AlignedBlock<T>.AlignmentBytes - (nint)((nuint)memory % AlignedBlock<T>.AlignmentBytes);
        ref T sums = ref Unsafe.AsRef<T>(memory);
        int tiles = (rows + maxRows - 1) / maxRows;
        int tileRows = rows / tiles;
        int longTiles = rows - (tileRows * tiles);
        for (int turn = firstGroup; turn < endGroup; turn++)
        {
            int group = isBackwards ? endGroup - 1 - (turn - firstGroup) : turn;
            int firstPanel = group * right.PanelsPerGroup;
            int endPanel = Math.Min(right.PanelCount, firstPanel + right.PanelsPerGroup);
            int column = right.FirstColumn(firstPanel);
            int columns = Math.Min(stride, right.Columns - column);
            // Whole vectors only, and what is added to must not come between the sums of blocks.
            bool isInPlace = right.PanelsPerGroup == 1
                && columns == right.Vectors(firstPanel) * TLane.Count
                && (!TEpilogue.Adds || right.Depth <= block)
                && epilogue.TargetStride > 0;
            int row = firstRow;
            for (int tile = 0; tile < tiles; tile++)
            {
                int height = tile < longTiles ? tileRows + 1 : tileRows;
                ref T leftRow = ref Unsafe.Add(ref left, TOrder.IsTransposed ? row : row * leftStride);
                if (isInPlace)
                {
                    ref T target = ref epilogue.Target(row, column);
                    SumTile<TPanelRows, TOrder>(height, ref leftRow, leftStride, right, firstPanel, block, ref target, epilogue.TargetStride, TEpilogue.Adds);
                    row += height;
                    continue;
                }

                for (int panel = firstPanel; panel < endPanel; panel++)
                {
                    ref T tileSums = ref Unsafe.Add(ref sums, (panel - firstPanel) * 2 * TLane.Count);
                    SumTile<TPanelRows, TOrder>(height, ref leftRow, leftStride, right, panel, block, ref tileSums, stride, add: false);
                }

                epilogue.Finish(ref sums, stride, row, height, column, columns);
                row += height;
            }
        }
    }

    /// <summary>The sums of a few rows and one panel, over all of k.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SumTile<TPanelRows, TOrder>(
        int height, ref T left, nint leftStride, scoped in PackedMatrix<T> right, int panel, int block, ref T sums, nint stride, bool add)
        where TPanelRows : struct, IPanelRows<T, TLane>
        where TOrder : struct, ILeftOrder
    {
        int vectors = right.Vectors(panel);
        ref T panelStart = ref right.Panel(panel);
        if (vectors == 2) Tile<TPanelRows, Size2, TOrder>(height, ref left, leftStride, ref panelStart, right.Depth, block, ref sums, stride, add);
        else Tile<TPanelRows, Size1, TOrder>(height, ref left, leftStride, ref panelStart, right.Depth, block, ref sums, stride, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile<TPanelRows, TVectors, TOrder>(
        int height, ref T left, nint leftStride, ref T panel, nint depth, nint block, ref T sums, nint stride, bool add)
        where TPanelRows : struct, IPanelRows<T, TLane>
        where TVectors : struct, ISize
        where TOrder : struct, ILeftOrder
    {
        switch (height)
        {
            case 1: RegisterTile<T, TLane, TPanelRows>.Multiply<Size1, TVectors, TOrder>(ref left, leftStride, ref panel, depth, block, ref sums, stride, add); break;
            case 2: RegisterTile<T, TLane, TPanelRows>.Multiply<Size2, TVectors, TOrder>(ref left, leftStride, ref panel, depth, block, ref sums, stride, add); break;
            case 3: RegisterTile<T, TLane, TPanelRows>.Multiply<Size3, TVectors, TOrder>(ref left, leftStride, ref panel, depth, block, ref sums, stride, add); break;
            case 4: RegisterTile<T, TLane, TPanelRows>.Multiply<Size4, TVectors, TOrder>(ref left, leftStride, ref panel, depth, block, ref sums, stride, add); break;
            case 5: RegisterTile<T, TLane, TPanelRows>.Multiply<Size5, TVectors, TOrder>(ref left, leftStride, ref panel, depth, block, ref sums, stride, add); break;
            case 6: RegisterTile<T, TLane, TPanelRows>.Multiply<Size6, TVectors, TOrder>(ref left, leftStride, ref panel, depth, block, ref sums, stride, add); break;
            case 7: RegisterTile<T, TLane, TPanelRows>.Multiply<Size7, TVectors, TOrder>(ref left, leftStride, ref panel, depth, block, ref sums, stride, add); break;
            case 8: RegisterTile<T, TLane, TPanelRows>.Multiply<Size8, TVectors, TOrder>(ref left, leftStride, ref panel, depth, block, ref sums, stride, add); break;
            case 9: RegisterTile<T, TLane, TPanelRows>.Multiply<Size9, TVectors, TOrder>(ref left, leftStride, ref panel, depth, block, ref sums, stride, add); break;
            case 10: RegisterTile<T, TLane, TPanelRows>.Multiply<Size10, TVectors, TOrder>(ref left, leftStride, ref panel, depth, block, ref sums, stride, add); break;
            case 11: RegisterTile<T, TLane, TPanelRows>.Multiply<Size11, TVectors, TOrder>(ref left, leftStride, ref panel, depth, block, ref sums, stride, add); break;
            case 12: RegisterTile<T, TLane, TPanelRows>.Multiply<Size12, TVectors, TOrder>(ref left, leftStride, ref panel, depth, block, ref sums, stride, add); break;
            default: throw new UnreachableException();
        }
    }
}
