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
    private readonly int _laneCount;

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
    {
        _start = ref MemoryMarshal.GetReference(memory);
        _laneCount = laneCount;
        Depth = depth;
        Columns = columns;
        Format = format;
        PanelCount = (columns + (2 * laneCount) - 1) / (2 * laneCount);
        PanelStride = Stride(format, laneCount, depth);
    }

    public int Depth { get; }

    public int Columns { get; }

    public int PanelCount { get; }

    public WeightFormat Format { get; }

    /// <summary>Elements from one panel to the next.</summary>
    public nint PanelStride { get; }

    /// <summary>The scales of the columns in <see cref="WeightFormat.Int8"/>, those past the end too.</summary>
    public ref T Scales => ref Unsafe.Add(ref _start, PanelCount * PanelStride);

    /// <summary>How many elements the packed form of [depth, columns] takes, for the widest lane.</summary>
    public static int Size(int depth, int columns, WeightFormat format = WeightFormat.Full)
    {
        int lane = AlignedBlock<T>.AlignmentBytes / Unsafe.SizeOf<T>();
        if (format == WeightFormat.Full) return checked((columns + lane - 1) / lane * lane * depth);
        int panels = checked(columns + (2 * lane) - 1) / (2 * lane);
        nint size = checked(panels * (Stride(format, lane, depth) + (format == WeightFormat.Int8 ? 2 * lane : 0)));
        return checked((int)size);
    }

    /// <summary>Columns from one panel to the next.</summary>
    public int PanelColumns => 2 * _laneCount;

    /// <summary>The panel's first column.</summary>
    public int FirstColumn(int panel) => panel * 2 * _laneCount;

    /// <summary>How many vectors wide the panel is: 2, or in <see cref="WeightFormat.Full"/> 1 at the end.</summary>
    public int Vectors(int panel) => Columns - FirstColumn(panel) > _laneCount || Format != WeightFormat.Full ? 2 : 1;

    /// <summary>The panel's first element.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref T Panel(int panel) => ref Unsafe.Add(ref _start, panel * PanelStride);

    private static nint Stride(WeightFormat format, int laneCount, int depth) => format switch
    {
        WeightFormat.Full => 2 * (nint)laneCount * depth,
        WeightFormat.BFloat16 => (nint)laneCount * depth,
        _ => (nint)laneCount * ((depth + 1) / 2),
    };
}
