using HighPerfRnn.Kernels;

namespace HighPerfRnn.Layers;

/// <summary>What a layer's weights lost and won when they were taken in another format.</summary>
/// <param name="Format">The format that the passes now use.</param>
/// <param name="Matrices">One for each matrix that the passes multiply by; biases stay as they are.</param>
public sealed record WeightConversion(WeightFormat Format, IReadOnlyList<MatrixConversion> Matrices)
{
    /// <summary>What the packed matrices take in <see cref="WeightFormat.Full"/>, without what backward needs.</summary>
    public long FullBytes => Matrices.Sum(matrix => matrix.FullBytes);

    /// <summary>What they take now.</summary>
    public long Bytes => Matrices.Sum(matrix => matrix.Bytes);
}

/// <summary>One matrix of a <see cref="WeightConversion"/>. Errors are NaN where a weight is NaN, or infinite in Int8.</summary>
/// <param name="Name">The parameter's name.</param>
/// <param name="FullBytes">What the packed matrix takes in <see cref="WeightFormat.Full"/>.</param>
/// <param name="Bytes">What it takes now, scales included.</param>
/// <param name="MaxError">The largest |rounded - weight|.</param>
/// <param name="RootMeanSquareError">The root of the mean of the squares of rounded - weight.</param>
/// <param name="MaxWeight">The largest |weight|.</param>
public sealed record MatrixConversion(
    string Name, long FullBytes, long Bytes, double MaxError, double RootMeanSquareError, double MaxWeight)
{
    /// <summary><see cref="MaxError"/> as a share of the largest weight; 0 where all are zeros.</summary>
    public double RelativeError => MaxWeight == 0 ? 0 : MaxError / MaxWeight;
}
