using System.Numerics;
using System.Runtime.CompilerServices;

namespace HighPerfRnn.Kernels;

/// <summary>Sequences between batch-major and time-major order.</summary>
internal static class SequenceLayout
{
    /// <summary>target [inner, outer, size] = source [outer, inner, size]. An empty source leaves the target as it is.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SwapStepsAndRows<T>(ReadOnlySpan<T> source, int outer, int inner, int size, Span<T> target)
    {
        if (source.IsEmpty) return;
        for (int i = 0; i < outer; i++)
        {
            for (int j = 0; j < inner; j++)
            {
                source.Slice(((i * inner) + j) * size, size).CopyTo(target[(((j * outer) + i) * size)..]);
            }
        }
    }

    /// <summary>target [inner, outer, size] += source [outer, inner, size]. An empty target is left as it is.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddSwapped<T>(ReadOnlySpan<T> source, int outer, int inner, int size, Span<T> target)
        where T : INumberBase<T>
    {
        if (target.IsEmpty) return;
        for (int i = 0; i < outer; i++)
        {
            for (int j = 0; j < inner; j++)
            {
                ReadOnlySpan<T> from = source.Slice(((i * inner) + j) * size, size);
                Span<T> to = target.Slice(((j * outer) + i) * size, size);
                for (int c = 0; c < to.Length; c++) to[c] += from[c];
            }
        }
    }
}
