using System.Numerics;

namespace HighPerfRnn.Reference;

/// <summary>
/// Losses of single numbers against their targets y.
/// <code>
/// binary cross-entropy   -(1 - y)·ln(1 - σ(x)) - p·y·ln σ(x)        d/dx = (1 - y)·σ(x) - p·y·(1 - σ(x))
/// squared error          (x - y)²                                   d/dx = 2·(x - y)
/// </code>
/// 1 - σ(x) = σ(-x) and -ln σ(x) = ln(1 + e^-x); the logarithm is taken as max(-x, 0) + ln(1 + e^-|x|), which cannot overflow.
/// </summary>
public static class ReferencePointwiseLoss
{
    /// <summary>The loss of a logit against a target, whose positive part counts p times, and its derivative.</summary>
    public static (T Loss, T Gradient) BinaryCrossEntropy<T>(T x, T y, T p)
        where T : IBinaryFloatingPointIeee754<T>
    {
        T loss = ((T.One - y) * Softplus(x)) + (p * y * Softplus(-x));
        T gradient = ((T.One - y) * Sigmoid(x)) - (p * y * Sigmoid(-x));
        return (loss, gradient);
    }

    /// <summary>The squared difference, and its derivative.</summary>
    public static (T Loss, T Gradient) SquaredError<T>(T x, T y)
        where T : IBinaryFloatingPointIeee754<T> => ((x - y) * (x - y), (x - y) + (x - y));

    private static T Softplus<T>(T x)
        where T : IBinaryFloatingPointIeee754<T> => T.Max(x, T.Zero) + LogOnePlus(T.Exp(-T.Abs(x)));

    /// <summary>ln(1 + x): what 1 + x loses by rounding is lost in the denominator alike.</summary>
    private static T LogOnePlus<T>(T x)
        where T : IBinaryFloatingPointIeee754<T>
    {
        T sum = T.One + x;
        return sum == T.One ? x : T.Log(sum) * x / (sum - T.One);
    }

    private static T Sigmoid<T>(T x)
        where T : IBinaryFloatingPointIeee754<T> => x < T.Zero ? T.Exp(x) / (T.One + T.Exp(x)) : T.One / (T.One + T.Exp(-x));
}
