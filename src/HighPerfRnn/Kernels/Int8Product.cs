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
    // Panels that end together.
    private const int MaxPanels = Int8Tile<ScalarIntegerLane>.MaxGroups;

    // Rounded rows on the stack: at least one of the longest.
    private const int MaxRowsBytes = Int8Format.MaxDepth * sizeof(short);

    /// <summary>As the product of <see cref="RowProduct{T, TLane}"/>, for any number of rows.</summary>
    public static void Run<TEpilogue>(
        ref T left,
        nint leftStride,
        int firstRow,
        int endRow,
        scoped in PackedMatrix<T> right,
        int firstGroup,
        int endGroup,
        bool isBackwards,
        ref TEpilogue epilogue)
        where TEpilogue : struct, IEpilogue<T, TLane>, allows ref struct
    {
        Debug.Assert(typeof(T) == typeof(float) && right.Depth <= Int8Format.MaxDepth);
        if (typeof(TLane) == typeof(Vector512Lane<T>))
        {
            Run<Vector512IntegerLane, TEpilogue>(
                ref left, leftStride, firstRow, endRow, right, firstGroup, endGroup, isBackwards, ref epilogue);
        }
        else if (typeof(TLane) == typeof(VectorLane<T>))
        {
            Run<VectorIntegerLane, TEpilogue>(
                ref left, leftStride, firstRow, endRow, right, firstGroup, endGroup, isBackwards, ref epilogue);
        }
        else
        {
            Run<ScalarIntegerLane, TEpilogue>(
                ref left, leftStride, firstRow, endRow, right, firstGroup, endGroup, isBackwards, ref epilogue);
        }
    }

    /// <summary>As the pair of <see cref="RowProduct{T, TLane}"/>.</summary>
    public static void RunPair<TEpilogue>(
        ref T first,
        ref T firstWeights,
        in PackedShape firstShape,
        ref T second,
        ref T secondWeights,
        in PackedShape secondShape,
        int firstGroup,
        int endGroup,
        bool isBackwards,
        ref TEpilogue epilogue)
        where TEpilogue : struct, IPairEpilogue<T, TLane>, allows ref struct
    {
        Debug.Assert(typeof(T) == typeof(float) && Math.Max(firstShape.Depth, secondShape.Depth) <= Int8Format.MaxDepth);
        if (typeof(TLane) == typeof(Vector512Lane<T>))
        {
            RunPair<Vector512IntegerLane, TEpilogue>(
                ref first, ref firstWeights, firstShape, ref second, ref secondWeights, secondShape, firstGroup, endGroup, isBackwards, ref epilogue);
        }
        else if (typeof(TLane) == typeof(VectorLane<T>))
        {
            RunPair<VectorIntegerLane, TEpilogue>(
                ref first, ref firstWeights, firstShape, ref second, ref secondWeights, secondShape, firstGroup, endGroup, isBackwards, ref epilogue);
        }
        else
        {
            RunPair<ScalarIntegerLane, TEpilogue>(
                ref first, ref firstWeights, firstShape, ref second, ref secondWeights, secondShape, firstGroup, endGroup, isBackwards, ref epilogue);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void Run<TInteger, TEpilogue>(
        ref T left,
        nint leftStride,
        int firstRow,
        int endRow,
        scoped in PackedMatrix<T> right,
        int firstGroup,
        int endGroup,
        bool isBackwards,
        ref TEpilogue epilogue)
        where TInteger : struct, IIntegerLane<TInteger>
        where TEpilogue : struct, IEpilogue<T, TLane>, allows ref struct
    {
        if (firstRow >= endRow) return;
        int rowLength = RowLength(right.Depth);
        int rowsTogether = MaxRowsBytes / (rowLength * sizeof(short));
        rowsTogether = Math.Clamp(rowsTogether, 1, Math.Min(Int8Tile<TInteger>.MaxGroups, endRow - firstRow));
        int groups = Math.Max(1, MaxPanels / rowsTogether / right.PanelsPerGroup);
        int stride = groups * right.PanelsPerGroup * 2 * TLane.Count;
        int sumsBytes = LineBytes(rowsTogether * stride * sizeof(T));
        byte* memory = stackalloc byte[sumsBytes + (rowsTogether * rowLength * sizeof(short)) + AlignedBlock<T>.AlignmentBytes];
        memory += AlignedBlock<T>.AlignmentBytes - (nint)((nuint)memory % AlignedBlock<T>.AlignmentBytes);
        ref T sums = ref Unsafe.AsRef<T>(memory);
        ref short rounded = ref Unsafe.AsRef<short>(memory + sumsBytes);
        float* scales = stackalloc float[Int8Tile<TInteger>.MaxGroups];
        for (int row = firstRow; row < endRow;)
        {
            int rows = Math.Min(rowsTogether, endRow - row);
            for (int r = 0; r < rows; r++)
            {
                ref float from = ref Unsafe.As<T, float>(ref Unsafe.Add(ref left, (row + r) * leftStride));
                scales[r] = Int8Row<TInteger>.Quantize(ref from, right.Depth, ref Unsafe.Add(ref rounded, r * rowLength));
            }

            for (int done = 0; done < endGroup - firstGroup; done += groups)
            {
                int together = Math.Min(groups, endGroup - firstGroup - done);
                int group = isBackwards ? endGroup - done - together : firstGroup + done;
                int firstPanel = group * right.PanelsPerGroup;
                int endPanel = Math.Min(right.PanelCount, (group + together) * right.PanelsPerGroup);
                SumPanels<TInteger>(rows, ref rounded, rowLength, scales, right, firstPanel, endPanel, ref sums, stride);
                int column = right.FirstColumn(firstPanel);
                int columns = Math.Min((endPanel - firstPanel) * right.PanelColumns, right.Columns - column);
                epilogue.Finish(ref sums, stride, row, rows, column, columns);
            }

            row += rows;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void RunPair<TInteger, TEpilogue>(
        ref T first,
        ref T firstWeights,
        in PackedShape firstShape,
        ref T second,
        ref T secondWeights,
        in PackedShape secondShape,
        int firstGroup,
        int endGroup,
        bool isBackwards,
        ref TEpilogue epilogue)
        where TInteger : struct, IIntegerLane<TInteger>
        where TEpilogue : struct, IPairEpilogue<T, TLane>, allows ref struct
    {
        var firstRight = new PackedMatrix<T>(ref firstWeights, firstShape);
        var secondRight = new PackedMatrix<T>(ref secondWeights, secondShape);
        int firstLength = RowLength(firstRight.Depth);
        int roundedBytes = (firstLength + RowLength(secondRight.Depth)) * sizeof(short);
        int groups = Math.Max(1, MaxPanels / firstRight.PanelsPerGroup);
        int stride = groups * firstRight.PanelsPerGroup * 2 * TLane.Count;
        int sumsBytes = LineBytes(stride * sizeof(T));
        byte* memory = stackalloc byte[(2 * sumsBytes) + roundedBytes + AlignedBlock<T>.AlignmentBytes];
        memory += AlignedBlock<T>.AlignmentBytes - (nint)((nuint)memory % AlignedBlock<T>.AlignmentBytes);
        ref T firstSums = ref Unsafe.AsRef<T>(memory);
        ref T secondSums = ref Unsafe.AsRef<T>(memory + sumsBytes);
        ref short firstRounded = ref Unsafe.AsRef<short>(memory + (2 * sumsBytes));
        ref short secondRounded = ref Unsafe.Add(ref firstRounded, firstLength);
        float firstScale = Int8Row<TInteger>.Quantize(ref Unsafe.As<T, float>(ref first), firstRight.Depth, ref firstRounded);
        float secondScale = Int8Row<TInteger>.Quantize(ref Unsafe.As<T, float>(ref second), secondRight.Depth, ref secondRounded);
        for (int done = 0; done < endGroup - firstGroup; done += groups)
        {
            int together = Math.Min(groups, endGroup - firstGroup - done);
            int group = isBackwards ? endGroup - done - together : firstGroup + done;
            int firstPanel = group * firstRight.PanelsPerGroup;
            int endPanel = Math.Min(firstRight.PanelCount, (group + together) * firstRight.PanelsPerGroup);
            SumPanels<TInteger>(1, ref firstRounded, 0, &firstScale, firstRight, firstPanel, endPanel, ref firstSums, 0);
            SumPanels<TInteger>(1, ref secondRounded, 0, &secondScale, secondRight, firstPanel, endPanel, ref secondSums, 0);
            int column = firstRight.FirstColumn(firstPanel);
            int columns = Math.Min((endPanel - firstPanel) * firstRight.PanelColumns, firstRight.Columns - column);
            epilogue.Finish(ref firstSums, ref secondSums, column, columns);
        }
    }

    private static int LineBytes(int bytes) => (bytes + AlignedBlock<T>.AlignmentBytes - 1) & -AlignedBlock<T>.AlignmentBytes;

    /// <summary>Whole cache lines, at least one.</summary>
    private static int RowLength(int depth) => Math.Max(32, (depth + 31) / 32 * 32);

    /// <summary>1, 2 or 4, so that the tile has room for them.</summary>
    private static int PanelsTogether(int rows, int panels) =>
        1 << BitOperations.Log2((uint)Math.Min(panels, MaxPanels / rows));

    /// <summary>The scaled sums of rounded rows with panels [firstPanel, endPanel), as many at once as the tile has room for.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void SumPanels<TInteger>(
        int rows,
        ref short rounded,
        nint roundedStride,
        float* rowScales,
        scoped in PackedMatrix<T> right,
        int firstPanel,
        int endPanel,
        ref T sums,
        nint sumsStride)
        where TInteger : struct, IIntegerLane<TInteger>
    {
        for (int panel = firstPanel; panel < endPanel;)
        {
            int panels = PanelsTogether(rows, endPanel - panel);
            SumPanelsTogether<TInteger>(rows, ref rounded, roundedStride, rowScales, right, panel, panels, ref sums, sumsStride);
            sums = ref Unsafe.Add(ref sums, panels * 2 * TLane.Count);
            panel += panels;
        }
    }

    /// <summary>The scaled sums of rounded rows with so many panels: each row's panel after panel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void SumPanelsTogether<TInteger>(
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
