using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Memory;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>
/// Rows times a matrix in <see cref="WeightFormat.Int8"/>: a few rows at a time are rounded, multiplied in whole numbers, and
/// their sums scaled back, for the same epilogues as any product's.
/// </summary>
internal static class Int8Product<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    // Four groups of two 512-bit vectors.
    private const int MaxSumsBytes = Int8Tile<ScalarIntegerLane>.MaxGroups * 2 * 64;

    // Rounded rows on the stack: at least one of the longest.
    private const int MaxRowsBytes = Int8Format.MaxDepth * sizeof(short);

    /// <summary>As <see cref="RowProduct{T, TLane}.Run"/>, for any number of rows.</summary>
    public static void Run<TEpilogue>(
        ref T left,
        nint leftStride,
        int firstRow,
        int endRow,
        scoped in PackedMatrix<T> right,
        int firstPanel,
        int endPanel,
        ref TEpilogue epilogue)
        where TEpilogue : struct, IEpilogue<T, TLane>, allows ref struct
    {
        Debug.Assert(typeof(T) == typeof(float) && right.Depth <= Int8Format.MaxDepth);
        if (typeof(TLane) == typeof(Vector512Lane<T>))
        {
            Run<Vector512IntegerLane, TEpilogue>(
                ref left, leftStride, firstRow, endRow, right, firstPanel, endPanel, ref epilogue);
        }
        else if (typeof(TLane) == typeof(VectorLane<T>))
        {
            Run<VectorIntegerLane, TEpilogue>(
                ref left, leftStride, firstRow, endRow, right, firstPanel, endPanel, ref epilogue);
        }
        else
        {
            Run<ScalarIntegerLane, TEpilogue>(
                ref left, leftStride, firstRow, endRow, right, firstPanel, endPanel, ref epilogue);
        }
    }

    /// <summary>As the pair of <see cref="RowProduct{T, TLane}"/>.</summary>
    public static void RunPair<TEpilogue>(
        ref T first, scoped in PackedMatrix<T> firstRight, ref T second, scoped in PackedMatrix<T> secondRight, ref TEpilogue epilogue)
        where TEpilogue : struct, IPairEpilogue<T, TLane>, allows ref struct
    {
        Debug.Assert(typeof(T) == typeof(float) && Math.Max(firstRight.Depth, secondRight.Depth) <= Int8Format.MaxDepth);
        if (typeof(TLane) == typeof(Vector512Lane<T>))
        {
            RunPair<Vector512IntegerLane, TEpilogue>(ref first, firstRight, ref second, secondRight, ref epilogue);
        }
        else if (typeof(TLane) == typeof(VectorLane<T>))
        {
            RunPair<VectorIntegerLane, TEpilogue>(ref first, firstRight, ref second, secondRight, ref epilogue);
        }
        else
        {
            RunPair<ScalarIntegerLane, TEpilogue>(ref first, firstRight, ref second, secondRight, ref epilogue);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    private static unsafe void Run<TInteger, TEpilogue>(
        ref T left,
        nint leftStride,
        int firstRow,
        int endRow,
        scoped in PackedMatrix<T> right,
        int firstPanel,
        int endPanel,
        ref TEpilogue epilogue)
        where TInteger : struct, IIntegerLane<TInteger>
        where TEpilogue : struct, IEpilogue<T, TLane>, allows ref struct
    {
        if (firstRow >= endRow) return;
        int rowLength = RowLength(right.Depth);
        int rowsTogether = MaxRowsBytes / (rowLength * sizeof(short));
        rowsTogether = Math.Clamp(rowsTogether, 1, Math.Min(Int8Tile<TInteger>.MaxGroups, endRow - firstRow));
        byte* memory = stackalloc byte[MaxSumsBytes + (rowsTogether * rowLength * sizeof(short)) + AlignedBlock<T>.AlignmentBytes];
        memory += AlignedBlock<T>.AlignmentBytes - (nint)((nuint)memory % AlignedBlock<T>.AlignmentBytes);
        ref T sums = ref Unsafe.AsRef<T>(memory);
        ref short rounded = ref Unsafe.AsRef<short>(memory + MaxSumsBytes);
        float* scales = stackalloc float[Int8Tile<TInteger>.MaxGroups];
        for (int row = firstRow; row < endRow;)
        {
            int rows = Math.Min(rowsTogether, endRow - row);
            for (int r = 0; r < rows; r++)
            {
                ref float from = ref Unsafe.As<T, float>(ref Unsafe.Add(ref left, (row + r) * leftStride));
                scales[r] = Int8Row<TInteger>.Quantize(ref from, right.Depth, ref Unsafe.Add(ref rounded, r * rowLength));
            }

            for (int panel = firstPanel; panel < endPanel;)
            {
                int panels = PanelsTogether(rows, endPanel - panel);
                int width = panels * 2 * TLane.Count;
                SumPanels<TInteger>(rows, ref rounded, rowLength, scales, right, panel, panels, ref sums, width);
                int column = right.FirstColumn(panel);
                epilogue.Finish(ref sums, width, row, rows, column, Math.Min(width, right.Columns - column));
                panel += panels;
            }

            row += rows;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    private static unsafe void RunPair<TInteger, TEpilogue>(
        ref T first, scoped in PackedMatrix<T> firstRight, ref T second, scoped in PackedMatrix<T> secondRight, ref TEpilogue epilogue)
        where TInteger : struct, IIntegerLane<TInteger>
        where TEpilogue : struct, IPairEpilogue<T, TLane>, allows ref struct
    {
        int firstLength = RowLength(firstRight.Depth);
        int roundedBytes = (firstLength + RowLength(secondRight.Depth)) * sizeof(short);
        byte* memory = stackalloc byte[(2 * MaxSumsBytes) + roundedBytes + AlignedBlock<T>.AlignmentBytes];
        memory += AlignedBlock<T>.AlignmentBytes - (nint)((nuint)memory % AlignedBlock<T>.AlignmentBytes);
        ref T firstSums = ref Unsafe.AsRef<T>(memory);
        ref T secondSums = ref Unsafe.AsRef<T>(memory + MaxSumsBytes);
        ref short firstRounded = ref Unsafe.AsRef<short>(memory + (2 * MaxSumsBytes));
        ref short secondRounded = ref Unsafe.Add(ref firstRounded, firstLength);
        float firstScale = Int8Row<TInteger>.Quantize(ref Unsafe.As<T, float>(ref first), firstRight.Depth, ref firstRounded);
        float secondScale = Int8Row<TInteger>.Quantize(ref Unsafe.As<T, float>(ref second), secondRight.Depth, ref secondRounded);
        for (int panel = 0; panel < firstRight.PanelCount;)
        {
            int panels = PanelsTogether(1, firstRight.PanelCount - panel);
            SumPanels<TInteger>(1, ref firstRounded, 0, &firstScale, firstRight, panel, panels, ref firstSums, 0);
            SumPanels<TInteger>(1, ref secondRounded, 0, &secondScale, secondRight, panel, panels, ref secondSums, 0);
            int column = firstRight.FirstColumn(panel);
            epilogue.Finish(ref firstSums, ref secondSums, column, Math.Min(panels * 2 * TLane.Count, firstRight.Columns - column));
            panel += panels;
        }
    }

    /// <summary>Whole cache lines, at least one.</summary>
    private static int RowLength(int depth) => Math.Max(32, (depth + 31) / 32 * 32);

    /// <summary>1, 2 or 4, so that the tile has room for them.</summary>
    private static int PanelsTogether(int rows, int panels) =>
        1 << BitOperations.Log2((uint)Math.Min(panels, Int8Tile<ScalarIntegerLane>.MaxGroups / rows));

    /// <summary>The scaled sums of rounded rows with so many panels: each row's panel after panel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void SumPanels<TInteger>(
        int rows,
        ref short rounded,
        nint roundedStride,
        float* rowScales,
        scoped in PackedMatrix<T> right,
        int panel,
        int panels,
        ref T sums,
        nint sumsStride)
        where TInteger : struct, IIntegerLane<TInteger>
    {
        ref sbyte weights = ref Unsafe.As<T, sbyte>(ref right.Panel(panel));
        nint panelStride = right.PanelStride * sizeof(float);
        int shape = (rows << 4) | panels;
        int pairs = (right.Depth + 1) / 2;
        int done = 0;
        do
        {
            int now = Math.Min(Int8Format.BlockDepth / 2, pairs - done);
            ref short block = ref Unsafe.Add(ref rounded, 2 * done);
            ref sbyte blockWeights = ref Unsafe.Add(ref weights, (nint)done * 4 * TInteger.Count);
            ref float blockSums = ref Unsafe.As<T, float>(ref sums);
            Tile<TInteger>(shape, ref block, roundedStride, ref blockWeights, panelStride, now, ref blockSums, sumsStride, done > 0);
            done += now;
        }
        while (done < pairs);

        ref T columnScales = ref Unsafe.Add(ref right.Scales, right.FirstColumn(panel));
        for (int r = 0; r < rows; r++)
        {
            // The power of two first: that product is exact.
            TLane rowScale = TLane.Broadcast(Unsafe.As<float, T>(ref rowScales[r]));
            ref T row = ref Unsafe.Add(ref sums, r * sumsStride);
            for (int c = 0; c < panels * 2 * TLane.Count; c += TLane.Count)
            {
                ref T sum = ref Unsafe.Add(ref row, c);
                (TLane.Load(ref sum) * rowScale * TLane.Load(ref Unsafe.Add(ref columnScales, c))).Store(ref sum);
            }
        }
    }

    // The shape's bits: rows, then four for panels.
    private static void Tile<TInteger>(
        int shape, ref short left, nint leftStride, ref sbyte weights, nint panelStride, nint pairs, ref float sums, nint sumsStride, bool add)
        where TInteger : struct, IIntegerLane<TInteger>
    {
        switch (shape)
        {
            case 0x11: Int8Tile<TInteger>.Multiply<Size1, Size1>(ref left, leftStride, ref weights, panelStride, pairs, ref sums, sumsStride, add); break;
            case 0x12: Int8Tile<TInteger>.Multiply<Size1, Size2>(ref left, leftStride, ref weights, panelStride, pairs, ref sums, sumsStride, add); break;
            case 0x14: Int8Tile<TInteger>.Multiply<Size1, Size4>(ref left, leftStride, ref weights, panelStride, pairs, ref sums, sumsStride, add); break;
            case 0x21: Int8Tile<TInteger>.Multiply<Size2, Size1>(ref left, leftStride, ref weights, panelStride, pairs, ref sums, sumsStride, add); break;
            case 0x22: Int8Tile<TInteger>.Multiply<Size2, Size2>(ref left, leftStride, ref weights, panelStride, pairs, ref sums, sumsStride, add); break;
            case 0x31: Int8Tile<TInteger>.Multiply<Size3, Size1>(ref left, leftStride, ref weights, panelStride, pairs, ref sums, sumsStride, add); break;
            case 0x41: Int8Tile<TInteger>.Multiply<Size4, Size1>(ref left, leftStride, ref weights, panelStride, pairs, ref sums, sumsStride, add); break;
            default: throw new UnreachableException();
        }
    }
}
