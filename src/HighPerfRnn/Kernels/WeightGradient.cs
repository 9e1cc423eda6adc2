using System.Numerics;
using System.Runtime.InteropServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>Gradients of weights and biases: sums over rows, in blocks of at most 256 of them, added into the target.</summary>
internal static class WeightGradient<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    /// <summary>target [count, columns] += leftᵀ·right for target rows [firstRow, endRow), where left is [rows, count].</summary>
    /// <param name="left">Row r at r·leftStride.</param>
    /// <param name="leftStride">From one row of left to the next.</param>
    /// <param name="right">The packed gradient of the sums that the weights feed, [rows, columns].</param>
    /// <param name="firstRow">The first row of the target.</param>
    /// <param name="endRow">One past its last row.</param>
    /// <param name="target">The weights' gradient, row-major.</param>
    /// <param name="targetStride">From one row of the target to the next; 0 where it has no more columns.</param>
    public static void AddWeights(
        ReadOnlySpan<T> left, int leftStride, scoped in PackedMatrix<T> right, int firstRow, int endRow, Span<T> target, int targetStride = 0)
    {
        var epilogue = new AddEpilogue<T, TLane>(target, targetStride == 0 ? right.Columns : targetStride);
        MatrixProduct<T, TLane>.Run<Transposed, AddEpilogue<T, TLane>>(
            ref MemoryMarshal.GetReference(left),
            leftStride,
            firstRow,
            endRow,
            right,
            0,
            right.GroupCount,
            CanonicalSum.RowBlock,
            isBackwards: false,
            ref epilogue);
    }

    /// <summary>target [columns] += the sum of right's rows, for the columns of panels [firstPanel, endPanel).</summary>
    public static void AddBias(scoped in PackedMatrix<T> right, int firstPanel, int endPanel, Span<T> target)
    {
        // A column of ones with stride 0: a sum over rows is a product of one row.
        T one = T.One;
        var epilogue = new AddEpilogue<T, TLane>(target, right.Columns);
        MatrixProduct<T, TLane>.Run<Transposed, AddEpilogue<T, TLane>>(
            ref one, 0, 0, 1, right, firstPanel, endPanel, CanonicalSum.RowBlock, isBackwards: false, ref epilogue);
    }
}
