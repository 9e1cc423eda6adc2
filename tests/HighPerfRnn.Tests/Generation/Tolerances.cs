using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Reference;

namespace HighPerfRnn.Tests.Generation;

/// <summary>The constants from which every bound in these tests follows.</summary>
internal static class Tolerances
{
    /// <summary>The worst error of the library's tanh in float, in units in the last place.</summary>
    public const double FloatTanhUlps = ErrorBounds.TanhSingleUlps;

    /// <summary>The worst error of the library's tanh in double, in units in the last place.</summary>
    public const double DoubleTanhUlps = ErrorBounds.TanhDoubleUlps;

    /// <summary>
    /// How the library sums: over k in blocks of <see cref="CanonicalSum.Block"/>, of which the longer of the two bounds both
    /// sums of a step, and over rows in blocks of at most 256 in whole steps.
    /// </summary>
    public static ReferenceArithmetic Arithmetic<T>(RnnCase shape)
    {
        int block = Math.Max(CanonicalSum.Block(shape.InputSize), CanonicalSum.Block(shape.HiddenSize));
        return Arithmetic<T>(block, shape.Batch * CanonicalSum.StepsInRowBlock(shape.Batch));
    }

    /// <summary>Sums in any order.</summary>
    public static ReferenceArithmetic AnyOrder<T>() => Arithmetic<T>(int.MaxValue, int.MaxValue);

    /// <summary>
    /// How far a sum of products in T may be from the reference's in double: γ_n·Σ|terms| + n·η of each, n the most roundings
    /// that a term passes through, with 4 for a bias, a start and joins.
    /// </summary>
    /// <param name="terms">How many terms.</param>
    /// <param name="block">The block in which the library sums them.</param>
    /// <param name="magnitude">Σ|terms|.</param>
    public static double Sum<T>(int terms, int block, double magnitude)
    {
        ReferenceArithmetic own = Arithmetic<T>(block, block);
        ReferenceArithmetic reference = Arithmetic<double>(int.MaxValue, int.MaxValue);
        double gamma = own.Gamma(ReferenceArithmetic.SumDepth(terms, block) + 4) + reference.Gamma(terms + 4);
        return (gamma * magnitude * 1.000001) + ((terms + 4) * own.SmallestSubnormal);
    }

    public static double UnitRoundoff<T>() => AnyOrder<T>().UnitRoundoff;

    /// <summary>The subnormal guard of a cell that computes in T.</summary>
    public static double FlushBelow<T>() =>
        typeof(T) == typeof(float) ? ReferenceRnn.FlushBelowFloat : ReferenceRnn.FlushBelowDouble;

    private static ReferenceArithmetic Arithmetic<T>(int block, int rowBlock) =>
        typeof(T) == typeof(float)
            ? ReferenceArithmetic.SinglePrecision(FloatTanhUlps, block, rowBlock)
            : ReferenceArithmetic.DoublePrecision(DoubleTanhUlps, block, rowBlock);
}
