using System.Numerics;
using System.Runtime.CompilerServices;

namespace HighPerfRnn.Simd;

/// <summary>
/// Two lanes side by side, each operation on one and then on the other: what waits for a result in the one leaves the processor
/// something to do in the other. A long chain of operations over many numbers runs faster so, though the processor looks ahead,
/// because its queues hold fewer operations than a few chains have.
/// </summary>
internal struct LanePair<T, TLane> : ILane<LanePair<T, TLane>, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    private TLane _first;
    private TLane _second;

    public static int Count => 2 * TLane.Count;

    public static int RegisterCount => TLane.RegisterCount / 2;

    public static LanePair<T, TLane> Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Of(TLane.Zero, TLane.Zero);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> Load(ref readonly T source) =>
        Of(TLane.Load(in source), TLane.Load(ref Unsafe.Add(ref Unsafe.AsRef(in source), TLane.Count)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> Broadcast(T value) => Of(TLane.Broadcast(value), TLane.Broadcast(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store(ref T destination)
    {
        _first.Store(ref destination);
        _second.Store(ref Unsafe.Add(ref destination, TLane.Count));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> LoadPartial(ref readonly T source, int count)
    {
        if (count < TLane.Count) return Of(TLane.LoadPartial(in source, count), TLane.Zero);
        ref readonly T second = ref Unsafe.Add(ref Unsafe.AsRef(in source), TLane.Count);
        return Of(TLane.Load(in source), TLane.LoadPartial(in second, count - TLane.Count));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void StorePartial(ref T destination, int count)
    {
        if (count < TLane.Count)
        {
            _first.StorePartial(ref destination, count);
            return;
        }

        _first.Store(ref destination);
        _second.StorePartial(ref Unsafe.Add(ref destination, TLane.Count), count - TLane.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> operator +(LanePair<T, TLane> a, LanePair<T, TLane> b) =>
        Of(a._first + b._first, a._second + b._second);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> operator -(LanePair<T, TLane> a, LanePair<T, TLane> b) =>
        Of(a._first - b._first, a._second - b._second);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> operator *(LanePair<T, TLane> a, LanePair<T, TLane> b) =>
        Of(a._first * b._first, a._second * b._second);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> operator /(LanePair<T, TLane> a, LanePair<T, TLane> b) =>
        Of(a._first / b._first, a._second / b._second);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> FusedMultiplyAdd(LanePair<T, TLane> a, LanePair<T, TLane> b, LanePair<T, TLane> c) => Of(
        TLane.FusedMultiplyAdd(a._first, b._first, c._first), TLane.FusedMultiplyAdd(a._second, b._second, c._second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddProduct(ref LanePair<T, TLane> sum, LanePair<T, TLane> a, LanePair<T, TLane> b) =>
        sum = FusedMultiplyAdd(a, b, sum);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> NegatedFusedMultiplyAdd(LanePair<T, TLane> a, LanePair<T, TLane> b, LanePair<T, TLane> c) => Of(
        TLane.NegatedFusedMultiplyAdd(a._first, b._first, c._first),
        TLane.NegatedFusedMultiplyAdd(a._second, b._second, c._second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> Sqrt(LanePair<T, TLane> a) => Of(TLane.Sqrt(a._first), TLane.Sqrt(a._second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> Min(LanePair<T, TLane> a, LanePair<T, TLane> b) =>
        Of(TLane.Min(a._first, b._first), TLane.Min(a._second, b._second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> Max(LanePair<T, TLane> a, LanePair<T, TLane> b) =>
        Of(TLane.Max(a._first, b._first), TLane.Max(a._second, b._second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> Abs(LanePair<T, TLane> a) => Of(TLane.Abs(a._first), TLane.Abs(a._second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> CopySign(LanePair<T, TLane> magnitude, LanePair<T, TLane> sign) =>
        Of(TLane.CopySign(magnitude._first, sign._first), TLane.CopySign(magnitude._second, sign._second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> OrSign(LanePair<T, TLane> magnitude, LanePair<T, TLane> sign) =>
        Of(TLane.OrSign(magnitude._first, sign._first), TLane.OrSign(magnitude._second, sign._second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> SelectLess(
        LanePair<T, TLane> a, LanePair<T, TLane> b, LanePair<T, TLane> whenTrue, LanePair<T, TLane> whenFalse) => Of(
        TLane.SelectLess(a._first, b._first, whenTrue._first, whenFalse._first),
        TLane.SelectLess(a._second, b._second, whenTrue._second, whenFalse._second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> SelectLessOrEqual(
        LanePair<T, TLane> a, LanePair<T, TLane> b, LanePair<T, TLane> whenTrue, LanePair<T, TLane> whenFalse) => Of(
        TLane.SelectLessOrEqual(a._first, b._first, whenTrue._first, whenFalse._first),
        TLane.SelectLessOrEqual(a._second, b._second, whenTrue._second, whenFalse._second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> PowerOfTwo(LanePair<T, TLane> shifted) =>
        Of(TLane.PowerOfTwo(shifted._first), TLane.PowerOfTwo(shifted._second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> PowerOfEighths<TTable>(LanePair<T, TLane> shifted)
        where TTable : struct, IEighthsTable =>
        Of(TLane.PowerOfEighths<TTable>(shifted._first), TLane.PowerOfEighths<TTable>(shifted._second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> FromLowerHalf(LanePair<T, TLane> a) =>
        Of(TLane.FromLowerHalf(a._first), TLane.FromLowerHalf(a._second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> FromUpperHalf(LanePair<T, TLane> a) =>
        Of(TLane.FromUpperHalf(a._first), TLane.FromUpperHalf(a._second));

    // Not a constructor: the compiler clears what constructors fill, for each call of the method that it is inlined into.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static LanePair<T, TLane> Of(TLane first, TLane second)
    {
        Unsafe.SkipInit(out LanePair<T, TLane> pair);
        pair._first = first;
        pair._second = second;
        return pair;
    }
}
