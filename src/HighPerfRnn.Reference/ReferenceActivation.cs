using System.Numerics;

namespace HighPerfRnn.Reference;

/// <summary>The function φ that a cell applies to its pre-activations.</summary>
public enum ReferenceActivation
{
    /// <summary>φ(a) = tanh a.</summary>
    Tanh,

    /// <summary>φ(a) = max(a, 0).</summary>
    Relu,

    /// <summary>φ(a) = a: a linear cell, whose sums nothing hides.</summary>
    Identity,
}

/// <summary>The activations and their derivatives, element by element.</summary>
public static class ReferenceActivationFunction
{
    /// <summary>φ(a). NaN gives NaN.</summary>
    /// <param name="activation">Which φ.</param>
    /// <param name="a">The pre-activation.</param>
    public static T Apply<T>(ReferenceActivation activation, T a)
        where T : IBinaryFloatingPointIeee754<T> => activation switch
        {
            ReferenceActivation.Tanh => T.Tanh(a),
            ReferenceActivation.Relu => T.Max(a, T.Zero),
            ReferenceActivation.Identity => a,
            _ => throw new ArgumentOutOfRangeException(nameof(activation), $"{activation} is no activation."),
        };

    /// <summary>
    /// φ'(a) written in h = φ(a), which is what the backward pass has kept: tanh' = (1-h)(1+h), relu' = 1 where h &gt; 0
    /// and 0 elsewhere (so 0 at the kink), identity' = 1.
    /// </summary>
    /// <param name="activation">Which φ.</param>
    /// <param name="h">The output φ(a).</param>
    public static T DerivativeAtOutput<T>(ReferenceActivation activation, T h)
        where T : IBinaryFloatingPointIeee754<T> => activation switch
        {
            ReferenceActivation.Tanh => (T.One - h) * (T.One + h),
            ReferenceActivation.Relu => h > T.Zero ? T.One : T.Zero,
            ReferenceActivation.Identity => T.One,
            _ => throw new ArgumentOutOfRangeException(nameof(activation), $"{activation} is no activation."),
        };

    /// <summary>
    /// The subnormal guard: v, or +0 where |v| &lt; <paramref name="flushBelow"/>. NaN stays NaN; a threshold of 0 guards
    /// nothing.
    /// </summary>
    /// <param name="v">A state, or the gradient of a pre-activation.</param>
    /// <param name="flushBelow">The threshold, at least 0.</param>
    public static T Flush<T>(T v, T flushBelow)
        where T : IBinaryFloatingPointIeee754<T> => T.Abs(v) < flushBelow ? T.Zero : v;
}
