using HighPerfRnn.Reference;

namespace HighPerfRnn.Benchmarks.Recurrent;

/// <summary>The plain loops of the reference, in float.</summary>
public sealed class NaiveLibrary : IRecurrentLibrary
{
    /// <summary>Its name in every table.</summary>
    public const string LibraryName = "naive loop";

    private const double OperationsWorthTiming = 4e7;

    /// <inheritdoc/>
    public string Name => LibraryName;

    /// <inheritdoc/>
    public string Version => "the reference in float";

    /// <inheritdoc/>
    public string? Missing => null;

    /// <inheritdoc/>
    public bool Supports(RecurrentCase work)
    {
        ArgumentNullException.ThrowIfNull(work);
        return work.Threads == 1;
    }

    /// <inheritdoc/>
    public IRecurrentWork Create(RecurrentCase work, RecurrentProblem problem) => Create<float>(work, problem);

    /// <summary>The loops in any type; in double they say what the numbers should be.</summary>
    internal static IRecurrentWork Create<T>(RecurrentCase work, RecurrentProblem problem)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T> =>
        work.Cell == RecurrentCell.Rnn && !work.IsRagged ? new NaiveRnn<T>(work, problem) : new NaiveCell<T>(work, problem);

    /// <summary>The case with so few steps that the loops end within some tenths of a second: each step costs them the same.</summary>
    public static RecurrentCase Shortened(RecurrentCase work)
    {
        ArgumentNullException.ThrowIfNull(work);
        double operationsOfStep = work.Operations / work.Steps;
        return work with { Library = LibraryName, Steps = (int)Math.Clamp(OperationsWorthTiming / operationsOfStep, 1, work.Steps) };
    }
}

/// <summary>The reference over a problem; in double it says what the numbers should be.</summary>
internal sealed class NaiveRnn<T> : IRecurrentWork
    where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
{
    private readonly RecurrentCase _case;
    private readonly ReferenceRnnShape _shape;
    private readonly T[] _wx;
    private readonly T[] _wh;
    private readonly T[] _bias;
    private readonly T[] _input;
    private readonly T[] _outputGradient;
    private readonly T[] _state;
    private readonly T[] _states;
    private readonly T[] _dInput;
    private readonly T[] _dWx;
    private readonly T[] _dWh;
    private readonly T[] _dBias;
    private readonly T[] _dInitialState;

    public NaiveRnn(RecurrentCase work, RecurrentProblem problem)
    {
        _case = work;
        _shape = new ReferenceRnnShape(work.Batch, work.Steps, work.InputSize, work.HiddenSize);
        _wx = Convert(problem.InputWeights);
        _wh = Convert(problem.RecurrentWeights);
        _bias = Convert(problem.Bias);
        _input = Convert(problem.Input);
        _outputGradient = Convert(problem.OutputGradient);
        _state = Convert(problem.InitialState);
        _states = new T[_shape.StatesLength];
        _dInput = new T[_input.Length];
        _dWx = new T[_wx.Length];
        _dWh = new T[_wh.Length];
        _dBias = new T[_bias.Length];
        _dInitialState = new T[_state.Length];
    }

    public void Run()
    {
        var cell = new ReferenceRnnCell<T>(
            _shape, ReferenceActivation.Tanh, T.CreateTruncating(ReferenceRnn.FlushBelowFloat), _wx, _wh, _bias);
        ReferenceRnn.Forward(cell, _input, _state, _states);
        if (_case.Mode == RecurrentMode.Step) _states.CopyTo(_state, 0);
        if (_case.Mode != RecurrentMode.Training) return;
        foreach (T[] gradient in (T[][])[_dInput, _dWx, _dWh, _dBias, _dInitialState]) Array.Clear(gradient);
        var gradients = new ReferenceRnnGradients<T>(_dInput, _dWx, _dWh, _dBias, _dInitialState);
        ReferenceRnn.Backward(cell, _input, _state, _states, _outputGradient, [], gradients);
    }

    public IReadOnlyDictionary<string, float[]> Results() => _case.Mode switch
    {
        RecurrentMode.Step => new Dictionary<string, float[]> { ["state"] = Convert(_state) },
        RecurrentMode.Forward => new Dictionary<string, float[]> { ["states"] = Convert(_states) },
        _ => new Dictionary<string, float[]>
        {
            ["states"] = Convert(_states),
            ["dInput"] = Convert(_dInput),
            ["dInputWeights"] = Convert(_dWx),
            ["dRecurrentWeights"] = Convert(_dWh),
            ["dBias"] = Convert(_dBias),
        },
    };

    public void Dispose()
    {
    }

    private static T[] Convert(float[] values) => Array.ConvertAll(values, T.CreateTruncating);

    private static float[] Convert(T[] values) => Array.ConvertAll(values, float.CreateTruncating);
}
