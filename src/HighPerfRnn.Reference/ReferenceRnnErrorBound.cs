namespace HighPerfRnn.Reference;

/// <summary>
/// A running error bound for the plain recurrent layer: how far a product, computed in float or double, may be from
/// <see cref="ReferenceRnn"/> run in double on the same numbers, for every single element, when nothing but rounding
/// differs. It is not a first-order estimate: each step below is an inequality.
/// <para>
/// Notation: h, a, g, dA are what the reference computes in double; ĥ, â, ĝ, dÂ the product's. u, η are the product's
/// unit roundoff and smallest subnormal; γ_n adds γ_n of the product and γ_n of the reference (u = 2⁻⁵³), since both
/// round. A sum errs by γ_n·Σ|terms| + n·η, n the roundings that a term passes through plus 4 for bias, joins and
/// starting value. |ĥ| is replaced by |h| + e, so that only the reference's numbers enter.
/// </para>
/// <code>
/// forward, e = |ĥ - h|, e = 0 at the initial state:
///   p_j = Σ_i e_{t-1,i}·|Wh_ij|                                      what earlier steps pass on
///   r_j = γ_n·(|b_j| + Σ_i |x_i·Wx_ij| + Σ_i (|h_i| + e_i)·|Wh_ij|) + n·η
///   |â - a| ≤ ε = p + r
///   e   = s·ε + w·(2u·|φ| + η) + 2·flushBelow                        s = sup |φ'| between a and â, w ulps of φ
/// backward, δ = |dÂ - dA|, f = φ'(h):
///   |ĝ - g| ≤ ε = Σ_j δ_{t+1,j}·|Wh_ij| + γ_n·(|dY_i| + Σ_j (|dA_j| + δ_j)·|Wh_ij|) + n·η
///   |f̂ - f| ≤ k = e·(2|h| + e)                                       for tanh, as f̂ - f = (h - ĥ)(h + ĥ)
///   δ    = (f + k)·ε + |g|·k + γ_4·(|g| + ε)·(f + k) + 2η + 2·flushBelow
///   dX  : Σ_j δ_j·|Wx_ij| + γ_n·(|start| + Σ_j (|dA_j| + δ_j)·|Wx_ij|) + n·η
///   dWx : Σ |x_i|·(δ_j + γ_n·(|dA_j| + δ_j)) + γ_n·|start| + n·η     over all T·B rows
///   dWh : the same with |h_i| + e_i for |x_i|, plus Σ e_i·|dA_j|
///   db  : the same with 1 for |x_i|;  dh0 : as ε of one step more
/// </code>
/// For tanh, tanh x - tanh y = tanh(x-y)·(1 - tanh x·tanh y) gives s = 1 - tanh|a|·tanh(|a| - ε), at most 1, for every
/// |â - a| ≤ ε. An ulp of v is at most 2u|v|. The guard moves each side's value by less than flushBelow.
/// <para>
/// Element by element, p grows with the norm of |Wh|, which for an orthogonal Wh is up to √H a step, though errors
/// themselves then do not grow at all. So each row of the batch also carries N ≥ ‖e‖₂, with
/// N_t = max s·min(‖Wh‖₂·N_{t-1}, ‖p‖₂) + ‖local part‖₂, and p_j ≤ N_{t-1}·‖column j of Wh‖₂ by Cauchy and Schwarz;
/// whichever bound is smaller is taken, forward and backward alike.
/// </para>
/// <para>
/// What the product must hold: the sums' order as <see cref="ReferenceArithmetic"/> says; tanh within its ulps and never
/// above 1; 1 - h² taken as (1-h)(1+h) or as one fused multiply-add; no overflow. NaN and infinity bound nothing.
/// The bounds are raised by 1e-9 of themselves for the rounding of their own arithmetic.
/// </para>
/// </summary>
public static partial class ReferenceRnnErrorBound
{
    private const double OwnRounding = 1 + 1e-9;

    // System.Math.Tanh is the C library's: glibc states 2 ulp, others less.
    private static readonly ReferenceArithmetic Reference = ReferenceArithmetic.DoublePrecision(4);

