using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace HighPerfRnn.Simd;

/// <summary>The portable lane: as many numbers as <see cref="Vector{T}"/> holds on the machine (128 or 256 bits).</summary>
/// <typeparam name="T">float or double.</typeparam>
public readonly struct VectorLane<T>(Vector<T> value) : ILane<VectorLane<T>, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Vector<T> _value = value;

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
    public void Store(ref T destination) => _value.StoreUnsafe(ref destination);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLane<T> LoadPartial(ref readonly T source, int count) =>
        new(PartialVector.Load<T, Vector<T>>(in source, count));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StorePartial(ref T destination, int count) => PartialVector.Store(_value, ref destination, count);

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
    public static VectorLane<T> NegatedFusedMultiplyAdd(VectorLane<T> a, VectorLane<T> b, VectorLane<T> c) =>
        FusedMultiplyAdd(new(-a._value), b, c);

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
    public static VectorLane<T> FusedMultiplyAddLoaded(VectorLane<T> a, ref readonly T b, VectorLane<T> c) =>
        typeof(T) == typeof(float)
            ? new(Vector.FusedMultiplyAdd(
                a._value.As<T, float>(), Vector.LoadUnsafe(in b).As<T, float>(), c._value.As<T, float>()).As<float, T>())
            : new(Vector.FusedMultiplyAdd(
                a._value.As<T, double>(), Vector.LoadUnsafe(in b).As<T, double>(), c._value.As<T, double>()).As<double, T>());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLane<T> FusedMultiplyAddLowerHalf(VectorLane<T> a, VectorLane<T> halves, VectorLane<T> c) =>
        typeof(T) == typeof(float)
            ? new(Vector.FusedMultiplyAdd(
                a._value.As<T, float>(),
                (halves._value.As<T, uint>() << 16).As<uint, float>(),
                c._value.As<T, float>()).As<float, T>())
            : new(Vector.FusedMultiplyAdd(
                a._value.As<T, double>(),
                (halves._value.As<T, ulong>() << 32).As<ulong, double>(),
                c._value.As<T, double>()).As<double, T>());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLane<T> FusedMultiplyAddUpperHalf(VectorLane<T> a, VectorLane<T> halves, VectorLane<T> c) =>
        typeof(T) == typeof(float)
            ? new(Vector.FusedMultiplyAdd(
                a._value.As<T, float>(),
                (halves._value.As<T, uint>() & Vector.Create(0xFFFF0000)).As<uint, float>(),
                c._value.As<T, float>()).As<float, T>())
            : new(Vector.FusedMultiplyAdd(
                a._value.As<T, double>(),
                (halves._value.As<T, ulong>() & Vector.Create(0xFFFFFFFF00000000)).As<ulong, double>(),
                c._value.As<T, double>()).As<double, T>());
}
