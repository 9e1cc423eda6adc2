using System.Numerics;
using System.Runtime.CompilerServices;

namespace HighPerfRnn.Simd;

/// <summary>
/// Two lanes side by side, each operation on one and then on the other: what waits for a result in the one leaves the processor
/// something to do in the other. A long chain of operations over many numbers runs faster so, though the processor looks ahead,
/// because its queues hold fewer operations than a few chains have.
/// </summary>
internal readonly struct LanePair<T, TLane>(TLane first, TLane second) : ILane<LanePair<T, TLane>, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    private readonly TLane _first = first;
    private readonly TLane _second = second;

    public static int Count => 2 * TLane.Count;

    public static int RegisterCount => TLane.RegisterCount / 2;

    public static LanePair<T, TLane> Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(TLane.Zero, TLane.Zero);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> Load(ref readonly T source) =>
        new(TLane.Load(in source), TLane.Load(ref Unsafe.Add(ref Unsafe.AsRef(in source), TLane.Count)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> Broadcast(T value) => new(TLane.Broadcast(value), TLane.Broadcast(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(ref T destination)
    {
        _first.Store(ref destination);
        _second.Store(ref Unsafe.Add(ref destination, TLane.Count));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> LoadPartial(ref readonly T source, int count)
    {
        if (count < TLane.Count) return new(TLane.LoadPartial(in source, count), TLane.Zero);
        ref readonly T second = ref Unsafe.Add(ref Unsafe.AsRef(in source), TLane.Count);
        return new(TLane.Load(in source), TLane.LoadPartial(in second, count - TLane.Count));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StorePartial(ref T destination, int count)
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
        new(a._first + b._first, a._second + b._second);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> operator -(LanePair<T, TLane> a, LanePair<T, TLane> b) =>
        new(a._first - b._first, a._second - b._second);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> operator *(LanePair<T, TLane> a, LanePair<T, TLane> b) =>
        new(a._first * b._first, a._second * b._second);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> operator /(LanePair<T, TLane> a, LanePair<T, TLane> b) =>
        new(a._first / b._first, a._second / b._second);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> FusedMultiplyAdd(LanePair<T, TLane> a, LanePair<T, TLane> b, LanePair<T, TLane> c) => new(
        TLane.FusedMultiplyAdd(a._first, b._first, c._first), TLane.FusedMultiplyAdd(a._second, b._second, c._second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> NegatedFusedMultiplyAdd(LanePair<T, TLane> a, LanePair<T, TLane> b, LanePair<T, TLane> c) => new(
        TLane.NegatedFusedMultiplyAdd(a._first, b._first, c._first),
        TLane.NegatedFusedMultiplyAdd(a._second, b._second, c._second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> Sqrt(LanePair<T, TLane> a) => new(TLane.Sqrt(a._first), TLane.Sqrt(a._second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> Min(LanePair<T, TLane> a, LanePair<T, TLane> b) =>
        new(TLane.Min(a._first, b._first), TLane.Min(a._second, b._second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> Max(LanePair<T, TLane> a, LanePair<T, TLane> b) =>
        new(TLane.Max(a._first, b._first), TLane.Max(a._second, b._second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> Abs(LanePair<T, TLane> a) => new(TLane.Abs(a._first), TLane.Abs(a._second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> CopySign(LanePair<T, TLane> magnitude, LanePair<T, TLane> sign) =>
        new(TLane.CopySign(magnitude._first, sign._first), TLane.CopySign(magnitude._second, sign._second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> SelectLess(
        LanePair<T, TLane> a, LanePair<T, TLane> b, LanePair<T, TLane> whenTrue, LanePair<T, TLane> whenFalse) => new(
        TLane.SelectLess(a._first, b._first, whenTrue._first, whenFalse._first),
        TLane.SelectLess(a._second, b._second, whenTrue._second, whenFalse._second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> SelectLessOrEqual(
        LanePair<T, TLane> a, LanePair<T, TLane> b, LanePair<T, TLane> whenTrue, LanePair<T, TLane> whenFalse) => new(
        TLane.SelectLessOrEqual(a._first, b._first, whenTrue._first, whenFalse._first),
        TLane.SelectLessOrEqual(a._second, b._second, whenTrue._second, whenFalse._second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> PowerOfTwo(LanePair<T, TLane> shifted) =>
        new(TLane.PowerOfTwo(shifted._first), TLane.PowerOfTwo(shifted._second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> PowerOfEighths<TTable>(LanePair<T, TLane> shifted)
        where TTable : struct, IEighthsTable =>
        new(TLane.PowerOfEighths<TTable>(shifted._first), TLane.PowerOfEighths<TTable>(shifted._second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> FromLowerHalf(LanePair<T, TLane> a) =>
        new(TLane.FromLowerHalf(a._first), TLane.FromLowerHalf(a._second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> FromUpperHalf(LanePair<T, TLane> a) =>
        new(TLane.FromUpperHalf(a._first), TLane.FromUpperHalf(a._second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> FusedMultiplyAddLoaded(LanePair<T, TLane> a, ref readonly T b, LanePair<T, TLane> c) =>
        FusedMultiplyAdd(a, Load(in b), c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> FusedMultiplyAddLowerHalf(LanePair<T, TLane> a, LanePair<T, TLane> halves, LanePair<T, TLane> c) =>
        FusedMultiplyAdd(a, FromLowerHalf(halves), c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T, TLane> FusedMultiplyAddUpperHalf(LanePair<T, TLane> a, LanePair<T, TLane> halves, LanePair<T, TLane> c) =>
        FusedMultiplyAdd(a, FromUpperHalf(halves), c);
}
