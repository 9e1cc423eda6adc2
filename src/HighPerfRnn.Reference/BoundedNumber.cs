using System.Numerics;

namespace HighPerfRnn.Reference;

/// <summary>The arithmetic of a product, as a type, so that numbers need not carry it.</summary>
public interface IReferenceProduct
{
    /// <summary>Unit roundoff, blocks of sums, the worst error of the activations.</summary>
    static abstract ReferenceArithmetic Arithmetic { get; }
}

/// <summary>
/// A number with a bound on its error: run a definition on it, and each result says how far the product, which computes the
/// same expressions in its own arithmetic, may be from the definition in double. It is a running error analysis (Wilkinson
/// 1986; Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition, section 3.3), each rule an inequality, none of
/// first order only. <see cref="Value"/> has the bits of the definition run in double.
/// <para>
/// A number is a sum of n terms that is still open: v = Σ τ_k as the reference rounds it, E = Σ e_k with |τ̂_k - τ_k| ≤ e_k,
/// where the hat marks the product's, and M = Σ|τ_k|. A sum is closed where something else than + or - is done to it; only
/// then its roundings are counted, since only then it is known how many terms it has:
/// </para>
/// <code>
/// error of a sum    E + γ_d·(M + E) + γ'_n·M + n·(η + η')      d the most roundings a term passes through: n in any order,
///                                                              fewer in blocks; γ', η' the reference's own (u = 2⁻⁵³)
/// a + b, a - b      v, E, M and n add up
/// a·b               one term: τ = v_a·v_b, e = |v_a|·e_b + |v_b|·e_a + e_a·e_b
/// a/b               one term: τ = q = v_a/v_b, e = (e_a + |q|·e_b) / (|v_b| - e_b)
/// </code>
/// <para>
/// So a sum may be taken in any order, in blocks, with or without fused multiply-add, as one or as several that are added. What
/// the product must not do is to rewrite a product of sums: n + z·(h - n) is not (1 - z)·n + z·h, unless a definition asks for
/// <see cref="ReferenceMath{T}.Blend"/>, which bounds both. Numbers that are exactly
/// 0 or 1 on both sides cost no rounding. Both sides' numbers must be finite. Bounds are raised by 1e-9 of themselves for the
/// rounding of their own arithmetic.
/// </para>
/// <para>
/// Errors pass through a matrix by absolute values: where a recurrence shrinks errors only by cancellation, as an orthogonal
/// matrix does, the bound grows by ‖|W|‖ a step and ends far above the truth: with weights uniform in ±1/√H and H = 64, some
/// 1e3 times the error of an output after 4 steps, and nothing at all after 16. With columns of |W| that add up to at most 1,
/// the bounds of 20 steps of every cell are in the middle 18 to 51 times the error.
/// </para>
/// </summary>
/// <typeparam name="TProduct">The product's arithmetic.</typeparam>
public readonly partial struct BoundedNumber<TProduct>
    where TProduct : struct, IReferenceProduct
{
    private const double OwnRounding = 1 + 1e-9;

    // E, M and n. With n = 0 the number is closed, and its error is E.
    private readonly double _error;
    private readonly double _magnitude;
    private readonly int _terms;

    /// <summary>A number that both sides hold, give or take an error.</summary>
    /// <param name="value">The reference's number.</param>
    /// <param name="error">A bound on |product - reference|.</param>
    public BoundedNumber(double value, double error = 0)
        : this(value, error, Math.Abs(value), 0)
    {
    }

    private BoundedNumber(double value, double error, double magnitude, int terms)
    {
        Value = value;
        _error = error;
        _magnitude = magnitude;
        _terms = terms;
    }

    /// <summary>What the definition gives in double, to the bit.</summary>
    public double Value { get; }

    /// <summary>A bound on how far the product may be from it.</summary>
    public double Error
    {
        get
        {
            if (_terms == 0)
            {
                return _error;
            }

            ReferenceArithmetic product = TProduct.Arithmetic;
            double rounding = product.Gamma(Depth(product, _terms)) * (_magnitude + _error)
                + ReferenceArithmetic.DoublePrecision(0).Gamma(_terms) * _magnitude
                + _terms * (product.SmallestSubnormal + double.Epsilon);
            return (_error + rounding) * OwnRounding;
        }
    }

    /// <summary>Whether both sides hold 0 itself.</summary>
    internal bool IsExactZero => Value == 0 && _error == 0 && _magnitude == 0;

    /// <summary>Whether both sides hold 1 itself.</summary>
    private bool IsExactOne => Value == 1 && _error == 0 && _terms == 0;

    /// <summary>The sum.</summary>
    public static BoundedNumber<TProduct> operator +(BoundedNumber<TProduct> left, BoundedNumber<TProduct> right)
    {
        if (left.IsExactZero)
        {
            return right;
        }

        return right.IsExactZero ? left : new(
            left.Value + right.Value,
            left._error + right._error,
            left._magnitude + right._magnitude,
            checked(Math.Max(1, left._terms) + Math.Max(1, right._terms)));
    }

    /// <summary>The difference.</summary>
    public static BoundedNumber<TProduct> operator -(BoundedNumber<TProduct> left, BoundedNumber<TProduct> right) =>
        left + -right;

    /// <summary>The negative, which no side rounds.</summary>
    public static BoundedNumber<TProduct> operator -(BoundedNumber<TProduct> value) =>
        new(-value.Value, value._error, value._magnitude, value._terms);

    /// <summary>The product.</summary>
    public static BoundedNumber<TProduct> operator *(BoundedNumber<TProduct> left, BoundedNumber<TProduct> right)
    {
        if (left.IsExactZero || right.IsExactZero)
        {
            return default;
        }

        if (left.IsExactOne)
        {
            return right;
        }

        if (right.IsExactOne)
        {
            return left;
        }

        double value = left.Value * right.Value;
        double leftError = left.Error;
        double rightError = right.Error;
        double error = Math.Abs(left.Value) * rightError + Math.Abs(right.Value) * leftError + leftError * rightError;
        return new(value, error, Math.Abs(value), 1);
    }

    /// <summary>The quotient; its bound is infinite where the divisor may be 0.</summary>
    public static BoundedNumber<TProduct> operator /(BoundedNumber<TProduct> left, BoundedNumber<TProduct> right)
    {
        double value = left.Value / right.Value;
        double rightError = right.Error;
        double smallest = Math.Abs(right.Value) - rightError;
        double error = smallest > 0 ? (left.Error + Math.Abs(value) * rightError) / smallest : double.PositiveInfinity;
        return new(value, error, Math.Abs(value), 1);
    }

    /// <summary>Value and bound.</summary>
    public override string ToString() => $"{Value:R} ± {Error:E2}";

    private static int Depth(ReferenceArithmetic product, int terms)
    {
        // Which of its two blocks a sum is taken in, it does not know; 4 for bias, joins and starting values.
        int blocks = Math.Max(
            ReferenceArithmetic.SumDepth(terms, product.BlockLength),
            ReferenceArithmetic.SumDepth(terms, product.RowBlockLength));
        return Math.Min(terms, blocks + 4);
    }
}
