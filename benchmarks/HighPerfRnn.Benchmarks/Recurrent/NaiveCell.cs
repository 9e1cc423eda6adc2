using HighPerfRnn.Reference;

namespace HighPerfRnn.Benchmarks.Recurrent;

/// <summary>The reference's definition of any cell over a problem, rows of all lengths too.</summary>
internal sealed class NaiveCell<T> : IRecurrentWork
    where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
{
    private readonly RecurrentCase _case;
    private readonly ReferenceSequence<T> _sequence;
    private readonly T[] _input;
    private readonly T[] _outputGradient;
    private readonly T[] _state;
    private readonly T[] _cellState;

    public NaiveCell(RecurrentCase work, RecurrentProblem problem)
    {
        _case = work;
        ReferenceCell<T> cell = OptionsOf(work.Cell).Create(
            new ReferenceFloatingPoint<T>(ReferenceRnn.FlushBelowFloat), work.InputSize, work.HiddenSize);
        Convert(problem.InputWeights).CopyTo(cell.Parameters["weight_ih"], 0);
        Convert(problem.Bias).CopyTo(cell.Parameters["bias"], 0);
        if (work.RecurrentGates > 0) Convert(problem.RecurrentWeights).CopyTo(cell.Parameters["weight_hh"], 0);
        _sequence = new ReferenceSequence<T>(cell, work.Batch, work.Steps, problem.Lengths);
        _input = Convert(problem.Input);
        _outputGradient = Convert(problem.OutputGradient);
        _state = Convert(problem.InitialState);
        _cellState = Convert(problem.InitialCellState);
    }

    public void Run()
    {
        _sequence.Forward(_input, _state, _cellState);
        if (_case.Mode == RecurrentMode.Step)
        {
            _sequence.FinalState.CopyTo(_state, 0);
            _sequence.FinalCellState.CopyTo(_cellState, 0);
        }

        if (_case.Mode != RecurrentMode.Training) return;
        Array.Clear(_sequence.InputGradient);
        foreach (ReferenceParameterShape shape in _sequence.Gradients.Shapes) Array.Clear(_sequence.Gradients[shape.Name]);
        _sequence.Backward(_outputGradient);
    }

    public IReadOnlyDictionary<string, float[]> Results()
    {
        if (_case.Mode == RecurrentMode.Step) return new Dictionary<string, float[]> { ["state"] = Convert(_state) };
        var results = new Dictionary<string, float[]> { ["states"] = Convert(_sequence.Output) };
        if (_case.Mode == RecurrentMode.Forward) return results;
        results["dInput"] = Convert(_sequence.InputGradient);
        results["dInputWeights"] = Convert(_sequence.Gradients["weight_ih"]);
        results["dBias"] = Convert(_sequence.Gradients["bias"]);
        if (_case.RecurrentGates > 0) results["dRecurrentWeights"] = Convert(_sequence.Gradients["weight_hh"]);
        return results;
    }

    public void Dispose()
    {
    }

    private static ReferenceCellOptions OptionsOf(RecurrentCell cell) => cell switch
    {
        RecurrentCell.Rnn => new ReferenceVanillaRnnOptions(),
        RecurrentCell.Lstm => new ReferenceLstmOptions(),
        RecurrentCell.Gru => new ReferenceGruOptions(),
        RecurrentCell.MinGru => new ReferenceMinGruOptions(),
        _ => throw new NotSupportedException($"{cell} has no definition here."),
    };

    private static T[] Convert(float[] values) => Array.ConvertAll(values, T.CreateTruncating);

    private static float[] Convert(T[] values) => Array.ConvertAll(values, float.CreateTruncating);
}
