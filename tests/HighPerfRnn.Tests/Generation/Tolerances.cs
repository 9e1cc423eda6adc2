using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Reference;

namespace HighPerfRnn.Tests.Generation;

/// <summary>The constants from which every bound in these tests follows.</summary>
internal static class Tolerances
{
    /// <summary>The worst error of the library's tanh in float, in units in the last place.</summary>
    public const double FloatTanhUlps = 3;

    /// <summary>The worst error of the library's tanh in double, in units in the last place.</summary>
    public const double DoubleTanhUlps = 4;

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

    public static double UnitRoundoff<T>() => AnyOrder<T>().UnitRoundoff;

    /// <summary>The subnormal guard of a cell that computes in T.</summary>
    public static double FlushBelow<T>() =>
        typeof(T) == typeof(float) ? ReferenceRnn.FlushBelowFloat : ReferenceRnn.FlushBelowDouble;

    private static ReferenceArithmetic Arithmetic<T>(int block, int rowBlock) =>
        typeof(T) == typeof(float)
            ? ReferenceArithmetic.SinglePrecision(FloatTanhUlps, block, rowBlock)
            : ReferenceArithmetic.DoublePrecision(DoubleTanhUlps, block, rowBlock);
}
