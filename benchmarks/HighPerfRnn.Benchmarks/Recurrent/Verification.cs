using HighPerfRnn.Kernels;

namespace HighPerfRnn.Benchmarks.Recurrent;

/// <summary>A library must compute the right numbers before it is timed.</summary>
public static class Verification
{
    // Sums of some thousand products in float, and errors that are carried over the steps.
    private const double Tolerance = 2e-4;
    private const double OperationsWorthChecking = 6e7;
    private const int StepsInRow = 3;

    /// <summary>Work that agrees with the reference in double over the first steps, and with this library over all of them.</summary>
    /// <exception cref="InvalidOperationException">It does not.</exception>
    public static IRecurrentWork Create(IRecurrentLibrary library, RecurrentCase work)
    {
        ArgumentNullException.ThrowIfNull(library);
        ArgumentNullException.ThrowIfNull(work);
        double operationsOfStep = work.Operations / work.Steps;
        RecurrentCase few = work with { Steps = (int)Math.Clamp(OperationsWorthChecking / operationsOfStep, 1, work.Steps) };
        var fewProblem = new RecurrentProblem(few);
        using (IRecurrentWork checkedWork = library.Create(few, fewProblem))
        using (IRecurrentWork reference = NaiveLibrary.Create<double>(few, fewProblem))
        {
            Compare(few, checkedWork, reference);
        }

        var problem = new RecurrentProblem(work);
        IRecurrentWork created = library.Create(work, problem);
        if (few == work || library is OwnLibrary) return created;
        using IRecurrentWork own = new OwnLibrary().Create(work, problem);
        Compare(work, created, own);
        return created;
    }

    private static void Compare(RecurrentCase work, IRecurrentWork actual, IRecurrentWork expected)
    {
        // Several steps show that each starts from the state that the last one left.
        for (int i = work.Mode == RecurrentMode.Step ? StepsInRow : 1; i > 0; i--)
        {
            actual.Run();
            expected.Run();
        }

        IReadOnlyDictionary<string, float[]> expectedResults = expected.Results();
        foreach ((string name, float[] values) in actual.Results())
        {
            double difference = RelativeDifference(values, expectedResults[name]);
            double tolerance = ToleranceOf(work);
            if (difference <= tolerance) continue;
            throw new InvalidOperationException(
                $"{work}: {name} differs by {difference:E1} of its largest value; expected at most {tolerance:E0}.");
        }
    }

    /// <summary>
    /// Rounded weights are off by half a unit of their format, relative to the largest; weights lie within ±1/√H and inputs and states
    /// within about ±1, so that a sum of I + H products is off by at most that unit times (I + H) / √H.
    /// </summary>
    private static double ToleranceOf(RecurrentCase work)
    {
        double halfUnit = work.Weights switch
        {
            WeightFormat.BFloat16 => Math.ScaleB(1, -9),
            WeightFormat.Int8 => 0.5 / 127,
            _ => 0,
        };
        return Tolerance + (halfUnit * (work.InputSize + work.HiddenSize) / Math.Sqrt(work.HiddenSize));
    }

    /// <summary>max |a - b| / max |b|; infinity for NaN and for other lengths.</summary>
    private static double RelativeDifference(float[] actual, float[] expected)
    {
        if (actual.Length != expected.Length) return double.PositiveInfinity;
        double difference = 0;
        double largest = float.Epsilon;
        for (int i = 0; i < actual.Length; i++)
        {
            double here = Math.Abs((double)actual[i] - expected[i]);
            difference = double.IsNaN(here) ? double.PositiveInfinity : Math.Max(difference, here);
            largest = Math.Max(largest, Math.Abs(expected[i]));
        }

        return difference / largest;
    }
}
