using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>Fills packed matrices.</summary>
internal static class Packing<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    /// <summary>Packs panels [firstPanel, endPanel) of a matrix stored row by row, columns as they are.</summary>
    /// <param name="source">Element (k, column) at k·stride + column.</param>
    /// <param name="stride">From one row to the next.</param>
    /// <param name="target">Where to.</param>
    /// <param name="firstPanel">The first panel.</param>
    /// <param name="endPanel">One past the last panel.</param>
    public static void Pack(ReadOnlySpan<T> source, int stride, scoped in PackedMatrix<T> target, int firstPanel, int endPanel) =>
        Pack(source, stride, GateLayout.Of<T>(1, target.Columns), target, firstPanel, endPanel);

    /// <summary>Packs panels [firstPanel, endPanel) of weights stored row by row and gate after gate.</summary>
    /// <param name="source">Element (k, gate, unit) at k·stride + gate·H + unit.</param>
    /// <param name="stride">From one row to the next.</param>
    /// <param name="gates">How the packed columns are arranged.</param>
    /// <param name="target">Where to.</param>
    /// <param name="firstPanel">The first panel.</param>
    /// <param name="endPanel">One past the last panel.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Pack(
        ReadOnlySpan<T> source, int stride, scoped in GateLayout gates, scoped in PackedMatrix<T> target, int firstPanel, int endPanel)
    {
        for (int panel = firstPanel; panel < endPanel; panel++)
        {
            int width = target.Vectors(panel) * TLane.Count;
            int column = target.FirstColumn(panel);
            ref T to = ref target.Panel(panel);
            for (int c = 0; c < width; c += TLane.Count)
            {
                (int sourceColumn, int count) = gates.Source(column + c);
                ref T from = ref Unsafe.Add(ref MemoryMarshal.GetReference(source), sourceColumn);
                ref T into = ref Unsafe.Add(ref to, c);
                for (int k = 0; k < target.Depth; k++)
                {
                    TLane weights = count > 0 ? PartialLane<T, TLane>.Load(ref from, count) : TLane.Zero;
                    weights.Store(ref into);
                    from = ref Unsafe.Add(ref from, stride);
                    into = ref Unsafe.Add(ref into, width);
                }
            }
        }
    }

    /// <summary>Packs the transpose of a matrix stored row by row: element (k, column) at column·stride + k.</summary>
    /// <param name="source">[columns, depth], row by row.</param>
    /// <param name="stride">From one row of the source to the next.</param>
    /// <param name="target">Where to.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void PackTransposed(ReadOnlySpan<T> source, int stride, scoped in PackedMatrix<T> target)
    {
        for (int panel = 0; panel < target.PanelCount; panel++)
        {
            int width = target.Vectors(panel) * TLane.Count;
            int column = target.FirstColumn(panel);
            int columns = Math.Min(width, target.Columns - column);
            ref T from = ref Unsafe.Add(ref MemoryMarshal.GetReference(source), (nint)column * stride);
            ref T into = ref target.Panel(panel);
            for (int k = 0; k < target.Depth; k++)
            {
                // Column after column of one k: the lines of the source stay in the first-level cache for the next k.
                ref T element = ref Unsafe.Add(ref from, k);
                for (int j = 0; j < columns; j++)
                {
                    Unsafe.Add(ref into, j) = element;
                    element = ref Unsafe.Add(ref element, stride);
                }

                for (int j = columns; j < width; j++) Unsafe.Add(ref into, j) = T.Zero;
                into = ref Unsafe.Add(ref into, width);
            }
        }
    }
}

/// <summary>Packs weights with their gates side by side, their transpose as stored, or both, on the chosen lane.</summary>
internal readonly ref struct PackWork<T> : ILaneWork<T, int>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>[depth, G·H], gate after gate.</summary>
    public required ReadOnlySpan<T> Source { get; init; }

    /// <summary>From one row of the source to the next.</summary>
    public required int Stride { get; init; }

    public required GateLayout Gates { get; init; }

    public required PackedMatrix<T> Packed { get; init; }

    /// <summary>Of depth 0 where it is not wanted.</summary>
    public PackedMatrix<T> Transposed { get; init; }

    public void Run<TLane>(int argument)
        where TLane : struct, ILane<TLane, T>
    {
        Packing<T, TLane>.Pack(Source, Stride, Gates, Packed, 0, Packed.PanelCount);
        if (Transposed.Depth > 0) Packing<T, TLane>.PackTransposed(Source, Stride, Transposed);
    }
}
