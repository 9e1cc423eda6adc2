namespace HighPerfRnn.Kernels;

/// <summary>
/// How far elementary functions may be from the truth, in units in the last place of the true value: documentation and tests
/// read the numbers here. Over all floats the worst tanh found is 1.9 units off.
/// </summary>
public static class ErrorBounds
{
    /// <summary>tanh in float.</summary>
    public const double TanhSingleUlps = 2;

    /// <summary>tanh in double.</summary>
    public const double TanhDoubleUlps = 2;
}
