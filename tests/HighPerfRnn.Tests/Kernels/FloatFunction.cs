using HighPerfRnn.Kernels;

namespace HighPerfRnn.Tests.Kernels;

/// <summary>y = f(x), number by number.</summary>
internal delegate void FloatKernel(ReadOnlySpan<float> x, Span<float> y);

/// <summary>f(x) in double, off by at most <see cref="FloatOracles.RelativeError"/> of it or by what counts for nothing in float.</summary>
internal delegate void FloatOracle(ReadOnlySpan<float> x, Span<double> exact);

/// <summary>A function of the library, what it should be, and what is promised of it over every float.</summary>
/// <param name="Name">For people, and in the table of docs/numerics.md.</param>
/// <param name="Kernel">The function.</param>
/// <param name="Oracle">The truth.</param>
/// <param name="Ulps">The worst error, in units in the last place of the true value, to the hundredth.</param>
/// <param name="Least">Nothing below it.</param>
/// <param name="Most">Nothing above it.</param>
/// <param name="IsOdd">Whether f(-x) = -f(x), bit for bit.</param>
/// <param name="Falls">How many floats have a next one with a lesser value.</param>
/// <param name="FallUlps">By how many units in the last place of the greater value at most.</param>
internal sealed record FloatFunction(
    string Name,
    FloatKernel Kernel,
    FloatOracle Oracle,
    double Ulps,
    float Least,
    float Most,
    bool IsOdd,
    int Falls,
    double FallUlps)
{
    public static FloatFunction[] All { get; } =
    [
        new("tanh", Elementwise.Tanh, FloatOracles.Tanh, ErrorBounds.TanhSingleUlps, -1, 1, true, 0, 0),
        new(
            "sigmoid",
            Elementwise.Sigmoid,
            FloatOracles.Sigmoid,
            ErrorBounds.SigmoidSingleUlps,
            0,
            1,
            false,
            ErrorBounds.SigmoidSingleFalls,
            ErrorBounds.SigmoidSingleFallUlps),
    ];
}
