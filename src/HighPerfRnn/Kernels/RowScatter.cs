using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>Rows added to those of a table, by index: the way back of a look-up.</summary>
internal static class RowScatter<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    /// <summary>
    /// table[indices[r], c] += rows[r, c] for c in [firstColumn, endColumn), r in order: an index that comes twice adds twice.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(
        ReadOnlySpan<int> indices, ReadOnlySpan<T> rows, int rowStride, int firstColumn, int endColumn, Span<T> table, int tableStride)
    {
        ref T source = ref MemoryMarshal.GetReference(rows);
        ref T target = ref MemoryMarshal.GetReference(table);
        for (int r = 0; r < indices.Length; r++)
        {
            ref T from = ref Unsafe.Add(ref source, (nint)r * rowStride);
            ref T to = ref Unsafe.Add(ref target, (nint)indices[r] * tableStride);
            for (int c = firstColumn; c < endColumn; c += TLane.Count)
            {
                int count = endColumn - c;
                TLane old = PartialLane<T, TLane>.Load(ref Unsafe.Add(ref to, c), count);
                TLane addend = PartialLane<T, TLane>.Load(ref Unsafe.Add(ref from, c), count);
                PartialLane<T, TLane>.Store(old + addend, ref Unsafe.Add(ref to, c), count);
            }
        }
    }
}
