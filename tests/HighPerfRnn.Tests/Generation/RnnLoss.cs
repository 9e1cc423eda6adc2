namespace HighPerfRnn.Tests.Generation;

/// <summary>
/// L = Σ dY·h + Σ dhT·h_T of a plain layer, so that the backward pass's dY and dhT are its gradients. A ReLU's L is a polynomial
/// while no unit switches.
/// </summary>
internal sealed class RnnLoss : IDifferenceLoss
{
    private readonly RnnData<double> _data;
    private readonly Func<double[]> _forward;
    private readonly double[] _baseStates;

    public RnnLoss(RnnData<double> data, Func<double[]> forward)
    {
        (_data, _forward, _baseStates) = (data, forward, forward());
        int depth = data.Case.InputSize + data.Case.HiddenSize;
        Magnitude = (depth + 8) * (
            CompensatedSum.Magnitude(data.OutputGradient, _baseStates)
            + CompensatedSum.Magnitude(data.FinalStateGradient, LastState(_baseStates)));
    }

    public string Kind => IsSmooth ? "tanh" : "ReLU";

    public bool IsSmooth => !_data.Case.Has(CaseOptions.Relu);

    public double Magnitude { get; }

    public double Evaluate(out bool switched)
    {
        double[] states = _forward();
        switched = false;
        for (int i = 0; !IsSmooth && i < states.Length; i++) switched |= states[i] > 0 != _baseStates[i] > 0;
        CompensatedSum sum = default;
        sum.AddProducts(_data.OutputGradient, states);
        sum.AddProducts(_data.FinalStateGradient, LastState(states));
        return sum.Value;
    }

    private ReadOnlySpan<double> LastState(double[] states)
    {
        int length = _data.Case.Batch * _data.Case.HiddenSize;
        return _data.Case.Steps == 0 ? _data.InitialState : states.AsSpan(states.Length - length);
    }
}
