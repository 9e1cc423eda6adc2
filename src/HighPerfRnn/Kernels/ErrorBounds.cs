namespace HighPerfRnn.Kernels;

/// <summary>
/// How far numbers may be from the truth: documentation and tests read the bounds here. Elementary functions are in units in the
/// last place of the true value; over every float the worst tanh is 1.95 units off (EveryFloatTests).
/// </summary>
public static class ErrorBounds
{
    /// <summary>tanh in float.</summary>
    public const double TanhSingleUlps = 2;

    /// <summary>tanh in double.</summary>
    public const double TanhDoubleUlps = 2;

    /// <summary>A weight in <see cref="WeightFormat.BFloat16"/>, as a share of itself (normal numbers): 2⁻⁸.</summary>
    public const double BFloat16Weight = 1.0 / 256;

    /// <summary>A weight in <see cref="WeightFormat.Int8"/>, as a share of the largest one of its column: 1 / 254.</summary>
    public const double Int8Weight = 0.5 / 127;

    /// <summary>
    /// An input or state that meets weights in <see cref="WeightFormat.Int8"/>, as a share of the largest one of its row
    /// (where that is above 2⁻¹⁰⁰): 2⁻¹⁴.
    /// </summary>
    public const double Int8State = 1.0 / (1 << 14);
}
