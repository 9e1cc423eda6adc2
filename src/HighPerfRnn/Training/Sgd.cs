using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Memory;
using HighPerfRnn.Simd;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Training;

/// <summary>
/// Gradient descent as PyTorch's SGD: g += weightDecay·θ; b = momentum·b + g; θ -= learningRate·b. Without momentum b is g.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>State: momentum_buffer, if there is momentum. Dampening is 0, Nesterov's form is not used.</remarks>
public sealed class Sgd<T> : Optimizer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly double _momentum;
    private readonly double _weightDecay;

    /// <summary>An optimizer of the given sets.</summary>
    /// <param name="parameters">θ.</param>
    /// <param name="momentum">In [0, 1).</param>
    /// <param name="weightDecay">At least 0.</param>
    /// <param name="workers">Threads to split elements over; null for the caller's alone.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public Sgd(
        IReadOnlyList<ParameterSet<T>> parameters, double momentum = 0, double weightDecay = 0, WorkerGroup? workers = null)
        : base(parameters, workers, momentum == 0 ? [] : ["momentum_buffer"])
    {
        _momentum = Setting(momentum, 0, 1, nameof(momentum));
        _weightDecay = Setting(weightDecay, 0, double.PositiveInfinity, nameof(weightDecay));
    }

    /// <inheritdoc/>
    public override string Name => "sgd";

    private protected override void Update(int set, ReadOnlySpan<T> gradients, double learningRate, long step) =>
        Apply(set, gradients, new SgdRule<T>
        {
            LearningRate = ExactMath.Narrow<T>(learningRate),
            Momentum = ExactMath.Narrow<T>(_momentum),
            WeightDecay = ExactMath.Narrow<T>(_weightDecay),
        });
}

/// <summary>The formula of <see cref="Sgd{T}"/>.</summary>
internal readonly struct SgdRule<T> : IUpdateRule<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required T LearningRate { get; init; }

    public required T Momentum { get; init; }

    public required T WeightDecay { get; init; }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Update<TLane>(Span<T> parameters, ReadOnlySpan<T> gradients, Span<T> firstState, Span<T> secondState)
        where TLane : struct, ILane<TLane, T>
    {
        ref T parameter = ref MemoryMarshal.GetReference(parameters);
        ref T gradient = ref MemoryMarshal.GetReference(gradients);
        ref T buffer = ref MemoryMarshal.GetReference(firstState);
        bool hasMomentum = !firstState.IsEmpty;
        bool hasDecay = WeightDecay != T.Zero;
        TLane minusRate = TLane.Broadcast(-LearningRate);
        TLane momentum = TLane.Broadcast(Momentum);
        TLane decay = TLane.Broadcast(WeightDecay);
        for (nint i = 0; i < parameters.Length; i += TLane.Count)
        {
            TLane p = TLane.Load(ref Unsafe.Add(ref parameter, i));
            TLane g = TLane.Load(ref Unsafe.Add(ref gradient, i));
            if (hasDecay) g = TLane.FusedMultiplyAdd(decay, p, g);
            if (hasMomentum)
            {
                ref T at = ref Unsafe.Add(ref buffer, i);
                g = UpdateLanes<T, TLane>.FlushSubnormal(TLane.FusedMultiplyAdd(momentum, TLane.Load(ref at), g));
                g.Store(ref at);
            }

            TLane.FusedMultiplyAdd(minusRate, g, p).Store(ref Unsafe.Add(ref parameter, i));
        }
    }
}
