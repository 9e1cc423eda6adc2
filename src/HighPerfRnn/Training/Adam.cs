using System.Numerics;
using HighPerfRnn.Kernels;
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
    private readonly double _beta1;
    private readonly double _beta2;
    private readonly double _epsilon;
    private readonly double _weightDecay;

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
        : base(parameters, workers, "exp_avg", "exp_avg_sq")
    {
        _beta1 = Setting(beta1, 0, 1, nameof(beta1));
        _beta2 = Setting(beta2, 0, 1, nameof(beta2));
        _epsilon = Epsilon(epsilon, nameof(epsilon));
        _weightDecay = Setting(weightDecay, 0, double.PositiveInfinity, nameof(weightDecay));
    }

    /// <inheritdoc/>
    public override string Name => "adam";

    private protected override void Update(int set, Span<T> parameters, ReadOnlySpan<T> gradients, double learningRate)
    {
        var job = new UpdateJob<T, AdamRule<T>>
        {
            Rule = new AdamRule<T>(_beta1, _beta2, _epsilon, learningRate, StepCount)
            {
                WeightDecay = ExactMath.Narrow<T>(_weightDecay),
                Shrink = T.One,
            },
            Parameters = parameters,
            Gradients = gradients,
            FirstState = StateOf(set, 0),
            SecondState = StateOf(set, 1),
        };
        WorkerGroup.Run(Workers, ref job);
    }
}
