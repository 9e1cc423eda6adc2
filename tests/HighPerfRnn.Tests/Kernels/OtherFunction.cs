using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Simd;
using HighPerfRnn.Tests.Generation;

namespace HighPerfRnn.Tests.Kernels;

/// <summary>A function of the library whose error is measured over a sweep, not over all floats.</summary>
/// <param name="Name">In the table of docs/numerics.md.</param>
/// <param name="Chosen">An activation of the cells; null for exp.</param>
/// <param name="OfFloat">The truth, to a thousandth of a unit in the last place of a float.</param>
/// <param name="OfDouble">The truth to twice the digits of a double.</param>
/// <param name="FloatUlps">The worst error of the sweep in float, rounded up to the hundredth.</param>
/// <param name="DoubleUlps">The worst error of the sweep in double, rounded up to the hundredth.</param>
/// <param name="Largest">Arguments beyond are not swept: the result has reached its limit, or overflows.</param>
internal sealed record OtherFunction(
    string Name, Activation? Chosen, Func<double, double> OfFloat, Func<double, DoubleDouble> OfDouble, double FloatUlps, double DoubleUlps, double Largest)
{
    private const double Alpha = 1.5, Beta = 0.75;

    // Below it, series of four terms leave out less than 2⁻⁵² of the result.
    private const double Tiny = 1.0 / 8192;

    private static readonly DoubleDouble One = new(1, 0);

    public static OtherFunction[] All { get; } =
    [
        new("exp", null, Math.Exp, Exp, ErrorBounds.ExpSingleUlps, ErrorBounds.ExpDoubleUlps, 700),
        new(
            "ELU, α = 1",
            Activation.Elu(),
            x => x > 0 ? x : ExpMinusOne(x),
            x => x > 0 ? new DoubleDouble(x, 0) : ExpMinusOneOfNonPositive(x),
            ErrorBounds.EluSingleUlps,
            ErrorBounds.EluDoubleUlps,
            1e30),
        new("softplus", Activation.Softplus, Softplus, ExactSoftplus, ErrorBounds.SoftplusSingleUlps, ErrorBounds.SoftplusDoubleUlps, 1e30),
        new(
            "softsign",
            Activation.Softsign,
            x => x / (1 + Math.Abs(x)),
            x => new DoubleDouble(x, 0) / (One + new DoubleDouble(Math.Abs(x), 0)),
            1.5,
            1.49,
            1e30),
        new(
            "scaled tanh, α = 1.5, β = 0.75",
            Activation.ScaledTanh(Alpha, Beta),
            x => Alpha * (Math.Abs(x) < Tiny ? Beta * x * (1 - (Beta * x * (Beta * x) / 3)) : Math.Tanh(Beta * x)),
            x => new DoubleDouble(Alpha, 0) * TanhOfProduct(x),
            3.49,
            2.81,
            1e30),
        new(
            "leaky ReLU, α = 0.3",
            Activation.LeakyRelu(0.3),
            x => x > 0 ? x : 0.3f * x,
            x => x > 0 ? new DoubleDouble(x, 0) : new DoubleDouble(0.3, 0) * new DoubleDouble(x, 0),
            0.5,
            0.5,
            1e30),
        new("ReLU", Activation.Relu, x => Math.Max(x, 0), x => new DoubleDouble(Math.Max(x, 0), 0), 0, 0, double.MaxValue),
        new("thresholded ReLU", Activation.ThresholdedRelu(0.5), x => x > 0.5 ? x : 0, x => new DoubleDouble(x > 0.5 ? x : 0, 0), 0, 0, double.MaxValue),
        new("identity", Activation.Identity, x => x, x => new DoubleDouble(x, 0), 0, 0, double.MaxValue),
    ];

    public T[] Run<T, TLane>(T[] x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TLane : struct, ILane<TLane, T>
    {
        T[] result = new T[x.Length];
        AnyFunction<T> function = new(Chosen ?? default);
        for (int i = 0; i < x.Length; i += TLane.Count)
        {
            int count = x.Length - i;
            TLane value = PartialLane<T, TLane>.Load(ref x[i], count);
            TLane y = Chosen is null ? LaneFunctions<T, TLane>.Exp(value) : function.Apply(value);
            PartialLane<T, TLane>.Store(y, ref result[i], count);
        }

        return result;
    }

    private static DoubleDouble Exp(double x) =>
        x <= 0 ? DoubleDouble.ExpOfNonPositive(x) : One / DoubleDouble.ExpOfNonPositive(-x);

    private static double ExpMinusOne(double x) =>
        x < -Tiny ? Math.Exp(x) - 1 : x * (1 + (x / 2 * (1 + (x / 3 * (1 + (x / 4))))));

    private static DoubleDouble ExpMinusOneOfNonPositive(double x) =>
        x >= -1 ? DoubleDouble.ExpMinusOne(x) : DoubleDouble.ExpOfNonPositive(x) + new DoubleDouble(-1, 0);

    private static double Softplus(double x)
    {
        double e = Math.Exp(-Math.Abs(x));
        double logarithm = e > Tiny ? Math.Log(1 + e) : e * (1 - (e * ((1.0 / 2) - (e * ((1.0 / 3) - (e / 4))))));
        return Math.Max(x, 0) + logarithm;
    }

    /// <summary>Newton's step for e^y = 1 + e from a double: it doubles the digits.</summary>
    private static DoubleDouble ExactSoftplus(double x)
    {
        DoubleDouble e = DoubleDouble.ExpOfNonPositive(-Math.Abs(x));
        if (e.High == 0) return new DoubleDouble(Math.Max(x, 0), 0);
        double near = e.High > Tiny ? Math.Log(1 + e.High) : e.High * (1 - (e.High * ((1.0 / 2) - (e.High * ((1.0 / 3) - (e.High / 4))))));
        DoubleDouble at = DoubleDouble.ExpMinusOne(near);
        DoubleDouble logarithm = new DoubleDouble(near, 0) + ((e + new DoubleDouble(-at.High, -at.Low)) / (One + at));
        return new DoubleDouble(Math.Max(x, 0), 0) + logarithm;
    }

    /// <summary>tanh of β·x, whose rounding is the library's to bear: tanh(p + q) = tanh p + q·(1 - tanh² p).</summary>
    private static DoubleDouble TanhOfProduct(double x)
    {
        DoubleDouble product = new DoubleDouble(Beta, 0) * new DoubleDouble(x, 0);
        DoubleDouble tanh = DoubleDouble.Tanh(product.High);
        return tanh + new DoubleDouble(product.Low * (1 - (tanh.High * tanh.High)), 0);
    }
}
