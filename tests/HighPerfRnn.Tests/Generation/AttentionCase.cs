using FsCheck;
using FsCheck.Fluent;
using HighPerfRnn.Layers;

namespace HighPerfRnn.Tests.Generation;

/// <summary>The sizes of an attention and a seed, from which all numbers of a test follow.</summary>
/// <param name="Score">How scores are made.</param>
/// <param name="QuerySteps">Q.</param>
/// <param name="MemorySteps">S.</param>
/// <param name="Batch">B.</param>
/// <param name="QuerySize">H.</param>
/// <param name="MemorySize">M; H for the scaled product.</param>
/// <param name="ScoreSize">A of the additive score, else 0.</param>
/// <param name="Seed">Decides every number.</param>
/// <param name="IsRagged">Whether rows have lengths of their own.</param>
public sealed record AttentionCase(
    AttentionScore Score, int QuerySteps, int MemorySteps, int Batch, int QuerySize, int MemorySize, int ScoreSize, int Seed, bool IsRagged)
{
    internal int Queries => QuerySteps * Batch;

    internal int KeySize => Score == AttentionScore.Additive ? ScoreSize : QuerySize;

    internal static AttentionCase Parse(string text) => new(
        Enum.Parse<AttentionScore>(CaseText.Field(text, "score")),
        CaseText.Number(text, "Q"),
        CaseText.Number(text, "S"),
        CaseText.Number(text, "B"),
        CaseText.Number(text, "H"),
        CaseText.Number(text, "M"),
        CaseText.Number(text, "A"),
        CaseText.Number(text, "seed"),
        CaseText.Number(text, "ragged") != 0);

    /// <summary>Sizes that the score allows.</summary>
    internal AttentionCase Allowed() => Score switch
    {
        AttentionScore.ScaledDot => this with { MemorySize = QuerySize, ScoreSize = 0 },
        AttentionScore.General => this with { ScoreSize = 0 },
        _ => this with { ScoreSize = Math.Max(1, ScoreSize) },
    };

    public override string ToString() =>
        $"score={Score},Q={QuerySteps},S={MemorySteps},B={Batch},H={QuerySize},M={MemorySize},A={ScoreSize},seed={Seed},"
        + $"ragged={(IsRagged ? 1 : 0)}";
}

/// <summary>How cases of attention are drawn and shrunk.</summary>
public static class AttentionCases
{
    private const long Work = 150_000;

    public static Arbitrary<AttentionCase> All() =>
        TestSettings.Replay is { } text
            ? Arb.From(Gen.Constant(AttentionCase.Parse(text)))
            : Arb.From(Generator(), Shrink);

    private static Gen<AttentionCase> Generator() =>
        from score in Gen.Elements(Enum.GetValues<AttentionScore>())
        from querySteps in Gen.Frequency((1, Gen.Constant(0)), (9, Gen.Choose(1, 6)))
        from memorySteps in Gen.Frequency((1, Gen.Constant(0)), (9, Cases.Size(1, 140)))
        from batch in Gen.Choose(1, 6)
        from querySize in Cases.Size(1, 40)
        from memorySize in Cases.Size(1, 70)
        from scoreSize in Cases.Size(1, 40)
        from seed in Gen.Choose(0, int.MaxValue)
        from isRagged in Gen.Frequency((3, Gen.Constant(true)), (1, Gen.Constant(false)))
        select Within(new AttentionCase(score, querySteps, memorySteps, batch, querySize, memorySize, scoreSize, seed, isRagged).Allowed());

    private static AttentionCase Within(AttentionCase drawn)
    {
        while ((long)drawn.Queries * drawn.MemorySteps * (drawn.MemorySize + drawn.KeySize) > Work)
        {
            drawn = drawn.Queries > 1
                ? drawn with { QuerySteps = (drawn.QuerySteps + 1) / 2, Batch = (drawn.Batch + 1) / 2 }
                : drawn with { MemorySteps = drawn.MemorySteps / 2 };
        }

        return drawn;
    }

    private static IEnumerable<AttentionCase> Shrink(AttentionCase value)
    {
        foreach (int size in Cases.Smaller(value.QuerySteps, 0)) yield return value with { QuerySteps = size };
        foreach (int size in Cases.Smaller(value.MemorySteps, 0)) yield return value with { MemorySteps = size };
        foreach (int size in Cases.Smaller(value.Batch, 1)) yield return value with { Batch = size };
        foreach (int size in Cases.Smaller(value.QuerySize, 1)) yield return (value with { QuerySize = size }).Allowed();
        foreach (int size in Cases.Smaller(value.MemorySize, 1)) yield return (value with { MemorySize = size }).Allowed();
        foreach (int size in Cases.Smaller(value.ScoreSize, 1)) yield return (value with { ScoreSize = size }).Allowed();
        if (value.IsRagged) yield return value with { IsRagged = false };
    }
}
