namespace HighPerfRnn.Kernels;

/// <summary>
/// How far elementary functions may be from the truth, in units in the last place of the true value: documentation and tests
/// read the numbers here. Over every float the worst tanh is 1.95 units off (EveryFloatTests).
/// </summary>
public static class ErrorBounds
{
    /// <summary>tanh in float.</summary>
    public const double TanhSingleUlps = 2;

    /// <summary>tanh in double.</summary>
    public const double TanhDoubleUlps = 2;
}
