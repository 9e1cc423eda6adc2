using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Memory;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>What happens to two sums of each column, while they are in the first-level cache.</summary>
internal interface IPairEpilogue<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    /// <param name="first">The finished sums of the first product, columns contiguous.</param>
    /// <param name="second">Those of the second.</param>
    /// <param name="column">The first column.</param>
    /// <param name="columns">How many.</param>
    void Finish(ref T first, ref T second, int column, int columns);
}

/// <summary>One or two rows times a packed matrix: the same sums in the same order as <see cref="MatrixProduct{T, TLane}"/> takes them.</summary>
internal static class RowProduct<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    /// <summary>The most rows.</summary>
    public const int MaxRows = 2;

    /// <summary>Multiplies rows by the panels of groups [firstGroup, endGroup).</summary>
    /// <param name="left">The first row's first number.</param>
    /// <param name="leftStride">From one row to the next.</param>
    /// <param name="row">The first row's number in the product.</param>
    /// <param name="rows">How many, at most <see cref="MaxRows"/>.</param>
    /// <param name="right">The packed right factor.</param>
    /// <param name="firstGroup">The first group of panels.</param>
    /// <param name="endGroup">One past the last group.</param>
    /// <param name="block">The canonical block of the sum.</param>
    /// <param name="isBackwards">Whether the last groups come first.</param>
    /// <param name="epilogue">Takes several groups' sums at once.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe void Run<TPanelRows, TEpilogue>(
        ref T left,
        nint leftStride,
        int row,
        int rows,
        scoped in PackedMatrix<T> right,
        int firstGroup,
        int endGroup,
        int block,
        bool isBackwards,
        ref TEpilogue epilogue)
        where TPanelRows : struct, IPanelRows<T, TLane>
        where TEpilogue : struct, IEpilogue<T, TLane>, allows ref struct
    {
        // On the stack, at the start of a cache line.
        int groups = Math.Max(1, right.Shape.GroupsTogether / rows);
        int stride = groups * right.PanelsPerGroup * 2 * TLane.Count;
        byte* memory = stackalloc byte[(rows * stride * sizeof(T)) + AlignedBlock<T>.AlignmentBytes];
        memory += AlignedBlock<T>.AlignmentBytes - (nint)((nuint)memory % AlignedBlock<T>.AlignmentBytes);
        ref T sums = ref Unsafe.AsRef<T>(memory);
        for (int done = 0; done < endGroup - firstGroup; done += groups)
        {
            int together = Math.Min(groups, endGroup - firstGroup - done);
            int group = isBackwards ? endGroup - done - together : firstGroup + done;
            int firstPanel = group * right.PanelsPerGroup;
            int endPanel = Math.Min(right.PanelCount, (group + together) * right.PanelsPerGroup);
            SumPanels<TPanelRows>(rows, ref left, leftStride, ref right.Start, right.Shape, firstPanel, endPanel, block, ref sums, stride);
            int column = right.FirstColumn(firstPanel);
            epilogue.Finish(ref sums, stride, row, rows, column, Math.Min(together * right.PanelsPerGroup * 2 * TLane.Count, right.Columns - column));
        }
    }

    /// <summary>Multiplies two rows by two matrices of the same columns, so that one epilogue finishes both sums of a column.</summary>
    /// <param name="first">The first row.</param>
    /// <param name="firstRight">Its packed matrix.</param>
    /// <param name="firstShape">That one's shape.</param>
    /// <param name="second">The second row.</param>
    /// <param name="secondRight">Its packed matrix.</param>
    /// <param name="secondShape">That one's shape.</param>
    /// <param name="firstGroup">The first group of panels.</param>
    /// <param name="endGroup">One past the last group.</param>
    /// <param name="isBackwards">Whether the last groups come first.</param>
    /// <param name="epilogue">Takes several groups' sums at once.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void RunPair<TEpilogue>(
        ref T first,
        ref T firstRight,
        in PackedShape firstShape,
        ref T second,
        ref T secondRight,
        in PackedShape secondShape,
        int firstGroup,
        int endGroup,
        bool isBackwards,
        ref TEpilogue epilogue)
        where TEpilogue : struct, IPairEpilogue<T, TLane>, allows ref struct
    {
        Debug.Assert(firstShape.Columns == secondShape.Columns && firstShape.Format == secondShape.Format);
        switch (firstShape.Format)
        {
            case WeightFormat.Full:
                RunPair<FullRows<T, TLane>, TEpilogue>(
                    ref first, ref firstRight, firstShape, ref second, ref secondRight, secondShape, firstGroup, endGroup, isBackwards, ref epilogue);
                break;
            case WeightFormat.BFloat16:
                RunPair<HalfRows<T, TLane>, TEpilogue>(
                    ref first, ref firstRight, firstShape, ref second, ref secondRight, secondShape, firstGroup, endGroup, isBackwards, ref epilogue);
                break;
            default:
                Int8Product<T, TLane>.RunPair(
                    ref first, ref firstRight, firstShape, ref second, ref secondRight, secondShape, firstGroup, endGroup, isBackwards, ref epilogue);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void RunPair<TPanelRows, TEpilogue>(
        ref T first,
        ref T firstRight,
        in PackedShape firstShape,
        ref T second,
        ref T secondRight,
        in PackedShape secondShape,
        int firstGroup,
        int endGroup,
        bool isBackwards,
        ref TEpilogue epilogue)
        where TPanelRows : struct, IPanelRows<T, TLane>
        where TEpilogue : struct, IPairEpilogue<T, TLane>, allows ref struct
    {
        Debug.Assert(firstShape.Columns == secondShape.Columns && firstShape.PanelsPerGroup == secondShape.PanelsPerGroup);
        int groups = Math.Min(firstShape.GroupsTogether, endGroup - firstGroup);
        int stride = groups * firstShape.PanelsPerGroup * 2 * TLane.Count;
        byte* memory = stackalloc byte[(2 * stride * sizeof(T)) + AlignedBlock<T>.AlignmentBytes];
        memory += AlignedBlock<T>.AlignmentBytes - (nint)((nuint)memory % AlignedBlock<T>.AlignmentBytes);
        ref T firstSums = ref Unsafe.AsRef<T>(memory);
        ref T secondSums = ref Unsafe.Add(ref firstSums, stride);
        int firstBlock = CanonicalSum.Block(firstShape.Depth);
        int secondBlock = CanonicalSum.Block(secondShape.Depth);
        for (int done = 0; done < endGroup - firstGroup; done += groups)
        {
            int together = Math.Min(groups, endGroup - firstGroup - done);
            int group = isBackwards ? endGroup - done - together : firstGroup + done;
            int firstPanel = group * firstShape.PanelsPerGroup;
            int endPanel = Math.Min(firstShape.PanelCount, (group + together) * firstShape.PanelsPerGroup);
            SumPanels<TPanelRows>(1, ref first, 0, ref firstRight, firstShape, firstPanel, endPanel, firstBlock, ref firstSums, 0);
            SumPanels<TPanelRows>(1, ref second, 0, ref secondRight, secondShape, firstPanel, endPanel, secondBlock, ref secondSums, 0);
            int column = firstShape.FirstColumn(firstPanel);
            epilogue.Finish(ref firstSums, ref secondSums, column, Math.Min(together * firstShape.PanelsPerGroup * 2 * TLane.Count, firstShape.Columns - column));
        }
    }

    /// <summary>The sums of rows with panels [firstPanel, endPanel), as many at once as there are registers for.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumPanels<TPanelRows>(
        int rows,
        ref T left,
        nint leftStride,
        ref T right,
        in PackedShape shape,
        int firstPanel,
        int endPanel,
        int block,
        ref T sums,
        nint sumsStride)
        where TPanelRows : struct, IPanelRows<T, TLane>
    {
        for (int panel = firstPanel; panel < endPanel;)
        {
            int panels = PanelsTogether(rows, shape, panel, endPanel);
            SumPanelsTogether<TPanelRows>(rows, ref left, leftStride, ref right, shape, panel, panels, block, ref sums, sumsStride);
            sums = ref Unsafe.Add(ref sums, panels * 2 * TLane.Count);
            panel += panels;
        }
    }

    // How many panels from one on a tile takes: a power of two of full ones.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int PanelsTogether(int rows, in PackedShape shape, int panel, int endPanel)
    {
        if (shape.Vectors(panel) == 1) return 1;
        int full = shape.Vectors(endPanel - 1) == 2 ? endPanel - panel : endPanel - 1 - panel;
        return PowerOfTwoUpTo(Math.Min(full, RowTile<T, TLane, FullRows<T, TLane>>.MaxGroups(rows)));
    }

    /// <summary>The sums of rows with so many panels: each row's panel after panel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SumPanelsTogether<TPanelRows>(
        int rows,
        ref T left,
        nint leftStride,
        ref T right,
        in PackedShape shape,
        int panel,
        int panels,
        int block,
        ref T sums,
        nint sumsStride)
        where TPanelRows : struct, IPanelRows<T, TLane>
    {
        Debug.Assert(block > 0 && rows is 1 or 2);
        int vectors = shape.Vectors(panel);
        int panelsLog2 = BitOperations.Log2((uint)panels);
        int maxBlocks = RowTile<T, TLane, FullRows<T, TLane>>.MaxGroups(rows) >> panelsLog2;
        nint panelStride = shape.PanelStride;
        ref T weights = ref Unsafe.Add(ref right, shape.PanelOffset(panel));
        int k = 0;
        do
        {
            // Whole blocks together as far as registers allow; what is left over is a short block of its own.
            int rest = shape.Depth - k;
            int wholeBlocks = Math.Max(1, (int)((uint)rest / (uint)block));
            int blocksLog2 = BitOperations.Log2((uint)Math.Min(wholeBlocks, maxBlocks));
            int rounds = wholeBlocks >> blocksLog2;
            int depth = Math.Min(block, rest);
            ref T blockLeft = ref Unsafe.Add(ref left, k);
            ref T blockWeights = ref Unsafe.Add(ref weights, k * TPanelRows.Length(vectors));
            int tile = (vectors << 4) | (panelsLog2 << 2) | blocksLog2;
            if (rows == 1)
            {
                Tile<TPanelRows, Size1>(
                    tile, ref blockLeft, leftStride, ref blockWeights, panelStride, depth, rounds, ref sums, sumsStride, k > 0);
            }
            else
            {
                Tile<TPanelRows, Size2>(
                    tile, ref blockLeft, leftStride, ref blockWeights, panelStride, depth, rounds, ref sums, sumsStride, k > 0);
            }

            k += (depth << blocksLog2) * rounds;
        }
        while (k < shape.Depth);
    }

    private static int PowerOfTwoUpTo(int value) => 1 << BitOperations.Log2((uint)value);

    // The tile's bits: vectors, two for the logarithm of the panels, two for that of the blocks.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Tile<TPanelRows, TRows>(
        int tile, ref T left, nint leftStride, ref T weights, nint panelStride, nint depth, nint rounds, ref T sums, nint sumsStride, bool add)
        where TPanelRows : struct, IPanelRows<T, TLane>
        where TRows : struct, ISize
    {
        switch (tile)
        {
            case 0b010000: RowTile<T, TLane, TPanelRows>.Multiply<TRows, Size1, Size1, Size1>(ref left, leftStride, ref weights, panelStride, depth, rounds, ref sums, sumsStride, add); break;
            case 0b010001: RowTile<T, TLane, TPanelRows>.Multiply<TRows, Size1, Size1, Size2>(ref left, leftStride, ref weights, panelStride, depth, rounds, ref sums, sumsStride, add); break;
            case 0b010010: RowTile<T, TLane, TPanelRows>.Multiply<TRows, Size1, Size1, Size4>(ref left, leftStride, ref weights, panelStride, depth, rounds, ref sums, sumsStride, add); break;
            case 0b010011: RowTile<T, TLane, TPanelRows>.Multiply<TRows, Size1, Size1, Size8>(ref left, leftStride, ref weights, panelStride, depth, rounds, ref sums, sumsStride, add); break;
            case 0b100000: RowTile<T, TLane, TPanelRows>.Multiply<TRows, Size2, Size1, Size1>(ref left, leftStride, ref weights, panelStride, depth, rounds, ref sums, sumsStride, add); break;
            case 0b100001: RowTile<T, TLane, TPanelRows>.Multiply<TRows, Size2, Size1, Size2>(ref left, leftStride, ref weights, panelStride, depth, rounds, ref sums, sumsStride, add); break;
            case 0b100010: RowTile<T, TLane, TPanelRows>.Multiply<TRows, Size2, Size1, Size4>(ref left, leftStride, ref weights, panelStride, depth, rounds, ref sums, sumsStride, add); break;
            case 0b100011: RowTile<T, TLane, TPanelRows>.Multiply<TRows, Size2, Size1, Size8>(ref left, leftStride, ref weights, panelStride, depth, rounds, ref sums, sumsStride, add); break;
            case 0b100100: RowTile<T, TLane, TPanelRows>.Multiply<TRows, Size2, Size2, Size1>(ref left, leftStride, ref weights, panelStride, depth, rounds, ref sums, sumsStride, add); break;
            case 0b100101: RowTile<T, TLane, TPanelRows>.Multiply<TRows, Size2, Size2, Size2>(ref left, leftStride, ref weights, panelStride, depth, rounds, ref sums, sumsStride, add); break;
            case 0b100110: RowTile<T, TLane, TPanelRows>.Multiply<TRows, Size2, Size2, Size4>(ref left, leftStride, ref weights, panelStride, depth, rounds, ref sums, sumsStride, add); break;
            case 0b101000: RowTile<T, TLane, TPanelRows>.Multiply<TRows, Size2, Size4, Size1>(ref left, leftStride, ref weights, panelStride, depth, rounds, ref sums, sumsStride, add); break;
            case 0b101001: RowTile<T, TLane, TPanelRows>.Multiply<TRows, Size2, Size4, Size2>(ref left, leftStride, ref weights, panelStride, depth, rounds, ref sums, sumsStride, add); break;
            case 0b101100: RowTile<T, TLane, TPanelRows>.Multiply<TRows, Size2, Size8, Size1>(ref left, leftStride, ref weights, panelStride, depth, rounds, ref sums, sumsStride, add); break;
            default: throw new UnreachableException();
        }
    }
}
