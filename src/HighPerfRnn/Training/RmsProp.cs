using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Memory;
using HighPerfRnn.Simd;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Training;

/// <summary>
/// PyTorch's RMSprop: g += weightDecay·θ; v = α·v + (1 - α)·g²; θ -= learningRate·g / (√v + ε). Not centered, no momentum.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>State: square_avg, v.</remarks>
public sealed class RmsProp<T> : Optimizer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly double _alpha;
    private readonly double _epsilon;
    private readonly double _weightDecay;

    /// <summary>An optimizer of the given sets.</summary>
    /// <param name="parameters">θ.</param>
    /// <param name="alpha">α, in [0, 1).</param>
    /// <param name="epsilon">ε, positive in T.</param>
    /// <param name="weightDecay">At least 0.</param>
    /// <param name="workers">Threads to split elements over; null for the caller's alone.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public RmsProp(
        IReadOnlyList<ParameterSet<T>> parameters,
        double alpha = 0.99,
        double epsilon = 1e-8,
        double weightDecay = 0,
        WorkerGroup? workers = null)
        : base(parameters, workers, "square_avg")
    {
        _alpha = Setting(alpha, 0, 1, nameof(alpha));
        _epsilon = Epsilon(epsilon, nameof(epsilon));
        _weightDecay = Setting(weightDecay, 0, double.PositiveInfinity, nameof(weightDecay));
    }

    /// <inheritdoc/>
    public override string Name => "rmsprop";

    private protected override void Update(int set, ReadOnlySpan<T> gradients, double learningRate, long step) =>
        Apply(set, gradients, new RmsPropRule<T>
        {
            LearningRate = ExactMath.Narrow<T>(learningRate),
            Alpha = ExactMath.Narrow<T>(_alpha),
            OneMinusAlpha = ExactMath.Narrow<T>(1 - _alpha),
            Epsilon = ExactMath.Narrow<T>(_epsilon),
            WeightDecay = ExactMath.Narrow<T>(_weightDecay),
        });
}

/// <summary>The formula of <see cref="RmsProp{T}"/>.</summary>
internal readonly struct RmsPropRule<T> : IUpdateRule<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required T LearningRate { get; init; }

    public required T Alpha { get; init; }

    public required T OneMinusAlpha { get; init; }

    public required T Epsilon { get; init; }

    public required T WeightDecay { get; init; }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Update<TLane>(Span<T> parameters, ReadOnlySpan<T> gradients, Span<T> firstState, Span<T> secondState)
        where TLane : struct, ILane<TLane, T>
    {
        ref T parameter = ref MemoryMarshal.GetReference(parameters);
        ref T gradient = ref MemoryMarshal.GetReference(gradients);
        ref T square = ref MemoryMarshal.GetReference(firstState);
        bool hasDecay = WeightDecay != T.Zero;
        TLane minusRate = TLane.Broadcast(-LearningRate);
        TLane alpha = TLane.Broadcast(Alpha);
        TLane oneMinusAlpha = TLane.Broadcast(OneMinusAlpha);
        TLane epsilon = TLane.Broadcast(Epsilon);
        TLane decay = TLane.Broadcast(WeightDecay);
        for (nint i = 0; i < parameters.Length; i += TLane.Count)
        {
            TLane p = TLane.Load(ref Unsafe.Add(ref parameter, i));
            TLane g = TLane.Load(ref Unsafe.Add(ref gradient, i));
            if (hasDecay) g = TLane.FusedMultiplyAdd(decay, p, g);
            TLane v = TLane.Load(ref Unsafe.Add(ref square, i));
            v = UpdateLanes<T, TLane>.FlushSubnormal(TLane.FusedMultiplyAdd(alpha, v, oneMinusAlpha * g * g));
            v.Store(ref Unsafe.Add(ref square, i));
            TLane.FusedMultiplyAdd(minusRate, g / (TLane.Sqrt(v) + epsilon), p).Store(ref Unsafe.Add(ref parameter, i));
        }
    }
}
