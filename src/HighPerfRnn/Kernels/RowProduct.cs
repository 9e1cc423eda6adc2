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
    /// <param name="isBackwards">Whether the last groups come first.</param>
    /// <param name="epilogue">Takes several groups' sums at once.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run<TPanelRows, TEpilogue>(
        ref T left,
        nint leftStride,
        int row,
        int rows,
        scoped in PackedMatrix<T> right,
        int firstGroup,
        int endGroup,
        bool isBackwards,
        ref TEpilogue epilogue)
        where TPanelRows : struct, IPanelRows<T, TLane>
        where TEpilogue : struct, IEpilogue<T, TLane>, allows ref struct
    {
        if (rows == 1) Run<TPanelRows, Size1, TEpilogue>(ref left, leftStride, row, right, firstGroup, endGroup, isBackwards, ref epilogue);
        else Run<TPanelRows, Size2, TEpilogue>(ref left, leftStride, row, right, firstGroup, endGroup, isBackwards, ref epilogue);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void Run<TPanelRows, TRows, TEpilogue>(
        ref T left,
        nint leftStride,
        int row,
        scoped in PackedMatrix<T> right,
        int firstGroup,
        int endGroup,
        bool isBackwards,
        ref TEpilogue epilogue)
        where TPanelRows : struct, IPanelRows<T, TLane>
        where TRows : struct, ISize
        where TEpilogue : struct, IEpilogue<T, TLane>, allows ref struct
    {
        // On the stack, at the start of a cache line.
        int groups = Math.Max(1, right.Shape.GroupsTogether >> (TRows.Value - 1));
        int panels = groups * right.PanelsPerGroup;
        int stride = panels * 2 * TLane.Count;
        byte* memory = stackalloc byte[(TRows.Value * stride * sizeof(T)) + AlignedBlock<T>.AlignmentBytes];
        memory += AlignedBlock<T>.AlignmentBytes - (nint)((nuint)memory % AlignedBlock<T>.AlignmentBytes);
        ref T sums = ref Unsafe.AsRef<T>(memory);
        bool isWhole = TRows.Value == 1 && endGroup - firstGroup == right.GroupCount;
        RowPlan? plan = isWhole ? right.Shape.Plan(isBackwards) : null;
        scoped Span<RowCall> listed = plan is null ? stackalloc RowCall[RowCalls<T, TLane>.MaxCount(panels)] : default;
        var rounds = new PanelRounds(right.Shape, firstGroup, endGroup, groups, isBackwards);
        for (int round = 0; rounds.Next(out int firstPanel, out int endPanel); round++)
        {
            ReadOnlySpan<RowCall> calls = plan is null
                ? listed[..RowCalls<T, TLane>.List<TPanelRows, TRows>(right.Shape, firstPanel, endPanel, isBackwards, listed)]
                : plan.Round(round).Calls;
            RowCalls<T, TLane>.Make(calls, ref left, ref right.Start, ref sums, leftStride, stride);
            int column = right.FirstColumn(firstPanel);
            epilogue.Finish(ref sums, stride, row, TRows.Value, column, Math.Min(right.FirstColumn(endPanel), right.Columns) - column);
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
    /// <param name="isBackwards">Whether the last panels come first, and the second matrix before the first: what the last call left in
    /// the cache is then read first.</param>
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
        bool isWhole = endGroup - firstGroup == firstShape.GroupCount;
        if (isWhole && firstShape.Plan(isBackwards) is RowPlan firstPlan && secondShape.Plan(isBackwards) is RowPlan secondPlan)
        {
            RunPair(ref first, ref firstRight, firstPlan, ref second, ref secondRight, secondPlan, firstShape, isBackwards, ref epilogue);
            return;
        }

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

    /// <summary>The same with calls that are listed already.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void RunPair<TEpilogue>(
        ref T first,
        ref T firstRight,
        RowPlan firstPlan,
        ref T second,
        ref T secondRight,
        RowPlan secondPlan,
        in PackedShape shape,
        bool isBackwards,
        ref TEpilogue epilogue)
        where TEpilogue : struct, IPairEpilogue<T, TLane>, allows ref struct
    {
        int columns = shape.GroupsTogether * shape.PanelsPerGroup * 2 * TLane.Count;
        byte* memory = stackalloc byte[(2 * columns * sizeof(T)) + AlignedBlock<T>.AlignmentBytes];
        memory += AlignedBlock<T>.AlignmentBytes - (nint)((nuint)memory % AlignedBlock<T>.AlignmentBytes);
        ref T firstSums = ref Unsafe.AsRef<T>(memory);
        ref T secondSums = ref Unsafe.Add(ref firstSums, columns);
        int rounds = firstPlan.Rounds;
        for (int round = 0; round < rounds; round++)
        {
            ref readonly PlannedRound planned = ref firstPlan.Round(round);
            RowCall[] secondCalls = secondPlan.Round(round).Calls;
            if (isBackwards) RowCalls<T, TLane>.Make(secondCalls, ref second, ref secondRight, ref secondSums, leftStride: 0, sumsStride: 0);
            RowCalls<T, TLane>.Make(planned.Calls, ref first, ref firstRight, ref firstSums, leftStride: 0, sumsStride: 0);
            if (!isBackwards) RowCalls<T, TLane>.Make(secondCalls, ref second, ref secondRight, ref secondSums, leftStride: 0, sumsStride: 0);
            epilogue.Finish(ref firstSums, ref secondSums, planned.FirstColumn, planned.Columns);
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
        int panels = firstShape.GroupsTogether * firstShape.PanelsPerGroup;
        int stride = panels * 2 * TLane.Count;
        byte* memory = stackalloc byte[(2 * stride * sizeof(T)) + AlignedBlock<T>.AlignmentBytes];
        memory += AlignedBlock<T>.AlignmentBytes - (nint)((nuint)memory % AlignedBlock<T>.AlignmentBytes);
        ref T firstSums = ref Unsafe.AsRef<T>(memory);
        ref T secondSums = ref Unsafe.Add(ref firstSums, stride);
        Span<RowCall> listed = stackalloc RowCall[RowCalls<T, TLane>.MaxCount(panels)];
        var rounds = new PanelRounds(firstShape, firstGroup, endGroup, firstShape.GroupsTogether, isBackwards);
        while (rounds.Next(out int firstPanel, out int endPanel))
        {
            bool isSecond = isBackwards;
            for (int product = 0; product < 2; product++, isSecond = !isSecond)
            {
                ref T left = ref isSecond ? ref second : ref first;
                ref T right = ref isSecond ? ref secondRight : ref firstRight;
                ref readonly PackedShape shape = ref isSecond ? ref secondShape : ref firstShape;
                ref T sums = ref isSecond ? ref secondSums : ref firstSums;
                int calls = RowCalls<T, TLane>.List<TPanelRows, Size1>(shape, firstPanel, endPanel, isBackwards, listed);
                RowCalls<T, TLane>.Make(listed[..calls], ref left, ref right, ref sums, leftStride: 0, sumsStride: 0);
            }

            int column = firstShape.FirstColumn(firstPanel);
            epilogue.Finish(ref firstSums, ref secondSums, column, Math.Min(firstShape.FirstColumn(endPanel), firstShape.Columns) - column);
        }
    }
}
