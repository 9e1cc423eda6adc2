namespace HighPerfRnn.Kernels;

/// <summary>The worst errors found of elementary functions, in units in the last place: documentation and tests read them here.</summary>
public static class ErrorBounds
{
    /// <summary>tanh in float, over all floats.</summary>
    public const double TanhUlps = 2;
}
