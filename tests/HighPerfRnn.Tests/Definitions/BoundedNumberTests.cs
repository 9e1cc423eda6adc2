using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Generation;
using Xunit;
using Number = HighPerfRnn.Reference.BoundedNumber<HighPerfRnn.Tests.Definitions.AnyFloat>;

namespace HighPerfRnn.Tests.Definitions;

/// <summary>Each rule of the numbers that carry a bound, against float doing the same another way.</summary>
public sealed class BoundedNumberTests
{
    private readonly CaseRandom _random = new(11);

    /// <summary>Sums of products: in order, backwards, in blocks, with fused multiply-adds, as a tree.</summary>
    [Fact]
    public void SumsHoldInAnyOrder()
    {
        for (int n = 1; n <= 300; n += 1 + (n / 8))
        {
            float[] x = _random.Numbers<float>(n, 1, spread: true);
            float[] w = _random.Numbers<float>(n);
            Number sum = Number.Zero;
            BoundedNumber<BlockedFloat> blocked = default;
            for (int i = 0; i < n; i++)
            {
                sum += new Number(x[i]) * new Number(w[i]);
                blocked += new BoundedNumber<BlockedFloat>(x[i]) * new BoundedNumber<BlockedFloat>(w[i]);
            }

            AssertWithin(sum, Chain(x, w, 0, n, fused: false));
            AssertWithin(sum, Chain(x, w, 0, n, fused: true));
            AssertWithin(sum, Chain([.. x.Reverse()], [.. w.Reverse()], 0, n, fused: false));
            AssertWithin(sum, Tree(x, w, 0, n));
            float blocks = 0;
            for (int start = 0; start < n; start += 16) blocks += Chain(x, w, start, Math.Min(n, start + 16), fused: true);
            AssertWithin(sum, blocks);
            Assert.True(Math.Abs(blocks - blocked.Value) <= blocked.Error, $"{blocks} is not {blocked}.");
            Assert.True(n < 100 || blocked.Error < sum.Error / 1.5, $"Blocks do not help at {n}: {blocked} and {sum}.");
        }
    }

    [Fact]
    public void QuotientsAndMixedExpressionsHold()
    {
        for (int i = 0; i < 2000; i++)
        {
            float[] v = _random.Numbers<float>(4, 3);
            Number[] n = Array.ConvertAll(v, number => new Number(number));
            AssertWithin((Number.One - n[0]) * n[1] + n[0] * n[2], ((1 - v[0]) * v[1]) + (v[0] * v[2]));
            AssertWithin(-(n[0] * n[1] * n[2]) - n[3], -(v[0] * v[1] * v[2]) - v[3]);
            AssertWithin(n[0] * n[1] / (n[2] * n[2] + n[3] * n[3]), v[0] * v[1] / ((v[2] * v[2]) + (v[3] * v[3])));
        }
    }

    /// <summary>An error that comes in goes through: every rule against numbers moved by up to their bound.</summary>
    [Fact]
    public void ErrorsOfTheOperandsPassOn()
    {
        for (int i = 0; i < 2000; i++)
        {
            (double a, double b) = (_random.Signed() * 2, _random.Signed() * 2);
            (double da, double db) = (_random.Signed() * 0.01, _random.Signed() * 0.01);
            Number x = new(a, Math.Abs(da));
            Number y = new(b, Math.Abs(db));
            AssertWithin(x + y, (float)(a + da + b + db));
            AssertWithin(x - y, (float)(a + da - b - db));
            AssertWithin(x * y, (float)((a + da) * (b + db)));
            if (Math.Abs(b) > 0.02) AssertWithin(x / y, (float)((a + da) / (b + db)));
        }

        Assert.Equal(double.PositiveInfinity, (Number.One / new Number(0.1, 0.1)).Error);
    }

