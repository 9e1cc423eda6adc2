using HighPerfRnn.Tests.Generation;
using Xunit.Sdk;

namespace HighPerfRnn.PeerTests;

/// <summary>Numbers of the definition in double, and how far those of one arithmetic may be from them.</summary>
internal sealed record Bounded(double[] Values, double[] Errors);

/// <summary>What a peer gave by name, held to the definition and to what is ours.</summary>
/// <param name="peer">The peer's name.</param>
/// <param name="numbers">What it gave.</param>
/// <param name="bounds">The definition with bounds for the peer's arithmetic.</param>
internal sealed class Agreement(
    string peer, IReadOnlyDictionary<string, double[]> numbers, IReadOnlyDictionary<string, Bounded> bounds)
{
    /// <summary>The peer is within its bounds, and no name is on one side alone.</summary>
    public Agreement WithTheDefinition()
    {
        SameNames(bounds.Keys.Except(numbers.Keys).Concat(numbers.Keys.Except(bounds.Keys)));
        foreach ((string name, Bounded bound) in bounds)
        {
            Compare.Within<double>(bound.Values, numbers[name], bound.Errors, $"{peer}: {name}");
        }

        return this;
    }

    /// <summary>|peer - own| ≤ what either may be off, and what the two definitions (with and without a guard) differ by.</summary>
    /// <param name="own">Our system's name.</param>
    /// <param name="ownNumbers">What it gave, as much of it as it has.</param>
    /// <param name="ownBounds">The definition with bounds for its arithmetic.</param>
    public Agreement With(
        string own, IReadOnlyDictionary<string, double[]> ownNumbers, IReadOnlyDictionary<string, Bounded> ownBounds)
    {
        SameNames(ownNumbers.Keys.Except(numbers.Keys));
        foreach ((string name, double[] expected) in ownNumbers)
        {
            (Bounded theirs, Bounded ours) = (bounds[name], ownBounds[name]);
            double[] allowed = new double[expected.Length];
            for (int i = 0; i < allowed.Length; i++)
            {
                allowed[i] = theirs.Errors[i] + ours.Errors[i] + Math.Abs(theirs.Values[i] - ours.Values[i]);
            }

            Compare.Within<double>(expected, numbers[name], allowed, $"{peer} against {own}: {name}");
        }

        return this;
    }

    /// <summary>In how small a part of the largest number the widest bound of a tensor lies, for each that has a bound.</summary>
    public IEnumerable<double> Widths =>
        from bound in bounds.Values
        where bound.Errors.Any(error => error > 0)
        select bound.Errors.Max() / bound.Values.Max(Math.Abs);

    /// <summary>Values and errors by the same names.</summary>
    public static Dictionary<string, Bounded> Join(Dictionary<string, double[]> values, Dictionary<string, double[]> errors) =>
        values.ToDictionary(value => value.Key, value => new Bounded(value.Value, errors[value.Key]));

    private void SameNames(IEnumerable<string> different)
    {
        if (string.Join(", ", different) is { Length: > 0 } names) throw new XunitException($"{peer}: {names} on one side alone.");
    }
}
