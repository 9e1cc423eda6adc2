using System.Numerics;

namespace HighPerfRnn.Training;

/// <summary>What <see cref="SoftmaxCrossEntropy{T}"/> can do beside the plain loss; the default is the plain loss, bit for bit.</summary>
/// <typeparam name="T">float or double.</typeparam>
public readonly ref struct CrossEntropyOptions<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>ε in 0 to 1: the target distribution is (1 - ε)·[v is target] + ε / V.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>A row whose target is this number has loss 0 and gradient 0 whatever its logits, and does not count in the mean; null for none.</summary>
    public int? IgnoredTarget { get; init; }

    /// <summary>
    /// w [V], none of them negative: what class v adds to the loss counts w_v times, and the mean divides by the sum of the
    /// weights of the targets that count. Empty for ones.
    /// </summary>
    public ReadOnlySpan<T> ClassWeights { get; init; }

    internal bool IsPlain => LabelSmoothing == 0 && IgnoredTarget is null && ClassWeights.IsEmpty;
}
