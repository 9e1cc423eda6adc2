using System.Numerics;
using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Generation;

namespace HighPerfRnn.Tests.Definitions;

// The C library's functions in float: tanh, exp and atanh to 2 ulp, of which the sigmoid and others are made with a few roundings
// more. Half computes them in float and rounds, but each of the few operations around them rounds to Half.

/// <summary>float, sums in any order.</summary>
internal readonly struct AnyFloat : IReferenceProduct
{
    public static ReferenceArithmetic Arithmetic { get; } = ReferenceArithmetic.SinglePrecision(6);
}

/// <summary>double, sums in any order.</summary>
internal readonly struct AnyDouble : IReferenceProduct
{
    public static ReferenceArithmetic Arithmetic { get; } = ReferenceArithmetic.DoublePrecision(6);
}

/// <summary>Half, sums in any order: its errors are 8,192 times those of float, and leave nothing of a rule that is wrong.</summary>
internal readonly struct AnyHalf : IReferenceProduct
{
    public static ReferenceArithmetic Arithmetic { get; } =
        new(double.ScaleB(1, -11), double.ScaleB(1, -24), 6, int.MaxValue, int.MaxValue);
}

/// <summary>
/// A case's reference run with bounds, drawn again while rounding may decide on the side of a kink, or numbers grow so that the
/// product may overflow.
/// </summary>
internal static class BoundedRun
{
    public static (CellData Data, CellRun<BoundedNumber<TProduct>> Run) Draw<TProduct>(
        CellCase shape, double flushBelow, string name, double largest = double.PositiveInfinity)
        where TProduct : struct, IReferenceProduct
    {
        for (int draw = 0; ; draw++)
        {
            var data = new CellData(shape, draw, isHalf: typeof(TProduct) == typeof(AnyHalf));
            var math = new ReferenceBounded<TProduct>(flushBelow);
            CellRun<BoundedNumber<TProduct>> run = CellRun<BoundedNumber<TProduct>>.Both(data, math);
            bool isSmall = run.Tensors.All(tensor => tensor.Numbers.All(number => Math.Abs(number.Value) + number.Error <= largest));
            if (math.UncertainKinks == 0 && isSmall)
            {
                Redraws.Keep(name);
                return (data, run);
            }

            Redraws.Again(name);
            if (draw >= 2)
            {
                shape = shape with
                {
                    Steps = (shape.Steps + 1) / 2,
                    Batch = (shape.Batch + 1) / 2,
                    HiddenSize = (shape.HiddenSize + 1) / 2,
                };
            }

            if (draw > 200) throw new InvalidOperationException($"No draw of {shape} keeps its units off their kinks.");
        }
    }

    public static double[] Values<TProduct>(BoundedNumber<TProduct>[] numbers)
        where TProduct : struct, IReferenceProduct => Array.ConvertAll(numbers, number => number.Value);

    public static double[] Errors<TProduct>(BoundedNumber<TProduct>[] numbers)
        where TProduct : struct, IReferenceProduct => Array.ConvertAll(numbers, number => number.Error);
}
