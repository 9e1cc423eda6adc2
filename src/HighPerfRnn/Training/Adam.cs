using System.Numerics;
using HighPerfRnn.Memory;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Training;

/// <summary>
/// PyTorch's Adam, step t from 1: g += weightDecay·θ; m = β₁·m + (1 - β₁)·g; v = β₂·v + (1 - β₂)·g²;
/// θ -= learningRate·(m / (1 - β₁ᵗ)) / (√(v / (1 - β₂ᵗ)) + ε) (Kingma and Ba, 2015).
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>State: exp_avg, m, and exp_avg_sq, v.</remarks>
public sealed class Adam<T> : Optimizer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly AdamSettings<T> _settings;

    /// <summary>An optimizer of the given sets.</summary>
    /// <param name="parameters">θ.</param>
    /// <param name="beta1">β₁, in [0, 1).</param>
    /// <param name="beta2">β₂, in [0, 1).</param>
    /// <param name="epsilon">ε, positive in T.</param>
    /// <param name="weightDecay">At least 0; it goes into the gradient.</param>
    /// <param name="workers">Threads to split elements over; null for the caller's alone.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public Adam(
        IReadOnlyList<ParameterSet<T>> parameters,
        double beta1 = 0.9,
        double beta2 = 0.999,
        double epsilon = 1e-8,
        double weightDecay = 0,
        WorkerGroup? workers = null)
        : base(parameters, workers, "exp_avg", "exp_avg_sq") =>
        _settings = new AdamSettings<T>(beta1, beta2, epsilon, weightDecay, isDecoupled: false);

    /// <inheritdoc/>
    public override string Name => "adam";

    private protected override void Update(int set, ReadOnlySpan<T> gradients, double learningRate, long step) =>
        Apply(set, gradients, _settings.Rule(learningRate, step));
}
