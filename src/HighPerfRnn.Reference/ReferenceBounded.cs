using Kind = HighPerfRnn.Reference.ReferenceActivationKind;

namespace HighPerfRnn.Reference;

/// <summary>
/// Activations, clip and guard of numbers that carry a bound. ε is the bound of a, e that of y = φ(a); hats are the product's.
/// <code>
/// φ smooth            |φ̂(â) - φ(a)| ≤ s·ε + w·(2u·|φ| + η) + w'·(2u'·|φ| + η')    s = sup |φ'| between, w ulps of φ
/// φ in pieces         the piece's own sum; where a kink lies within ε, the larger of both slopes, and a jump where it jumps
/// tanh'               |(1-ŷ)(1+ŷ) - (1-y)(1+y)| ≤ k = e·(2|y| + e), and γ_4·(φ' + k) for its roundings
/// sigmoid'            |ŷ(1-ŷ) - y(1-y)| ≤ k = e·(|1 - 2y| + e), and so on
/// softsign'           k = e·(2·(1-|y|) + e)
/// slope with a kink within ε   the height of the step: the bound still holds, but says little
/// clip                ε, or 0 where a lies beyond the bound by more than ε
/// guard               +0 on both sides where |v| + e is below the threshold; else e, and the threshold where |v| - e is
/// (1-z)·a + z·b       |1-z|·e_a + |z|·e_b + e_z·(|b - a| + e_a + e_b), and γ_3 times the larger of
///                     |1-ẑ|·|â| + |ẑ|·|b̂| and, where it is taken as a + z·(b - a), |â| + |ẑ|·|b̂ - â|
/// </code>
/// What the product must hold beside <see cref="BoundedNumber{TProduct}"/>: each φ within its ulps, tanh and sigmoid within
/// their ranges; 1 - y² taken as (1-y)(1+y) or as one fused multiply-add, or a <see cref="ReferenceArithmetic.SlopeError"/>
/// that says what another way costs.
/// </summary>
/// <typeparam name="TProduct">The product's arithmetic.</typeparam>
/// <param name="flushBelow">The guard's threshold, that of the product.</param>
public sealed class ReferenceBounded<TProduct>(double flushBelow) : ReferenceMath<BoundedNumber<TProduct>>
    where TProduct : struct, IReferenceProduct
{
    private const double OwnRounding = 1 + 1e-9;

    // The C library's functions: glibc states 2 ulp, others less; those made of several take a few roundings more.
    private static readonly ReferenceArithmetic Reference = ReferenceArithmetic.DoublePrecision(8);

    private readonly ReferenceFloatingPoint<double> _plain = new(flushBelow);

    /// <summary>
    /// How often rounding may have decided on which side of a kink, a jump or a clip's bound a number lies. There the two sides'
    /// gradients may be far apart, and rightly so: the bounds hold, but prove little. Draw such a case again.
    /// </summary>
    public int UncertainKinks { get; private set; }

    /// <inheritdoc/>
    public override BoundedNumber<TProduct> FlushThreshold => new(flushBelow);

    /// <inheritdoc/>
    public override BoundedNumber<TProduct> Activate(ReferenceActivation activation, BoundedNumber<TProduct> a)
    {
        double value = _plain.Activate(activation, a.Value);
        double error = a.Error;
        BoundedNumber<TProduct> alpha = new(activation.Alpha);
        BoundedNumber<TProduct> beta = new(activation.Beta);
        switch (activation.Kind)
        {
            case Kind.Identity:
                return a;
            case Kind.Affine:
                return alpha * a + beta;
            case Kind.ScaledTanh:
                return alpha * Activate(ReferenceActivation.Tanh, beta * a);
            case Kind.HardSigmoid:
                BoundedNumber<TProduct> line = alpha * a + beta;
                (Side above0, Side above1) = (SideOf(line, 0), SideOf(line, 1));
                return above0 == Side.Above && above1 == Side.Below ? line
                    : new(value, above0 == Side.Below || above1 == Side.Above ? 0 : line.Error);
            case Kind.Relu or Kind.LeakyRelu or Kind.Elu or Kind.ThresholdedRelu:
                return Pieces(activation, a, alpha, value);
            default:
                double slope = ReferenceSlopeBound.Largest(activation.Kind, a.Value, error);
                double total = (slope * error + UlpError(Math.Abs(value) + slope * error)) * OwnRounding;
                return new(value, Math.Min(total, Range(activation.Kind, value) + TProduct.Arithmetic.ActivationError));
        }
    }

    /// <inheritdoc/>
    public override BoundedNumber<TProduct> Slope(
        ReferenceActivation activation, BoundedNumber<TProduct> a, BoundedNumber<TProduct> y)
    {
        double value = _plain.Slope(activation, a.Value, y.Value);
        double e = y.Error;
        double magnitude = Math.Abs(y.Value);
        BoundedNumber<TProduct> alpha = new(activation.Alpha);
        switch (activation.Kind)
        {
            case Kind.Identity:
                return BoundedNumber<TProduct>.One;
            case Kind.Affine:
                return alpha;
            case Kind.Tanh:
                return Rounded(value, e * (2 * magnitude + e));
            case Kind.Sigmoid:
                return Rounded(value, e * (Math.Abs(1 - 2 * y.Value) + e));
            case Kind.Softsign:
                return Rounded(value, e * (2 * Math.Abs(1 - magnitude) + e));
            case Kind.Softplus:
                // From a, or as 1 - e⁻ʸ, which loses its relative accuracy where y is small.
                return Activate(ReferenceActivation.Sigmoid, a) + new BoundedNumber<TProduct>(0, UlpError(1));
            case Kind.ScaledTanh:
                // The product may have y alone: one division to get tanh back.
                BoundedNumber<TProduct> argument = new BoundedNumber<TProduct>(activation.Beta) * a;
                BoundedNumber<TProduct> tanh = Activate(ReferenceActivation.Tanh, argument);
                tanh = new(tanh.Value, tanh.Error + UlpError(1));
                return alpha * new BoundedNumber<TProduct>(activation.Beta) * Slope(ReferenceActivation.Tanh, argument, tanh);
            case Kind.Relu:
                return Step(SideOf(y, 0), value, 1, 0);
            case Kind.LeakyRelu:
                return Step(SideOf(a, 0), value, 1, activation.Alpha);
            case Kind.ThresholdedRelu:
                return Step(SideOf(a, activation.Alpha), value, 1, 0);
            case Kind.HardSigmoid:
                bool certain = e == 0 || (y.Value - e > 0 && y.Value + e < 1);
                return certain ? new(value) : Near(value, Math.Abs(activation.Alpha), counts: true);
            default: // Elu, whose slope on the left is y + α
                Side side = SideOf(a, 0);
                return side == Side.Below ? y + alpha : side == Side.Above ? BoundedNumber<TProduct>.One
                    : Near(value, Math.Abs(1 - activation.Alpha) + 2 * Math.Abs(activation.Alpha) * a.Error + e, activation.Alpha != 1);
        }
    }

    /// <inheritdoc/>
    public override BoundedNumber<TProduct> Clip(BoundedNumber<TProduct> a, double bound)
    {
        double error = a.Error;
        double value = _plain.Clip(a.Value, bound);
        return Math.Abs(a.Value) + error <= bound ? a : Math.Abs(a.Value) - error >= bound ? new(value) : new(value, error);
    }

    /// <inheritdoc/>
    public override BoundedNumber<TProduct> Inside(BoundedNumber<TProduct> a, double bound)
    {
        double error = a.Error;
        double value = _plain.Inside(a.Value, bound);
        bool certain = Math.Abs(a.Value) + error <= bound || Math.Abs(a.Value) - error > bound;
        return certain ? new(value) : Near(value, 1, counts: true);
    }

    /// <inheritdoc/>
    public override BoundedNumber<TProduct> Flush(BoundedNumber<TProduct> v)
    {
        double error = v.Error;
        double magnitude = Math.Abs(v.Value);
        return magnitude - error >= flushBelow ? v
            : magnitude + error < flushBelow ? default
            : new(_plain.Flush(v.Value), error + flushBelow);
    }

    /// <inheritdoc/>
    public override BoundedNumber<TProduct> Blend(
        BoundedNumber<TProduct> z, BoundedNumber<TProduct> a, BoundedNumber<TProduct> b)
    {
        double value = _plain.Blend(z.Value, a.Value, b.Value);
        (double zError, double aError, double bError) = (z.Error, a.Error, b.Error);
        double rest = Math.Abs(1 - z.Value);
        double apart = Math.Abs(b.Value - a.Value) + aError + bError;
        double moved = rest * aError + Math.Abs(z.Value) * bError + zError * apart;

        // What each form adds up, at the largest numbers that the product may hold.
        double largestZ = Math.Abs(z.Value) + zError;
        double largestA = Math.Abs(a.Value) + aError;
        double asSum = (rest + zError) * largestA + largestZ * (Math.Abs(b.Value) + bError);
        double asDifference = largestA + largestZ * apart;
        double rounding = TProduct.Arithmetic.Gamma(3) * Math.Max(asSum, asDifference)
            + Reference.Gamma(3) * (rest * Math.Abs(a.Value) + Math.Abs(z.Value * b.Value))
            + 3 * (TProduct.Arithmetic.SmallestSubnormal + Reference.SmallestSubnormal);
        return new(value, (moved + rounding) * OwnRounding);
    }

    /// <inheritdoc/>
    public override BoundedNumber<TProduct> Exp(BoundedNumber<TProduct> x)
    {
        double value = Math.Exp(x.Value);
        double moved = value * x.Error * Math.Exp(x.Error); // e^ε - 1 ≤ ε·e^ε
        return new(value, (moved + UlpError(value + moved)) * OwnRounding);
    }

    /// <inheritdoc/>
    public override BoundedNumber<TProduct> Sqrt(BoundedNumber<TProduct> x)
    {
        // |√x̂ - √x| = |x̂ - x| / (√x̂ + √x) ≤ ε/√x, and at most √ε.
        double value = Math.Sqrt(x.Value);
        double moved = Math.Min(x.Error / value, Math.Sqrt(x.Error));
        return new(value, (moved + UlpError(value + moved)) * OwnRounding);
    }

    /// <inheritdoc/>
    public override BoundedNumber<TProduct> Larger(BoundedNumber<TProduct> a, BoundedNumber<TProduct> b) =>
        a.Value >= b.Value ? a : b;

    private BoundedNumber<TProduct> Pieces(
        ReferenceActivation activation, BoundedNumber<TProduct> a, BoundedNumber<TProduct> alpha, double value)
    {
        double error = a.Error;
        bool thresholded = activation.Kind == Kind.ThresholdedRelu;
        Side side = SideOf(a, thresholded ? activation.Alpha : 0);
        if (side == Side.Above)
        {
            return a;
        }

        if (thresholded)
        {
            return side == Side.Below ? default : Near(value, Math.Abs(a.Value) + error, counts: true);
        }

        double leftSlope = activation.Kind == Kind.Relu ? 0 : Math.Abs(activation.Alpha);
        if (side == Side.Near)
        {
            return new(value, (Math.Max(1, leftSlope) * error + UlpError(leftSlope * (Math.Abs(a.Value) + error))) * OwnRounding);
        }

        if (activation.Kind == Kind.Elu)
        {
            double exponential = ReferenceActivationFunction.ExpMinusOne(a.Value);
            double steepest = Math.Exp(Math.Min(0, a.Value + error));
            double moved = steepest * error;
            return alpha * new BoundedNumber<TProduct>(exponential, (moved + UlpError(Math.Abs(exponential) + moved)) * OwnRounding);
        }

        return activation.Kind == Kind.Relu ? default : alpha * a;
    }

    /// <summary>A slope of 0 to 1 that took up to 4 roundings, and moved by k with y; and what the product's way may add.</summary>
    private static BoundedNumber<TProduct> Rounded(double value, double k)
    {
        double gamma = TProduct.Arithmetic.Gamma(4) + Reference.Gamma(4);
        double rounding = gamma * (Math.Abs(value) + Math.Min(1, k))
            + 4 * TProduct.Arithmetic.SmallestSubnormal
            + TProduct.Arithmetic.SlopeError;
        return new(value, (Math.Min(1, k) + rounding) * OwnRounding);
    }

    private BoundedNumber<TProduct> Step(Side side, double value, double above, double below) => side switch
    {
        Side.Above => new(above),
        Side.Below => new(below),
        _ => Near(value, Math.Abs(above - below), counts: above != below),
    };

    private BoundedNumber<TProduct> Near(double value, double error, bool counts)
    {
        UncertainKinks += counts ? 1 : 0;
        return new(value, error * OwnRounding);
    }

    /// <summary>Below holds the kink itself.</summary>
    private static Side SideOf(BoundedNumber<TProduct> a, double kink)
    {
        double error = a.Error;
        return a.Value - error > kink ? Side.Above : a.Value + error <= kink ? Side.Below : Side.Near;
    }

    private static double UlpError(double largest) =>
        TProduct.Arithmetic.ActivationUlps * (2 * TProduct.Arithmetic.UnitRoundoff * largest + TProduct.Arithmetic.SmallestSubnormal)
        + TProduct.Arithmetic.ActivationError
        + Reference.ActivationUlps * (2 * Reference.UnitRoundoff * largest + Reference.SmallestSubnormal);

    /// <summary>How far two values of φ can be apart.</summary>
    private static double Range(Kind kind, double value) => kind switch
    {
        Kind.Tanh or Kind.Softsign => 1 + Math.Abs(value),
        Kind.Sigmoid => Math.Max(value, 1 - value),
        _ => double.PositiveInfinity,
    };

    private enum Side
    {
        Below,
        Near,
        Above,
    }
}
