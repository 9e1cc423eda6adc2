using HighPerfRnn.Kernels;
using HighPerfRnn.Reference;

namespace HighPerfRnn.Cli.Check;

/// <summary>
/// Holds a gradient g against the reference formula r and against central differences d, entry by entry:
/// |g - r| ≤ the entry's rounding bound, and |g - d| ≤ that + 1e-7·max(largest entry of |r|, roundoff of the differences).
/// </summary>
internal static class GradientComparison
{
    /// <summary>What differences may be off by, as a share of the gradient's largest entry.</summary>
    public const double DifferencesTolerance = 1e-7;

    /// <summary>Compares.</summary>
    /// <param name="tensor">The gradient and its witnesses.</param>
    /// <param name="maxEntries">How many entries differences are taken of: all, or so many drawn ones.</param>
    /// <param name="seed">Of the draw.</param>
    public static CheckRow Compare(GradientTensor tensor, int maxEntries, ulong seed)
    {
        double scale = LargestMagnitude(tensor.Reference);
        // A gradient that is zero everywhere has no scale: its errors are taken as they are.
        double unit = scale > 0 ? scale : 1;
        bool passed = true;
        double errorReference = 0;
        double boundReference = 0;
        for (int i = 0; i < tensor.Gradient.Length; i++)
        {
            double error = Math.Abs(tensor.Gradient[i] - tensor.Reference[i]);
            passed &= error <= tensor.RoundingBound[i];
            errorReference = Larger(errorReference, error);
            boundReference = Math.Max(boundReference, tensor.RoundingBound[i]);
        }

        double errorDifferences = 0;
        double bound = boundReference;
        int[] entries = Entries(tensor.Gradient.Length, maxEntries, seed);
        foreach (int i in entries)
        {
            CentralDifference difference = CentralDifferences.Entry(tensor.Loss, tensor.Memory(), i, tensor.LossMagnitude);
            double error = Math.Abs(tensor.Gradient[i] - difference.Derivative);
            double tolerance = DifferencesTolerance * Math.Max(scale, difference.Roundoff);
            passed &= error <= tensor.RoundingBound[i] + tolerance;
            errorDifferences = Larger(errorDifferences, error);
            bound = Math.Max(bound, boundReference + tolerance);
        }

        return new CheckRow(
            tensor.Parameter,
            tensor.Precision,
            errorReference / unit,
            boundReference / unit,
            errorDifferences / unit,
            bound / unit,
            entries.Length,
            passed);
    }

    private static int[] Entries(int length, int maxEntries, ulong seed)
    {
        int[] entries = new int[length];
        for (int i = 0; i < length; i++) entries[i] = i;
        if (length <= maxEntries) return entries;
        var random = new CounterRandom(seed);
        random.Shuffle<int>(entries);
        return entries[..maxEntries];
    }

    private static double LargestMagnitude(double[] values)
    {
        double largest = 0;
        foreach (double value in values) largest = Larger(largest, Math.Abs(value));
        return largest;
    }

    /// <summary>The larger one; NaN, which no bound holds, is larger than any number.</summary>
    private static double Larger(double a, double b) => double.IsNaN(a) || a > b ? a : b;
}
