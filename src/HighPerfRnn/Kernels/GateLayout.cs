using System.Runtime.CompilerServices;
using HighPerfRnn.Memory;

namespace HighPerfRnn.Kernels;

/// <summary>Where the numbers of a unit's gates lie in packed weights, in input parts and in the sums of a tile.</summary>
/// <remarks>
/// Gates of 16 units (8 in double) stand side by side, whatever the lane: one row's gates of these units are neighbours when
/// their sums end, and a cell's whole arithmetic is the epilogue of one product. Stored weights are [depth, G·H], gate after gate.
/// </remarks>
internal readonly struct GateLayout
{
    private GateLayout(int gates, int unitBlock, int hiddenSize, int columns)
    {
        Gates = gates;
        UnitBlock = unitBlock;
        HiddenSize = hiddenSize;
        Columns = columns;
    }

    /// <summary>G.</summary>
    public int Gates { get; }

    /// <summary>How many units' numbers of one gate are neighbours: a multiple of every lane of the machine's (a pair of the widest is twice as long).</summary>
    public int UnitBlock { get; }

    /// <summary>H.</summary>
    public int HiddenSize { get; }

    /// <summary>Columns of the packed weights: H for one gate; for several, blocks of units are whole.</summary>
    public int Columns { get; }

    /// <summary>The layout of <paramref name="gates"/> gates of <paramref name="hiddenSize"/> units.</summary>
    public static GateLayout Of<T>(int gates, int hiddenSize)
        where T : unmanaged
    {
        int block = UnitBlockOf<T>();
        int columns = gates == 1 ? hiddenSize : checked((hiddenSize + block - 1) / block * block * gates);
        return new GateLayout(gates, block, hiddenSize, columns);
    }

    /// <summary>The numbers of a cache line.</summary>
    public static int UnitBlockOf<T>()
        where T : unmanaged => AlignedBlock<byte>.AlignmentBytes / Unsafe.SizeOf<T>();

    /// <summary>How many panels of two vectors hold whole blocks of units of every gate.</summary>
    public int PanelsPerGroup(int laneCount)
    {
        if (Gates <= 1) return 1;
        int vectors = Gates * (UnitBlock / laneCount);
        return vectors % 2 == 0 ? vectors / 2 : vectors;
    }

    /// <summary>The packed column of a unit's first gate, among so many.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int PackedColumn(int gates, int unitBlock, int unit) =>
        gates <= 1 ? unit : ((unit & -unitBlock) * gates) + (unit & (unitBlock - 1));

    /// <summary>Where the numbers of a packed column come from: from one unit on, as many as are left of its gate.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public (int SourceColumn, int Count) Source(int packedColumn)
    {
        if (Gates == 1) return (packedColumn, HiddenSize - packedColumn);
        (int block, int inBlock) = Math.DivRem(packedColumn, Gates * UnitBlock);
        (int gate, int unitInBlock) = Math.DivRem(inBlock, UnitBlock);
        int unit = (block * UnitBlock) + unitInBlock;
        return ((gate * HiddenSize) + unit, HiddenSize - unit);
    }
}
