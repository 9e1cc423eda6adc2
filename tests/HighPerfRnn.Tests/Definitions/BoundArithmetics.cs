using HighPerfRnn.Reference;

namespace HighPerfRnn.Tests.Definitions;

// The C library's functions in float: tanh, exp and atanh to 2 ulp, of which the sigmoid and others are made with a few roundings
// more. Half computes them in float and rounds, but each of the few operations around them rounds to Half.

/// <summary>float, sums in any order.</summary>
internal readonly struct AnyFloat : IReferenceProduct
{
    public static ReferenceArithmetic Arithmetic { get; } = ReferenceArithmetic.SinglePrecision(6);
}

/// <summary>double, sums in any order.</summary>
internal readonly struct AnyDouble : IReferenceProduct
{
    public static ReferenceArithmetic Arithmetic { get; } = ReferenceArithmetic.DoublePrecision(8);
}

/// <summary>Half, sums in any order: its errors are 8,192 times those of float, and leave nothing of a rule that is wrong.</summary>
internal readonly struct AnyHalf : IReferenceProduct
{
    public static ReferenceArithmetic Arithmetic { get; } =
        new(double.ScaleB(1, -11), double.ScaleB(1, -24), 6, int.MaxValue, int.MaxValue);
}
