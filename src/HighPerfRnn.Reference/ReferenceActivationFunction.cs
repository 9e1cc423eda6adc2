using System.Numerics;
using Kind = HighPerfRnn.Reference.ReferenceActivationKind;

namespace HighPerfRnn.Reference;

/// <summary>The activations and their derivatives, element by element.</summary>
public static class ReferenceActivationFunction
{
    /// <summary>φ(a). NaN gives NaN.</summary>
    /// <param name="activation">Which φ.</param>
    /// <param name="a">The pre-activation.</param>
    public static T Apply<T>(ReferenceActivation activation, T a)
        where T : IBinaryFloatingPointIeee754<T> => activation.Kind switch
        {
            Kind.Tanh => T.Tanh(a),
            Kind.Relu => T.Max(a, T.Zero),
            Kind.Identity => a,
            Kind.Sigmoid => Sigmoid(a),
            Kind.LeakyRelu => a > T.Zero ? a : Alpha<T>(activation) * a,
            Kind.ThresholdedRelu => a <= Alpha<T>(activation) ? T.Zero : a,
            Kind.ScaledTanh => Alpha<T>(activation) * T.Tanh(Beta<T>(activation) * a),
            Kind.HardSigmoid => T.Clamp(Alpha<T>(activation) * a + Beta<T>(activation), T.Zero, T.One),
            Kind.Elu => a > T.Zero ? a : Alpha<T>(activation) * ExpMinusOne(a),
            Kind.Softsign => a / (T.One + T.Abs(a)),
            Kind.Softplus => Softplus(a),
            Kind.Affine => Alpha<T>(activation) * a + Beta<T>(activation),
            _ => throw NoActivation(activation),
        };

    /// <summary>
    /// φ'(a), written in y = φ(a) where it follows from it: tanh' = (1-y)(1+y), sigmoid' = y(1-y), softsign' = (1-|y|)²,
    /// elu' = y + α left of 0. At a kink it is the left side's: ReLU' is 1 where y &gt; 0, LeakyReLU' 1 where a &gt; 0,
    /// ThresholdedReLU' 1 where a &gt; α; HardSigmoid' is α where 0 &lt; y &lt; 1, and 0 at both bounds (as PyTorch has them).
    /// </summary>
    /// <param name="activation">Which φ.</param>
    /// <param name="a">The pre-activation.</param>
    /// <param name="y">φ(a), or what the guard made of it.</param>
    public static T Derivative<T>(ReferenceActivation activation, T a, T y)
        where T : IBinaryFloatingPointIeee754<T> => activation.Kind switch
        {
            Kind.LeakyRelu => a > T.Zero ? T.One : Alpha<T>(activation),
            Kind.ThresholdedRelu => a > Alpha<T>(activation) ? T.One : T.Zero,
            Kind.ScaledTanh => Alpha<T>(activation) * Beta<T>(activation) * TanhDerivative(T.Tanh(Beta<T>(activation) * a)),
            Kind.Elu => a > T.Zero ? T.One : y + Alpha<T>(activation),
            Kind.Softplus => Sigmoid(a),
            _ => DerivativeAtOutput(activation, y),
        };

    /// <summary>φ'(a) of an activation whose derivative follows from y = φ(a) alone, which is what a backward pass may have kept.</summary>
    /// <param name="activation">Which φ: tanh, ReLU, identity, sigmoid, HardSigmoid, Softsign or Affine.</param>
    /// <param name="y">The output φ(a).</param>
    /// <exception cref="ArgumentOutOfRangeException">The derivative needs a too.</exception>
    public static T DerivativeAtOutput<T>(ReferenceActivation activation, T y)
        where T : IBinaryFloatingPointIeee754<T> => activation.Kind switch
        {
            Kind.Tanh => TanhDerivative(y),
            Kind.Relu => y > T.Zero ? T.One : T.Zero,
            Kind.Identity => T.One,
            Kind.Sigmoid => y * (T.One - y),
            Kind.HardSigmoid => y > T.Zero && y < T.One ? Alpha<T>(activation) : T.Zero,
            Kind.Softsign => (T.One - T.Abs(y)) * (T.One - T.Abs(y)),
            Kind.Affine => Alpha<T>(activation),
            _ => throw NoActivation(activation),
        };

    /// <summary>
    /// The subnormal guard: v, or +0 where |v| &lt; <paramref name="flushBelow"/>. NaN stays NaN; a threshold of 0 guards
    /// nothing.
    /// </summary>
    /// <param name="v">A state, or a gradient.</param>
    /// <param name="flushBelow">The threshold, at least 0.</param>
    public static T Flush<T>(T v, T flushBelow)
        where T : IBinaryFloatingPointIeee754<T> => T.Abs(v) < flushBelow ? T.Zero : v;

    /// <summary>eᵃ of a negative a never overflows, and keeps its relative accuracy.</summary>
    internal static T Sigmoid<T>(T a)
        where T : IBinaryFloatingPointIeee754<T>
    {
        T e = T.Exp(-T.Abs(a));
        return a < T.Zero ? e / (T.One + e) : T.One / (T.One + e);
    }

    /// <summary>eᵃ - 1 = 2t / (1 - t), t = tanh(a/2): accurate for a ≤ 0, where the framework's ExpM1 subtracts and cancels.</summary>
    internal static T ExpMinusOne<T>(T a)
        where T : IBinaryFloatingPointIeee754<T>
    {
        T t = T.Tanh(a / T.CreateChecked(2));
        return (t + t) / (T.One - t);
    }

    /// <summary>
    /// max(a, 0) + log(1 + e), e = e^-|a|, with log(1 + e) = 2·artanh(e / (2 + e)); the framework's LogP1 adds 1 and rounds first.
    /// </summary>
    private static T Softplus<T>(T a)
        where T : IBinaryFloatingPointIeee754<T>
    {
        T e = T.Exp(-T.Abs(a));
        T half = T.Atanh(e / (T.CreateChecked(2) + e));
        return T.Max(a, T.Zero) + (half + half);
    }

    private static T TanhDerivative<T>(T y)
        where T : IBinaryFloatingPointIeee754<T> => (T.One - y) * (T.One + y);

    private static T Alpha<T>(ReferenceActivation activation)
        where T : IBinaryFloatingPointIeee754<T> => T.CreateChecked(activation.Alpha);

    private static T Beta<T>(ReferenceActivation activation)
        where T : IBinaryFloatingPointIeee754<T> => T.CreateChecked(activation.Beta);

    private static ArgumentOutOfRangeException NoActivation(ReferenceActivation activation) =>
        new(nameof(activation), $"{activation} is no activation, or its derivative does not follow from its value.");
}
