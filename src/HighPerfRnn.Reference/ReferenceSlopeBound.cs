using Kind = HighPerfRnn.Reference.ReferenceActivationKind;

namespace HighPerfRnn.Reference;

/// <summary>How steep an activation is near a point.</summary>
internal static class ReferenceSlopeBound
{
    // Covers the errors of the functions and of the subtraction here, which cancels where a unit saturates.
    private static readonly double Margin = Math.ScaleB(1, -48);

    /// <summary>sup |φ'(x)| over |x - a| ≤ ε, for the smooth functions; the others are made of straight pieces.</summary>
    /// <param name="kind">tanh, sigmoid, Softsign or Softplus.</param>
    /// <param name="a">a.</param>
    /// <param name="epsilon">ε.</param>
    internal static double Largest(Kind kind, double a, double epsilon)
    {
        // The first three are steepest at 0 and flatten to both sides, Softplus only steepens to the right.
        double nearest = Math.Max(0, Math.Abs(a) - epsilon);
        return kind switch
        {
            Kind.Tanh => Math.Min(1, Chord(Math.Abs(a), epsilon) + Margin),
            Kind.Sigmoid => SigmoidSlope(nearest) * (1 + Margin),
            Kind.Softsign => 1 / ((1 + nearest) * (1 + nearest)) * (1 + Margin),
            Kind.Softplus => ReferenceActivationFunction.Sigmoid(a + epsilon) * (1 + Margin),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), $"{kind} is not one smooth piece."),
        };
    }

    /// <summary>
    /// tanh x - tanh y = tanh(x-y)·(1 - tanh x·tanh y), so |tanh x - tanh a| ≤ |x - a|·(1 - tanh|a|·tanh(|a| - ε)): no sup of
    /// the slope, but the steepest chord, which is what is asked.
    /// </summary>
    private static double Chord(double a, double epsilon) => 1 - Math.Tanh(a) * Math.Tanh(a - epsilon);

    private static double SigmoidSlope(double a)
    {
        double e = Math.Exp(-a);
        return e / ((1 + e) * (1 + e));
    }
}
