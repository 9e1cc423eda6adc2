using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>
/// Products of a few weights with the rows of a matrix that lie far apart, as one sequence's steps do in a batch: row s starts
/// at s·stride. Nothing is packed, since each row is read once or twice.
/// </summary>
internal static class WeightedRows<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    /// <summary>dots[s] = scale · Σ vector[c]·rows[s, c], for rows of <paramref name="width"/> numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Dot(ref T rows, nint stride, int count, int width, ref T vector, T scale, ref T dots)
    {
        for (int s = 0; s < count; s++)
        {
            Unsafe.Add(ref dots, s) = DotTerms<T, TLane>.Sum(ref vector, ref Unsafe.Add(ref rows, s * stride), width) * scale;
        }
    }

    /// <summary>
    /// target[c] = Σ weights[s]·rows[s, c], or added to what is there, over s in the blocks of <see cref="CanonicalSum"/>; of no rows 0.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Sum(ref T weights, ref T rows, nint stride, int count, int width, ref T target, bool add)
    {
        int block = CanonicalSum.Block(count);
        int column = 0;
        for (; column <= width - (4 * TLane.Count); column += 4 * TLane.Count)
        {
            SumColumns(ref weights, ref Unsafe.Add(ref rows, column), stride, count, block, ref Unsafe.Add(ref target, column), add);
        }

        for (; column < width; column += TLane.Count)
        {
            ref T at = ref Unsafe.Add(ref target, column);
            SumLastColumns(ref weights, ref Unsafe.Add(ref rows, column), stride, count, block, ref at, width - column, add);
        }
    }

    /// <summary>target[s, c] += weights[s]·vector[c], each by one fused multiply-add.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddOuter(ref T weights, ref T vector, ref T target, nint stride, int count, int width)
    {
        for (int s = 0; s < count; s++)
        {
            TLane weight = TLane.Broadcast(Unsafe.Add(ref weights, s));
            ref T row = ref Unsafe.Add(ref target, s * stride);
            int column = 0;
            for (; column <= width - TLane.Count; column += TLane.Count)
            {
                ref T at = ref Unsafe.Add(ref row, column);
                TLane.FusedMultiplyAdd(weight, TLane.Load(ref Unsafe.Add(ref vector, column)), TLane.Load(ref at)).Store(ref at);
            }

            if (column == width) continue;
            int rest = width - column;
            ref T last = ref Unsafe.Add(ref row, column);
            TLane factor = TLane.LoadPartial(ref Unsafe.Add(ref vector, column), rest);
            TLane.FusedMultiplyAdd(weight, factor, TLane.LoadPartial(ref last, rest)).StorePartial(ref last, rest);
        }
    }

    /// <summary>Four lanes of columns: as many chains hide most of each other's latency, and blocks overlap besides.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumColumns(ref T weights, ref T rows, nint stride, int count, int block, ref T target, bool add)
    {
        TLane total0 = TLane.Zero, total1 = TLane.Zero, total2 = TLane.Zero, total3 = TLane.Zero;
        for (int start = 0; start < count; start += block)
        {
            TLane sum0 = TLane.Zero, sum1 = TLane.Zero, sum2 = TLane.Zero, sum3 = TLane.Zero;
            int end = Math.Min(count, start + block);
            for (int s = start; s < end; s++)
            {
                TLane weight = TLane.Broadcast(Unsafe.Add(ref weights, s));
                ref T row = ref Unsafe.Add(ref rows, s * stride);
                TLane.AddProduct(ref sum0, weight, TLane.Load(ref row));
                TLane.AddProduct(ref sum1, weight, TLane.Load(ref Unsafe.Add(ref row, TLane.Count)));
                TLane.AddProduct(ref sum2, weight, TLane.Load(ref Unsafe.Add(ref row, 2 * TLane.Count)));
                TLane.AddProduct(ref sum3, weight, TLane.Load(ref Unsafe.Add(ref row, 3 * TLane.Count)));
            }

            total0 = start == 0 ? sum0 : total0 + sum0;
            total1 = start == 0 ? sum1 : total1 + sum1;
            total2 = start == 0 ? sum2 : total2 + sum2;
            total3 = start == 0 ? sum3 : total3 + sum3;
        }

        Finish(total0, ref target, add);
        Finish(total1, ref Unsafe.Add(ref target, TLane.Count), add);
        Finish(total2, ref Unsafe.Add(ref target, 2 * TLane.Count), add);
        Finish(total3, ref Unsafe.Add(ref target, 3 * TLane.Count), add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(TLane total, ref T target, bool add)
    {
        if (add) total = TLane.Load(ref target) + total;
        total.Store(ref target);
    }

    /// <summary>One lane of columns, of which there may be fewer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumLastColumns(
        ref T weights, ref T rows, nint stride, int count, int block, ref T target, int columns, bool add)
    {
        TLane total = TLane.Zero;
        for (int start = 0; start < count; start += block)
        {
            TLane sum = TLane.Zero;
            int end = Math.Min(count, start + block);
            for (int s = start; s < end; s++)
            {
                TLane row = PartialLane<T, TLane>.Load(ref Unsafe.Add(ref rows, s * stride), columns);
                TLane.AddProduct(ref sum, TLane.Broadcast(Unsafe.Add(ref weights, s)), row);
            }

            total = start == 0 ? sum : total + sum;
        }

        if (add) total = PartialLane<T, TLane>.Load(ref target, columns) + total;
        PartialLane<T, TLane>.Store(total, ref target, columns);
    }
}
