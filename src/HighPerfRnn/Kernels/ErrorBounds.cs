namespace HighPerfRnn.Kernels;

/// <summary>
/// How far numbers may be from the truth: documentation and tests read the bounds here. Elementary functions are in units in the
/// last place of the true value: those of float are the worst over every one of the 2³² floats, to the hundredth, and a test of that
/// length holds them; those of double lie above the worst of tens of millions of arguments, compared with arithmetic of twice the
/// digits.
/// </summary>
public static class ErrorBounds
{
    /// <summary>tanh in float.</summary>
    public const double TanhSingleUlps = 1.91;

    /// <summary>tanh in double.</summary>
    public const double TanhDoubleUlps = 2.2;

    /// <summary>σ in float.</summary>
    public const double SigmoidSingleUlps = 1.73;

    /// <summary>σ in double.</summary>
    public const double SigmoidDoubleUlps = 1.8;

    /// <summary>eˣ in float from x = -87.3 on: the worst of every 997th float, as are the others below.</summary>
    public const double ExpSingleUlps = 1.02;

    /// <summary>eˣ in double from x = -708.3 on: the worst of 300,000 arguments, as are the others below.</summary>
    public const double ExpDoubleUlps = 0.98;

    /// <summary>ELU in float, α = 1.</summary>
    public const double EluSingleUlps = 0.85;

    /// <summary>ELU in double, α = 1.</summary>
    public const double EluDoubleUlps = 1.1;

    /// <summary>ln(1 + eˣ) in float from x = -87.3 on.</summary>
    public const double SoftplusSingleUlps = 1.54;

    /// <summary>ln(1 + eˣ) in double from x = -708.3 on.</summary>
    public const double SoftplusDoubleUlps = 1.83;

    /// <summary>How many floats have a next one at which σ in float is less. tanh in float falls nowhere.</summary>
    public const int SigmoidSingleFalls = 27;

    /// <summary>By how many units in the last place σ in float falls there at most.</summary>
    public const double SigmoidSingleFallUlps = 2;

    /// <summary>A weight in <see cref="WeightFormat.BFloat16"/>, as a share of itself (normal numbers): 2⁻⁸.</summary>
    public const double BFloat16Weight = 1.0 / 256;

    /// <summary>A weight in <see cref="WeightFormat.Int8"/>, as a share of the largest one of its column: 1 / 254.</summary>
    public const double Int8Weight = 0.5 / 127;

    /// <summary>
    /// An input or state that meets weights in <see cref="WeightFormat.Int8"/>, as a share of the largest one of its row
    /// (where that is above 2⁻¹⁰⁰): 2⁻¹⁴.
    /// </summary>
    public const double Int8State = 1.0 / (1 << 14);

    /// <summary>
    /// How far a layer's blocked prefix scan over time may be from its sequential order, in units of u·M with
    /// u = 2⁻²⁴ (2⁻⁵³ in double) and M = Σ |b_s|·Π |a_r| over the row's steps s so far, r after s, and |h₋₁|·Π |a_r|: 2·n + 1. Both
    /// orders start from the same a and b; in the sequential one a term meets at most n roundings, in the scan one more, where its block is
    /// carried on.
    /// </summary>
    /// <param name="steps">n, the row's steps up to this one.</param>
    public static double BlockedScan(int steps) => (2.0 * steps) + 1;
}
