namespace HighPerfRnn.Tests.Generation;

/// <summary>What a case has beside its sizes.</summary>
[Flags]
public enum CaseOptions
{
    None = 0,

    /// <summary>φ is ReLU, else tanh.</summary>
    Relu = 1,

    /// <summary>An initial state is given.</summary>
    InitialState = 2,

    /// <summary>Gradients reach every output.</summary>
    OutputGradient = 4,

    /// <summary>A gradient reaches the final state.</summary>
    FinalGradient = 8,

    /// <summary>Gradients add into numbers other than zero.</summary>
    GradientsStart = 16,

    /// <summary>Inputs large enough to saturate tanh.</summary>
    LargeInput = 32,

    /// <summary>Magnitudes spread over 2⁻²⁰ to 1, with zeros among them.</summary>
    Spread = 64,
}
