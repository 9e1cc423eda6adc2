using System.Globalization;
using HighPerfRnn.Tests.Generation;
using Xunit;
using Xunit.Abstractions;

namespace HighPerfRnn.Tests.Kernels;

/// <summary>
/// Functions over the floats themselves, as the machine's own lane computes them: the worst error, the range, the limits, NaN, odd
/// functions, and neighbours out of order. A random tenth of all 2³² bit patterns; all with <c>HPRNN_FLOATS=all</c>; the tenth of
/// a failure with <c>HPRNN_FLOATS</c> and the number it prints.
/// </summary>
[Trait("Category", "AllFloats")]
public sealed class EveryFloatTests(ITestOutputHelper log)
{
    private const string Variable = "HPRNN_FLOATS";

    public static TheoryData<string> Names => [.. FloatFunction.All.Select(function => function.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void FloatsKeepTheirPromise(string name)
    {
        FloatFunction function = Find(name);
        int? seed = Seed();
        SweepResult found = FloatSweep.Run(function, Blocks(seed));
        string run = seed is { } drawn ? $"{Variable}={drawn}" : $"{Variable}=all";
        string report = string.Create(
            CultureInfo.InvariantCulture,
            $"{name}, {run}: {found.Floats} floats, {found.WorstUlps:F4} ulp at {found.WorstAt:R}, "
            + $"{found.Falls} falls by at most {found.FallUlps} ulp, {found.Strays} strays");
        log.WriteLine(report);
        Assert.True(found.Strays == 0, $"{report}, one at {found.StrayAt:R}");
        Assert.True(found.WorstUlps * (1 + (4 * FloatOracles.RelativeError)) + UlpsOfOracle <= function.Ulps, report);
        Assert.True(found.Falls <= function.Falls && found.FallUlps <= function.FallUlps, report);
        if (seed is not null) return;
        // What is published is what there is, not more.
        Assert.True(found.Floats == 1L << 32, report);
        Assert.True(found.WorstUlps > function.Ulps - 0.01, report);
        Assert.True(found.Falls == function.Falls && found.FallUlps == function.FallUlps, report);
    }

    /// <summary>The oracle itself, against arithmetic of twice the digits.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void TheOracleIsAsExactAsItSays(string name)
    {
        FloatFunction function = Find(name);
        var random = new CaseRandom(11);
        float[] x = new float[1];
        double[] exact = new double[1];
        double worst = 0;
        for (int i = 0; i < 20_000; i++)
        {
            // Half over all exponents of finite numbers, half where functions bend.
            x[0] = (float)(i % 2 == 0 ? Math.ScaleB(random.Signed(), random.Below(268) - 140) : random.Signed() * 110);
            function.Oracle(x, exact);
            DoubleDouble truth = name == "tanh" ? DoubleDouble.Tanh(x[0]) : DoubleDouble.Sigmoid(x[0]);
            // Below half of the smallest float by far, nothing counts any more.
            double unit = Math.Max(Math.Abs(truth.High), float.Epsilon);
            worst = Math.Max(worst, Math.Abs(exact[0] - truth.High - truth.Low) / unit);
        }

        log.WriteLine($"{name}: {worst:E2} of the result");
        Assert.InRange(worst, 0, FloatOracles.RelativeError);
    }

    [Fact]
    public void TheTableOfTheDocumentationSaysWhatIsTested()
    {
        string[] lines = File.ReadAllLines(Path.Combine(Guards.Repository.Root, "docs", "numerics.md"));
        foreach (FloatFunction function in FloatFunction.All)
        {
            string line = string.Create(
                CultureInfo.InvariantCulture,
                $"| {function.Name} | float | {function.Ulps} ulp | {function.Falls} falls, of {function.FallUlps} ulp at most |");
            Assert.Contains(line, lines);
        }
    }

    /// <summary>An error of the oracle, in units in the last place of a float.</summary>
    private static double UlpsOfOracle => FloatOracles.RelativeError * (1 << 24);

    private static FloatFunction Find(string name) => FloatFunction.All.Single(function => function.Name == name);

    /// <summary>Of the tenth; null for all.</summary>
    private static int? Seed()
    {
        string? text = Environment.GetEnvironmentVariable(Variable);
        if (text == "all") return null;
        return string.IsNullOrEmpty(text)
            ? Random.Shared.Next()
            : int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
    }

    private static int[] Blocks(int? seed)
    {
        int[] blocks = [.. Enumerable.Range(0, FloatSweep.Blocks)];
        if (seed is not { } drawn) return blocks;
        var random = new CaseRandom(drawn);
        return [.. blocks.Where(_ => random.Below(10) == 0)];
    }
}
