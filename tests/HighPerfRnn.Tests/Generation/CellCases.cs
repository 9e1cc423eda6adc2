using FsCheck;
using FsCheck.Fluent;

namespace HighPerfRnn.Tests.Generation;

/// <summary>How cases of all cells are drawn and shrunk.</summary>
public static class CellCases
{
    private const long UsualWork = 100_000;

    public static Arbitrary<CellCase> All() =>
        TestSettings.Replay is { } text
            ? Arb.From(Gen.Constant(CellCase.Parse(text)))
            : Arb.From(Generator(), Shrink);

    private static Gen<CellCase> Generator() =>
        from cell in Gen.Elements(CellCase.Cells.ToArray())
        from batch in Gen.Choose(1, 6)
        from steps in Gen.Frequency((1, Gen.Constant(0)), (5, Gen.Choose(1, CellCase.LongestArbitrary)), (4, Gen.Choose(5, 24)))
        from inputSize in Cases.Size(1, 40)
        from hiddenSize in Cases.Size(1, 40)
        from seed in Gen.Choose(0, int.MaxValue)
        from traits in Gen.Choose(0, ((int)CellTraits.BlockedScan << 1) - 1)
        select Tame(new CellCase(cell, batch, steps, inputSize, hiddenSize, seed, (CellTraits)traits)
            .Within(Math.Min(UsualWork, TestSettings.Work)));

    /// <summary>
    /// Gates that are not bounded make a state that grows with every step; a few steps are enough of them. A scan is one of several
    /// blocks.
    /// </summary>
    private static CellCase Tame(CellCase drawn) =>
        drawn.Has(CellTraits.OtherActivations) ? drawn with { Steps = Math.Min(drawn.Steps, 3) }
        : drawn.IsScan ? (drawn with { Steps = drawn.Steps * 8 }).Within(Math.Min(UsualWork, TestSettings.Work))
        : drawn;

    private static IEnumerable<CellCase> Shrink(CellCase value)
    {
        foreach (int steps in Cases.Smaller(value.Steps, 0)) yield return value with { Steps = steps };
        foreach (int batch in Cases.Smaller(value.Batch, 1)) yield return value with { Batch = batch };
        foreach (int size in Cases.Smaller(value.InputSize, 1)) yield return value with { InputSize = size };
        foreach (int size in Cases.Smaller(value.HiddenSize, 1)) yield return value with { HiddenSize = size };
        for (int bit = 1; bit <= (int)value.Traits; bit <<= 1)
        {
            if (value.Has((CellTraits)bit)) yield return value with { Traits = value.Traits & ~(CellTraits)bit };
        }
    }
}
