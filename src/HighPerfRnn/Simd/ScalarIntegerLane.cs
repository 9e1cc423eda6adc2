using System.Runtime.CompilerServices;

namespace HighPerfRnn.Simd;

/// <summary>One whole number: the fallback without vector instructions, and what is left over behind the last vector.</summary>
internal readonly struct ScalarIntegerLane(int value) : IIntegerLane<ScalarIntegerLane>
{
    private readonly int _value = value;

    public static int Count => 1;

    public static ScalarIntegerLane Zero => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarIntegerLane Broadcast(int value) => new(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarIntegerLane Load(ref readonly int source) => new(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(ref int destination) => destination = _value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarIntegerLane operator +(ScalarIntegerLane a, ScalarIntegerLane b) => new(a._value + b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarIntegerLane operator *(ScalarIntegerLane a, ScalarIntegerLane b) => new(a._value * b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarIntegerLane operator ^(ScalarIntegerLane a, ScalarIntegerLane b) => new(a._value ^ b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarIntegerLane operator &(ScalarIntegerLane a, ScalarIntegerLane b) => new(a._value & b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarIntegerLane operator >>>(ScalarIntegerLane a, int count) => new(a._value >>> count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarIntegerLane BroadcastPair(ref readonly short pair) => Pair(pair, Unsafe.Add(ref Unsafe.AsRef(in pair), 1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarIntegerLane LoadPairs(ref readonly sbyte source) => Pair(source, Unsafe.Add(ref Unsafe.AsRef(in source), 1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarIntegerLane MultiplyAddPairs(ScalarIntegerLane a, ScalarIntegerLane b, ScalarIntegerLane sum) =>
        new(sum._value + ((short)a._value * (short)b._value) + ((a._value >> 16) * (b._value >> 16)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StoreAsSingle(ref float destination) => destination = _value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddAsSingle(ref float destination) => destination += _value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarIntegerLane LoadMagnitudes(ref readonly float source) =>
        new(Unsafe.BitCast<float, int>(source) & 0x7FFFFFFF);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarIntegerLane Max(ScalarIntegerLane a, ScalarIntegerLane b) => a._value > b._value ? a : b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int MaxElement() => _value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Quantize(ref readonly float source, float scale, ref short destination)
    {
        destination = One(source, scale);
        Unsafe.Add(ref destination, 1) = One(Unsafe.Add(ref Unsafe.AsRef(in source), 1), scale);
    }

    /// <summary>One number, as <see cref="Quantize"/> has two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static short One(float value, float scale) => (short)Unsafe.BitCast<float, int>((value * scale) + Rounding.Magic);

    private static ScalarIntegerLane Pair(short first, short second) => new((second << 16) | (ushort)first);
}
