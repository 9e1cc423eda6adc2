namespace HighPerfRnn.Kernels;

/// <summary>The limits of <see cref="WeightFormat.Int8"/>.</summary>
/// <remarks>
/// A row x is q·2⁻ᵉ with the largest e for which max|x|·2ᵉ ≤ 2¹⁴, -114 ≤ e ≤ 114, and q = x·2ᵉ rounded to nearest, ties to even: the
/// power of two loses nothing, and a state of tanh has e ≥ 14. A column w is s·v with s = max|w| / 127 and v = w / s rounded
/// likewise. A product q·v has a magnitude of at most 2¹⁴·127 = 2,080,768, so that 1,032 of them cannot overflow 32 bits. They are
/// summed exactly in blocks of 1,024; block sums become floats and are added in order.
/// </remarks>
internal static class Int8Format
{
    /// <summary>The magnitude up to which rows are rounded.</summary>
    public const int LargestState = 1 << 14;

    /// <summary>The magnitude up to which weights are rounded.</summary>
    public const int LargestWeight = 127;

    /// <summary>How many k one exact sum takes.</summary>
    public const int BlockDepth = 1024;

    /// <summary>The most k of a product: so long a rounded row fits on a small stack.</summary>
    public const int MaxDepth = 1 << 15;

    /// <summary>The exponents e that are used: the product of a sum with 2⁻ᵉ is a normal number.</summary>
    public const int MaxExponent = 114;
}
