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
/// entry is drawn again and counted. Recurrences that amplify bend the loss so much that truncation shows. So a quotient that
/// disagrees is taken again with a quarter of the step: if the two differ by no more than half of what is allowed, truncation does not
/// explain the disagreement, and it stands, whatever the rounding of the shorter one would allow; else the shorter one is judged.</para>
/// </remarks>
internal sealed class DifferenceCheck(string name, IDifferenceLoss loss, int seed)
{
    private const double Tolerance = 1e-7;
    private const int EntriesOfCase = 8;
    private const int MostDraws = 40;
    private const int MostHalvings = 8;

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

            CentralDifference Difference(int halvings) =>
                CentralDifferences.Direction(Loss, parameters, direction, loss.Magnitude, fourthOrder: loss.IsSmooth, halvings);
            if (Accept($"{tensor} along draw {draw}", expected, Difference, gradient)) return;
        }
    }

    private void At(string tensor, double[] parameters, double[] gradient)
    {
        for (int draw = 0; draw < MostDraws; draw++)
        {
            int entry = _random.Below(parameters.Length);
            CentralDifference Difference(int halvings) =>
                CentralDifferences.Entry(Loss, parameters, entry, loss.Magnitude, fourthOrder: loss.IsSmooth, halvings);
            if (Accept($"{tensor}[{entry}]", gradient[entry], Difference, gradient)) return;
        }
    }

    private bool Accept(string what, double expected, Func<int, CentralDifference> difference, double[] gradient)
    {
        string counter = $"{name}, {loss.Kind}";
        double largest = gradient.Max(Math.Abs);
        CentralDifference last = default;
        for (int halvings = 0; ; halvings += 2)
        {
            _switched = false;
            CentralDifference quotient = difference(halvings);
            if (_switched)
            {
                Redraws.Again(counter);
                return false;
            }

            double bound = Math.Max(Tolerance * largest, quotient.Roundoff);
            double error = Math.Abs(quotient.Derivative - expected);
            bool hasSettled = halvings > 0 && Math.Abs(quotient.Derivative - last.Derivative) <= bound / 2;
            if (error <= bound && !hasSettled)
            {
                Redraws.Keep(counter);
                return true;
            }

            if (hasSettled || halvings == MostHalvings || !double.IsFinite(error))
            {
                throw new XunitException(
                    $"{name}: gradient of {what} is {expected:R}, differences give {quotient.Derivative:R}, {error:E2} off with "
                    + $"{bound:E2} allowed (largest entry {largest:E2}, step {quotient.Step:E1}).");
            }

            last = quotient;
        }
    }

    private double Loss()
    {
        double value = loss.Evaluate(out bool switched);
        _switched |= switched;
        return value;
    }
}
