namespace HighPerfRnn.Reference;

/// <summary>The functions that a cell may apply to its pre-activations; α and β are the numbers beside them.</summary>
public enum ReferenceActivationKind
{
    /// <summary>tanh a.</summary>
    Tanh,

    /// <summary>max(a, 0).</summary>
    Relu,

    /// <summary>a.</summary>
    Identity,

    /// <summary>1 / (1 + e⁻ᵃ).</summary>
    Sigmoid,

    /// <summary>a where a &gt; 0, else α·a.</summary>
    LeakyRelu,

    /// <summary>
    /// a where a &gt; α, else 0. At a = α itself ONNX's operator ThresholdedRelu and ONNX Runtime give 0, the text of ONNX's RNN
    /// gives α.
    /// </summary>
    ThresholdedRelu,

    /// <summary>α·tanh(β·a).</summary>
    ScaledTanh,

    /// <summary>α·a + β, bounded to 0 and 1.</summary>
    HardSigmoid,

    /// <summary>a where a &gt; 0, else α·(eᵃ - 1).</summary>
    Elu,

    /// <summary>a / (1 + |a|).</summary>
    Softsign,

    /// <summary>log(1 + eᵃ).</summary>
    Softplus,

    /// <summary>α·a + β.</summary>
    Affine,
}

/// <summary>
/// The function φ that a cell applies to its pre-activations, with α and β as ONNX defines them. Both are rounded to the type
/// that is computed in: give numbers that every type in a comparison holds exactly.
/// </summary>
/// <param name="Kind">Which function.</param>
/// <param name="Alpha">α, where the function has one.</param>
/// <param name="Beta">β, where the function has one.</param>
public readonly record struct ReferenceActivation(ReferenceActivationKind Kind, double Alpha = 0, double Beta = 0)
{
    /// <summary>tanh a.</summary>
    public static ReferenceActivation Tanh => new(ReferenceActivationKind.Tanh);

    /// <summary>max(a, 0).</summary>
    public static ReferenceActivation Relu => new(ReferenceActivationKind.Relu);

    /// <summary>a: a linear cell, whose sums nothing hides.</summary>
    public static ReferenceActivation Identity => new(ReferenceActivationKind.Identity);

    /// <summary>1 / (1 + e⁻ᵃ).</summary>
    public static ReferenceActivation Sigmoid => new(ReferenceActivationKind.Sigmoid);

    /// <summary>a / (1 + |a|).</summary>
    public static ReferenceActivation Softsign => new(ReferenceActivationKind.Softsign);

    /// <summary>log(1 + eᵃ).</summary>
    public static ReferenceActivation Softplus => new(ReferenceActivationKind.Softplus);

    /// <summary>a where a &gt; 0, else α·a.</summary>
    /// <param name="alpha">α.</param>
    public static ReferenceActivation LeakyRelu(double alpha = 0.01) => new(ReferenceActivationKind.LeakyRelu, alpha);

    /// <summary>a where a &gt; α, else 0.</summary>
    /// <param name="alpha">α; ONNX's default is 1, ONNX Runtime takes 0.</param>
    public static ReferenceActivation ThresholdedRelu(double alpha = 1) => new(ReferenceActivationKind.ThresholdedRelu, alpha);

    /// <summary>α·tanh(β·a). ONNX has no default for it; ONNX Runtime takes zeros.</summary>
    /// <param name="alpha">α.</param>
    /// <param name="beta">β.</param>
    public static ReferenceActivation ScaledTanh(double alpha, double beta) =>
        new(ReferenceActivationKind.ScaledTanh, alpha, beta);

    /// <summary>α·a + β, bounded to 0 and 1.</summary>
    /// <param name="alpha">α.</param>
    /// <param name="beta">β.</param>
    public static ReferenceActivation HardSigmoid(double alpha = 0.2, double beta = 0.5) =>
        new(ReferenceActivationKind.HardSigmoid, alpha, beta);

    /// <summary>a where a &gt; 0, else α·(eᵃ - 1).</summary>
    /// <param name="alpha">α.</param>
    public static ReferenceActivation Elu(double alpha = 1) => new(ReferenceActivationKind.Elu, alpha);

    /// <summary>α·a + β. ONNX has no default for it; ONNX Runtime takes zeros.</summary>
    /// <param name="alpha">α.</param>
    /// <param name="beta">β.</param>
    public static ReferenceActivation Affine(double alpha, double beta) => new(ReferenceActivationKind.Affine, alpha, beta);
}
