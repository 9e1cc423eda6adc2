using System.Globalization;
using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Simd;
using HighPerfRnn.Tests.Generation;
using Xunit;
using Xunit.Abstractions;

namespace HighPerfRnn.Tests.Kernels;

/// <summary>
/// exp and the activations that have no test over all floats: every 997th float and three hundred thousand doubles, the same at each run,
/// so that what is published is just what is measured; and that all lanes agree.
/// </summary>
public class OtherFunctionTests(ITestOutputHelper log)
{
    private const uint Stride = 997;
    private const int Doubles = 100_000;
    private const double LeastExp = 1.22e-38;

    public static TheoryData<string> Names => [.. OtherFunction.All.Select(function => function.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void InFloatTheWorstErrorIsWhatIsPublished(string name)
    {
        OtherFunction function = Find(name);
        (double worst, float worstAt) = (0, 0);
        long count = 0;
        foreach (float[] x in Floats(function.Largest))
        {
            float[] y = Apply(function, x, checksLanes: count == 0);
            for (int i = 0; i < x.Length; i++)
            {
                double exact = function.OfFloat(x[i]);
                // From e^-87.3 down, near the least normal number, exp is zero, and what rests on it is right to as much.
                if (Math.Abs(exact) < LeastExp)
                {
                    Assert.True(Math.Abs(y[i] - exact) <= LeastExp, $"{name} of {x[i]:R} is {y[i]:R}");
                    continue;
                }

                double ulps = Math.Abs(y[i] - exact) / Math.ScaleB(1, Math.ILogB(exact) - 23);
                if (!(ulps <= worst)) (worst, worstAt) = (ulps, x[i]);
            }

            count += x.Length;
        }

        log.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name} in float: {worst:F4} ulp at {worstAt:R} of {count} numbers"));
        Assert.True(IsPublished(worst, function.FloatUlps), $"{worst} ulp at {worstAt:R}; published {function.FloatUlps}");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void InDoubleTheWorstErrorIsWhatIsPublished(string name)
    {
        OtherFunction function = Find(name);
        double[] x = Spread(function.Largest);
        double[] y = Apply(function, x, checksLanes: true);
        (double worst, double worstAt) = (0, 0);
        for (int i = 0; i < x.Length; i++)
        {
            DoubleDouble exact = function.OfDouble(x[i]);
            if (Math.Abs(exact.High) < 1e-290)
            {
                Assert.True(Math.Abs(y[i] - exact.High) <= 2.3e-308 + (Math.Abs(exact.High) * 1e-15), $"{name} of {x[i]:R} is {y[i]:R}");
                continue;
            }

            double ulps = Math.Abs((y[i] - exact.High) - exact.Low) / Math.ScaleB(1, Math.ILogB(exact.High) - 52);
            if (!(ulps <= worst)) (worst, worstAt) = (ulps, x[i]);
        }

        log.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name} in double: {worst:F4} ulp at {worstAt:R} of {x.Length} numbers"));
        Assert.True(IsPublished(worst, function.DoubleUlps), $"{worst} ulp at {worstAt:R}; published {function.DoubleUlps}");
    }

    [Fact]
    public void TheTableOfTheDocumentationSaysWhatIsTested()
    {
        string[] lines = File.ReadAllLines(Path.Combine(Guards.Repository.Root, "docs", "numerics.md"));
        foreach (OtherFunction function in OtherFunction.All)
        {
            string line = string.Create(CultureInfo.InvariantCulture, $"| {function.Name} | {function.FloatUlps} ulp | {function.DoubleUlps} ulp |");
            Assert.Contains(line, lines);
        }
    }

    /// <summary>Nothing is promised of their sum's relative error: β may cancel what α·a is.</summary>
    [Fact]
    public void AffineAndHardSigmoidRoundTheProductAndTheSumOnce()
    {
        var affine = new AnyFunction<float>(Activation.Affine(0.3, 0.1));
        var hard = new AnyFunction<float>(Activation.HardSigmoid(0.3, 0.1));
        var random = new CaseRandom(3);
        foreach (float x in random.Numbers<float>(2_000, scale: 4))
        {
            float product = 0.3f * x;
            float sum = product + 0.1f;
            Assert.Equal(sum, Apply(affine, x));
            Assert.Equal(Math.Max(0, Math.Min(1, sum)), Apply(hard, x));
        }

        static float Apply(AnyFunction<float> function, float x)
        {
            float y = 0;
            function.Apply(new ScalarLane<float>(x)).Store(ref y);
            return y;
        }
    }

    private static OtherFunction Find(string name) => OtherFunction.All.Single(function => function.Name == name);

    /// <summary>Rounded up to the hundredth; what is exact, or rounded once, is no measurement.</summary>
    private static bool IsPublished(double worst, double published) =>
        worst <= published && (worst > published - 0.01 || published <= 0.5);

    private static T[] Apply<T>(OtherFunction function, T[] x, bool checksLanes)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] y = function.Run<T, VectorLane<T>>(x);
        if (!checksLanes) return y;
        Compare.Bits(y, function.Run<T, ScalarLane<T>>(x), "scalar lane");
        Compare.Bits(y, function.Run<T, Vector512Lane<T>>(x), "512-bit lane");
        return y;
    }

    private static IEnumerable<float[]> Floats(double largest)
    {
        var block = new List<float>();
        for (ulong bits = 0; bits <= uint.MaxValue; bits += Stride)
        {
            float value = BitConverter.UInt32BitsToSingle((uint)bits);
            bool isSwept = float.IsFinite(value) && (largest > 1000 ? Math.Abs(value) <= largest : value < 88);
            if (isSwept) block.Add(value);
            if (block.Count < 1 << 16) continue;
            yield return block.ToArray();
            block.Clear();
        }

        if (block.Count > 0) yield return block.ToArray();
    }

    /// <summary>A third over the exponents, a third where functions bend, a third between those.</summary>
    private static double[] Spread(double largest)
    {
        var random = new CaseRandom(17);
        var numbers = new double[3 * Doubles];
        double bound = Math.Min(largest, 700);
        for (int i = 0; i < numbers.Length; i += 3)
        {
            numbers[i] = Math.ScaleB(random.Signed(), 9 - random.Below(900));
            numbers[i + 1] = random.Signed() * 4;
            numbers[i + 2] = random.Signed() * bound;
        }

        return numbers;
    }
}
