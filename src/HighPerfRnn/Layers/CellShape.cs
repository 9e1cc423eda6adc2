using System.Numerics;

namespace HighPerfRnn.Layers;

/// <summary>
/// The numbers of a cell's layout that loops ask for. A layer reads them before its passes are compiled, so that to these they are
/// constants; the layout itself, with its names, would have to be made each time.
/// </summary>
internal static class CellShape<T, TCell>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TCell : struct, IRecurrentCell<T>
{
    /// <summary>The layout.</summary>
    public static readonly CellLayout Layout = TCell.Layout;

    /// <summary><see cref="CellLayout.Gates"/>.</summary>
    public static readonly int Gates = Layout.Gates;

    /// <summary><see cref="CellLayout.StateGates"/>.</summary>
    public static readonly int StateGates = Layout.StateGates;

    /// <summary><see cref="CellLayout.ScratchGates"/>.</summary>
    public static readonly int ScratchGates = Layout.ScratchGates;
}
