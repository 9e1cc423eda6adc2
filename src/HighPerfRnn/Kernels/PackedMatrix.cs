using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Memory;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>
/// A right factor [depth, columns] laid out as the register tile reads it: panels of two vectors' columns, each
/// [depth, width] and contiguous, the last one of a single vector where that is enough; columns past the end are zeros.
/// </summary>
/// <remarks>The layout follows the lane's width; which sums are taken, and in which order, does not.</remarks>
internal readonly ref struct PackedMatrix<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly ref T _start;
    private readonly int _laneCount;

    /// <param name="memory"><see cref="Size"/> elements, on a cache line.</param>
    /// <param name="depth">Rows of the right factor.</param>
    /// <param name="columns">Columns of the right factor.</param>
    public PackedMatrix(Span<T> memory, int depth, int columns)
        : this(memory, depth, columns, Lanes.Count<T>())
    {
    }

    /// <param name="memory"><see cref="Size"/> elements, on a cache line.</param>
    /// <param name="depth">Rows of the right factor.</param>
    /// <param name="columns">Columns of the right factor.</param>
    /// <param name="laneCount">The lane's <see cref="ILane{TSelf, T}.Count"/>.</param>
    public PackedMatrix(Span<T> memory, int depth, int columns, int laneCount)
    {
        _start = ref MemoryMarshal.GetReference(memory);
        _laneCount = laneCount;
        Depth = depth;
        Columns = columns;
        PanelCount = (columns + (2 * laneCount) - 1) / (2 * laneCount);
    }

    public int Depth { get; }

    public int Columns { get; }

    public int PanelCount { get; }

    /// <summary>How many elements the packed form of [depth, columns] takes, for the widest lane.</summary>
    public static int Size(int depth, int columns)
    {
        int lane = AlignedBlock<T>.AlignmentBytes / Unsafe.SizeOf<T>();
        return checked((columns + lane - 1) / lane * lane * depth);
    }

    /// <summary>The panel's first column.</summary>
    public int FirstColumn(int panel) => panel * 2 * _laneCount;

    /// <summary>How many vectors wide the panel is: 2, or 1 at the end.</summary>
    public int Vectors(int panel) => Columns - FirstColumn(panel) > _laneCount ? 2 : 1;

    /// <summary>The panel's first element.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref T Panel(int panel) => ref Unsafe.Add(ref _start, (nint)panel * 2 * _laneCount * Depth);
}
