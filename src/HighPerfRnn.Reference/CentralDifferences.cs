namespace HighPerfRnn.Reference;

/// <summary>A derivative by differences.</summary>
/// <param name="Derivative">The difference quotient.</param>
/// <param name="Step">h, the distance walked to either side.</param>
/// <param name="Roundoff">
/// What one rounding of the loss's largest term, at each of the points, does to the quotient. Where the loss is a sum of
/// n terms the true effect may be up to n times this, and is typically √n.
/// </param>
public readonly record struct CentralDifference(double Derivative, double Step, double Roundoff);

/// <summary>
/// Derivatives of a loss by central differences, (L(θ+hd) - L(θ-hd)) / 2h, in one entry or along a direction.
/// <para>
/// The quotient misses the derivative by h²/6·L''' (truncation) and by about u·|L|/h (rounding, u = 2⁻⁵³). The sum is
/// least at h = ∛(3u·|L|/|L'''|), which for L and L''' of like size is 2^-17.1; the step is 2⁻¹⁷ (7.6e-6), the cube root of
/// machine epsilon in short, and leaves 1e-11·L''' and 1.5e-11·|L|. For an entry above 1 in magnitude the step grows with it,
/// to the power of two below 2⁻¹⁷·|θ_i|. Powers of two, because adding one to θ_i then rounds only where the sum enters
/// another binade. A direction should have length 1 for the step to fit.
/// </para>
/// <para>
/// Strongly curved losses (long sequences, wide layers) want the fourth-order formula,
/// (8·(L(h) - L(-h)) - (L(2h) - L(-2h))) / 12h, whose truncation is h⁴/30·L⁗', with rounding 1.5u·|L|/h: least near
/// h = (11u)^(1/5); the step 2⁻¹⁰ (9.8e-4) leaves 3e-14·L⁗' and 1.7e-13·|L|.
/// </para>
/// </summary>
public static class CentralDifferences
{
    private const double UnitRoundoff = 1.0 / (1L << 53);

    /// <summary>∂L/∂θ_i. The entry is put back, bit for bit, also where the loss throws.</summary>
    /// <param name="loss">Computes L from the parameters as they are now.</param>
    /// <param name="parameters">θ, the memory that the loss reads.</param>
    /// <param name="index">i.</param>
    /// <param name="lossMagnitude">
    /// Σ|terms| where the loss is a sum that cancels, for the roundoff term; the losses seen, where larger.
    /// </param>
    /// <param name="fourthOrder">Four losses and a longer step in place of two.</param>
    /// <param name="halvings">How many times the step is halved, where truncation shows at the usual one.</param>
    public static CentralDifference Entry(
        Func<double> loss, Span<double> parameters, int index, double lossMagnitude = 0, bool fourthOrder = false, int halvings = 0)
    {
        double original = parameters[index];
        double step = Math.ScaleB(UnitStep(fourthOrder), Math.ILogB(Math.Max(1, Math.Abs(original))) - halvings);
        try
        {
            Quotient quotient = new(step, lossMagnitude, fourthOrder);
            foreach (int multiple in quotient.Multiples)
            {
                parameters[index] = original + multiple * step;
                quotient.Add(multiple, loss());
            }

            return quotient.Result;
        }
        finally
        {
            parameters[index] = original;
        }
    }

    /// <summary>
    /// The derivative along d, ∇L·d. The parameters are put back, bit for bit, also where the loss throws. Rounding
    /// θ + hd moves each entry by up to u·|θ_i|, which adds at most u·Σ|∂L/∂θ_i·θ_i|/h to the roundoff term.
    /// </summary>
    /// <param name="loss">Computes L from the parameters as they are now.</param>
    /// <param name="parameters">θ, the memory that the loss reads.</param>
    /// <param name="direction">d, as long as θ; of length 1 for the step to fit.</param>
    /// <param name="lossMagnitude">As in <see cref="Entry"/>.</param>
    /// <param name="fourthOrder">As in <see cref="Entry"/>.</param>
    /// <param name="halvings">As in <see cref="Entry"/>.</param>
    /// <exception cref="ArgumentException">Direction and parameters differ in length.</exception>
    public static CentralDifference Direction(
        Func<double> loss,
        Span<double> parameters,
        ReadOnlySpan<double> direction,
        double lossMagnitude = 0,
        bool fourthOrder = false,
        int halvings = 0)
    {
        ReferenceCheck.Length(nameof(direction), direction.Length, parameters.Length);
        double[] original = parameters.ToArray();
        double step = Math.ScaleB(UnitStep(fourthOrder), -halvings);
        try
        {
            Quotient quotient = new(step, lossMagnitude, fourthOrder);
            foreach (int multiple in quotient.Multiples)
            {
                for (int i = 0; i < parameters.Length; i++)
                {
                    parameters[i] = original[i] + multiple * step * direction[i];
                }

                quotient.Add(multiple, loss());
            }

            return quotient.Result;
        }
        finally
        {
            original.CopyTo(parameters);
        }
    }

    private static double UnitStep(bool fourthOrder) => Math.ScaleB(1, fourthOrder ? -10 : -17);

    /// <summary>The weighted sum of losses at multiples of the step.</summary>
    private struct Quotient(double step, double lossMagnitude, bool fourthOrder)
    {
        private double _sum;
        private double _magnitude = lossMagnitude;

        internal readonly ReadOnlySpan<int> Multiples => fourthOrder ? [-2, -1, 1, 2] : [-1, 1];

        internal readonly CentralDifference Result
        {
            get
            {
                // Σ|weights| = 2 and 18: the roundings of all the losses at their worst.
                double derivative = _sum / ((fourthOrder ? 12 : 2) * step);
                double roundoff = (fourthOrder ? 1.5 : 1) * UnitRoundoff * _magnitude / step;
                return new CentralDifference(derivative, step, roundoff);
            }
        }

        internal void Add(int multiple, double loss)
        {
            int weight = !fourthOrder ? multiple : multiple is 2 or -2 ? -multiple / 2 : 8 * multiple;
            _sum += weight * loss;
            _magnitude = Math.Max(_magnitude, Math.Abs(loss));
        }
    }
}