    /// <summary>Bounds |ĥ - h| for every state.</summary>
    /// <param name="cell">The cell that the reference ran, in double, with the product's guard.</param>
    /// <param name="input">x, [T, B, I], exactly the product's.</param>
    /// <param name="initialState">h_{-1}, [B, H], exactly the product's; empty for zeros.</param>
    /// <param name="states">h, [T, B, H], as <see cref="ReferenceRnn.Forward"/> wrote them in double.</param>
    /// <param name="product">The arithmetic of the product.</param>
    /// <param name="recurrentNorm">
    /// An upper bound on ‖Wh‖₂ where one is known (<see cref="ReferenceMatrixNorm.SpectralUpperBound"/>); else the
    /// Frobenius norm serves.
    /// </param>
    /// <exception cref="ArgumentException">A length is not the one that the shape asks for.</exception>
    public static ReferenceRnnForwardBound Forward(
        in ReferenceRnnCell<double> cell,
        ReadOnlySpan<double> input,
        ReadOnlySpan<double> initialState,
        ReadOnlySpan<double> states,
        ReferenceArithmetic product,
        double recurrentNorm = double.PositiveInfinity)
    {
        ReferenceRnn.CheckSequence(cell.Shape, input.Length, initialState.Length, states.Length);
        (int batch, int steps, int inputSize, int hiddenSize) = cell.Shape;
        ReferenceRnnForwardBound bound = new(cell.Shape);
        double norm = Math.Min(recurrentNorm, ReferenceMatrixNorm.Frobenius(cell.Wh));
        double[] columnNorms = ColumnNorms(cell.Wh, hiddenSize);
        double[] rowNorms = new double[batch];
        double[] zeros = new double[hiddenSize];
        for (int t = 0; t < steps; t++)
        {
            for (int row = 0; row < batch; row++)
            {
                int offset = (t * batch + row) * hiddenSize;
                ReadOnlySpan<double> x = input.Slice((t * batch + row) * inputSize, inputSize);
                ReadOnlySpan<double> previous = ReferenceRnn.PreviousState(cell.Shape, initialState, states, t, row);
                ReadOnlySpan<double> previousError =
                    t > 0 ? bound.States.AsSpan(offset - cell.Shape.StateLength, hiddenSize) : zeros;
                Norms norms = new(norm, rowNorms[row]);
                for (int j = 0; j < hiddenSize; j++)
                {
                    Terms terms = PreActivationTerms(cell, x, previous.IsEmpty ? zeros : previous, previousError, j);
                    double p = Math.Min(terms.Propagated, rowNorms[row] * columnNorms[j]);
                    double r = PreActivationRounding(product, inputSize, hiddenSize, terms);
                    double a = ReferenceRnn.PreActivation(cell, x, previous, j);
                    StateError error = ThroughActivation(cell, product, a, states[offset + j], (p + r) * OwnRounding);
                    double e = error.Slope * (p + r) + error.Local;
                    e = cell.Activation == ReferenceActivation.Tanh ? Math.Min(e, 1 + Math.Abs(states[offset + j])) : e;
                    bound.States[offset + j] = e * OwnRounding;
                    bound.MaskUncertain[offset + j] = error.MaskUncertain;
                    bound.UncertainMasks += error.MaskUncertain ? 1 : 0;
                    norms.Add(error.Slope, p, error.Slope * r + error.Local, e);
                }

                rowNorms[row] = norms.Bound;
            }
        }

        return bound;
    }

    /// <summary>
    /// |b_j| + Σ_i |x_i·Wx_ij|, then Σ_i (|h_i| + e_i)·|Wh_ij|, then p = Σ_i e_i·|Wh_ij|.
    /// </summary>
    private static Terms PreActivationTerms(
        in ReferenceRnnCell<double> cell, ReadOnlySpan<double> x, ReadOnlySpan<double> h, ReadOnlySpan<double> e, int j)
    {
        int hiddenSize = cell.Shape.HiddenSize;
        ReadOnlySpan<double> wx = cell.Wx;
        ReadOnlySpan<double> wh = cell.Wh;
        double inputMagnitude = Math.Abs(cell.Bias[j]);
        double recurrentMagnitude = 0;
        double p = 0;
        for (int i = 0; i < x.Length; i++)
        {
            inputMagnitude += Math.Abs(x[i] * wx[i * hiddenSize + j]);
        }

        for (int i = 0; i < h.Length; i++)
        {
            double w = Math.Abs(wh[i * hiddenSize + j]);
            p += e[i] * w;
            recurrentMagnitude += (Math.Abs(h[i]) + e[i]) * w;
        }

        return new Terms(inputMagnitude, recurrentMagnitude, p);
    }

