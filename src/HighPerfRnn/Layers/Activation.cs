namespace HighPerfRnn.Layers;

/// <summary>The functions that a cell may apply to a pre-activation a; α and β are numbers of the caller's.</summary>
public enum ActivationKind
{
    /// <summary>tanh a.</summary>
    Tanh,

    /// <summary>1 / (1 + e⁻ᵃ).</summary>
    Sigmoid,

    /// <summary>max(a, 0).</summary>
    Relu,

    /// <summary>a where a &gt; 0, else α·a.</summary>
    LeakyRelu,

    /// <summary>a where a &gt; α, else 0.</summary>
    ThresholdedRelu,

    /// <summary>α·tanh(β·a).</summary>
    ScaledTanh,

    /// <summary>α·a + β, bounded to 0 and 1.</summary>
    HardSigmoid,

    /// <summary>a where a &gt; 0, else α·(eᵃ - 1).</summary>
    Elu,

    /// <summary>a / (1 + |a|).</summary>
    Softsign,

    /// <summary>ln(1 + eᵃ).</summary>
    Softplus,

    /// <summary>α·a + β.</summary>
    Affine,

    /// <summary>a.</summary>
    Identity,
}

/// <summary>
/// φ, with α and β as ONNX's recurrent operators define them, rounded to the layer's type. At a kink the derivative is that of the
/// left side, as PyTorch has it; NaN gives NaN.
/// </summary>
/// <param name="Kind">Which function.</param>
/// <param name="Alpha">α, where the function has one.</param>
/// <param name="Beta">β, where the function has one.</param>
public readonly record struct Activation(ActivationKind Kind, double Alpha = 0, double Beta = 0)
{
    /// <summary>tanh a.</summary>
    public static Activation Tanh => new(ActivationKind.Tanh);

    /// <summary>1 / (1 + e⁻ᵃ).</summary>
    public static Activation Sigmoid => new(ActivationKind.Sigmoid);

    /// <summary>max(a, 0).</summary>
    public static Activation Relu => new(ActivationKind.Relu);

    /// <summary>a / (1 + |a|).</summary>
    public static Activation Softsign => new(ActivationKind.Softsign);

    /// <summary>ln(1 + eᵃ).</summary>
    public static Activation Softplus => new(ActivationKind.Softplus);

    /// <summary>a.</summary>
    public static Activation Identity => new(ActivationKind.Identity);

    /// <summary>a where a &gt; 0, else α·a.</summary>
    public static Activation LeakyRelu(double alpha = 0.01) => new(ActivationKind.LeakyRelu, alpha);

    /// <summary>a where a &gt; α, else 0.</summary>
    public static Activation ThresholdedRelu(double alpha = 1) => new(ActivationKind.ThresholdedRelu, alpha);

    /// <summary>α·tanh(β·a).</summary>
    public static Activation ScaledTanh(double alpha, double beta) => new(ActivationKind.ScaledTanh, alpha, beta);

    /// <summary>α·a + β, bounded to 0 and 1.</summary>
    public static Activation HardSigmoid(double alpha = 0.2, double beta = 0.5) => new(ActivationKind.HardSigmoid, alpha, beta);

    /// <summary>a where a &gt; 0, else α·(eᵃ - 1).</summary>
    public static Activation Elu(double alpha = 1) => new(ActivationKind.Elu, alpha);

    /// <summary>α·a + β.</summary>
    public static Activation Affine(double alpha, double beta) => new(ActivationKind.Affine, alpha, beta);

    /// <exception cref="ArgumentOutOfRangeException">There is no such function, or a number is not finite.</exception>
    internal void Validate(string name)
    {
        if (Enum.IsDefined(Kind) && double.IsFinite(Alpha) && double.IsFinite(Beta)) return;
        throw new ArgumentOutOfRangeException(name, this, "expected an activation of ActivationKind with finite Alpha and Beta");
    }
}
