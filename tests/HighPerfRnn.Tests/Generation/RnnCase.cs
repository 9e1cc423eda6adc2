namespace HighPerfRnn.Tests.Generation;

/// <summary>A shape and a seed, from which all numbers of a test follow: small enough to print, to shrink and to replay.</summary>
/// <param name="Batch">B.</param>
/// <param name="Steps">T.</param>
/// <param name="InputSize">I.</param>
/// <param name="HiddenSize">H.</param>
/// <param name="Seed">Decides every number.</param>
/// <param name="Options">Activation, which spans are given, magnitudes.</param>
public sealed record RnnCase(int Batch, int Steps, int InputSize, int HiddenSize, int Seed, CaseOptions Options)
{
    /// <summary>Longer sequences draw Wh with a norm of at most 1: a strong recurrence amplifies rounding without limit.</summary>
    public const int LongestArbitrary = 4;

    /// <summary>B·T·H·(I+H), the multiply-adds of a forward pass.</summary>
    internal long Work => (long)Batch * Math.Max(1, Steps) * HiddenSize * (InputSize + HiddenSize);

    internal int Rows => Batch * Steps;

    internal bool Has(CaseOptions flag) => (Options & flag) != 0;

    internal static RnnCase Parse(string text) => new(
        CaseText.Number(text, "B"),
        CaseText.Number(text, "T"),
        CaseText.Number(text, "I"),
        CaseText.Number(text, "H"),
        CaseText.Number(text, "seed"),
        CaseText.Options<CaseOptions>(text));

    /// <summary>Fewer steps and rows, until the work fits.</summary>
    internal RnnCase Within(long work)
    {
        RnnCase fitted = this;
        while (fitted.Work > work && fitted.Rows > 1)
        {
            // Both shrink alike, so that neither long sequences nor large batches vanish.
            fitted = fitted.Steps > fitted.Batch
                ? fitted with { Steps = (fitted.Steps * 3 / 4) }
                : fitted with { Batch = Math.Max(1, fitted.Batch * 3 / 4), Steps = Math.Min(fitted.Steps, fitted.Batch) };
        }

        while (fitted.Work > work && (fitted.HiddenSize > 1 || fitted.InputSize > 1))
        {
            fitted = fitted with { InputSize = (fitted.InputSize + 1) / 2, HiddenSize = (fitted.HiddenSize + 1) / 2 };
        }

        return fitted;
    }

    public override string ToString() =>
        $"B={Batch},T={Steps},I={InputSize},H={HiddenSize},seed={Seed},options={CaseText.Write(Options)}";
}
