using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Memory;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Training;

/// <summary>
/// Changes parameters by their gradients. Formulas and defaults are those that PyTorch documents; the bits depend on neither
/// the vector width nor the number of workers.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>
/// <see cref="States"/> and <see cref="StepCount"/> are all that an optimizer remembers: an optimizer of the same settings to
/// which both are copied continues with the same bits. State below the smallest normal number becomes +0, or moments that
/// decay would stay among the subnormal numbers, where each operation costs 10 to 30 times as much.
/// </remarks>
public abstract class Optimizer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly ParameterSet<T>[] _parameters;
    private readonly OptimizerState<T>[] _states;
    private readonly WorkerGroup? _workers;

    private protected Optimizer(
        IReadOnlyList<ParameterSet<T>> parameters, WorkerGroup? workers, params ReadOnlySpan<string> stateNames)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        _workers = workers;
        _parameters = new ParameterSet<T>[parameters.Count];
        _states = new OptimizerState<T>[parameters.Count * stateNames.Length];
        for (int set = 0; set < _parameters.Length; set++)
        {
            _parameters[set] = parameters[set] ?? throw new ArgumentException($"parameters[{set}] is null.", nameof(parameters));
            for (int i = 0; i < stateNames.Length; i++)
            {
                _states[(set * stateNames.Length) + i] = new(stateNames[i], set, parameters[set].CreateZeros());
            }
        }
    }

    /// <summary>The optimizer's name in a checkpoint: sgd, rmsprop, adam or adamw.</summary>
    public abstract string Name { get; }

    /// <summary>The sets that are changed.</summary>
    public IReadOnlyList<ParameterSet<T>> Parameters => _parameters;

    /// <summary>What is remembered, set after set; empty for plain gradient descent.</summary>
    public IReadOnlyList<OptimizerState<T>> States => _states;

    /// <summary>How many steps were taken; one that failed does not count. It is set where a checkpoint's state is written back.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public long StepCount
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            field = value;
        }
    }

    /// <summary>Changes every parameter once. The gradients stay as they are. Allocates nothing.</summary>
    /// <param name="gradients">A set for each of <see cref="Parameters"/>, of its layout. What is not finite in them goes into
    /// the parameters: check the norm before (<see cref="GradientClipping"/>).</param>
    /// <param name="learningRate">The rate of this step.</param>
    /// <exception cref="ArgumentException">There are more or fewer sets, or one has another layout; nothing has been written
    /// then.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The rate is negative or not finite.</exception>
    /// <exception cref="ObjectDisposedException">The workers were disposed of; nothing has been written then.</exception>
    public void Step(IReadOnlyList<ParameterSet<T>> gradients, double learningRate)
    {
        ArgumentNullException.ThrowIfNull(gradients);
        if (!(learningRate >= 0 && double.IsFinite(learningRate)))
        {
            throw new ArgumentOutOfRangeException(nameof(learningRate), learningRate, "expected a finite rate of at least 0");
        }

        if (gradients.Count != _parameters.Length)
        {
            throw new ArgumentException($"There are {gradients.Count} sets; expected {_parameters.Length}.", nameof(gradients));
        }

        for (int set = 0; set < _parameters.Length; set++)
        {
            if (gradients[set] is null || !gradients[set].HasLayoutOf(_parameters[set]))
            {
                throw new ArgumentException(
                    $"gradients[{set}] has another layout than its parameters; make it with CreateZeros().", nameof(gradients));
            }
        }

        long step = StepCount + 1;
        for (int set = 0; set < _parameters.Length; set++) Update(set, gradients[set].Values, learningRate, step);
        StepCount = step;
    }

    /// <summary>Changes one set with <see cref="Apply"/>.</summary>
    /// <param name="set">Which.</param>
    /// <param name="gradients">Its gradients.</param>
    /// <param name="learningRate">The rate of this step.</param>
    /// <param name="step">The number of this step, from 1.</param>
    private protected abstract void Update(int set, ReadOnlySpan<T> gradients, double learningRate, long step);

    /// <summary>Runs a rule over one set and its states.</summary>
    private protected void Apply<TRule>(int set, ReadOnlySpan<T> gradients, in TRule rule)
        where TRule : struct, IUpdateRule<T>
    {
        int count = _states.Length / _parameters.Length;
        var job = new UpdateJob<T, TRule>
        {
            Rule = rule,
            Parameters = _parameters[set].Values,
            Gradients = gradients,
            FirstState = count > 0 ? _states[set * count].Values.Values : default,
            SecondState = count > 1 ? _states[(set * count) + 1].Values.Values : default,
        };
        WorkerGroup.Run(_workers, ref job);
    }

    /// <summary>A setting within its range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is NaN or not in [least, end).</exception>
    internal static double Setting(double value, double least, double end, string name)
    {
        if (value >= least && value < end) return value;
        throw new ArgumentOutOfRangeException(name, value, $"expected at least {least} and below {end}");
    }

    /// <summary>ε: positive in T, or the zeros between parameters would become 0 / 0.</summary>
    internal static double Epsilon(double value, string name)
    {
        if (double.IsFinite(value) && ExactMath.Narrow<T>(value) > T.Zero) return value;
        throw new ArgumentOutOfRangeException(name, value, $"expected a finite number above 0 in {typeof(T).Name}");
    }
}
