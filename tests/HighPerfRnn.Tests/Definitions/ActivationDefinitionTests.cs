using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Generation;
using Xunit;
using Kind = HighPerfRnn.Reference.ReferenceActivationKind;

namespace HighPerfRnn.Tests.Definitions;

/// <summary>Each activation against its textbook formula, its derivative against differences, in every type.</summary>
public sealed class ActivationDefinitionTests
{
    /// <summary>All functions, α and β with every sign.</summary>
    public static TheoryData<ReferenceActivation> Activations { get; } =
    [
        ReferenceActivation.Tanh, ReferenceActivation.Relu, ReferenceActivation.Identity, ReferenceActivation.Sigmoid,
        ReferenceActivation.LeakyRelu(), ReferenceActivation.LeakyRelu(-0.5), ReferenceActivation.ThresholdedRelu(),
        ReferenceActivation.ThresholdedRelu(-0.5), ReferenceActivation.ScaledTanh(1.75, 0.5), ReferenceActivation.ScaledTanh(-2, -1),
        ReferenceActivation.HardSigmoid(), ReferenceActivation.HardSigmoid(-0.25, 0.75), ReferenceActivation.Elu(),
        ReferenceActivation.Elu(0.5), ReferenceActivation.Softsign, ReferenceActivation.Softplus, ReferenceActivation.Affine(0.5, -2),
    ];

    [Theory]
    [MemberData(nameof(Activations))]
    public void FollowsItsFormula(ReferenceActivation activation)
    {
        foreach (double a in Points())
        {
            // The formulas cancel in places; there they know an absolute error only.
            double expected = Formula(activation, a);
            double value = ReferenceActivationFunction.Apply(activation, a);
            Assert.True(Math.Abs(value - expected) <= 4e-15 * Math.Max(1, Math.Abs(expected)), $"φ({a:R}) is {value:R}, expected {expected:R}.");
            AssertClose(value, ReferenceActivationFunction.Apply(activation, (float)a), Math.ScaleB(1, -21), a);
            AssertClose(value, (double)ReferenceActivationFunction.Apply(activation, (Half)(float)a), Math.ScaleB(1, -8), a);
        }
    }

    /// <summary>Numbers near zero and in the tails, where 1 + e, e - 1 and 1 - y lose everything if taken as written.</summary>
    [Fact]
    public void TailsKeepTheirRelativeAccuracy()
    {
        foreach (double a in (double[])[1e-4, 1e-8, 1e-15, 1e-30])
        {
            AssertRelative(a, Value(ReferenceActivation.Elu(1), a));
            AssertRelative(-a * (1 - (a / 2 * (1 - (a / 3 * (1 - (a / 4)))))), Value(ReferenceActivation.Elu(1), -a));
        }

        foreach (double a in (double[])[-40, -300, -700])
        {
            AssertRelative(Math.Exp(a), Value(ReferenceActivation.Softplus, a));
            AssertRelative(Math.Exp(a), Value(ReferenceActivation.Sigmoid, a));
            Assert.Equal(-a, Value(ReferenceActivation.Softplus, -a));
        }

        Assert.Equal(0, Value(ReferenceActivation.Sigmoid, -800));
        Assert.Equal(1, Value(ReferenceActivation.Sigmoid, 800));

        static double Value(ReferenceActivation activation, double a) => ReferenceActivationFunction.Apply(activation, a);
        static void AssertRelative(double expected, double actual) =>
            Assert.True(Math.Abs(actual - expected) <= 1e-14 * Math.Abs(expected), $"{actual:R}, expected {expected:R}.");
    }

    [Theory]
    [MemberData(nameof(Activations))]
    public void DerivativeIsTheDifferenceQuotient(ReferenceActivation activation)
    {
        foreach (double a in Points())
        {
            double[] point = [a];
            CentralDifference difference = CentralDifferences.Entry(
                () => ReferenceActivationFunction.Apply(activation, point[0]), point, 0, 1);
            double y = ReferenceActivationFunction.Apply(activation, a);
            double derivative = ReferenceActivationFunction.Derivative(activation, a, y);
            Assert.True(
                Math.Abs(derivative - difference.Derivative) <= 1e-9 * Math.Max(1, Math.Abs(a)),
                $"φ'({a:R}) is {derivative:R}, differences give {difference.Derivative:R}.");
        }
    }

