using System.Numerics;
using System.Runtime.CompilerServices;

namespace HighPerfRnn.Simd;

/// <summary>A lane of one number: the fallback without vector instructions, and the easiest to debug.</summary>
/// <typeparam name="T">float or double.</typeparam>
public readonly struct ScalarLane<T>(T value) : ILane<ScalarLane<T>, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly T _value = value;

    /// <inheritdoc/>
    public static int Count => 1;

    /// <inheritdoc/>
    public static int RegisterCount => 16;

    /// <inheritdoc/>
    public static ScalarLane<T> Zero => default;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLane<T> Load(ref readonly T source) => new(source);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLane<T> Broadcast(T value) => new(value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(ref T destination) => destination = _value;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLane<T> LoadPartial(ref readonly T source, int count) => count > 0 ? new(source) : default;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StorePartial(ref T destination, int count)
    {
        if (count > 0) destination = _value;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLane<T> operator +(ScalarLane<T> a, ScalarLane<T> b) => new(a._value + b._value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLane<T> operator -(ScalarLane<T> a, ScalarLane<T> b) => new(a._value - b._value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLane<T> operator *(ScalarLane<T> a, ScalarLane<T> b) => new(a._value * b._value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLane<T> operator /(ScalarLane<T> a, ScalarLane<T> b) => new(a._value / b._value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLane<T> FusedMultiplyAdd(ScalarLane<T> a, ScalarLane<T> b, ScalarLane<T> c) =>
        new(T.FusedMultiplyAdd(a._value, b._value, c._value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddProduct(ref ScalarLane<T> sum, ScalarLane<T> a, ScalarLane<T> b) => sum = FusedMultiplyAdd(a, b, sum);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLane<T> NegatedFusedMultiplyAdd(ScalarLane<T> a, ScalarLane<T> b, ScalarLane<T> c) =>
        FusedMultiplyAdd(new(-a._value), b, c);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLane<T> Sqrt(ScalarLane<T> a) => new(T.Sqrt(a._value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLane<T> Min(ScalarLane<T> a, ScalarLane<T> b) => a._value < b._value ? a : b;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLane<T> Max(ScalarLane<T> a, ScalarLane<T> b) => a._value > b._value ? a : b;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLane<T> Abs(ScalarLane<T> a) => new(T.Abs(a._value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLane<T> CopySign(ScalarLane<T> magnitude, ScalarLane<T> sign) =>
        new(T.CopySign(magnitude._value, sign._value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLane<T> OrSign(ScalarLane<T> magnitude, ScalarLane<T> sign) => CopySign(magnitude, sign);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLane<T> SelectLess(
        ScalarLane<T> a, ScalarLane<T> b, ScalarLane<T> whenTrue, ScalarLane<T> whenFalse) =>
        a._value < b._value ? whenTrue : whenFalse;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLane<T> SelectLessOrEqual(
        ScalarLane<T> a, ScalarLane<T> b, ScalarLane<T> whenTrue, ScalarLane<T> whenFalse) =>
        a._value <= b._value ? whenTrue : whenFalse;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLane<T> PowerOfTwo(ScalarLane<T> shifted)
    {
        T value = shifted._value;
        if (typeof(T) == typeof(float))
        {
            int bits = (Unsafe.BitCast<T, int>(value) << 23) + 0x3F800000;
            return new(Unsafe.BitCast<int, T>(bits));
        }
        else
        {
            long bits = (Unsafe.BitCast<T, long>(value) << 52) + 0x3FF0000000000000;
            return new(Unsafe.BitCast<long, T>(bits));
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLane<T> FromLowerHalf(ScalarLane<T> a) =>
        typeof(T) == typeof(float)
            ? new(Unsafe.BitCast<uint, T>(Unsafe.BitCast<T, uint>(a._value) << 16))
            : new(Unsafe.BitCast<ulong, T>(Unsafe.BitCast<T, ulong>(a._value) << 32));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLane<T> FromUpperHalf(ScalarLane<T> a) =>
        typeof(T) == typeof(float)
            ? new(Unsafe.BitCast<uint, T>(Unsafe.BitCast<T, uint>(a._value) & 0xFFFF0000))
            : new(Unsafe.BitCast<ulong, T>(Unsafe.BitCast<T, ulong>(a._value) & 0xFFFFFFFF00000000));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLane<T> PowerOfEighths<TTable>(ScalarLane<T> shifted)
        where TTable : struct, IEighthsTable => new(EighthPowers<T, TTable>.One(shifted._value));
}
