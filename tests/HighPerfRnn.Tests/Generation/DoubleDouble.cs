namespace HighPerfRnn.Tests.Generation;

/// <summary>
/// A number as the unevaluated sum of two doubles, about 104 bits: enough to judge the last bit of a double. Sums and products
/// after Dekker (Numerische Mathematik 18, 1971), products with a fused multiply-add.
/// </summary>
internal readonly record struct DoubleDouble(double High, double Low)
{
    public static DoubleDouble operator +(DoubleDouble a, DoubleDouble b)
    {
        double sum = a.High + b.High;
        double part = sum - a.High;
        double error = (a.High - (sum - part)) + (b.High - part);
        return Normalized(sum, error + a.Low + b.Low);
    }

    public static DoubleDouble operator *(DoubleDouble a, DoubleDouble b)
    {
        double product = a.High * b.High;
        double error = Math.FusedMultiplyAdd(a.High, b.High, -product);
        return Normalized(product, error + (a.High * b.Low) + (a.Low * b.High));
    }

    public static DoubleDouble operator /(DoubleDouble a, DoubleDouble b)
    {
        double quotient = a.High / b.High;
        DoubleDouble rest = a + (b * new DoubleDouble(-quotient, 0));
        double second = rest.High / b.High;
        rest += b * new DoubleDouble(-second, 0);
        return Normalized(quotient, second) + new DoubleDouble(rest.High / b.High, 0);
    }

    /// <summary>tanh x = e / (2 + e), e = exp(2x) - 1; x itself where x³/3 is below 2⁻¹²⁰ of it.</summary>
    public static DoubleDouble Tanh(double x)
    {
        if (Math.Abs(x) < Math.ScaleB(1, -60)) return new DoubleDouble(x, 0);
        DoubleDouble e = ExpMinusOne(-2 * Math.Min(Math.Abs(x), 60));
        DoubleDouble tanh = e / (new DoubleDouble(2, 0) + e);
        return x < 0 ? tanh : new DoubleDouble(-tanh.High, -tanh.Low);
    }

    /// <summary>σ(x) = e / (1 + e) for x &lt; 0 and 1 / (1 + e) else, e = exp(-|x|).</summary>
    public static DoubleDouble Sigmoid(double x)
    {
        DoubleDouble e = ExpOfNonPositive(-Math.Abs(x));
        return (x < 0 ? e : new DoubleDouble(1, 0)) / (new DoubleDouble(1, 0) + e);
    }

    public static DoubleDouble ExpOfNonPositive(double x)
    {
        // 1 + (eˣ - 1) would lose what eˣ is small by; squaring a root that is not small loses a bit a time.
        if (x >= -1) return new DoubleDouble(1, 0) + ExpMinusOne(x);
        // Below half of the smallest number; halving an infinity would never end.
        if (x < -800) return new DoubleDouble(0, 0);
        int halvings = 0;
        for (; x < -1; halvings++) x /= 2;
        DoubleDouble exp = new DoubleDouble(1, 0) + ExpMinusOne(x);
        for (; halvings > 0; halvings--) exp *= exp;
        return exp;
    }

    /// <summary>Taylor's series at x/2¹², then e(2x) = e·(2 + e) twelve times.</summary>
    public static DoubleDouble ExpMinusOne(double x)
    {
        const int Doublings = 12;
        var r = new DoubleDouble(Math.ScaleB(x, -Doublings), 0);
        DoubleDouble sum = new(0, 0);
        for (int n = 18; n >= 1; n--) sum = r / new DoubleDouble(n, 0) * (new DoubleDouble(1, 0) + sum);
        for (int i = 0; i < Doublings; i++) sum *= new DoubleDouble(2, 0) + sum;
        return sum;
    }

    private static DoubleDouble Normalized(double high, double low)
    {
        double sum = high + low;
        return new DoubleDouble(sum, low - (sum - high));
    }
}
