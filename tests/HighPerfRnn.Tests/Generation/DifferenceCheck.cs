using HighPerfRnn.Reference;
using Xunit.Sdk;

namespace HighPerfRnn.Tests.Generation;

/// <summary>A loss whose derivatives are checked.</summary>
internal interface IDifferenceLoss
{
    /// <summary>What the cell is called where redraws are counted.</summary>
    string Kind { get; }

    /// <summary>Whether the loss has all its derivatives; else it is smooth between switches of its units.</summary>
    bool IsSmooth { get; }

    /// <summary>Σ|terms| of the loss times the depth of the sums behind each, for the roundoff of a difference.</summary>
    double Magnitude { get; }

    /// <summary>The loss at the parameters as they are now.</summary>
    /// <param name="switched">Whether a unit lies on the other side of a kink than at first.</param>
    double Evaluate(out bool switched);
}

/// <summary>Gradients in double against central differences of a loss.</summary>
/// <remarks>
/// <para>They must agree as |g - d| ≤ 1e-7 · max(G, R), with G the largest entry of the tensor's gradient and R the roundoff
/// term: 1e7 times what the rounding of the forward pass does to the difference quotient. Each h errs by no more than
/// n·u·(1 + |h|), n being the depth of its sums times the steps whose errors it carries (‖Wh‖ ≤ 1 for long sequences), so that
/// the losses err by n·u·Σ|dL/dh|·(1 + |h|); the sums of the losses themselves are taken with compensation.</para>
/// <para>Step: 2⁻¹⁰ in the fourth-order formula for smooth losses (times the binade of a larger entry), whose truncation is
/// 3e-14·L⁗'; 2⁻¹⁷ in the second-order one where units have kinks. Where a unit switches between the points, the direction or
/// entry is drawn again and counted.</para>
/// </remarks>
internal sealed class DifferenceCheck(string name, IDifferenceLoss loss, int seed)
{
    private const double Tolerance = 1e-7;
    private const int EntriesOfCase = 8;
    private const int MostDraws = 40;

    private readonly CaseRandom _random = new(seed, 2000);
    private bool _switched;

    /// <summary>Each tensor along two random directions, and at most 8 single entries in all.</summary>
    /// <param name="tensors">Name, parameters as the forward pass reads them, and their gradient.</param>
    public void Run(params ReadOnlySpan<(string Name, double[] Parameters, double[] Gradient)> tensors)
    {
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
                CentralDifferences.Direction(Loss, parameters, direction, loss.Magnitude, fourthOrder: loss.IsSmooth);
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
                CentralDifferences.Entry(Loss, parameters, entry, loss.Magnitude, fourthOrder: loss.IsSmooth);
            if (Accept($"{tensor}[{entry}]", gradient[entry], difference, gradient)) return;
        }
    }

    private bool Accept(string what, double expected, CentralDifference difference, double[] gradient)
    {
        string counter = $"{name}, {loss.Kind}";
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
        double value = loss.Evaluate(out bool switched);
        _switched |= switched;
        return value;
    }
}
