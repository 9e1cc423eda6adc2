using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace HighPerfRnn.Simd;

/// <summary>The lane of whole numbers for AVX-512; elsewhere it runs in halves, slow and the same.</summary>
internal readonly struct Vector512IntegerLane(Vector512<int> value) : IIntegerLane<Vector512IntegerLane>
{
    private readonly Vector512<int> _value = value;

    public static int Count => Vector512<int>.Count;

    public static Vector512IntegerLane Zero => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512IntegerLane Broadcast(int value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512IntegerLane Load(ref readonly int source) => new(Vector512.LoadUnsafe(in source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(ref int destination) => _value.StoreUnsafe(ref destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512IntegerLane operator +(Vector512IntegerLane a, Vector512IntegerLane b) => new(a._value + b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512IntegerLane operator *(Vector512IntegerLane a, Vector512IntegerLane b) => new(a._value * b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512IntegerLane operator ^(Vector512IntegerLane a, Vector512IntegerLane b) => new(a._value ^ b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512IntegerLane operator &(Vector512IntegerLane a, Vector512IntegerLane b) => new(a._value & b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512IntegerLane operator >>>(Vector512IntegerLane a, int count) => new(a._value >>> count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512IntegerLane BroadcastPair(ref readonly short pair) =>
        new(Vector512.Create(Unsafe.ReadUnaligned<int>(ref Unsafe.As<short, byte>(ref Unsafe.AsRef(in pair)))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512IntegerLane LoadPairs(ref readonly sbyte source)
    {
        Vector256<sbyte> bytes = Vector256.LoadUnsafe(in source);
        // Named, since then the instruction itself loads.
        Vector512<short> pairs =
            Avx512BW.IsSupported ? Avx512BW.ConvertToVector512Int16(bytes) : Vector512.WidenLower(bytes.ToVector512Unsafe());
        return new(pairs.AsInt32());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512IntegerLane MultiplyAddPairs(Vector512IntegerLane a, Vector512IntegerLane b, Vector512IntegerLane sum)
    {
        if (Avx512BW.IsSupported) return new(sum._value + Avx512BW.MultiplyAddAdjacent(a._value.AsInt16(), b._value.AsInt16()));
        Vector512<int> first = (a._value << 16 >> 16) * (b._value << 16 >> 16);
        return new(sum._value + first + ((a._value >> 16) * (b._value >> 16)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StoreAsSingle(ref float destination) => Vector512.ConvertToSingle(_value).StoreUnsafe(ref destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddAsSingle(ref float destination) =>
        (Vector512.LoadUnsafe(ref destination) + Vector512.ConvertToSingle(_value)).StoreUnsafe(ref destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512IntegerLane LoadMagnitudes(ref readonly float source) =>
        new(Vector512.LoadUnsafe(in source).As<float, int>() & Vector512.Create(0x7FFFFFFF));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512IntegerLane Max(Vector512IntegerLane a, Vector512IntegerLane b) => new(Vector512.Max(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int MaxElement()
    {
        Vector256<int> half = Vector256.Max(_value.GetLower(), _value.GetUpper());
        Vector128<int> folded = Vector128.Max(half.GetLower(), half.GetUpper());
        folded = Vector128.Max(folded, Vector128.Shuffle(folded, Vector128.Create(2, 3, 0, 1)));
        return Math.Max(folded[0], folded[1]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Quantize(ref readonly float source, float scale, ref short destination)
    {
        Vector512<float> factor = Vector512.Create(scale), magic = Vector512.Create(Rounding.Magic);
        Vector512<float> first = (Vector512.LoadUnsafe(in source) * factor) + magic;
        Vector512<float> second = (Vector512.LoadUnsafe(in Unsafe.Add(ref Unsafe.AsRef(in source), Count)) * factor) + magic;
        Vector512.Narrow(first.As<float, int>(), second.As<float, int>()).StoreUnsafe(ref destination);
    }
}
