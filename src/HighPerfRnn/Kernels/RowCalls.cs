using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>One call of a row tile: which one, and in elements where that begins which it reads and writes.</summary>
internal readonly unsafe struct RowCall
{
    /// <summary><see cref="RowTile{T, TLane, TPanelRows}.Multiply"/> of some shape.</summary>
    public required void* Tile { get; init; }

    /// <summary>The first k.</summary>
    public required nint Left { get; init; }

    /// <summary>From the matrix's first element to the first panel's row of that k.</summary>
    public required nint Weights { get; init; }

    /// <summary>From one panel to the next.</summary>
    public required nint PanelStride { get; init; }

    /// <summary>How many k each block takes.</summary>
    public required nint Depth { get; init; }

    /// <summary>How many rounds of blocks there are, at least one.</summary>
    public required nint Rounds { get; init; }

    /// <summary>From the first sum of all panels that end together to that of the first panel.</summary>
    public required nint Sums { get; init; }

    /// <summary>Whether to add to what sums hold.</summary>
    public required bool Adds { get; init; }
}

/// <summary>The calls that multiply one or two rows by some panels.</summary>
internal static unsafe class RowCalls<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    // Whole blocks in at most two calls of several at once and one of a single one, and a short block, for each few panels.
    private const int MaxCallsOfPanel = 4;

    /// <summary>No more calls than so many multiply by <paramref name="panels"/> panels.</summary>
    public static int MaxCount(int panels) => MaxCallsOfPanel * panels;

    /// <summary>Lists the calls for panels [firstPanel, endPanel): as many at once as there are registers for.</summary>
    /// <param name="shape">The right factor's shape.</param>
    /// <param name="firstPanel">The first panel.</param>
    /// <param name="endPanel">One past the last panel.</param>
    /// <param name="isBackwards">Whether the last panels come first.</param>
    /// <param name="calls">At least <see cref="MaxCount"/> of them.</param>
    /// <returns>How many there are.</returns>
    public static int List<TPanelRows, TRows>(in PackedShape shape, int firstPanel, int endPanel, bool isBackwards, Span<RowCall> calls)
        where TPanelRows : struct, IPanelRows<T, TLane>
        where TRows : struct, ISize
    {
        int maxPanels = RowTile<T, TLane, TPanelRows>.MaxGroups<TRows>();
        // A last panel of one vector has a tile of its own; the others go a power of two at a time.
        int full = endPanel + shape.Vectors(endPanel - 1) - 2;
        int start = firstPanel;
        int count = 0;
        while (firstPanel < endPanel)
        {
            bool isNarrow = isBackwards ? endPanel > full : firstPanel == full;
            int panels = isNarrow ? 1 : PowerOfTwoUpTo(Math.Min((isBackwards ? endPanel : full) - firstPanel, maxPanels));
            int panel = isBackwards ? endPanel - panels : firstPanel;
            count += ListPanels<TPanelRows, TRows>(shape, panel, panels, isNarrow ? 1 : 2, (panel - start) * 2 * TLane.Count, calls[count..]);
            if (isBackwards) endPanel = panel;
            else firstPanel += panels;
        }

        return count;
    }

    /// <summary>Makes the calls.</summary>
    /// <param name="calls">Them.</param>
    /// <param name="left">The first row.</param>
    /// <param name="right">The packed matrix.</param>
    /// <param name="sums">Each row's sums, panel after panel.</param>
    /// <param name="leftStride">From one row to the next.</param>
    /// <param name="sumsStride">From one row of sums to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Make(ReadOnlySpan<RowCall> calls, ref T left, ref T right, ref T sums, nint leftStride, nint sumsStride)
    {
        foreach (ref readonly RowCall call in calls)
        {
            ((delegate*<in RowCall, ref T, ref T, ref T, nint, nint, void>)call.Tile)(
                call, ref left, ref right, ref sums, leftStride, sumsStride);
        }
    }

    /// <summary>The calls of so many neighbours: whole blocks together as far as registers allow; what is left over is a short one.</summary>
    private static int ListPanels<TPanelRows, TRows>(in PackedShape shape, int panel, int panels, int vectors, nint sums, Span<RowCall> calls)
        where TPanelRows : struct, IPanelRows<T, TLane>
        where TRows : struct, ISize
    {
        int panelsLog2 = BitOperations.Log2((uint)panels);
        int maxBlocks = RowTile<T, TLane, TPanelRows>.MaxGroups<TRows>() >> panelsLog2;
        int blocks = shape.WholeBlocks;
        int depth = Math.Min(shape.Block, shape.Depth);
        int k = 0;
        int count = 0;
        do
        {
            int blocksLog2 = BitOperations.Log2((uint)Math.Min(blocks, maxBlocks));
            int rounds = blocks >> blocksLog2;
            calls[count++] = new RowCall
            {
                Tile = Tile<TPanelRows, TRows>((vectors << 4) | (panelsLog2 << 2) | blocksLog2),
                Left = k,
                Weights = shape.PanelOffset(panel) + (k * TPanelRows.Length(vectors)),
                PanelStride = shape.PanelStride,
                Depth = depth,
                Rounds = rounds,
                Sums = sums,
                Adds = k > 0,
            };
            k += (depth * rounds) << blocksLog2;
            blocks -= rounds << blocksLog2;
            if (blocks > 0) continue;
            blocks = 1;
            depth = shape.Depth - k;
        }
        while (k < shape.Depth);
        return count;
    }

    private static int PowerOfTwoUpTo(int value) => 1 << BitOperations.Log2((uint)value);

    // The tile's bits: vectors, two for the logarithm of the panels, two for that of the blocks.
    private static void* Tile<TPanelRows, TRows>(int tile)
        where TPanelRows : struct, IPanelRows<T, TLane>
        where TRows : struct, ISize => tile switch
        {
            0b010000 => Tile<TPanelRows, TRows, Size1, Size1, Size1>(),
            0b010001 => Tile<TPanelRows, TRows, Size1, Size1, Size2>(),
            0b010010 => Tile<TPanelRows, TRows, Size1, Size1, Size4>(),
            0b010011 => Tile<TPanelRows, TRows, Size1, Size1, Size8>(),
            0b100000 => Tile<TPanelRows, TRows, Size2, Size1, Size1>(),
            0b100001 => Tile<TPanelRows, TRows, Size2, Size1, Size2>(),
            0b100010 => Tile<TPanelRows, TRows, Size2, Size1, Size4>(),
            0b100011 => Tile<TPanelRows, TRows, Size2, Size1, Size8>(),
            0b100100 => Tile<TPanelRows, TRows, Size2, Size2, Size1>(),
            0b100101 => Tile<TPanelRows, TRows, Size2, Size2, Size2>(),
            0b100110 => Tile<TPanelRows, TRows, Size2, Size2, Size4>(),
            0b101000 => Tile<TPanelRows, TRows, Size2, Size4, Size1>(),
            0b101001 => Tile<TPanelRows, TRows, Size2, Size4, Size2>(),
            0b101100 => Tile<TPanelRows, TRows, Size2, Size8, Size1>(),
            _ => throw new UnreachableException(),
        };

    private static void* Tile<TPanelRows, TRows, TVectors, TPanels, TBlocks>()
        where TPanelRows : struct, IPanelRows<T, TLane>
        where TRows : struct, ISize
        where TVectors : struct, ISize
        where TPanels : struct, ISize
        where TBlocks : struct, ISize
    {
        delegate*<in RowCall, ref T, ref T, ref T, nint, nint, void> tile =
            &RowTile<T, TLane, TPanelRows>.Multiply<TRows, TVectors, TPanels, TBlocks>;
        return tile;
    }
}
