using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>What is summed over rows: a lane of a row's terms, added to a lane of sums.</summary>
internal interface IColumnTerms<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    /// <param name="sums">What the terms are added to.</param>
    /// <param name="row">The row.</param>
    /// <param name="column">The lane's first column.</param>
    /// <param name="count">How many columns there are from it on; more than a lane has is a whole lane.</param>
    TLane AddTo(TLane sums, int row, int column, int count);
}

/// <summary>Sums over rows where lanes are columns, in blocks of 256 rows whose sums add to the target in order.</summary>
internal static class ColumnSums<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    // A cache line of floats.
    private const int UnitColumns = 16;

    /// <summary>One worker's columns, in whole cache lines of floats where the target starts on one, so that no two write to the same.</summary>
    public static (int First, int End) Share(int columns, int index, int workers)
    {
        long units = (columns + UnitColumns - 1) / UnitColumns;
        int first = (int)(units * index / workers) * UnitColumns;
        int end = (int)(units * (index + 1) / workers) * UnitColumns;
        return (Math.Min(first, columns), Math.Min(end, columns));
    }

    /// <summary>target[c] += Σ of the terms of rows [0, rows) for columns [first, end).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add<TTerms>(scoped in TTerms terms, int rows, int first, int end, Span<T> target)
        where TTerms : struct, IColumnTerms<T, TLane>, allows ref struct
    {
        // A copy, since a call through a read-only reference would copy each time.
        TTerms body = terms;
        for (int start = 0; start < rows; start += CanonicalSum.RowBlock)
        {
            int endRow = Math.Min(rows, start + CanonicalSum.RowBlock);
            for (int column = first; column < end; column += TLane.Count)
            {
                int count = end - column;
                TLane sums = TLane.Zero;
                for (int row = start; row < endRow; row++) sums = body.AddTo(sums, row, column, count);
                ref T at = ref Unsafe.Add(ref MemoryMarshal.GetReference(target), column);
                PartialLane<T, TLane>.Store(PartialLane<T, TLane>.Load(ref at, count) + sums, ref at, count);
            }
        }
    }
}

/// <summary>The numbers of a matrix's rows themselves.</summary>
internal readonly ref struct RowNumbers<T, TLane>(ReadOnlySpan<T> rows, int stride) : IColumnTerms<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    private readonly ref T _rows = ref MemoryMarshal.GetReference(rows);
    private readonly int _stride = stride;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane AddTo(TLane sums, int row, int column, int count) =>
        sums + PartialLane<T, TLane>.Load(ref Unsafe.Add(ref _rows, ((nint)row * _stride) + column), count);
}
