using System.Numerics;

namespace HighPerfRnn.Training;

/// <summary>What <see cref="BinaryCrossEntropy{T}"/> can do beside the plain loss; the default is the plain loss.</summary>
/// <typeparam name="T">float or double.</typeparam>
public readonly ref struct BinaryCrossEntropyOptions<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// w [N], none of them negative: number i counts w_i times, and the mean divides by their sum. Where w is 0 loss and gradient are 0
    /// whatever stands there, so that zeros and ones are a mask. Empty for ones.
    /// </summary>
    public ReadOnlySpan<T> Weights { get; init; }

    /// <summary>
    /// p [1] or [C], none of them negative: what positive targets count for; number i has p[i mod C], so that rows [N / C, C] have one for
    /// each class. Empty for 1.
    /// </summary>
    public ReadOnlySpan<T> PositiveWeights { get; init; }
}
