using System.Numerics;
using HighPerfRnn.Kernels;

namespace HighPerfRnn.Training;

/// <summary>What <see cref="Adam{T}"/> and <see cref="AdamW{T}"/> are made with; they differ in where the weight decay goes.</summary>
internal readonly struct AdamSettings<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly double _beta1;
    private readonly double _beta2;
    private readonly double _epsilon;
    private readonly double _weightDecay;
    private readonly bool _isDecoupled;

    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public AdamSettings(double beta1, double beta2, double epsilon, double weightDecay, bool isDecoupled)
    {
        _beta1 = Optimizer<T>.Setting(beta1, 0, 1, nameof(beta1));
        _beta2 = Optimizer<T>.Setting(beta2, 0, 1, nameof(beta2));
        _epsilon = Optimizer<T>.Epsilon(epsilon, nameof(epsilon));
        _weightDecay = Optimizer<T>.Setting(weightDecay, 0, double.PositiveInfinity, nameof(weightDecay));
        _isDecoupled = isDecoupled;
    }

    /// <summary>The formula of one step, counted from 1.</summary>
    public AdamRule<T> Rule(double learningRate, long step) => new(_beta1, _beta2, _epsilon, learningRate, step)
    {
        WeightDecay = _isDecoupled ? T.Zero : ExactMath.Narrow<T>(_weightDecay),
        Shrink = _isDecoupled ? ExactMath.Narrow<T>(1 - (learningRate * _weightDecay)) : T.One,
    };
}
