using HighPerfRnn.Tests.Generation;

namespace HighPerfRnn.PeerTests.Generation;

/// <summary>What a case has beside its sizes. A trait that a cell or a peer has no use for changes nothing.</summary>
[Flags]
public enum PeerTraits
{
    None = 0,

    /// <summary>Backwards in time.</summary>
    Reverse = 1,

    /// <summary>Both directions.</summary>
    Bidirectional = 2,

    /// <summary>A length for each row.</summary>
    Ragged = 4,

    /// <summary>Initial states other than zeros.</summary>
    InitialState = 8,

    /// <summary>Inputs large enough to saturate gates.</summary>
    LargeInput = 16,

    /// <summary>No biases.</summary>
    WithoutBias = 32,

    /// <summary>The batch before time in all tensors.</summary>
    BatchFirst = 64,

    /// <summary>Activations drawn from all that there are.</summary>
    OtherActivations = 128,

    /// <summary>Pre-activations are clipped.</summary>
    Clip = 256,

    /// <summary>The LSTM's peepholes.</summary>
    Peepholes = 512,

    /// <summary>The LSTM's coupled forget gate.</summary>
    CoupledForget = 1024,

    /// <summary>The GRU's reset before the product.</summary>
    ResetBefore = 2048,

    /// <summary>The LSTM's projection.</summary>
    Projection = 4096,

    /// <summary>Weights are given to each run and not a part of the model, which might prepare them.</summary>
    WeightsAsInputs = 8192,

    /// <summary>ReLU in place of tanh, where a module has the choice.</summary>
    Relu = 16384,
}

/// <summary>Sizes and a seed, from which all numbers of a test follow.</summary>
/// <param name="Batch">B.</param>
/// <param name="Steps">T, at least 1.</param>
/// <param name="InputSize">I.</param>
/// <param name="HiddenSize">H.</param>
/// <param name="Layers">How many layers lie on each other.</param>
/// <param name="Seed">Decides every number.</param>
/// <param name="Traits">The variant, which tensors are given, magnitudes.</param>
public sealed record PeerCase(int Batch, int Steps, int InputSize, int HiddenSize, int Layers, int Seed, PeerTraits Traits)
{
    /// <summary>Longer sequences draw recurrent weights whose columns add up to 1 at most: a strong recurrence amplifies rounding.</summary>
    internal const int LongestArbitrary = 4;

    internal int Directions => Has(PeerTraits.Bidirectional) ? 2 : 1;

    internal bool Has(PeerTraits trait) => (Traits & trait) != 0;

    internal PeerCase Without(PeerTraits traits) => this with { Traits = Traits & ~traits };

    internal static PeerCase Parse(string text) => new(
        CaseText.Number(text, "B"),
        CaseText.Number(text, "T"),
        CaseText.Number(text, "I"),
        CaseText.Number(text, "H"),
        CaseText.Number(text, "layers"),
        CaseText.Number(text, "seed"),
        CaseText.Options<PeerTraits>(text));

    /// <summary>Half the units, inputs, steps or rows, whichever are most, until the multiply-adds of four gates fit.</summary>
    internal PeerCase Within(long work)
    {
        PeerCase fitted = this;
        while ((long)fitted.Layers * fitted.Directions * fitted.Batch * fitted.Steps * fitted.HiddenSize * 4
            * (fitted.InputSize + fitted.HiddenSize) > work)
        {
            int most = Math.Max(Math.Max(fitted.Batch, fitted.Steps), Math.Max(fitted.InputSize, fitted.HiddenSize));
            fitted = fitted.HiddenSize == most ? fitted with { HiddenSize = (most + 1) / 2 }
                : fitted.InputSize == most ? fitted with { InputSize = (most + 1) / 2 }
                : fitted.Steps == most ? fitted with { Steps = (most + 1) / 2 }
                : fitted with { Batch = (most + 1) / 2 };
        }

        return fitted;
    }

    public override string ToString() => $"B={Batch},T={Steps},I={InputSize},H={HiddenSize},layers={Layers},seed={Seed},"
        + $"options={CaseText.Write(Traits)}";
}
