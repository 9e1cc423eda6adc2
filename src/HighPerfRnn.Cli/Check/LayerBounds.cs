using HighPerfRnn.Reference;

namespace HighPerfRnn.Cli.Check;

/// <summary>
/// How far rounding alone puts a gradient from the reference formula, entry by entry, for the layers without recurrence
/// (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 3.1: γ_n = n·u / (1 - n·u)).
/// The reference rounds too, in double: its own γ is added.
/// </summary>
internal static class LayerBounds
{
    private static readonly ReferenceArithmetic Reference = ReferenceArithmetic.DoublePrecision(4);

    /// <summary>Of Σ_r a_ri·b_rj over rows, [I, J]: γ_(rows+1)·Σ|terms|.</summary>
    public static double[] RowProduct(ReferenceArithmetic product, double[] a, int aSize, double[] b, int bSize, int rows)
    {
        double gamma = Gamma(product, rows + 1);
        double[] bound = new double[aSize * bSize];
        for (int r = 0; r < rows; r++)
        {
            for (int i = 0; i < aSize; i++)
            {
                double left = gamma * Math.Abs(a[(r * aSize) + i]);
                for (int j = 0; j < bSize; j++) bound[(i * bSize) + j] += left * Math.Abs(b[(r * bSize) + j]);
            }
        }

        return Raised(bound, product, rows + 1);
    }

    /// <summary>Of dY·Wᵀ, [rows, I]: γ_(O+1)·Σ|terms|.</summary>
    public static double[] InputProduct(
        ReferenceArithmetic product, double[] outputGradient, double[] weights, int inputSize, int outputSize, int rows)
    {
        double gamma = Gamma(product, outputSize + 1);
        double[] bound = new double[rows * inputSize];
        for (int r = 0; r < rows; r++)
        {
            for (int i = 0; i < inputSize; i++)
            {
                double sum = 0;
                for (int j = 0; j < outputSize; j++)
                {
                    sum += Math.Abs(outputGradient[(r * outputSize) + j] * weights[(i * outputSize) + j]);
                }

                bound[(r * inputSize) + i] = gamma * sum;
            }
        }

        return Raised(bound, product, outputSize + 1);
    }

    /// <summary>Of Σ_r dY_r into row token_r, [V, E]: γ_rows·Σ|terms|.</summary>
    public static double[] Scatter(ReferenceArithmetic product, int[] tokens, double[] outputGradient, int size, int vocabulary)
    {
        double gamma = Gamma(product, tokens.Length);
        double[] bound = new double[vocabulary * size];
        for (int r = 0; r < tokens.Length; r++)
        {
            for (int i = 0; i < size; i++) bound[(tokens[r] * size) + i] += gamma * Math.Abs(outputGradient[(r * size) + i]);
        }

        return Raised(bound, product, tokens.Length);
    }

    /// <summary>
    /// Of scale·(softmax(x) - onehot), [rows, C]. With m = max x: x - m is off by u·|x - m|, which exp makes a relative error;
    /// exp itself by 4 ulp at most; the sum of C such terms by the largest of them and (C - 1)·u; quotient, scale and
    /// difference by u each.
    /// </summary>
    public static double[] Softmax(ReferenceArithmetic product, double[] logits, int[] targets, int classes)
    {
        double[] bound = new double[logits.Length];
        double unit = product.UnitRoundoff + Reference.UnitRoundoff;
        double scale = 1.0 / targets.Length;
        for (int r = 0; r < targets.Length; r++)
        {
            ReadOnlySpan<double> row = logits.AsSpan(r * classes, classes);
            double largest = double.NegativeInfinity;
            double least = double.PositiveInfinity;
            foreach (double x in row) (largest, least) = (Math.Max(largest, x), Math.Min(least, x));
            double sum = 0;
            foreach (double x in row) sum += Math.Exp(x - largest);
            double relative = ((2 * (largest - least)) + classes + 24) * unit;
            for (int c = 0; c < classes; c++)
            {
                double probability = Math.Exp(row[c] - largest) / sum;
                double oneHot = c == targets[r] ? 1 : 0;
                bound[(r * classes) + c] = scale * ((relative * probability) + (4 * unit * (probability + oneHot)));
            }
        }

        return Raised(bound, product, 4);
    }

    private static double Gamma(ReferenceArithmetic product, int roundings) => product.Gamma(roundings) + Reference.Gamma(roundings);

    /// <summary>Adds what underflow may do, and 1e-9 of itself for the rounding of the bound's own arithmetic.</summary>
    private static double[] Raised(double[] bound, ReferenceArithmetic product, int operations)
    {
        for (int i = 0; i < bound.Length; i++) bound[i] = (bound[i] * (1 + 1e-9)) + (operations * product.SmallestSubnormal);
        return bound;
    }
}
