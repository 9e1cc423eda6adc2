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

/// <summary>A lone row times a packed matrix: the same sums in the same order as <see cref="MatrixProduct{T, TLane}"/> takes them.</summary>
internal static class RowProduct<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    // Room for the sums of eight panels of two 512-bit vectors.
    private const int MaxSumsBytes = 8 * 2 * 64;

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
        // On the stack, at the start of a cache line.
        byte* memory = stackalloc byte[MaxSumsBytes + AlignedBlock<T>.AlignmentBytes];
        memory += AlignedBlock<T>.AlignmentBytes - (nint)((nuint)memory % AlignedBlock<T>.AlignmentBytes);
        ref T sums = ref Unsafe.AsRef<T>(memory);
        for (int panel = firstPanel; panel < endPanel;)
        {
            int panels = PanelsTogether(right, panel, endPanel);
            SumPanels(ref left, right, panel, panels, block, ref sums);
            int column = right.FirstColumn(panel);
            int width = panels * right.Vectors(panel) * TLane.Count;
            epilogue.Finish(ref sums, width, row, 1, column, Math.Min(width, right.Columns - column));
            panel += panels;
        }
    }

    /// <summary>Multiplies two rows by two matrices of the same columns, so that one epilogue finishes both sums of a column.</summary>
    /// <param name="first">The first row.</param>
    /// <param name="firstRight">Its matrix.</param>
    /// <param name="second">The second row.</param>
    /// <param name="secondRight">Its matrix.</param>
    /// <param name="epilogue">Takes up to eight panels' sums at once.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    public static unsafe void RunPair<TEpilogue>(
        ref T first, scoped in PackedMatrix<T> firstRight, ref T second, scoped in PackedMatrix<T> secondRight, ref TEpilogue epilogue)
        where TEpilogue : struct, IPairEpilogue<T, TLane>, allows ref struct
    {
        Debug.Assert(firstRight.Columns == secondRight.Columns);
        byte* memory = stackalloc byte[(2 * MaxSumsBytes) + AlignedBlock<T>.AlignmentBytes];
        memory += AlignedBlock<T>.AlignmentBytes - (nint)((nuint)memory % AlignedBlock<T>.AlignmentBytes);
        ref T firstSums = ref Unsafe.AsRef<T>(memory);
        ref T secondSums = ref Unsafe.AsRef<T>(memory + MaxSumsBytes);
        int firstBlock = CanonicalSum.Block(firstRight.Depth);
        int secondBlock = CanonicalSum.Block(secondRight.Depth);
        for (int panel = 0; panel < firstRight.PanelCount;)
        {
            int panels = PanelsTogether(firstRight, panel, firstRight.PanelCount);
            SumPanels(ref first, firstRight, panel, panels, firstBlock, ref firstSums);
            SumPanels(ref second, secondRight, panel, panels, secondBlock, ref secondSums);
            int column = firstRight.FirstColumn(panel);
            epilogue.Finish(ref firstSums, ref secondSums, column, Math.Min(panels * 2 * TLane.Count, firstRight.Columns - column));
            panel += panels;
        }
    }

    /// <summary>How many panels from <paramref name="panel"/> on one call of <see cref="SumPanels"/> takes: a power of two of full ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int PanelsTogether(scoped in PackedMatrix<T> right, int panel, int endPanel)
    {
        if (right.Vectors(panel) == 1) return 1;
        int full = right.Vectors(endPanel - 1) == 2 ? endPanel - panel : endPanel - 1 - panel;
        return PowerOfTwoUpTo(Math.Min(full, RowTile<T, TLane>.MaxGroups));
    }

    /// <summary>The sums of a row with so many panels, panel after panel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SumPanels(ref T left, scoped in PackedMatrix<T> right, int panel, int panels, int block, ref T sums)
    {
        Debug.Assert(BitOperations.IsPow2(block));
        int blockLog2 = BitOperations.Log2((uint)block);
        int vectors = right.Vectors(panel);
        int panelsLog2 = BitOperations.Log2((uint)panels);
        int maxBlocks = RowTile<T, TLane>.MaxGroups >> panelsLog2;
        nint panelStride = 2 * TLane.Count * (nint)right.Depth;
        ref T weights = ref right.Panel(panel);
        int k = 0;
        do
        {
            // Whole blocks together as far as registers allow; what is left over is a short block of its own.
            int rest = right.Depth - k;
            int blocks = PowerOfTwoUpTo(Math.Clamp(rest >> blockLog2, 1, maxBlocks));
            int depth = Math.Min(block, rest);
            ref T blockWeights = ref Unsafe.Add(ref weights, (nint)k * vectors * TLane.Count);
            int shape = ((vectors - 1) << 4) | (panelsLog2 << 2) | BitOperations.Log2((uint)blocks);
            Tile(shape, ref Unsafe.Add(ref left, k), ref blockWeights, panelStride, depth, ref sums, k > 0);
            k += depth * blocks;
        }
        while (k < right.Depth);
    }

    private static int PowerOfTwoUpTo(int value) => 1 << BitOperations.Log2((uint)value);

    /// <summary>The shape's bits: vectors - 1, then two for the logarithm of the panels and two for that of the blocks.</summary>
    private static void Tile(int shape, ref T left, ref T weights, nint panelStride, nint depth, ref T sums, bool add)
    {
        switch (shape)
        {
            case 0b00000: RowTile<T, TLane>.Multiply<Size1, Size1, Size1>(ref left, ref weights, panelStride, depth, ref sums, add); break;
            case 0b00001: RowTile<T, TLane>.Multiply<Size1, Size1, Size2>(ref left, ref weights, panelStride, depth, ref sums, add); break;
            case 0b00010: RowTile<T, TLane>.Multiply<Size1, Size1, Size4>(ref left, ref weights, panelStride, depth, ref sums, add); break;
            case 0b00011: RowTile<T, TLane>.Multiply<Size1, Size1, Size8>(ref left, ref weights, panelStride, depth, ref sums, add); break;
            case 0b10000: RowTile<T, TLane>.Multiply<Size2, Size1, Size1>(ref left, ref weights, panelStride, depth, ref sums, add); break;
            case 0b10001: RowTile<T, TLane>.Multiply<Size2, Size1, Size2>(ref left, ref weights, panelStride, depth, ref sums, add); break;
            case 0b10010: RowTile<T, TLane>.Multiply<Size2, Size1, Size4>(ref left, ref weights, panelStride, depth, ref sums, add); break;
            case 0b10011: RowTile<T, TLane>.Multiply<Size2, Size1, Size8>(ref left, ref weights, panelStride, depth, ref sums, add); break;
            case 0b10100: RowTile<T, TLane>.Multiply<Size2, Size2, Size1>(ref left, ref weights, panelStride, depth, ref sums, add); break;
            case 0b10101: RowTile<T, TLane>.Multiply<Size2, Size2, Size2>(ref left, ref weights, panelStride, depth, ref sums, add); break;
            case 0b10110: RowTile<T, TLane>.Multiply<Size2, Size2, Size4>(ref left, ref weights, panelStride, depth, ref sums, add); break;
            case 0b11000: RowTile<T, TLane>.Multiply<Size2, Size4, Size1>(ref left, ref weights, panelStride, depth, ref sums, add); break;
            case 0b11001: RowTile<T, TLane>.Multiply<Size2, Size4, Size2>(ref left, ref weights, panelStride, depth, ref sums, add); break;
            case 0b11100: RowTile<T, TLane>.Multiply<Size2, Size8, Size1>(ref left, ref weights, panelStride, depth, ref sums, add); break;
            default: throw new UnreachableException();
        }
    }
}
