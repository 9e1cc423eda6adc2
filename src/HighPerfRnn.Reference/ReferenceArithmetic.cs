namespace HighPerfRnn.Reference;

/// <summary>
/// What an error bound needs to know of the arithmetic in which a result was computed: round to nearest, gradual
/// underflow, sums in any order or in blocks, with or without fused multiply-add.
/// </summary>
/// <param name="UnitRoundoff">u: fl(x∘y) = (x∘y)(1+δ) with |δ| ≤ u. 2⁻²⁴ in float, 2⁻⁵³ in double.</param>
/// <param name="SmallestSubnormal">η: an operation that underflows errs by at most η beside.</param>
/// <param name="ActivationUlps">The worst error of φ, in units in the last place of φ's value.</param>
/// <param name="BlockLength">
/// Sums over k that are longer than this are summed in blocks of this length, the block sums then in any order, and the
/// input part of a pre-activation apart from its recurrent part; int.MaxValue for any order of all terms.
/// </param>
/// <param name="RowBlockLength">The block of sums over the T·B rows; int.MaxValue for any order.</param>
public readonly record struct ReferenceArithmetic(
    double UnitRoundoff,
    double SmallestSubnormal,
    double ActivationUlps,
    int BlockLength,
    int RowBlockLength)
{
    /// <summary>
    /// What φ may err by beside its ulps, whatever its value: functions that are approximated in absolute terms, or made by
    /// a subtraction of 1, keep no relative accuracy where φ is small.
    /// </summary>
    public double ActivationError { get; init; }

    /// <summary>
    /// What tanh', sigmoid' and softsign' may err by beside their roundings: 1 - y² with y² rounded first errs by u, however
    /// small it is.
    /// </summary>
    public double SlopeError { get; init; }

    /// <summary>Single precision; without block lengths the bounds hold for every order of summation.</summary>
    /// <param name="activationUlps">The worst error of φ, in ulp.</param>
    /// <param name="blockLength">See <see cref="BlockLength"/>.</param>
    /// <param name="rowBlockLength">See <see cref="RowBlockLength"/>.</param>
    public static ReferenceArithmetic SinglePrecision(
        double activationUlps, int blockLength = int.MaxValue, int rowBlockLength = int.MaxValue) =>
        new(double.ScaleB(1, -24), float.Epsilon, activationUlps, blockLength, rowBlockLength);

    /// <summary>Double precision; without block lengths the bounds hold for every order of summation.</summary>
    /// <param name="activationUlps">The worst error of φ, in ulp.</param>
    /// <param name="blockLength">See <see cref="BlockLength"/>.</param>
    /// <param name="rowBlockLength">See <see cref="RowBlockLength"/>.</param>
    public static ReferenceArithmetic DoublePrecision(
        double activationUlps, int blockLength = int.MaxValue, int rowBlockLength = int.MaxValue) =>
        new(double.ScaleB(1, -53), double.Epsilon, activationUlps, blockLength, rowBlockLength);

    /// <summary>
    /// γ_n = nu / (1 - nu): a product of n factors (1+δ), |δ| ≤ u, is 1+θ with |θ| ≤ γ_n. So a sum of products in which
    /// no term passes through more than n roundings errs by at most γ_n·Σ|terms|
    /// (Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition, lemma 3.1 and section 4.2).
    /// </summary>
    /// <param name="roundings">n.</param>
    /// <exception cref="ArgumentOutOfRangeException">n·u is not below 1: nothing is known of such a sum.</exception>
    public double Gamma(int roundings)
    {
        double nu = roundings * UnitRoundoff;
        return nu < 1 ? nu / (1 - nu) : throw new ArgumentOutOfRangeException(
            nameof(roundings), $"{roundings} roundings of {UnitRoundoff} each bound nothing.");
    }

    /// <summary>
    /// The most roundings that one term of a dot product of n terms passes through: n in any order (one for its
    /// product, n-1 additions), block + ⌈n/block⌉ in blocks.
    /// </summary>
    /// <param name="terms">n.</param>
    /// <param name="blockLength">The block, or int.MaxValue.</param>
    public static int SumDepth(int terms, int blockLength) =>
        terms <= blockLength ? terms : Math.Min(terms, blockLength + (terms + blockLength - 1) / blockLength);
}
