using System.Runtime.InteropServices;
using HighPerfRnn.Reference;
using Xunit.Sdk;

namespace HighPerfRnn.Tests.Generation;

/// <summary>Gradients in double against central differences of a forward pass.</summary>
/// <remarks>
/// <para>The loss is L = Σ dY·h + Σ dhT·h_T, so that the backward pass's dY and dhT are its gradients. It must agree as
/// |g - d| ≤ 1e-7 · max(G, R), with G the largest entry of the tensor's gradient and R the roundoff term: 1e7 times what the
/// rounding of the forward pass does to the difference quotient. Each h errs by no more than n·u·(1 + |h|), n being the depth
/// of its sums times the steps whose errors it carries (‖Wh‖ ≤ 1 for long sequences), so that the losses err by
/// n·u·Σ|dL/dh|·(1 + |h|); the sums of the losses themselves are taken with compensation.</para>
/// <para>Step: 2⁻¹⁰ in the fourth-order formula for tanh (times the binade of a larger entry), whose truncation is
/// 3e-14·L⁗'; 2⁻¹⁷ in the second-order one for ReLU, whose L is a polynomial while no unit switches. Where a unit switches
/// between the points, the direction or entry is drawn again and counted.</para>
/// </remarks>
internal sealed class DifferenceCheck(string name, RnnData<double> data, Func<double[]> forward)
{
    private const double Tolerance = 1e-7;
    private const int EntriesOfCase = 8;
    private const int MostDraws = 40;

    private readonly bool _relu = data.Case.Has(CaseOptions.Relu);
    private readonly CaseRandom _random = new(data.Case.Seed, 2000);
    private double[] _baseStates = [];
    private double _lossMagnitude;
    private bool _switched;

    /// <summary>Each tensor along two random directions, and at most 8 single entries in all.</summary>
    /// <param name="tensors">Name, parameters as the forward pass reads them, and their gradient.</param>
    public void Run(params ReadOnlySpan<(string Name, double[] Parameters, double[] Gradient)> tensors)
    {
        _baseStates = forward();
        _lossMagnitude = LossMagnitude(_baseStates);
        foreach ((string tensor, double[] parameters, double[] gradient) in tensors)
        {
            if (parameters.Length == 0) continue;
            Along(tensor, parameters, gradient);
            Along(tensor, parameters, gradient);
        }

        for (int i = 0; i < EntriesOfCase; i++)
        {
            (string tensor, double[] parameters, double[] gradient) = tensors[_random.Below(tensors.Length)];
            if (parameters.Length > 0) At(tensor, parameters, gradient);
        }
    }

    private void Along(string tensor, double[] parameters, double[] gradient)
    {
        for (int draw = 0; draw < MostDraws; draw++)
        {
            double[] direction = _random.Numbers<double>(parameters.Length);
            double length = Math.Sqrt(direction.Sum(d => d * d));
            double expected = 0;
            for (int i = 0; i < direction.Length; i++)
            {
                direction[i] /= length;
                expected += gradient[i] * direction[i];
            }

            _switched = false;
            CentralDifference difference =
                CentralDifferences.Direction(Loss, parameters, direction, _lossMagnitude, fourthOrder: !_relu);
            if (Accept($"{tensor} along draw {draw}", expected, difference, gradient)) return;
        }
    }

    private void At(string tensor, double[] parameters, double[] gradient)
    {
        for (int draw = 0; draw < MostDraws; draw++)
        {
            int entry = _random.Below(parameters.Length);
            _switched = false;
            CentralDifference difference =
                CentralDifferences.Entry(Loss, parameters, entry, _lossMagnitude, fourthOrder: !_relu);
            if (Accept($"{tensor}[{entry}]", gradient[entry], difference, gradient)) return;
        }
    }

    private bool Accept(string what, double expected, CentralDifference difference, double[] gradient)
    {
        string counter = $"{name}, {(_relu ? "ReLU" : "tanh")}";
        if (_switched)
        {
            Redraws.Again(counter);
            return false;
        }

        Redraws.Keep(counter);
        double largest = gradient.Max(Math.Abs);
        double bound = Tolerance * Math.Max(largest, difference.Roundoff / Tolerance);
        double error = Math.Abs(difference.Derivative - expected);
        if (!(error <= bound))
        {
            throw new XunitException(
                $"{name}: gradient of {what} is {expected:R}, differences give {difference.Derivative:R}, {error:E2} off with "
                + $"{bound:E2} allowed (largest entry {largest:E2}, step {difference.Step:E1}).");
        }

        return true;
    }

    private double Loss()
    {
        double[] states = forward();
        for (int i = 0; _relu && i < states.Length; i++) _switched |= states[i] > 0 != _baseStates[i] > 0;
        double sum = 0;
        double lost = 0;
        for (int i = 0; i < data.OutputGradient.Length; i++) Add(data.OutputGradient[i] * states[i]);
        Span<double> last = LastState(states);
        for (int i = 0; i < data.FinalStateGradient.Length; i++) Add(data.FinalStateGradient[i] * last[i]);
        return sum + lost;

        // Neumaier's sum: what an addition loses is kept apart.
        void Add(double term)
        {
            double next = sum + term;
            lost += Math.Abs(sum) >= Math.Abs(term) ? sum - next + term : term - next + sum;
            sum = next;
        }
    }

    private double LossMagnitude(double[] states)
    {
        double sum = 0;
        for (int i = 0; i < data.OutputGradient.Length; i++) sum += Math.Abs(data.OutputGradient[i]) * (1 + Math.Abs(states[i]));
        Span<double> last = LastState(states);
        for (int i = 0; i < data.FinalStateGradient.Length; i++) sum += Math.Abs(data.FinalStateGradient[i]) * (1 + Math.Abs(last[i]));
        int depth = data.Case.InputSize + data.Case.HiddenSize;
        return sum * (depth + 8);
    }

    private Span<double> LastState(double[] states)
    {
        int length = data.Case.Batch * data.Case.HiddenSize;
        return data.Case.Steps == 0 ? data.InitialState : states.AsSpan(states.Length - length);
    }
}
