using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace HighPerfRnn.Tests.Kernels;

/// <summary>What a sweep over floats found.</summary>
/// <param name="Floats">Over how many.</param>
/// <param name="WorstUlps">The worst error in units in the last place of the true value.</param>
/// <param name="WorstAt">Where.</param>
/// <param name="Strays">How many results are beyond the range, not odd, or not NaN for NaN.</param>
/// <param name="StrayAt">One such argument.</param>
/// <param name="Falls">How many floats have a next one with a lesser value.</param>
/// <param name="FallUlps">By how many units in the last place of the greater value at most.</param>
internal readonly record struct SweepResult(
    long Floats, double WorstUlps, float WorstAt, long Strays, float StrayAt, long Falls, double FallUlps)
{
    public static SweepResult operator +(SweepResult a, SweepResult b) => new(
        a.Floats + b.Floats,
        Math.Max(a.WorstUlps, b.WorstUlps),
        a.WorstUlps >= b.WorstUlps ? a.WorstAt : b.WorstAt,
        a.Strays + b.Strays,
        a.Strays > 0 ? a.StrayAt : b.StrayAt,
        a.Falls + b.Falls,
        Math.Max(a.FallUlps, b.FallUlps));
}

/// <summary>A function over 2¹⁶ floats with consecutive bits, and the first of the next such block, so that every neighbour is seen.</summary>
internal sealed class FloatSweep(FloatFunction function)
{
    /// <summary>How many blocks there are.</summary>
    public const int Blocks = 1 << 16;

    private const int Length = (1 << 16) + 1;

    private const double UlpsOfPower = 1 << 23, SmallestNormal = 1.1754943508222875E-38;

    private readonly float[] _x = new float[Length];
    private readonly float[] _y = new float[Length];
    private readonly float[] _mirrored = new float[Length];
    private readonly double[] _exact = new double[Length];

    /// <summary>Adds up blocks on every processor.</summary>
    public static SweepResult Run(FloatFunction function, IReadOnlyList<int> blocks)
    {
        var gate = new Lock();
        SweepResult total = default;
        Parallel.For(
            0,
            blocks.Count,
            () => (Sweep: new FloatSweep(function), Result: default(SweepResult)),
            (i, _, local) => (local.Sweep, local.Result + local.Sweep.Block(blocks[i])),
            local =>
            {
                lock (gate) total += local.Result;
            });
        return total;
    }

    private SweepResult Block(int block)
    {
        bool isPositive = block < Blocks / 2;
        // Infinity is the last number of either sign; NaNs follow.
        int exponent = (block >> 7) & 0xFF;
        bool endsHere = exponent == 0xFF;
        int length = (block & 0x7FFF) == 0x7FFF ? Length - 1 : Length;
        uint first = (uint)block << 16;
        for (int i = 0; i < length; i++) _x[i] = BitConverter.UInt32BitsToSingle(first + (uint)i);
        ReadOnlySpan<float> x = _x.AsSpan(0, length);
        Span<float> y = _y.AsSpan(0, length);
        function.Kernel(x, y);
        if (endsHere) return NotNumbers(x, y);
        Span<double> exact = _exact.AsSpan(0, length);
        function.Oracle(x, exact);
        SweepResult result = new SweepResult(Length - 1, 0, 0, 0, 0, 0, 0) + Errors(x, y, exact) + Range(x, y) + Falls(y, isPositive);
        return function.IsOdd && isPositive ? result + Mirror(x, y) : result;
    }

    private SweepResult NotNumbers(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        SweepResult result = new(Length - 1, 0, 0, 0, 0, 0, 0);
        for (int i = 0; i < x.Length; i++)
        {
            float limit = x[i] < 0 ? function.Least : function.Most;
            bool isRight = float.IsNaN(x[i]) ? float.IsNaN(y[i]) : y[i] == limit;
            if (!isRight) result += new SweepResult(0, 0, 0, 1, x[i], 0, 0);
        }

        return result;
    }

    /// <summary>|y - f(x)| in units in the last place of f(x), for subnormal ones of the smallest number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static SweepResult Errors(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<double> exact)
    {
        Vector<double> worst = Vector<double>.Zero;
        int step = Vector<double>.Count;
        int i = 0;
        for (; i <= x.Length - (2 * step); i += 2 * step)
        {
            Vector.Widen(new Vector<float>(y[i..]), out Vector<double> low, out Vector<double> high);
            worst = Vector.Max(worst, Ulps(low, new Vector<double>(exact[i..])));
            worst = Vector.Max(worst, Ulps(high, new Vector<double>(exact[(i + step)..])));
        }

        double most = 0;
        for (int k = 0; k < step; k++) most = Math.Max(most, worst[k]);
        for (; i < x.Length; i++) most = Math.Max(most, Ulps(y[i], exact[i]));
        for (i = 0; i < x.Length && Ulps(y[i], exact[i]) < most; i++) continue;
        return new SweepResult(0, most, x[i], 0, 0, 0, 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<double> Ulps(Vector<double> y, Vector<double> exact)
    {
        Vector<double> power = Vector.AsVectorDouble(Vector.AsVectorInt64(exact) & Vector.Create(0x7FF0000000000000));
        power = Vector.Max(power, Vector.Create(SmallestNormal));
        return Vector.Abs(y - exact) * Vector.Create(UlpsOfPower) / power;
    }

    private static double Ulps(double y, double exact)
    {
        double power = BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(exact) & 0x7FF0000000000000);
        return Math.Abs(y - exact) * UlpsOfPower / Math.Max(power, SmallestNormal);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private SweepResult Range(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        SweepResult result = default;
        Vector<float> least = Vector.Create(function.Least), most = Vector.Create(function.Most);
        int i = 0;
        for (; i <= x.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var v = new Vector<float>(y[i..]);
            if (!Vector.GreaterThanOrEqualAll(v, least) || !Vector.LessThanOrEqualAll(v, most)) break;
        }

        for (; i < x.Length; i++)
        {
            if (!(y[i] >= function.Least && y[i] <= function.Most)) result += new SweepResult(0, 0, 0, 1, x[i], 0, 0);
        }

        return result;
    }

    /// <summary>Bits that rise are numbers that rise among the positive ones, and that fall among the negative ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static SweepResult Falls(ReadOnlySpan<float> y, bool isPositive)
    {
        SweepResult result = default;
        for (int i = 0; i + 1 < y.Length; i++)
        {
            (float lower, float higher) = isPositive ? (y[i], y[i + 1]) : (y[i + 1], y[i]);
            if (higher >= lower) continue;
            result += new SweepResult(0, 0, 0, 0, 0, 1, Ulps(higher, lower));
        }

        return result;
    }

    private SweepResult Mirror(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        Span<float> mirrored = _mirrored.AsSpan(0, x.Length);
        for (int i = 0; i < x.Length; i++) mirrored[i] = -x[i];
        function.Kernel(mirrored, mirrored);
        for (int i = 0; i < x.Length; i++) mirrored[i] = -mirrored[i];
        if (MemoryMarshal.AsBytes(mirrored).SequenceEqual(MemoryMarshal.AsBytes(y))) return default;
        SweepResult result = default;
        for (int i = 0; i < x.Length; i++)
        {
            bool isSame = BitConverter.SingleToUInt32Bits(mirrored[i]) == BitConverter.SingleToUInt32Bits(y[i]);
            if (!isSame) result += new SweepResult(0, 0, 0, 1, x[i], 0, 0);
        }

        return result;
    }
}