    /// <summary>A blend, as a sum and as a difference, with and without fused multiply-adds, of operands moved by up to their bound.</summary>
    [Fact]
    public void BlendsHoldInBothForms()
    {
        var math = new ReferenceBounded<AnyFloat>(0);
        double nearest = 0;
        for (int i = 0; i < 20_000; i++)
        {
            double error = Math.ScaleB(1, -_random.Below(30) - 2) * (i % 2);
            (float z, float a, float b) = (Moved(out Number zBound), Moved(out Number aBound), Moved(out Number bBound));
            if (i % 3 == 0) (b, bBound) = (0, Number.Zero);
            Number bound = math.Blend(zBound, aBound, bBound);
            Assert.Equal(((1 - zBound.Value) * aBound.Value) + (zBound.Value * bBound.Value), bound.Value);
            AssertWithin(bound, ((1 - z) * a) + (z * b));
            AssertWithin(bound, MathF.FusedMultiplyAdd(z, b, (1 - z) * a));
            AssertWithin(bound, a + (z * (b - a)));
            AssertWithin(bound, MathF.FusedMultiplyAdd(z, b - a, a));
            nearest = Math.Max(nearest, Math.Abs(a + (z * (b - a)) - bound.Value) / bound.Error);

            float Moved(out Number bounded)
            {
                float moved = (float)(_random.Signed() * 2);
                bounded = new Number(moved + (_random.Signed() * error), error);
                return moved;
            }
        }

        Assert.True(nearest > 0.4, $"No blend came nearer to its bound than {nearest:F2} of it.");
    }

    [Fact]
    public void ExactZerosAndOnesRoundNothing()
    {
        Number third = new Number(1) / new Number(3);
        Assert.Equal(third, third * Number.One);
        Assert.Equal(third, Number.One * third);
        Assert.Equal(third, third + Number.Zero);
        Assert.Equal(third, Number.Zero + third);
        Assert.Equal(0, (third * Number.Zero).Error);
        Assert.Equal(0, (Number.Zero * third).Error);

        // A zero that is only near zero, or a sum that cancelled, is not exact.
        Assert.NotEqual(0, (third * new Number(0, 1e-9)).Error);
        Assert.NotEqual(0, (third * (third - third)).Error);
        Assert.NotEqual(0, (new Number(2) - Number.One).Error);
    }

    /// <summary>φ and φ' of a float near a, both computed in float, against the bounds for an a that is off by so much.</summary>
    [Theory]
    [MemberData(nameof(ActivationDefinitionTests.Activations), MemberType = typeof(ActivationDefinitionTests))]
    public void ActivationsAndSlopesHold(ReferenceActivation drawn)
    {
        ReferenceActivation activation = drawn with { Alpha = (float)drawn.Alpha, Beta = (float)drawn.Beta };
        var math = new ReferenceBounded<AnyFloat>(ReferenceRnn.FlushBelowFloat);
        int certain = 0;
        for (int i = 0; i < 20_000; i++)
        {
            double a = _random.Signed() * (i % 3 == 0 ? 40 : 3);
            double epsilon = Math.ScaleB(1, -_random.Below(25)) * (i % 5 == 0 ? 0 : 1);
            if (epsilon == 0) a = (float)a;
            float moved = (float)Math.Clamp((float)(a + (epsilon * _random.Signed())), a - epsilon, a + epsilon);
            if (Math.Abs(moved - a) > epsilon) continue;
            Number bounded = new(a, epsilon);
            Number y = math.Activate(activation, bounded);
            float floatY = ReferenceActivationFunction.Apply(activation, moved);
            AssertWithin(y, floatY);
            int kinks = math.UncertainKinks;
            Number slope = math.Slope(activation, bounded, y);
            AssertWithin(slope, ReferenceActivationFunction.Derivative(activation, moved, floatY));
            certain += math.UncertainKinks == kinks ? 1 : 0;
            Assert.Equal(ReferenceActivationFunction.Apply(activation, a), y.Value);
        }

        Assert.True(certain > 10_000, $"Only {certain} of 20,000 numbers lay off every kink.");
    }