    /// <summary>At a kink the derivative is the left side's, but HardSigmoid's is 0 at both of its bounds.</summary>
    [Fact]
    public void KinksHaveTheLeftSidesDerivative()
    {
        Assert.Equal(0, At(ReferenceActivation.Relu, 0));
        Assert.Equal(0.25, At(ReferenceActivation.LeakyRelu(0.25), 0));
        Assert.Equal(0.25, At(ReferenceActivation.Elu(0.25), 0));
        Assert.Equal(0, At(ReferenceActivation.ThresholdedRelu(0.5), 0.5));
        Assert.Equal(0, ReferenceActivationFunction.Apply(ReferenceActivation.ThresholdedRelu(0.5), 0.5));
        Assert.Equal(0, At(ReferenceActivation.HardSigmoid(0.25, 0.5), -2));
        Assert.Equal(0, At(ReferenceActivation.HardSigmoid(0.25, 0.5), 2));
        Assert.Equal(0.25, At(ReferenceActivation.HardSigmoid(0.25, 0.5), 1));

        static double At(ReferenceActivation activation, double a) =>
            ReferenceActivationFunction.Derivative(activation, a, ReferenceActivationFunction.Apply(activation, a));
    }

    [Theory]
    [MemberData(nameof(Activations))]
    public void NaNStaysNaN(ReferenceActivation activation)
    {
        Assert.True(double.IsNaN(ReferenceActivationFunction.Apply(activation, double.NaN)));
        Assert.True(float.IsNaN(new ReferenceFloatingPoint<float>(0).Clip(float.NaN, 1)));
    }

    /// <summary>ONNX's defaults.</summary>
    [Fact]
    public void DefaultsAreOnnxs()
    {
        Assert.Equal(new ReferenceActivation(Kind.LeakyRelu, 0.01), ReferenceActivation.LeakyRelu());
        Assert.Equal(new ReferenceActivation(Kind.ThresholdedRelu, 1), ReferenceActivation.ThresholdedRelu());
        Assert.Equal(new ReferenceActivation(Kind.HardSigmoid, 0.2, 0.5), ReferenceActivation.HardSigmoid());
        Assert.Equal(new ReferenceActivation(Kind.Elu, 1), ReferenceActivation.Elu());
    }

    /// <summary>On both sides of every kink of <see cref="Activations"/>, never within a step of a difference.</summary>
    private static IEnumerable<double> Points()
    {
        var random = new CaseRandom(7);
        for (int i = 0; i < 400; i++)
        {
            double a = random.Signed() * (i % 4 == 0 ? 30 : 4);
            bool isNearKink = new[] { 0, 1, -0.5, 2.5, -2.5, 3, -1 }.Any(kink => Math.Abs(a - kink) < 1e-3);
            if (!isNearKink) yield return (double)(Half)a; // a number of every type
        }
    }

    private static double Formula(ReferenceActivation activation, double a)
    {
        (Kind kind, double alpha, double beta) = activation;
        return kind switch
        {
            Kind.Tanh => (Math.Exp(2 * a) - 1) / (Math.Exp(2 * a) + 1),
            Kind.Relu => Math.Max(a, 0),
            Kind.Identity => a,
            Kind.Sigmoid => 1 / (1 + Math.Exp(-a)),
            Kind.LeakyRelu => a >= 0 ? a : alpha * a,
            Kind.ThresholdedRelu => a > alpha ? a : 0,
            Kind.ScaledTanh => alpha * Math.Tanh(beta * a),
            Kind.HardSigmoid => Math.Max(0, Math.Min(1, (alpha * a) + beta)),
            Kind.Elu => a >= 0 ? a : alpha * (Math.Exp(a) - 1),
            Kind.Softsign => a / (1 + Math.Abs(a)),
            Kind.Softplus => Math.Log(1 + Math.Exp(a)),
            Kind.Affine => (alpha * a) + beta,
            _ => throw new ArgumentOutOfRangeException(nameof(activation)),
        };
    }

    private static void AssertClose(double expected, double actual, double tolerance, double a) =>
        Assert.True(
            Math.Abs(actual - expected) <= tolerance * Math.Max(1, Math.Abs(expected)), $"φ({a:R}) is {actual:R}, expected {expected:R}.");
}
