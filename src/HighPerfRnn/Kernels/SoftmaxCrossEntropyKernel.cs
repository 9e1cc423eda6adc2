using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>
/// One row of softmax cross-entropy: with m = max x and s = Σ exp(x - m), loss = ln s - (x_target - m) and
/// dx = scale·(exp(x - m) / s - [target]).
/// </summary>
internal static class SoftmaxCrossEntropyKernel<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    /// <summary>The loss of a row in nats; the logits stay as they are.</summary>
    /// <param name="logits">x [V].</param>
    /// <param name="target">The index whose probability counts.</param>
    /// <param name="tailMask"><see cref="SoftmaxKernel{T, TLane}.TailMask"/> of V.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static T Forward(ReadOnlySpan<T> logits, int target, ref readonly Block16<T> tailMask)
    {
        T sum = SoftmaxKernel<T, TLane>.SumOfExponentials(logits, in tailMask, out T maximum);
        return Loss(sum, logits[target], maximum);
    }

    /// <summary>The loss of a row in nats, and its gradient times <paramref name="scale"/>.</summary>
    /// <param name="logits">x [V].</param>
    /// <param name="target">The index whose probability counts.</param>
    /// <param name="gradient">dx [V], overwritten; it may be the logits themselves.</param>
    /// <param name="scale">What the gradient is multiplied by.</param>
    /// <param name="tailMask"><see cref="SoftmaxKernel{T, TLane}.TailMask"/> of V.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static T ForwardBackward(
        ReadOnlySpan<T> logits, int target, Span<T> gradient, T scale, ref readonly Block16<T> tailMask)
    {
        T logit = logits[target];
        T sum = SoftmaxKernel<T, TLane>.Scaled(logits, gradient, scale, in tailMask, out T maximum);
        gradient[target] -= scale;
        return Loss(sum, logit, maximum);
    }

    /// <summary>In double and rounded once: a logarithm a row costs little beside V exponentials.</summary>
    private static T Loss(T sum, T logit, T maximum) =>
        ExactMath.Narrow<T>(ExactMath.Log(ExactMath.Widen(sum)) - (ExactMath.Widen(logit) - ExactMath.Widen(maximum)));
}