    [Theory]
    [InlineData(0.5, 0.25, 1, 0.5, 0.25, 1, false)] // inside for certain
    [InlineData(2, 0.25, 1, 1, 0, 0, false)] // outside for certain
    [InlineData(-2, 0.25, 1, -1, 0, 0, false)]
    [InlineData(0.9, 0.25, 1, 0.9, 0.25, 1, true)] // on both sides
    [InlineData(1.1, 0.25, 1, 1, 0.25, 0, true)]
    public void ClipKeepsWhatIsCertain(
        double a, double error, double bound, double clipped, double clippedError, double inside, bool isUncertain)
    {
        var math = new ReferenceBounded<AnyFloat>(0);
        Number number = math.Clip(new Number(a, error), bound);
        Assert.Equal((clipped, clippedError), (number.Value, number.Error));
        number = math.Inside(new Number(a, error), bound);
        Assert.Equal(inside, number.Value);
        Assert.Equal(isUncertain, number.Error >= 1);
        Assert.Equal(isUncertain ? 1 : 0, math.UncertainKinks);
    }

    [Theory]
    [InlineData(4, 1, 4, 1)] // above on both sides
    [InlineData(1, 0.5, 0, 0)] // below on both sides
    [InlineData(2.5, 1, 2.5, 3)] // the product's may be flushed: 2 more
    [InlineData(1.5, 1, 0, 3)] // the reference's is
    public void TheGuardMovesByItsThreshold(double v, double error, double flushed, double flushedError)
    {
        Number number = new ReferenceBounded<AnyFloat>(2).Flush(new Number(v, error));
        Assert.Equal((flushed, flushedError), (number.Value, number.Error));
    }

    [Fact]
    public void ExpAndSqrtHold()
    {
        var math = new ReferenceBounded<AnyFloat>(0);
        for (int i = 0; i < 2000; i++)
        {
            double x = _random.Signed() * 5;
            double error = Math.ScaleB(1, -_random.Below(25)) * Math.Abs(x) / 2;
            float moved = (float)(x + (error * _random.Signed() * 0.99));
            if (Math.Abs(moved - x) > error) continue;
            AssertWithin(math.Exp(new Number(x, error)), MathF.Exp(moved));
            AssertWithin(math.Sqrt(new Number(Math.Abs(x), error)), MathF.Sqrt(Math.Abs(moved)));
        }
    }

    [Fact]
    public void NothingIsComparedOrReadFromText()
    {
        Assert.Throws<NotSupportedException>(() => Parse<Number>("1"));
        Assert.Throws<NotSupportedException>(() => Larger(Number.One, Number.Zero));
        Assert.Throws<NotSupportedException>(() => From<Number, decimal>(1));
        Assert.Equal(0.5, From<Number, float>(0.5f).Value);

        static T Parse<T>(string text)
            where T : System.Numerics.INumberBase<T> => T.Parse(text, null);

        static T From<T, TOther>(TOther value)
            where T : System.Numerics.INumberBase<T>
            where TOther : System.Numerics.INumberBase<TOther> => T.CreateChecked(value);

        static T Larger<T>(T a, T b)
            where T : System.Numerics.INumberBase<T> => T.MaxMagnitude(a, b);
    }

    private static void AssertWithin(Number bound, float actual) =>
        Assert.True(Math.Abs(actual - bound.Value) <= bound.Error, $"{actual:R} is not {bound}.");

    private static float Chain(float[] x, float[] w, int start, int end, bool fused)
    {
        float sum = 0;
        for (int i = start; i < end; i++) sum = fused ? MathF.FusedMultiplyAdd(x[i], w[i], sum) : sum + (x[i] * w[i]);
        return sum;
    }

    private static float Tree(float[] x, float[] w, int start, int end) =>
        end - start == 1 ? x[start] * w[start] : Tree(x, w, start, (start + end) / 2) + Tree(x, w, (start + end) / 2, end);

    /// <summary>float, sums in blocks of 16.</summary>
    private readonly struct BlockedFloat : IReferenceProduct
    {
        public static ReferenceArithmetic Arithmetic { get; } = ReferenceArithmetic.SinglePrecision(6, 16, 16);
    }
}
