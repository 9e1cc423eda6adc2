using System.Diagnostics.CodeAnalysis;

namespace HighPerfRnn.Kernels;

/// <summary>How a layer holds the weights that its passes multiply by. Bits and errors: docs/numerics.md.</summary>
public enum WeightFormat
{
    /// <summary>In the numbers of the layer, float or double: the only format that can be trained.</summary>
    Full,

    /// <summary>
    /// The upper 16 bits of a float (8 of exponent, 7 of fraction), rounded to nearest, ties to even; products and sums are
    /// float's. Half of the memory.
    /// </summary>
    BFloat16,

    /// <summary>
    /// Whole numbers from -127 to 127 times a scale of each output, multiplied by inputs and states rounded to 14 bits and a sign,
    /// in sums of whole numbers. A quarter of the memory.
    /// </summary>
    [SuppressMessage("Naming", "CA1720", Justification = "The field calls this format int8.")]
    Int8,
}