    /// <summary>
    /// r. A product that sums in blocks sums the input part and the recurrent part apart, so a term passes through its own
    /// part's roundings only; in any order it may pass through those of both. Terms that are all 0 sum to 0 everywhere.
    /// </summary>
    private static double PreActivationRounding(ReferenceArithmetic product, int inputSize, int hiddenSize, Terms terms)
    {
        double magnitude = terms.InputMagnitude + terms.RecurrentMagnitude;
        if (magnitude == 0)
        {
            return 0;
        }

        int inputDepth = KDepth(product, inputSize);
        int recurrentDepth = KDepth(product, hiddenSize);
        double own = product.BlockLength == int.MaxValue
            ? product.Gamma(inputDepth + recurrentDepth + 4) * magnitude
            : product.Gamma(inputDepth + 4) * terms.InputMagnitude
                + product.Gamma(recurrentDepth + 4) * terms.RecurrentMagnitude;
        return own + Reference.Gamma(inputSize + hiddenSize + 4) * magnitude + Underflow(product, inputSize + hiddenSize);
    }

    /// <summary>
    /// What φ and the guard make of |â - a| ≤ ε: the error of the state is at most Slope·ε + Local, and Slope holds for
    /// every smaller ε too.
    /// </summary>
    private static StateError ThroughActivation(
        in ReferenceRnnCell<double> cell, ReferenceArithmetic product, double a, double h, double epsilon)
    {
        double guard = 2 * cell.FlushBelow;
        if (cell.Activation == ReferenceActivation.Tanh)
        {
            // The 2⁻⁴⁸ covers the errors of both tanh and of the subtraction, which cancels where the unit saturates.
            double slope = 1 - Math.Tanh(Math.Abs(a)) * Math.Tanh(Math.Abs(a) - epsilon) + Math.ScaleB(1, -48);
            double largest = Math.Min(1, Math.Abs(h) + epsilon + cell.FlushBelow);
            return new StateError(Math.Min(1, slope), UlpError(product, largest) + UlpError(Reference, largest) + guard, false);
        }

        if (cell.Activation == ReferenceActivation.Identity)
        {
            return new StateError(1, guard, false);
        }

        // Off on both sides: a sum whose terms are all 0 is 0 in every arithmetic, so ε = 0 and a = 0 count as certain.
        if (a < -epsilon || (epsilon == 0 && a <= 0))
        {
            return new StateError(0, 0, false);
        }

        return new StateError(1, guard, h <= (epsilon + guard) * OwnRounding);
    }

    private static double UlpError(ReferenceArithmetic arithmetic, double largest) =>
        arithmetic.ActivationUlps * (2 * arithmetic.UnitRoundoff * largest + arithmetic.SmallestSubnormal);

    /// <summary>γ of the product at the depth of its sums, plus γ of the reference, whose sums are one chain.</summary>
    private static double Gamma(ReferenceArithmetic product, int terms, int depth) =>
        product.Gamma(depth + 4) + Reference.Gamma(terms + 4);

    private static double Underflow(ReferenceArithmetic product, int terms) =>
        (terms + 4) * (product.SmallestSubnormal + Reference.SmallestSubnormal);

    private static int KDepth(ReferenceArithmetic product, int terms) =>
        ReferenceArithmetic.SumDepth(terms, product.BlockLength);

    private static double[] ColumnNorms(ReadOnlySpan<double> matrix, int size)
    {
        double[] column = new double[size];
        double[] norms = new double[size];
        for (int j = 0; j < size; j++)
        {
            for (int i = 0; i < size; i++)
            {
                column[i] = matrix[i * size + j];
            }

            norms[j] = ReferenceMatrixNorm.Frobenius(column);
        }

        return norms;
    }

    private readonly record struct Terms(double InputMagnitude, double RecurrentMagnitude, double Propagated);

    private readonly record struct StateError(double Slope, double Local, bool MaskUncertain);

    /// <summary>
    /// Collects N of one row: error = slope∘propagated + local, so ‖error‖ ≤ max slope·‖propagated‖ + ‖local‖, and
    /// ‖propagated‖ ≤ ‖Wh‖·(N of the step before).
    /// </summary>
    private struct Norms(double matrixNorm, double previous)
    {
        // Norms, not sums of squares: the square of an error of 1e-175 is no number any more.
        private double _largestSlope;
        private double _propagated;
        private double _local;
        private double _error;

        internal readonly double Bound
        {
            get
            {
                double propagated = Math.Min(matrixNorm * previous, _propagated);
                double split = _largestSlope * propagated + _local;
                return Math.Min(split, _error) * OwnRounding;
            }
        }

        internal void Add(double slope, double propagated, double local, double error)
        {
            _largestSlope = Math.Max(_largestSlope, slope);
            _propagated = double.Hypot(_propagated, propagated);
            _local = double.Hypot(_local, local);
            _error = double.Hypot(_error, error);
        }
    }
}
