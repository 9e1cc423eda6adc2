using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace HighPerfRnn.Kernels;

/// <summary>What rounding did to the weights of one matrix; NaN where a weight is not a number that the format has.</summary>
/// <param name="MaxError">The largest |rounded - weight|.</param>
/// <param name="RootMeanSquareError">The root of the mean of the squares of rounded - weight.</param>
/// <param name="MaxWeight">The largest |weight|.</param>
internal readonly record struct RoundingError(double MaxError, double RootMeanSquareError, double MaxWeight);

/// <summary>Rounds packed weights to a smaller format.</summary>
internal static class WeightRounding
{
    // A column whose scale would be subnormal, and so lose its own relative accuracy, is zeros.
    private const float SmallestScale = 1.17549435E-38f;

    /// <summary>Fills the target with what the source holds, rounded. Both are of float, whatever name that has.</summary>
    /// <param name="source">In <see cref="WeightFormat.Full"/>.</param>
    /// <param name="target">Of the same sizes, for the same lane, in another format.</param>
    /// <param name="columns">How many of the columns hold weights: the mean is over these.</param>
    public static RoundingError Round<T>(scoped in PackedMatrix<T> source, scoped in PackedMatrix<T> target, int columns)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Debug.Assert(typeof(T) == typeof(float));
        return Round(
            Unsafe.As<PackedMatrix<T>, PackedMatrix<float>>(ref Unsafe.AsRef(in source)),
            Unsafe.As<PackedMatrix<T>, PackedMatrix<float>>(ref Unsafe.AsRef(in target)),
            columns);
    }

    /// <summary>The largest |weight|; NaN where there is one.</summary>
    public static double LargestMagnitude<T>(ReadOnlySpan<T> weights)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double largest = 0;
        foreach (T weight in weights) largest = Math.Max(largest, Math.Abs(double.CreateTruncating(weight)));
        return largest;
    }

    private static RoundingError Round(scoped in PackedMatrix<float> source, scoped in PackedMatrix<float> target, int columns)
    {
        Debug.Assert(source.Format == WeightFormat.Full && target.Format != WeightFormat.Full);
        Debug.Assert(source.Depth == target.Depth && source.Columns == target.Columns && source.PanelColumns == target.PanelColumns);
        var sums = default(ErrorSums);
        for (int panel = 0; panel < target.PanelCount; panel++)
        {
            for (int c = 0; c < target.PanelColumns; c++)
            {
                var column = new PackedColumn(source, panel, c);
                if (target.Format == WeightFormat.BFloat16) RoundToBFloat16(column, target, panel, c, ref sums);
                else RoundToInt8(column, target, panel, c, ref sums);
            }
        }

        return sums.Mean((long)source.Depth * columns);
    }

    /// <summary>The upper 16 bits of the float nearest to the value that has no lower ones, ties to even; a NaN stays one.</summary>
    public static ushort ToBFloat16(float value)
    {
        uint bits = Unsafe.BitCast<float, uint>(value);
        if (float.IsNaN(value)) return (ushort)((bits >> 16) | 0x40);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    private static void RoundToBFloat16(
        scoped in PackedColumn column, scoped in PackedMatrix<float> target, int panel, int c, ref ErrorSums sums)
    {
        int lane = target.PanelColumns / 2;
        ref ushort halves = ref Unsafe.As<float, ushort>(ref target.Panel(panel));
        ref ushort place = ref Unsafe.Add(ref halves, c < lane ? 2 * c : (2 * (c - lane)) + 1);
        for (int k = 0; k < target.Depth; k++)
        {
            float weight = column[k];
            ushort rounded = ToBFloat16(weight);
            Unsafe.Add(ref place, (nint)k * 2 * lane) = rounded;
            sums.Add(weight, Unsafe.BitCast<uint, float>((uint)rounded << 16));
        }
    }

    private static void RoundToInt8(
        scoped in PackedColumn column, scoped in PackedMatrix<float> target, int panel, int c, ref ErrorSums sums)
    {
        float largest = 0;
        // Math.Max lets NaN through.
        for (int k = 0; k < target.Depth; k++) largest = Math.Max(largest, Math.Abs(column[k]));
        float scale = largest / Int8Format.LargestWeight;
        if (!float.IsFinite(scale)) scale = float.NaN;
        if (scale < SmallestScale) scale = 0;
        Unsafe.Add(ref target.Scales, target.FirstColumn(panel) + c) = scale;
        int rowBytes = 2 * target.PanelColumns;
        ref sbyte place = ref Unsafe.Add(ref Unsafe.As<float, sbyte>(ref target.Panel(panel)), 2 * c);
        for (int k = 0; k < (target.Depth + 1) / 2 * 2; k++)
        {
            float weight = k < target.Depth ? column[k] : 0;
            double steps = scale > 0 ? Math.Round((double)weight / scale) : 0;
            sbyte rounded = (sbyte)Math.Clamp(steps, -Int8Format.LargestWeight, Int8Format.LargestWeight);
            Unsafe.Add(ref place, ((nint)k / 2 * rowBytes) + (k & 1)) = rounded;
            if (k < target.Depth) sums.Add(weight, (double)scale * rounded);
        }
    }

    /// <summary>One column of a panel of a full matrix; zeros past its end.</summary>
    private readonly ref struct PackedColumn
    {
        private readonly ref float _first;
        private readonly nint _stride;
        private readonly bool _isInside;

        public PackedColumn(scoped in PackedMatrix<float> matrix, int panel, int column)
        {
            _isInside = matrix.FirstColumn(panel) + column < matrix.Columns;
            _first = ref Unsafe.Add(ref matrix.Panel(panel), column);
            _stride = matrix.Vectors(panel) * (matrix.PanelColumns / 2);
        }

        public float this[int k] => _isInside ? Unsafe.Add(ref _first, k * _stride) : 0;
    }

    private struct ErrorSums
    {
        private double _largest;
        private double _squares;
        private double _largestWeight;

        public void Add(float weight, double rounded)
        {
            // An infinity that stays one is not off; Math.Max lets NaN through.
            double error = weight == rounded ? 0 : Math.Abs(rounded - weight);
            _largest = Math.Max(_largest, error);
            _squares += error * error;
            _largestWeight = Math.Max(_largestWeight, Math.Abs((double)weight));
        }

        public readonly RoundingError Mean(long count) => new(_largest, Math.Sqrt(_squares / count), _largestWeight);
    }
}
