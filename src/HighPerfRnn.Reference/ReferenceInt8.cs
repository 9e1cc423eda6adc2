namespace HighPerfRnn.Reference;

/// <summary>
/// A matrix in int8 and its product with rows, one number after the other:
/// <code>
/// column w  ≈ s·v   s = max|w| / 127 in float, v = w / s rounded to nearest, ties to even
/// row x     ≈ q·2⁻ᵉ  the largest e in [-114, 114] with max|x|·2ᵉ ≤ 2¹⁴, q = x·2ᵉ rounded likewise
/// x·w       ≈ float(Σ q·v) · 2⁻ᵉ · s, where Σ is exact for 1,024 k at a time and such sums add up in float
/// </code>
/// A scale below the smallest normal float counts as 0. A row or column with a NaN or an infinity gives NaN.
/// </summary>
public sealed class ReferenceInt8
{
    /// <summary>The largest |v|.</summary>
    public const int LargestWeight = 127;

    /// <summary>The largest |q|.</summary>
    public const int LargestState = 1 << 14;

    /// <summary>How many k are summed exactly.</summary>
    public const int BlockDepth = 1024;

    /// <summary>The largest |e|.</summary>
    public const int MaxExponent = 114;

    private readonly int _depth;
    private readonly int _columns;

    /// <summary>Rounds a matrix.</summary>
    /// <param name="weights">[depth, columns].</param>
    /// <param name="depth">Rows of the matrix.</param>
    /// <param name="columns">Its columns.</param>
    public ReferenceInt8(ReadOnlySpan<float> weights, int depth, int columns)
    {
        if (weights.Length != depth * columns) throw new ArgumentException("The weights are not [depth, columns].", nameof(weights));
        (_depth, _columns) = (depth, columns);
        Weights = new int[depth * columns];
        Scales = new float[columns];
        for (int c = 0; c < columns; c++)
        {
            float largest = 0;
            bool isFinite = true;
            for (int k = 0; k < depth; k++)
            {
                largest = Math.Max(largest, Math.Abs(weights[k * columns + c]));
                isFinite &= float.IsFinite(weights[k * columns + c]);
            }

            float scale = largest / LargestWeight;
            Scales[c] = !isFinite ? float.NaN : float.IsNormal(scale) ? scale : 0;
            if (!(Scales[c] > 0)) continue;
            for (int k = 0; k < depth; k++)
            {
                double steps = Math.Round(weights[k * columns + c] / (double)scale, MidpointRounding.ToEven);
                Weights[k * columns + c] = (int)Math.Clamp(steps, -LargestWeight, LargestWeight);
            }
        }
    }

    /// <summary>v, [depth, columns].</summary>
    public int[] Weights { get; }

    /// <summary>s of each column.</summary>
    public float[] Scales { get; }

    /// <summary>Rounds a row.</summary>
    /// <param name="row">x.</param>
    /// <param name="rounded">q, as long.</param>
    /// <returns>2⁻ᵉ, or NaN where an element is not finite.</returns>
    public static float RoundRow(ReadOnlySpan<float> row, Span<int> rounded)
    {
        double largest = 0;
        foreach (float x in row)
        {
            if (!float.IsFinite(x)) return float.NaN;
            largest = Math.Max(largest, Math.Abs(x));
        }

        int exponent = MaxExponent;
        while (double.ScaleB(largest, exponent) > LargestState) exponent--;
        for (int k = 0; k < row.Length; k++)
        {
            rounded[k] = (int)Math.Round(double.ScaleB(row[k], exponent), MidpointRounding.ToEven);
        }

        return (float)double.ScaleB(1, -exponent);
    }

    /// <summary>x·w for every column.</summary>
    /// <param name="row">x [depth].</param>
    /// <param name="sums">[columns], overwritten.</param>
    public void Multiply(ReadOnlySpan<float> row, Span<float> sums)
    {
        int[] rounded = new int[_depth];
        float rowScale = RoundRow(row, rounded);
        for (int c = 0; c < _columns; c++)
        {
            float total = 0;
            for (int start = 0; start < _depth; start += BlockDepth)
            {
                long sum = 0;
                for (int k = start; k < Math.Min(_depth, start + BlockDepth); k++)
                {
                    sum += (long)rounded[k] * Weights[k * _columns + c];
                }

                if (sum != (int)sum) throw new OverflowException($"{sum} does not fit in 32 bits.");
                total = start == 0 ? sum : total + sum;
            }

            sums[c] = total * rowScale * Scales[c];
        }
    }

    /// <summary>
    /// How far <see cref="Multiply"/> may be from the exact Σ x·w, element by element: with δ = 2⁻ᵉ / 2 the error of a state, at most
    /// max|x|·2⁻¹⁴ where e was not limited, and σ = s / 2 that of a weight,
    /// Σ |x|·σ + Σ (|w| + σ)·δ, and (blocks + 2) roundings in float of at most 2⁻²⁴ of Σ |q·v|·2⁻ᵉ·s.
    /// </summary>
    /// <param name="row">x [depth], finite.</param>
    /// <param name="weights">w [depth, columns] as they were, finite.</param>
    /// <param name="bounds">[columns], overwritten.</param>
    public void BoundError(ReadOnlySpan<float> row, ReadOnlySpan<float> weights, Span<double> bounds)
    {
        int[] rounded = new int[_depth];
        double rowScale = RoundRow(row, rounded);
        int blocks = (_depth + BlockDepth - 1) / BlockDepth;
        for (int c = 0; c < _columns; c++)
        {
            // A column of zeros is off by its weights, which are then below 127 of the smallest normal float.
            double sigma = Scales[c] > 0 ? Scales[c] * 0.5 : LargestWeight * double.ScaleB(1, -126);
            double bound = 0;
            double magnitude = 0;
            for (int k = 0; k < _depth; k++)
            {
                bound += Math.Abs(row[k]) * sigma + (Math.Abs(weights[k * _columns + c]) + sigma) * rowScale * 0.5;
                magnitude += Math.Abs((double)rounded[k] * Weights[k * _columns + c]) * rowScale * Scales[c];
            }

            // 2⁻¹⁴⁹ for a result among the subnormal numbers; the last factor for this sum's own rounding, and that of w / s.
            bounds[c] = (bound + ((blocks + 2) * double.ScaleB(1, -24) * magnitude) + double.ScaleB(1, -149)) * (1 + 1e-9);
        }
    }
}
