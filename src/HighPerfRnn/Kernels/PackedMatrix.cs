using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Memory;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>
/// A right factor [depth, columns] laid out as the tiles read it: panels of two vectors' columns, each contiguous, one row of
/// both vectors for each k; columns past the end are zeros.
/// </summary>
/// <remarks>
/// <para>In <see cref="WeightFormat.Full"/> the last panel is one vector wide where that is enough. In
/// <see cref="WeightFormat.BFloat16"/> a row is one vector that holds two of half the bits (<see cref="HalfRows{T, TLane}"/>). In
/// <see cref="WeightFormat.Int8"/> it is one vector for each two k: the bytes of k and k + 1 of a column side by side, columns in
/// order; behind the last panel lies each column's scale.</para>
/// <para>The layout follows the lane's width; which sums are taken, and in which order, does not.</para>
/// </remarks>
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
    /// <param name="format">How the weights are stored.</param>
    public PackedMatrix(Span<T> memory, int depth, int columns, WeightFormat format = WeightFormat.Full)
        : this(memory, depth, columns, Lanes.Count<T>(), format)
    {
    }

    /// <param name="memory"><see cref="Size"/> elements, on a cache line.</param>
    /// <param name="depth">Rows of the right factor.</param>
    /// <param name="columns">Columns of the right factor.</param>
    /// <param name="laneCount">The lane's <see cref="ILane{TSelf, T}.Count"/>.</param>
    /// <param name="format">How the weights are stored.</param>
    public PackedMatrix(Span<T> memory, int depth, int columns, int laneCount, WeightFormat format = WeightFormat.Full)
        : this(ref MemoryMarshal.GetReference(memory), new PackedShape(depth, columns, laneCount, panelsPerGroup: 1, format))
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

    public WeightFormat Format => _shape.Format;

    /// <inheritdoc cref="PackedShape.PanelStride"/>
    public nint PanelStride => _shape.PanelStride;

    /// <summary>Columns from one panel to the next.</summary>
    public int PanelColumns => 2 * _shape.LaneCount;

    /// <summary>The scales of the columns in <see cref="WeightFormat.Int8"/>, those past the end too.</summary>
    public ref T Scales => ref Unsafe.Add(ref _start, PanelCount * PanelStride);

    /// <summary>How many elements the packed form of [depth, columns] takes, for the widest lane.</summary>
    public static int Size(int depth, int columns, WeightFormat format = WeightFormat.Full)
    {
        int lane = AlignedBlock<T>.AlignmentBytes / Unsafe.SizeOf<T>();
        if (format == WeightFormat.Full) return checked((columns + lane - 1) / lane * lane * depth);
        int panels = checked(columns + (2 * lane) - 1) / (2 * lane);
        nint size = checked(panels * (PackedShape.Stride(format, lane, depth) + (format == WeightFormat.Int8 ? 2 * lane : 0)));
        return checked((int)size);
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
    /// <param name="format">How the weights are stored.</param>
    public PackedShape(int depth, int columns, int laneCount, int panelsPerGroup, WeightFormat format = WeightFormat.Full)
    {
        Format = format;
        PanelStride = Stride(format, laneCount, depth);
        Depth = depth;
        Columns = columns;
        LaneCount = laneCount;
        PanelsPerGroup = panelsPerGroup;
        PanelCount = (columns + (2 * laneCount) - 1) / (2 * laneCount);
        GroupCount = (PanelCount + panelsPerGroup - 1) / panelsPerGroup;
        GroupsTogether = Math.Max(1, PanelsTogether / panelsPerGroup);
        Block = CanonicalSum.Block(depth);
        WholeBlocks = Math.Max(1, depth / Block);
    }

    private RowPlan? Forwards { get; init; }

    private RowPlan? Backwards { get; init; }

    public int Depth { get; }

    public int Columns { get; }

    public int LaneCount { get; }

    public WeightFormat Format { get; }

    /// <summary>The canonical block of a sum over the depth.</summary>
    public int Block { get; }

    /// <summary>How many such blocks there are, a last one that is shorter left out unless it is the only one.</summary>
    public int WholeBlocks { get; }

    /// <summary>Elements from one panel to the next.</summary>
    public nint PanelStride { get; }

    public int PanelCount { get; }

    /// <summary>How many panels an epilogue takes together: the gates of its units.</summary>
    public int PanelsPerGroup { get; }

    /// <summary>How many groups there are; the last may have fewer panels.</summary>
    public int GroupCount { get; }

    /// <summary>How many groups a lone row takes together: up to eight panels.</summary>
    public int GroupsTogether { get; }

    /// <summary>The calls that multiply a lone row by the matrix, where they are kept.</summary>
    public RowPlan? Plan(bool isBackwards) => isBackwards ? Backwards : Forwards;

    /// <summary>The panel's first column.</summary>
    public int FirstColumn(int panel) => panel * 2 * LaneCount;

    /// <summary>How many vectors wide the panel is: 2, or in <see cref="WeightFormat.Full"/> 1 at the end.</summary>
    public int Vectors(int panel) => Columns - FirstColumn(panel) > LaneCount || Format != WeightFormat.Full ? 2 : 1;

    /// <summary>Where the panel starts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public nint PanelOffset(int panel) => panel * PanelStride;

    /// <summary>The shape of weights whose columns are gates of units.</summary>
    public static PackedShape Of<T>(int depth, in GateLayout gates, WeightFormat format = WeightFormat.Full)
        where T : unmanaged
    {
        int lane = Lanes.Count<T>();
        return new PackedShape(depth, gates.Columns, lane, gates.PanelsPerGroup(lane), format);
    }

    /// <summary>The same, with the calls that multiply a lone row. Allocates them.</summary>
    public PackedShape WithPlans<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        this with { Forwards = RowPlan.Of<T>(this, isBackwards: false), Backwards = RowPlan.Of<T>(this, isBackwards: true) };

    /// <summary>Elements of a panel.</summary>
    public static nint Stride(WeightFormat format, int laneCount, int depth) => format switch
    {
        WeightFormat.Full => 2 * (nint)laneCount * depth,
        WeightFormat.BFloat16 => (nint)laneCount * depth,
        _ => (nint)laneCount * ((depth + 1) / 2),
    };
}
