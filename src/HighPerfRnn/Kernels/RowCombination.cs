using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>Products with rows as they are stored, for weights that are read once or twice: packing them would cost more than the product.</summary>
internal static class RowCombination<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    /// <summary>y_j = x·row_j + b_j, each product in the order of <see cref="StridedSum{T, TLane}"/>.</summary>
    /// <param name="x">[H].</param>
    /// <param name="rows">[n, H].</param>
    /// <param name="bias">[n].</param>
    /// <param name="y">[n], overwritten.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Dots(ReadOnlySpan<T> x, ReadOnlySpan<T> rows, ReadOnlySpan<T> bias, Span<T> y)
    {
        Unsafe.SkipInit(out FourSums sums);
        int j = 0;
        for (; j <= y.Length - 4; j += 4)
        {
            FourDots(x, rows.Slice(j * x.Length, 4 * x.Length), ref sums);
            y[j] = StridedSum<T, TLane>.Total(ref sums.First[0]) + bias[j];
            y[j + 1] = StridedSum<T, TLane>.Total(ref sums.Second[0]) + bias[j + 1];
            y[j + 2] = StridedSum<T, TLane>.Total(ref sums.Third[0]) + bias[j + 2];
            y[j + 3] = StridedSum<T, TLane>.Total(ref sums.Fourth[0]) + bias[j + 3];
        }

        for (; j < y.Length; j++) y[j] = DotTerms<T, TLane>.Sum(x, rows.Slice(j * x.Length, x.Length)) + bias[j];
    }

    /// <summary>target[c] += Σᵢ a_i·rows[i, c] for c in [firstColumn, endColumn): i in canonical blocks, block sums added in order.</summary>
    /// <param name="coefficients">a_i at i·coefficientStride.</param>
    /// <param name="coefficientStride">The stride above.</param>
    /// <param name="count">How many rows.</param>
    /// <param name="block">The canonical block of the sum.</param>
    /// <param name="rows">Row i at i·rowStride.</param>
    /// <param name="rowStride">The stride above.</param>
    /// <param name="firstColumn">The first column.</param>
    /// <param name="endColumn">One past the last column.</param>
    /// <param name="target">Added to.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(
        ref readonly T coefficients,
        int coefficientStride,
        int count,
        int block,
        ReadOnlySpan<T> rows,
        int rowStride,
        int firstColumn,
        int endColumn,
        Span<T> target)
    {
        // Nothing is added, not even +0 to -0.
        if (count == 0) return;
        ref T source = ref MemoryMarshal.GetReference(rows);
        ref T destination = ref MemoryMarshal.GetReference(target);
        int column = firstColumn;

        // Four vectors at a time: as many chains as one load and one multiply-add a cycle need.
        for (; column <= endColumn - (4 * TLane.Count); column += 4 * TLane.Count)
        {
            AddFour(in coefficients, coefficientStride, count, block, ref Unsafe.Add(ref source, column), rowStride, ref Unsafe.Add(ref destination, column));
        }

        for (; column < endColumn; column += TLane.Count)
        {
            AddOne(
                in coefficients,
                coefficientStride,
                count,
                block,
                ref Unsafe.Add(ref source, column),
                rowStride,
                ref Unsafe.Add(ref destination, column),
                endColumn - column);
        }
    }

    /// <summary>
    /// The chains of four products at once, since those of one are as many as the widest lane has numbers and would wait for themselves;
    /// narrower lanes take the chains a lane after the other.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourDots(ReadOnlySpan<T> x, ReadOnlySpan<T> rows, ref FourSums sums)
    {
        const int chains = StridedSum<T, TLane>.Chains;
        int rest = x.Length / chains * chains;
        ref T left = ref MemoryMarshal.GetReference(x);
        ref T first = ref MemoryMarshal.GetReference(rows);
        ref T second = ref Unsafe.Add(ref first, x.Length);
        ref T third = ref Unsafe.Add(ref second, x.Length);
        ref T fourth = ref Unsafe.Add(ref third, x.Length);
        for (int chain = 0; chain < chains; chain += TLane.Count)
        {
            TLane a = TLane.Zero, b = TLane.Zero, c = TLane.Zero, d = TLane.Zero;
            int k = chain;
            for (; k < rest; k += chains)
            {
                TLane factor = TLane.Load(ref Unsafe.Add(ref left, k));
                TLane.AddProduct(ref a, factor, TLane.Load(ref Unsafe.Add(ref first, k)));
                TLane.AddProduct(ref b, factor, TLane.Load(ref Unsafe.Add(ref second, k)));
                TLane.AddProduct(ref c, factor, TLane.Load(ref Unsafe.Add(ref third, k)));
                TLane.AddProduct(ref d, factor, TLane.Load(ref Unsafe.Add(ref fourth, k)));
            }

            if (rest < x.Length)
            {
                // Zeros past the end in every chain, also in those of which a narrow lane has no number.
                int count = x.Length - k;
                TLane factor = Tail(ref left, k, count);
                TLane.AddProduct(ref a, factor, Tail(ref first, k, count));
                TLane.AddProduct(ref b, factor, Tail(ref second, k, count));
                TLane.AddProduct(ref c, factor, Tail(ref third, k, count));
                TLane.AddProduct(ref d, factor, Tail(ref fourth, k, count));
            }

            a.Store(ref sums.First[chain]);
            b.Store(ref sums.Second[chain]);
            c.Store(ref sums.Third[chain]);
            d.Store(ref sums.Fourth[chain]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLane Tail(ref T row, int k, int count) =>
        count <= 0 ? TLane.Zero : PartialLane<T, TLane>.Load(ref Unsafe.Add(ref row, k), count);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddFour(
        ref readonly T coefficients, nint coefficientStride, int count, int block, ref T rows, nint rowStride, ref T target)
    {
        TLane totalA = TLane.Zero, totalB = TLane.Zero, totalC = TLane.Zero, totalD = TLane.Zero;
        ref T coefficient = ref Unsafe.AsRef(in coefficients);
        ref T row = ref rows;
        for (int start = 0; start < count; start += block)
        {
            TLane a = TLane.Zero, b = TLane.Zero, c = TLane.Zero, d = TLane.Zero;
            for (int i = Math.Min(block, count - start); i > 0; i--)
            {
                TLane factor = TLane.Broadcast(coefficient);
                TLane.AddProduct(ref a, factor, TLane.Load(ref row));
                TLane.AddProduct(ref b, factor, TLane.Load(ref Unsafe.Add(ref row, TLane.Count)));
                TLane.AddProduct(ref c, factor, TLane.Load(ref Unsafe.Add(ref row, 2 * TLane.Count)));
                TLane.AddProduct(ref d, factor, TLane.Load(ref Unsafe.Add(ref row, 3 * TLane.Count)));
                coefficient = ref Unsafe.Add(ref coefficient, coefficientStride);
                row = ref Unsafe.Add(ref row, rowStride);
            }

            totalA += a;
            totalB += b;
            totalC += c;
            totalD += d;
        }

        AddTo(ref target, totalA);
        AddTo(ref Unsafe.Add(ref target, TLane.Count), totalB);
        AddTo(ref Unsafe.Add(ref target, 2 * TLane.Count), totalC);
        AddTo(ref Unsafe.Add(ref target, 3 * TLane.Count), totalD);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddOne(
        ref readonly T coefficients, nint coefficientStride, int count, int block, ref T rows, nint rowStride, ref T target, int columns)
    {
        TLane total = TLane.Zero;
        ref T coefficient = ref Unsafe.AsRef(in coefficients);
        ref T row = ref rows;
        for (int start = 0; start < count; start += block)
        {
            TLane sum = TLane.Zero;
            for (int i = Math.Min(block, count - start); i > 0; i--)
            {
                TLane.AddProduct(ref sum, TLane.Broadcast(coefficient), PartialLane<T, TLane>.Load(ref row, columns));
                coefficient = ref Unsafe.Add(ref coefficient, coefficientStride);
                row = ref Unsafe.Add(ref row, rowStride);
            }

            total += sum;
        }

        PartialLane<T, TLane>.Store(PartialLane<T, TLane>.Load(ref target, columns) + total, ref target, columns);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddTo(ref T target, TLane total) => (TLane.Load(ref target) + total).Store(ref target);

    private struct FourSums
    {
        public Block16<T> First;
        public Block16<T> Second;
        public Block16<T> Third;
        public Block16<T> Fourth;
    }
}
