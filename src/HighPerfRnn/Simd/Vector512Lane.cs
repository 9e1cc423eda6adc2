using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace HighPerfRnn.Simd;

/// <summary>The lane for AVX-512, past the 256 bits of <see cref="Vector{T}"/>; elsewhere it runs in halves, slow and the same.</summary>
/// <typeparam name="T">float or double.</typeparam>
public struct Vector512Lane<T>(Vector512<T> value) : ILane<Vector512Lane<T>, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private Vector512<T> _value = value;

    /// <inheritdoc/>
    public static int Count => Vector512<T>.Count;

    /// <inheritdoc/>
    public static int RegisterCount => 32;

    /// <inheritdoc/>
    public static Vector512Lane<T> Zero => new(Vector512<T>.Zero);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Lane<T> Load(ref readonly T source) => new(Vector512.LoadUnsafe(in source));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Lane<T> Broadcast(T value) => new(Vector512.Create(value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store(ref T destination) => _value.StoreUnsafe(ref destination);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Vector512Lane<T> LoadPartial(ref readonly T source, int count)
    {
        if (!Avx512F.IsSupported) return new(PartialVector.Load<T, Vector512<T>>(in source, count));
        fixed (T* pointer = &source)
        {
            return typeof(T) == typeof(float)
                ? new(Avx512F.MaskLoad((float*)pointer, First32(count), Vector512<float>.Zero).As<float, T>())
                : new(Avx512F.MaskLoad((double*)pointer, First64(count), Vector512<double>.Zero).As<double, T>());
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly unsafe void StorePartial(ref T destination, int count)
    {
        if (!Avx512F.IsSupported)
        {
            PartialVector.Store(_value, ref destination, count);
            return;
        }

        fixed (T* pointer = &destination)
        {
            if (typeof(T) == typeof(float)) Avx512F.MaskStore((float*)pointer, First32(count), _value.As<T, float>());
            else Avx512F.MaskStore((double*)pointer, First64(count), _value.As<T, double>());
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Lane<T> operator +(Vector512Lane<T> a, Vector512Lane<T> b) => new(a._value + b._value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Lane<T> operator -(Vector512Lane<T> a, Vector512Lane<T> b) => new(a._value - b._value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Lane<T> operator *(Vector512Lane<T> a, Vector512Lane<T> b) => new(a._value * b._value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Lane<T> operator /(Vector512Lane<T> a, Vector512Lane<T> b) => new(a._value / b._value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Lane<T> FusedMultiplyAdd(Vector512Lane<T> a, Vector512Lane<T> b, Vector512Lane<T> c) =>
        typeof(T) == typeof(float)
            ? new(Vector512.FusedMultiplyAdd(
                a._value.As<T, float>(), b._value.As<T, float>(), c._value.As<T, float>()).As<float, T>())
            : new(Vector512.FusedMultiplyAdd(
                a._value.As<T, double>(), b._value.As<T, double>(), c._value.As<T, double>()).As<double, T>());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddProduct(ref Vector512Lane<T> sum, Vector512Lane<T> a, Vector512Lane<T> b)
    {
        if (typeof(T) == typeof(float))
        {
            sum._value = Vector512.FusedMultiplyAdd(
                a._value.As<T, float>(), b._value.As<T, float>(), sum._value.As<T, float>()).As<float, T>();
        }
        else
        {
            sum._value = Vector512.FusedMultiplyAdd(
                a._value.As<T, double>(), b._value.As<T, double>(), sum._value.As<T, double>()).As<double, T>();
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Lane<T> NegatedFusedMultiplyAdd(Vector512Lane<T> a, Vector512Lane<T> b, Vector512Lane<T> c)
    {
        // Of a negated factor that has another use the compiler makes an instruction of its own.
        if (!Avx512F.IsSupported) return FusedMultiplyAdd(new(-a._value), b, c);
        return typeof(T) == typeof(float)
            ? new(Avx512F.FusedMultiplyAddNegated(
                a._value.As<T, float>(), b._value.As<T, float>(), c._value.As<T, float>()).As<float, T>())
            : new(Avx512F.FusedMultiplyAddNegated(
                a._value.As<T, double>(), b._value.As<T, double>(), c._value.As<T, double>()).As<double, T>());
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Lane<T> Sqrt(Vector512Lane<T> a) => new(Vector512.Sqrt(a._value));

    // The x86 instructions return the second operand when either is NaN or both are zeros, which is this contract;
    // Arm's do not, so that there a comparison chooses.

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Lane<T> Min(Vector512Lane<T> a, Vector512Lane<T> b) =>
        X86Base.IsSupported ? new(Vector512.MinNative(a._value, b._value)) : SelectLess(a, b, a, b);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Lane<T> Max(Vector512Lane<T> a, Vector512Lane<T> b) =>
        X86Base.IsSupported ? new(Vector512.MaxNative(a._value, b._value)) : SelectLess(b, a, a, b);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Lane<T> Abs(Vector512Lane<T> a) => new(Vector512.Abs(a._value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Lane<T> CopySign(Vector512Lane<T> magnitude, Vector512Lane<T> sign) =>
        new(Vector512.CopySign(magnitude._value, sign._value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Lane<T> OrSign(Vector512Lane<T> magnitude, Vector512Lane<T> sign) => CopySign(magnitude, sign);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Lane<T> SelectLess(
        Vector512Lane<T> a, Vector512Lane<T> b, Vector512Lane<T> whenTrue, Vector512Lane<T> whenFalse) =>
        new(Vector512.ConditionalSelect(Vector512.LessThan(a._value, b._value), whenTrue._value, whenFalse._value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Lane<T> SelectLessOrEqual(
        Vector512Lane<T> a, Vector512Lane<T> b, Vector512Lane<T> whenTrue, Vector512Lane<T> whenFalse) =>
        new(Vector512.ConditionalSelect(Vector512.LessThanOrEqual(a._value, b._value), whenTrue._value, whenFalse._value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Lane<T> PowerOfTwo(Vector512Lane<T> shifted) =>
        typeof(T) == typeof(float)
            ? new(((shifted._value.As<T, int>() << 23) + Vector512.Create(0x3F800000)).As<int, T>())
            : new(((shifted._value.As<T, long>() << 52) + Vector512.Create(0x3FF0000000000000)).As<long, T>());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Lane<T> FromLowerHalf(Vector512Lane<T> a) =>
        typeof(T) == typeof(float)
            ? new((a._value.As<T, uint>() << 16).As<uint, T>())
            : new((a._value.As<T, ulong>() << 32).As<ulong, T>());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512Lane<T> FromUpperHalf(Vector512Lane<T> a) =>
        typeof(T) == typeof(float)
            ? new((a._value.As<T, uint>() & Vector512.Create(0xFFFF0000)).As<uint, T>())
            : new((a._value.As<T, ulong>() & Vector512.Create(0xFFFFFFFF00000000)).As<ulong, T>());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Vector512Lane<T> PowerOfEighths<TTable>(Vector512Lane<T> shifted)
        where TTable : struct, IEighthsTable
    {
        if (!Avx512DQ.IsSupported) return new(EighthPowers<T, TTable>.Each(shifted._value));
        if (typeof(T) == typeof(float))
        {
            // The permutation reads four bits of an index, so that the table stands twice. It is data of the assembly, which
            // no collector moves.
            Vector512<int> bits = shifted._value.As<T, int>();
            int* table = (int*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(TTable.FloatBits));
            Vector512<int> powers = Avx512F.PermuteVar16x32(Avx512DQ.BroadcastVector256ToVector512(table), bits);
            return new((powers + (bits << 20)).As<int, T>());
        }
        else
        {
            Vector512<long> bits = shifted._value.As<T, long>();
            Vector512<long> table = Vector512.LoadUnsafe(ref MemoryMarshal.GetReference(TTable.DoubleBits));
            return new((Avx512F.PermuteVar8x64(table, bits) + (bits << 49)).As<long, T>());
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> First32(int count) =>
        Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(count)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<double> First64(int count) =>
        Vector512.LessThan(Vector512<long>.Indices, Vector512.Create((long)count)).AsDouble();
}
