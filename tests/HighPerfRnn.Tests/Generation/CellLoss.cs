using HighPerfRnn.Reference;

namespace HighPerfRnn.Tests.Generation;

/// <summary>
/// L = Σ dY·h + Σ dhT·h_T + Σ dcT·c_T of any cell, so that the backward pass's dY, dhT and dcT are its gradients.
/// </summary>
internal sealed class CellLoss : IDifferenceLoss
{
    private readonly CellData _data;
    private readonly Sides _math = new();
    private readonly CellRun<double> _run;
    private readonly ulong _baseSides;

    public CellLoss(CellData data)
    {
        _data = data;
        _run = new CellRun<double>(data, _math);
        _run.Forward();
        _baseSides = _math.Seen;
        ReferenceSequence<double> sequence = _run.Sequence;
        Magnitude = (data.Case.InputSize + data.Case.HiddenSize + 8) * (
            CompensatedSum.Magnitude(data.OutputGradient, sequence.Output)
            + CompensatedSum.Magnitude(data.FinalStateGradient, sequence.FinalState)
            + CompensatedSum.Magnitude(data.FinalCellStateGradient, sequence.FinalCellState));
    }

    public string Kind => $"{_data.Case.Cell}{(IsSmooth ? "" : " with kinks")}";

    public bool IsSmooth => !_math.HasKinks;

    public double Magnitude { get; }

    public double Evaluate(out bool switched)
    {
        _math.Forget();
        _run.LoadWeights();
        _run.Forward();
        switched = _math.Seen != _baseSides;
        CompensatedSum sum = default;
        sum.AddProducts(_data.OutputGradient, _run.Sequence.Output);
        sum.AddProducts(_data.FinalStateGradient, _run.Sequence.FinalState);
        sum.AddProducts(_data.FinalCellStateGradient, _run.Sequence.FinalCellState);
        return sum.Value;
    }

    /// <summary>Plain numbers, and a hash of the sides of all kinks on which they lay.</summary>
    private sealed class Sides() : ReferenceFloatingPoint<double>(ReferenceRnn.FlushBelowDouble)
    {
        public bool HasKinks { get; private set; }

        public ulong Seen { get; private set; }

        public void Forget() => Seen = 0;

        public override double Activate(ReferenceActivation activation, double a)
        {
            double y = base.Activate(activation, a);
            int side = activation.Kind switch
            {
                ReferenceActivationKind.Relu or ReferenceActivationKind.LeakyRelu or ReferenceActivationKind.Elu
                    or ReferenceActivationKind.Softsign => Side(a > 0),
                ReferenceActivationKind.ThresholdedRelu => Side(a > activation.Alpha),
                ReferenceActivationKind.HardSigmoid => Side(y > 0) + Side(y < 1),
                _ => 0,
            };
            Seen = (Seen * 1_000_003) + (uint)side;
            return y;
        }

        public override double Clip(double a, double bound)
        {
            if (double.IsFinite(bound)) Seen = (Seen * 1_000_003) + (uint)(Side(a < -bound) + (2 * Side(a > bound)));
            return base.Clip(a, bound);
        }

        private int Side(bool isAbove)
        {
            HasKinks = true;
            return isAbove ? 1 : 2;
        }
    }
}
