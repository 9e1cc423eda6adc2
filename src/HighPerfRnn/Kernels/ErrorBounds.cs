namespace HighPerfRnn.Kernels;

/// <summary>
/// How far elementary functions may be from the truth, in units in the last place of the true value. Documentation and tests read
/// the numbers here. Those of float are the worst over every one of the 2³² floats, to the hundredth, and a test of that length
/// holds them; those of double lie above the worst of tens of millions of arguments, compared with arithmetic of twice the digits.
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

    /// <summary>How many floats have a next one at which σ in float is less. tanh in float falls nowhere.</summary>
    public const int SigmoidSingleFalls = 27;

    /// <summary>By how many units in the last place σ in float falls there at most.</summary>
    public const double SigmoidSingleFallUlps = 2;
}
