using HighPerfRnn.Layers;
using HighPerfRnn.Reference;

namespace HighPerfRnn.Cli;

/// <summary>The reference's cell for each of the library's.</summary>
internal static class ReferenceCells
{
    /// <summary>The same variant as <see cref="RecurrentCells.Create"/> makes.</summary>
    public static ReferenceCellOptions OptionsOf(RecurrentCellKind kind) => kind switch
    {
        RecurrentCellKind.Lstm => new ReferenceLstmOptions(),
        RecurrentCellKind.Gru => new ReferenceGruOptions(),
        RecurrentCellKind.MinGru => new ReferenceMinGruOptions(),
        RecurrentCellKind.MinLstm => new ReferenceMinLstmOptions(),
        RecurrentCellKind.Lru => new ReferenceLruOptions(),
        _ => new ReferenceVanillaRnnOptions(),
    };
}
