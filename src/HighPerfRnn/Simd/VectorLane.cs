using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace HighPerfRnn.Simd;

/// <summary>The portable lane: as many numbers as <see cref="Vector{T}"/> holds on the machine (128 or 256 bits).</summary>
/// <typeparam name="T">float or double.</typeparam>
public struct VectorLane<T>(Vector<T> value) : ILane<VectorLane<T>, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private Vector<T> _value = value;

    /// <inheritdoc/>
    public static int Count => Vector<T>.Count;

    /// <inheritdoc/>
    public static int RegisterCount => AdvSimd.Arm64.IsSupported ? 32 : 16;

    /// <inheritdoc/>
    public static VectorLane<T> Zero => new(Vector<T>.Zero);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLane<T> Load(ref readonly T source) => new(Vector.LoadUnsafe(in source));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLane<T> Broadcast(T value) => new(Vector.Create(value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store(ref T destination) => _value.StoreUnsafe(ref destination);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLane<T> LoadPartial(ref readonly T source, int count) =>
        new(PartialVector.Load<T, Vector<T>>(in source, count));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void StorePartial(ref T destination, int count) => PartialVector.Store(_value, ref destination, count);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLane<T> operator +(VectorLane<T> a, VectorLane<T> b) => new(a._value + b._value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLane<T> operator -(VectorLane<T> a, VectorLane<T> b) => new(a._value - b._value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLane<T> operator *(VectorLane<T> a, VectorLane<T> b) => new(a._value * b._value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLane<T> operator /(VectorLane<T> a, VectorLane<T> b) => new(a._value / b._value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLane<T> FusedMultiplyAdd(VectorLane<T> a, VectorLane<T> b, VectorLane<T> c) =>
        typeof(T) == typeof(float)
            ? new(Vector.FusedMultiplyAdd(
                a._value.As<T, float>(), b._value.As<T, float>(), c._value.As<T, float>()).As<float, T>())
            : new(Vector.FusedMultiplyAdd(
                a._value.As<T, double>(), b._value.As<T, double>(), c._value.As<T, double>()).As<double, T>());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddProduct(ref VectorLane<T> sum, VectorLane<T> a, VectorLane<T> b)
    {
        if (typeof(T) == typeof(float))
        {
            sum._value = Vector.FusedMultiplyAdd(
                a._value.As<T, float>(), b._value.As<T, float>(), sum._value.As<T, float>()).As<float, T>();
        }
        else
        {
            sum._value = Vector.FusedMultiplyAdd(
                a._value.As<T, double>(), b._value.As<T, double>(), sum._value.As<T, double>()).As<double, T>();
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLane<T> NegatedFusedMultiplyAdd(VectorLane<T> a, VectorLane<T> b, VectorLane<T> c)
    {
        // Of a negated factor that has another use the compiler makes an instruction of its own.
        if (!Fma.IsSupported || Vector<T>.Count != Vector256<T>.Count) return FusedMultiplyAdd(new(-a._value), b, c);
        return typeof(T) == typeof(float)
            ? new(Fma.MultiplyAddNegated(
                a._value.AsVector256().As<T, float>(),
                b._value.AsVector256().As<T, float>(),
                c._value.AsVector256().As<T, float>()).As<float, T>().AsVector())
            : new(Fma.MultiplyAddNegated(
                a._value.AsVector256().As<T, double>(),
                b._value.AsVector256().As<T, double>(),
                c._value.AsVector256().As<T, double>()).As<double, T>().AsVector());
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLane<T> Sqrt(VectorLane<T> a) => new(Vector.SquareRoot(a._value));

    // The x86 instructions return the second operand when either is NaN or both are zeros, which is this contract;
    // Arm's do not, so that there a comparison chooses.

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLane<T> Min(VectorLane<T> a, VectorLane<T> b) =>
        X86Base.IsSupported ? new(Vector.MinNative(a._value, b._value)) : SelectLess(a, b, a, b);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLane<T> Max(VectorLane<T> a, VectorLane<T> b) =>
        X86Base.IsSupported ? new(Vector.MaxNative(a._value, b._value)) : SelectLess(b, a, a, b);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLane<T> Abs(VectorLane<T> a) => new(Vector.Abs(a._value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLane<T> CopySign(VectorLane<T> magnitude, VectorLane<T> sign) =>
        new(Vector.CopySign(magnitude._value, sign._value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLane<T> OrSign(VectorLane<T> magnitude, VectorLane<T> sign) =>
        new(magnitude._value | (sign._value & Vector.Create(T.NegativeZero)));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLane<T> SelectLess(
        VectorLane<T> a, VectorLane<T> b, VectorLane<T> whenTrue, VectorLane<T> whenFalse) =>
        new(Vector.ConditionalSelect(Vector.LessThan(a._value, b._value), whenTrue._value, whenFalse._value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLane<T> SelectLessOrEqual(
        VectorLane<T> a, VectorLane<T> b, VectorLane<T> whenTrue, VectorLane<T> whenFalse) =>
        new(Vector.ConditionalSelect(Vector.LessThanOrEqual(a._value, b._value), whenTrue._value, whenFalse._value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLane<T> PowerOfTwo(VectorLane<T> shifted) =>
        typeof(T) == typeof(float)
            ? new(((shifted._value.As<T, int>() << 23) + Vector.Create(0x3F800000)).As<int, T>())
            : new(((shifted._value.As<T, long>() << 52) + Vector.Create(0x3FF0000000000000)).As<long, T>());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLane<T> FromLowerHalf(VectorLane<T> a) =>
        typeof(T) == typeof(float)
            ? new((a._value.As<T, uint>() << 16).As<uint, T>())
            : new((a._value.As<T, ulong>() << 32).As<ulong, T>());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLane<T> FromUpperHalf(VectorLane<T> a) =>
        typeof(T) == typeof(float)
            ? new((a._value.As<T, uint>() & Vector.Create(0xFFFF0000)).As<uint, T>())
            : new((a._value.As<T, ulong>() & Vector.Create(0xFFFFFFFF00000000)).As<ulong, T>());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLane<T> PowerOfEighths<TTable>(VectorLane<T> shifted)
        where TTable : struct, IEighthsTable
    {
        if (!Avx2.IsSupported)
        {
            return typeof(T) == typeof(float)
                ? new(Eighths(TTable.FloatBits, shifted._value.As<T, int>(), 20).As<int, T>())
                : new(Eighths(TTable.DoubleBits, shifted._value.As<T, long>(), 49).As<long, T>());
        }

        Vector256<int> bits = Vector<T>.Count == Vector256<T>.Count
            ? shifted._value.AsVector256().As<T, int>()
            : shifted._value.AsVector128().ToVector256Unsafe().As<T, int>();
        Vector256<T> powers;
        if (typeof(T) == typeof(float))
        {
            // The permutation reads the low three bits of each index.
            Vector256<int> table = Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(TTable.FloatBits));
            powers = (Avx2.PermuteVar8x32(table, bits) + (bits << 20)).As<int, T>();
        }
        else
        {
            // Both halves of four by twice the index and one more, then one half by the third bit.
            ref int table = ref Unsafe.As<long, int>(ref MemoryMarshal.GetReference(TTable.DoubleBits));
            Vector256<int> index = Avx2.Shuffle(bits + bits, 0xA0) | Vector256.Create(1L << 32).AsInt32();
            Vector256<double> low = Avx2.PermuteVar8x32(Vector256.LoadUnsafe(ref table), index).AsDouble();
            Vector256<double> high = Avx2.PermuteVar8x32(Vector256.LoadUnsafe(ref table, 8), index).AsDouble();
            Vector256<long> one = Avx.BlendVariable(low, high, (bits.AsInt64() << 61).AsDouble()).AsInt64();
            powers = (one + (bits.AsInt64() << 49)).As<long, T>();
        }

        return new(Vector<T>.Count == Vector256<T>.Count ? powers.AsVector() : powers.GetLower().AsVector());
    }

    /// <summary>One of eight by its three bits, where no instruction looks numbers up by their place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<TBits> Eighths<TBits>(ReadOnlySpan<TBits> table, Vector<TBits> bits, int shift)
        where TBits : unmanaged, IBinaryInteger<TBits>
    {
        Vector<TBits> bit0 = HasBit(bits, TBits.One), bit1 = HasBit(bits, TBits.One << 1), bit2 = HasBit(bits, TBits.One << 2);
        Vector<TBits> low = Vector.ConditionalSelect(bit1, OneOfTwo(table[2..], bit0), OneOfTwo(table, bit0));
        Vector<TBits> high = Vector.ConditionalSelect(bit1, OneOfTwo(table[6..], bit0), OneOfTwo(table[4..], bit0));
        return Vector.ConditionalSelect(bit2, high, low) + (bits << shift);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<TBits> HasBit<TBits>(Vector<TBits> bits, TBits bit)
        where TBits : unmanaged, IBinaryInteger<TBits> => Vector.Equals(bits & Vector.Create(bit), Vector.Create(bit));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<TBits> OneOfTwo<TBits>(ReadOnlySpan<TBits> table, Vector<TBits> isSecond)
        where TBits : unmanaged, IBinaryInteger<TBits> =>
        Vector.ConditionalSelect(isSecond, Vector.Create(table[1]), Vector.Create(table[0]));
}
