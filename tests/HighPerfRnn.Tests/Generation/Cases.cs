using FsCheck;
using FsCheck.Fluent;

namespace HighPerfRnn.Tests.Generation;

/// <summary>How cases are drawn and shrunk.</summary>
public static partial class Cases
{
    /// <summary>Most cases stay below this, so that two hundred of them take seconds.</summary>
    private const long UsualWork = 3_000_000;

    public static Arbitrary<RnnCase> RnnCases() =>
        TestSettings.Replay is { } text
            ? Arb.From(Gen.Constant(RnnCase.Parse(text)))
            : Arb.From(RnnCaseGenerator(), ShrinkRnnCase);

    public static Arbitrary<ProductCase> ProductCases() =>
        TestSettings.Replay is { } text
            ? Arb.From(Gen.Constant(ProductCase.Parse(text)))
            : Arb.From(ProductCaseGenerator(), ShrinkProductCase);

    private static Gen<RnnCase> RnnCaseGenerator() =>
        from batch in Size(1, 40)
        from steps in Gen.Frequency((1, Gen.Constant(0)), (5, Gen.Choose(1, RnnCase.LongestArbitrary)), (10, Size(0, 60)))
        from inputSize in Size(1, 150)
        from hiddenSize in Size(1, 150)
        from seed in Gen.Choose(0, int.MaxValue)
        from options in Gen.Choose(0, 127)
        from usual in Gen.Frequency((11, Gen.Constant(true)), (1, Gen.Constant(false)))
        select new RnnCase(batch, steps, inputSize, hiddenSize, seed, (CaseOptions)options)
            .Within(usual ? Math.Min(UsualWork, TestSettings.Work) : TestSettings.Work);

    private static Gen<ProductCase> ProductCaseGenerator() =>
        from rows in Size(1, 40)
        from depth in Size(0, 200)
        from columns in Size(1, 150)
        from seed in Gen.Choose(0, int.MaxValue)
        select new ProductCase(rows, depth, columns, seed);

    private static IEnumerable<RnnCase> ShrinkRnnCase(RnnCase value)
    {
        foreach (int steps in Smaller(value.Steps, 0)) yield return value with { Steps = steps };
        foreach (int batch in Smaller(value.Batch, 1)) yield return value with { Batch = batch };
        foreach (int size in Smaller(value.InputSize, 1)) yield return value with { InputSize = size };
        foreach (int size in Smaller(value.HiddenSize, 1)) yield return value with { HiddenSize = size };
        for (int bit = 1; bit <= (int)value.Options; bit <<= 1)
        {
            if (value.Has((CaseOptions)bit)) yield return value with { Options = value.Options & ~(CaseOptions)bit };
        }
    }

    private static IEnumerable<ProductCase> ShrinkProductCase(ProductCase value)
    {
        foreach (int rows in Smaller(value.Rows, 1)) yield return value with { Rows = rows };
        foreach (int depth in Smaller(value.Depth, 0)) yield return value with { Depth = depth };
        foreach (int columns in Smaller(value.Columns, 1)) yield return value with { Columns = columns };
    }
}
