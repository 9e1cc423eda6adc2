using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using HighPerfRnn.Tests.Generation;

namespace HighPerfRnn.PeerTests.Generation;

/// <summary>How cases are drawn and shrunk.</summary>
public static class PeerCases
{
    private const long Work = 150_000;

    public static Arbitrary<PeerCase> All() =>
        TestSettings.Replay is { } text
            ? Arb.From(Gen.Constant(PeerCase.Parse(text)))
            : Arb.From(Generator(), Shrink);

    private static Gen<PeerCase> Generator() =>
        from batch in Gen.Choose(1, 6)
        from steps in Gen.OneOf(Gen.Choose(1, PeerCase.LongestArbitrary), Gen.Choose(5, 24))
        from inputSize in Cases.Size(1, 40)
        from hiddenSize in Cases.Size(1, 70)
        from layers in Gen.Frequency((3, Gen.Constant(1)), (2, Gen.Choose(2, 3)))
        from seed in Gen.Choose(0, int.MaxValue)
        from traits in Gen.Choose(0, ((int)PeerTraits.Relu << 1) - 1)
        select new PeerCase(batch, steps, inputSize, hiddenSize, layers, seed, (PeerTraits)traits).Within(Work);

    private static IEnumerable<PeerCase> Shrink(PeerCase value)
    {
        foreach (int steps in Cases.Smaller(value.Steps, 1)) yield return value with { Steps = steps };
        foreach (int batch in Cases.Smaller(value.Batch, 1)) yield return value with { Batch = batch };
        foreach (int size in Cases.Smaller(value.InputSize, 1)) yield return value with { InputSize = size };
        foreach (int size in Cases.Smaller(value.HiddenSize, 1)) yield return value with { HiddenSize = size };
        foreach (int layers in Cases.Smaller(value.Layers, 1)) yield return value with { Layers = layers };
        for (int bit = 1; bit <= (int)value.Traits; bit <<= 1)
        {
            if (value.Has((PeerTraits)bit)) yield return value.Without((PeerTraits)bit);
        }
    }
}

/// <summary>A property over generated cases; HPRNN_TEST_CASES and HPRNN_REPLAY hold here too.</summary>
[AttributeUsage(AttributeTargets.Method)]
public class PeerPropertyAttribute : PropertyAttribute
{
    public PeerPropertyAttribute()
    {
        MaxTest = TestSettings.Replay is null ? TestSettings.Cases : 1;
        Arbitrary = [typeof(PeerCases)];
        QuietOnSuccess = true;
    }
}
