using HighPerfRnn.Reference;

namespace HighPerfRnn.Tests.Generation;

/// <summary>What a cell's case has beside its sizes. A trait that a cell has no use for changes nothing.</summary>
[Flags]
public enum CellTraits
{
    None = 0,

    /// <summary>Initial states are given.</summary>
    InitialState = 1,

    /// <summary>Gradients reach every output.</summary>
    OutputGradient = 2,

    /// <summary>Gradients reach the final states.</summary>
    FinalGradient = 4,

    /// <summary>Gradients add into numbers other than zero.</summary>
    GradientsStart = 8,

    /// <summary>Inputs large enough to saturate gates.</summary>
    LargeInput = 16,

    /// <summary>Magnitudes spread over 2⁻²⁰ to 1, with zeros among them.</summary>
    Spread = 32,

    /// <summary>Lengths of 0 to T, a row each.</summary>
    Ragged = 64,

    /// <summary>Backwards in time.</summary>
    Reverse = 128,

    /// <summary>Pre-activations are clipped.</summary>
    Clip = 256,

    /// <summary>Activations drawn from all that there are.</summary>
    OtherActivations = 512,

    /// <summary>The LSTM's peepholes.</summary>
    Peepholes = 1024,

    /// <summary>The LSTM's coupled forget gate.</summary>
    CoupledForget = 2048,

    /// <summary>The LSTM's projection.</summary>
    Projection = 4096,

    /// <summary>The GRU's reset before the product.</summary>
    ResetBefore = 8192,

    /// <summary>A linear cell's prefix scan over time.</summary>
    BlockedScan = 16384,
}

/// <summary>A cell, a shape and a seed, from which all numbers of a test follow.</summary>
/// <param name="Cell">rnn, lstm, gru, mingru, minlstm or lru.</param>
/// <param name="Batch">B.</param>
/// <param name="Steps">T.</param>
/// <param name="InputSize">I.</param>
/// <param name="HiddenSize">H.</param>
/// <param name="Seed">Decides every number.</param>
/// <param name="Traits">The variant, which spans are given, magnitudes.</param>
public sealed record CellCase(string Cell, int Batch, int Steps, int InputSize, int HiddenSize, int Seed, CellTraits Traits)
{
    /// <summary>Longer sequences draw recurrent weights whose columns add up to 1 at most: a strong recurrence amplifies rounding.</summary>
    public const int LongestArbitrary = 4;

    public static IReadOnlyList<string> Cells { get; } = ["rnn", "lstm", "gru", "mingru", "minlstm", "lru"];

    /// <summary>B·T·H·G·(I+H), the multiply-adds of a forward pass.</summary>
    internal long Work => (long)Batch * Math.Max(1, Steps) * HiddenSize * (InputSize + HiddenSize) * (Cell == "lstm" ? 4 : 3);

    internal bool Has(CellTraits trait) => (Traits & trait) != 0;

    /// <summary>Whether the cell is one that a scan takes, and is to be scanned.</summary>
    internal bool IsScan => Has(CellTraits.BlockedScan) && (Cell is "mingru" or "minlstm" or "lru");

    internal static CellCase Parse(string text) => new(
        CaseText.Field(text, "cell"),
        CaseText.Number(text, "B"),
        CaseText.Number(text, "T"),
        CaseText.Number(text, "I"),
        CaseText.Number(text, "H"),
        CaseText.Number(text, "seed"),
        CaseText.Options<CellTraits>(text));

    /// <summary>Half the units, inputs, rows or steps, whichever are most, until the work fits.</summary>
    internal CellCase Within(long work)
    {
        CellCase fitted = this;
        while (fitted.Work > work)
        {
            int most = Math.Max(Math.Max(fitted.Batch, fitted.Steps), Math.Max(fitted.InputSize, fitted.HiddenSize));
            fitted = fitted.HiddenSize == most ? fitted with { HiddenSize = (most + 1) / 2 }
                : fitted.InputSize == most ? fitted with { InputSize = (most + 1) / 2 }
                : fitted.Steps == most ? fitted with { Steps = most / 2 }
                : fitted with { Batch = (most + 1) / 2 };
        }

        return fitted;
    }

    /// <summary>The cell with its variant.</summary>
    internal ReferenceCellOptions Options()
    {
        var random = new CaseRandom(Seed, 3000);
        double clip = Has(CellTraits.Clip) ? 0.75 : double.PositiveInfinity;
        ReferenceActivation Or(ReferenceActivation usual) => Has(CellTraits.OtherActivations) ? Draw(random) : usual;
        return Cell switch
        {
            "rnn" => new ReferenceVanillaRnnOptions { Activation = Or(ReferenceActivation.Tanh), Clip = clip },
            "lstm" => new ReferenceLstmOptions
            {
                Peepholes = Has(CellTraits.Peepholes),
                CoupledForget = Has(CellTraits.CoupledForget),
                ProjectionSize = Has(CellTraits.Projection) ? 1 + random.Below(HiddenSize + 2) : 0,
                Clip = clip,
                InputActivation = Or(ReferenceActivation.Sigmoid),
                ForgetActivation = Or(ReferenceActivation.Sigmoid),
                CandidateActivation = Or(ReferenceActivation.Tanh),
                OutputActivation = Or(ReferenceActivation.Sigmoid),
                StateActivation = Or(ReferenceActivation.Tanh),
            },
            "gru" => new ReferenceGruOptions
            {
                ResetBefore = Has(CellTraits.ResetBefore),
                Clip = clip,
                ResetActivation = Or(ReferenceActivation.Sigmoid),
                UpdateActivation = Or(ReferenceActivation.Sigmoid),
                CandidateActivation = Or(ReferenceActivation.Tanh),
            },
            "mingru" => new ReferenceMinGruOptions { CandidateActivation = Or(ReferenceActivation.Identity) },
            "minlstm" => new ReferenceMinLstmOptions { CandidateActivation = Or(ReferenceActivation.Identity) },
            "lru" => new ReferenceLruOptions(),
            _ => throw new FormatException($"There is no cell '{Cell}'."),
        };
    }

    /// <summary>Any activation, its α and β numbers that every type holds.</summary>
    private static ReferenceActivation Draw(CaseRandom random)
    {
        var kind = (ReferenceActivationKind)random.Below(Enum.GetValues<ReferenceActivationKind>().Length);
        double alpha = (random.Below(8) - 2) / 4.0;
        double beta = (random.Below(8) - 2) / 4.0;
        return new ReferenceActivation(kind, alpha, beta);
    }

    public override string ToString() => $"cell={Cell},B={Batch},T={Steps},I={InputSize},H={HiddenSize},seed={Seed},"
        + $"options={CaseText.Write(Traits)}";
}
