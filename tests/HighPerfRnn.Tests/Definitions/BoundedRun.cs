using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Generation;

namespace HighPerfRnn.Tests.Definitions;

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
