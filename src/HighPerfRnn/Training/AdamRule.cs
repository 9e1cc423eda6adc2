using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Training;

/// <summary>The formula of <see cref="Adam{T}"/> and <see cref="AdamW{T}"/>.</summary>
/// <remarks>
/// What depends on the step alone is worked in double and rounded once: learningRate / (1 - β₁ᵗ) and 1 / √(1 - β₂ᵗ), so that
/// an element costs one root and one division. m + (1 - β₁)·(g - m) stands still where m has come to g.
/// </remarks>
internal readonly struct AdamRule<T>(double beta1, double beta2, double epsilon, double learningRate, long step) : IUpdateRule<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly T _oneMinusBeta1 = ExactMath.Narrow<T>(1 - beta1);
    private readonly T _beta2 = ExactMath.Narrow<T>(beta2);
    private readonly T _oneMinusBeta2 = ExactMath.Narrow<T>(1 - beta2);
    private readonly T _epsilon = ExactMath.Narrow<T>(epsilon);
    private readonly T _minusStepSize = ExactMath.Narrow<T>(-learningRate / (1 - ExactMath.PowInt(beta1, step)));
    private readonly T _rootFactor = ExactMath.Narrow<T>(1 / Math.Sqrt(1 - ExactMath.PowInt(beta2, step)));

    /// <summary>What of θ goes into its gradient.</summary>
    public required T WeightDecay { get; init; }

    /// <summary>What θ is multiplied by before all else.</summary>
    public required T Shrink { get; init; }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Update<TLane>(Span<T> parameters, ReadOnlySpan<T> gradients, Span<T> firstState, Span<T> secondState)
        where TLane : struct, ILane<TLane, T>
    {
        ref T parameter = ref MemoryMarshal.GetReference(parameters);
        ref T gradient = ref MemoryMarshal.GetReference(gradients);
        ref T first = ref MemoryMarshal.GetReference(firstState);
        ref T second = ref MemoryMarshal.GetReference(secondState);
        bool hasDecay = WeightDecay != T.Zero;
        TLane decay = TLane.Broadcast(WeightDecay);
        TLane shrink = TLane.Broadcast(Shrink);
        TLane oneMinusBeta1 = TLane.Broadcast(_oneMinusBeta1);
        TLane beta2 = TLane.Broadcast(_beta2);
        TLane oneMinusBeta2 = TLane.Broadcast(_oneMinusBeta2);
        TLane epsilon = TLane.Broadcast(_epsilon);
        TLane minusStepSize = TLane.Broadcast(_minusStepSize);
        TLane rootFactor = TLane.Broadcast(_rootFactor);
        for (nint i = 0; i < parameters.Length; i += TLane.Count)
        {
            TLane p = TLane.Load(ref Unsafe.Add(ref parameter, i)) * shrink;
            TLane g = TLane.Load(ref Unsafe.Add(ref gradient, i));
            if (hasDecay) g = TLane.FusedMultiplyAdd(decay, p, g);
            TLane m = TLane.Load(ref Unsafe.Add(ref first, i));
            m = UpdateLanes<T, TLane>.FlushSubnormal(TLane.FusedMultiplyAdd(oneMinusBeta1, g - m, m));
            m.Store(ref Unsafe.Add(ref first, i));
            TLane v = TLane.Load(ref Unsafe.Add(ref second, i));
            v = UpdateLanes<T, TLane>.FlushSubnormal(TLane.FusedMultiplyAdd(beta2, v, oneMinusBeta2 * g * g));
            v.Store(ref Unsafe.Add(ref second, i));
            TLane denominator = TLane.FusedMultiplyAdd(TLane.Sqrt(v), rootFactor, epsilon);
            TLane.FusedMultiplyAdd(minusStepSize, m / denominator, p).Store(ref Unsafe.Add(ref parameter, i));
        }
    }
}
