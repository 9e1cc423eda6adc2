using System.Numerics;

namespace HighPerfRnn.Reference;

/// <summary>
/// What the definition of a cell asks of its numbers beside + - · /: the activations, the clip and the guard. The definitions
/// never compare two numbers themselves, so that the same code runs on numbers that carry an error bound.
/// </summary>
/// <typeparam name="T">The type computed in.</typeparam>
public abstract class ReferenceMath<T>
    where T : struct, INumberBase<T>
{
    /// <summary>φ(a).</summary>
    /// <param name="activation">φ.</param>
    /// <param name="a">The pre-activation.</param>
    public abstract T Activate(ReferenceActivation activation, T a);

    /// <summary>φ'(a), as <see cref="ReferenceActivationFunction.Derivative"/> has it.</summary>
    /// <param name="activation">φ.</param>
    /// <param name="a">The pre-activation.</param>
    /// <param name="y">φ(a), or what the guard made of it.</param>
    public abstract T Slope(ReferenceActivation activation, T a, T y);

    /// <summary>a, bounded to -bound and bound. NaN stays NaN.</summary>
    /// <param name="a">A pre-activation.</param>
    /// <param name="bound">The bound; infinity bounds nothing.</param>
    public abstract T Clip(T a, double bound);

    /// <summary>The derivative of <see cref="Clip"/>: 1 where |a| ≤ bound, else 0.</summary>
    /// <param name="a">A pre-activation.</param>
    /// <param name="bound">The bound.</param>
    public abstract T Inside(T a, double bound);

    /// <summary>The subnormal guard: +0 where |v| is below the threshold, else v.</summary>
    /// <param name="v">A state, or a gradient.</param>
    public abstract T Flush(T v);

    /// <summary>The guard's threshold, as a number.</summary>
    public abstract T FlushThreshold { get; }

    /// <summary>
    /// (1 - z)·a + z·b. A product may as well compute a + z·(b - a): that is the same number, but other roundings, which is why
    /// it is asked for by name.
    /// </summary>
    /// <param name="z">The share of b.</param>
    /// <param name="a">What z = 0 gives.</param>
    /// <param name="b">What z = 1 gives.</param>
    public virtual T Blend(T z, T a, T b) => (T.One - z) * a + z * b;

    /// <summary>eˣ.</summary>
    /// <param name="x">The exponent.</param>
    public abstract T Exp(T x);

    /// <summary>√x.</summary>
    /// <param name="x">At least 0.</param>
    public abstract T Sqrt(T x);

    /// <summary>The larger of two numbers by their values: for a choice that the result does not depend on.</summary>
    /// <param name="a">One.</param>
    /// <param name="b">The other.</param>
    public abstract T Larger(T a, T b);
}

/// <summary>Plain floating-point numbers.</summary>
/// <typeparam name="T">float, double, or another of the IEEE types.</typeparam>
/// <param name="flushBelow">
/// The subnormal guard's threshold: <see cref="ReferenceRnn.FlushBelowFloat"/> where the cell compared with computes in float,
/// <see cref="ReferenceRnn.FlushBelowDouble"/> where it computes in double, whatever T is here.
/// </param>
public class ReferenceFloatingPoint<T>(double flushBelow) : ReferenceMath<T>
    where T : struct, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    public override T FlushThreshold { get; } = T.CreateChecked(flushBelow);

    /// <inheritdoc/>
    public override T Activate(ReferenceActivation activation, T a) => ReferenceActivationFunction.Apply(activation, a);

    /// <inheritdoc/>
    public override T Slope(ReferenceActivation activation, T a, T y) =>
        ReferenceActivationFunction.Derivative(activation, a, y);

    /// <inheritdoc/>
    public override T Clip(T a, double bound) => T.Clamp(a, T.CreateChecked(-bound), T.CreateChecked(bound));

    /// <inheritdoc/>
    public override T Inside(T a, double bound) => T.Abs(a) <= T.CreateChecked(bound) ? T.One : T.Zero;

    /// <inheritdoc/>
    public override T Flush(T v) => ReferenceActivationFunction.Flush(v, FlushThreshold);

    /// <inheritdoc/>
    public override T Exp(T x) => T.Exp(x);

    /// <inheritdoc/>
    public override T Sqrt(T x) => T.Sqrt(x);

    /// <inheritdoc/>
    public override T Larger(T a, T b) => T.Max(a, b);
}
