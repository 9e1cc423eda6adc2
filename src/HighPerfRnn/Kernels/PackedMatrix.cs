using System.Diagnostics.CodeAnalysis;
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
    private readonly PackedShape _shape;

    /// <param name="start">The first of <see cref="Size"/> elements, on a cache line.</param>
    /// <param name="shape">Sizes and layout.</param>
    public PackedMatrix(ref T start, scoped in PackedShape shape)
    {
        _start = ref start;
        _shape = shape;
    }

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
        : this(ref MemoryMarshal.GetReference(memory), new PackedShape(depth, columns, laneCount, panelsPerGroup: 1))
    {
    }

    /// <summary>Sizes and layout.</summary>
    [UnscopedRef]
    public ref readonly PackedShape Shape => ref _shape;

    /// <summary>The first element.</summary>
    public ref T Start => ref _start;

    public int Depth => _shape.Depth;

    public int Columns => _shape.Columns;

    public int PanelCount => _shape.PanelCount;

    /// <inheritdoc cref="PackedShape.PanelsPerGroup"/>
    public int PanelsPerGroup => _shape.PanelsPerGroup;

    /// <inheritdoc cref="PackedShape.GroupCount"/>
    public int GroupCount => _shape.GroupCount;

    /// <summary>How many elements the packed form of [depth, columns] takes, for the widest lane.</summary>
    public static int Size(int depth, int columns)
    {
        int lane = AlignedBlock<T>.AlignmentBytes / Unsafe.SizeOf<T>();
        return checked((columns + lane - 1) / lane * lane * depth);
    }

    /// <inheritdoc cref="PackedShape.FirstColumn"/>
    public int FirstColumn(int panel) => _shape.FirstColumn(panel);

    /// <inheritdoc cref="PackedShape.Vectors"/>
    public int Vectors(int panel) => _shape.Vectors(panel);

    /// <summary>The panel's first element.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref T Panel(int panel) => ref Unsafe.Add(ref _start, _shape.PanelOffset(panel));
}

/// <summary>The sizes of a packed matrix, worked out once.</summary>
internal readonly struct PackedShape
{
    // Panels of a lone row that end together: their chains hide each other's latency, and an epilogue of several vectors its own.
    private const int PanelsTogether = 8;

    /// <param name="depth">Rows of the right factor.</param>
    /// <param name="columns">Columns of the right factor.</param>
    /// <param name="laneCount">Numbers of a lane.</param>
    /// <param name="panelsPerGroup">How many panels an epilogue takes together.</param>
    public PackedShape(int depth, int columns, int laneCount, int panelsPerGroup)
    {
        Depth = depth;
        Columns = columns;
        LaneCount = laneCount;
        PanelsPerGroup = panelsPerGroup;
        PanelCount = (columns + (2 * laneCount) - 1) / (2 * laneCount);
        GroupCount = (PanelCount + panelsPerGroup - 1) / panelsPerGroup;
        GroupsTogether = Math.Max(1, PanelsTogether / panelsPerGroup);
    }

    public int Depth { get; }

    public int Columns { get; }

    public int LaneCount { get; }

    public int PanelCount { get; }

    /// <summary>How many panels an epilogue takes together: the gates of its units.</summary>
    public int PanelsPerGroup { get; }

    /// <summary>How many groups there are; the last may have fewer panels.</summary>
    public int GroupCount { get; }

    /// <summary>How many groups a lone row takes together: up to eight panels.</summary>
    public int GroupsTogether { get; }

    /// <summary>The panel's first column.</summary>
    public int FirstColumn(int panel) => panel * 2 * LaneCount;

    /// <summary>How many vectors wide the panel is: 2, or 1 at the end.</summary>
    public int Vectors(int panel) => Columns - FirstColumn(panel) > LaneCount ? 2 : 1;

    /// <summary>Where the panel starts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public nint PanelOffset(int panel) => (nint)panel * 2 * LaneCount * Depth;

    /// <summary>The shape of weights whose columns are gates of units.</summary>
    public static PackedShape Of<T>(int depth, in GateLayout gates)
        where T : unmanaged
    {
        int lane = Lanes.Count<T>();
        return new PackedShape(depth, gates.Columns, lane, gates.PanelsPerGroup(lane));
    }
}
