using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace HighPerfRnn.Simd;

/// <summary>The portable lane of whole numbers: as many as <see cref="Vector{T}"/> holds on the machine (128 or 256 bits).</summary>
internal readonly struct VectorIntegerLane(Vector<int> value) : IIntegerLane<VectorIntegerLane>
{
    private readonly Vector<int> _value = value;

    public static int Count => Vector<int>.Count;

    public static VectorIntegerLane Zero => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorIntegerLane Broadcast(int value) => new(Vector.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorIntegerLane Load(ref readonly int source) => new(Vector.LoadUnsafe(in source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(ref int destination) => _value.StoreUnsafe(ref destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorIntegerLane operator +(VectorIntegerLane a, VectorIntegerLane b) => new(a._value + b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorIntegerLane operator *(VectorIntegerLane a, VectorIntegerLane b) => new(a._value * b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorIntegerLane operator ^(VectorIntegerLane a, VectorIntegerLane b) => new(a._value ^ b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorIntegerLane operator &(VectorIntegerLane a, VectorIntegerLane b) => new(a._value & b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorIntegerLane operator >>>(VectorIntegerLane a, int count) => new(a._value >>> count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorIntegerLane BroadcastPair(ref readonly short pair) =>
        new(Vector.Create(Unsafe.ReadUnaligned<int>(ref Unsafe.As<short, byte>(ref Unsafe.AsRef(in pair)))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorIntegerLane LoadPairs(ref readonly sbyte source)
    {
        if (Count == Vector256<int>.Count)
        {
            Vector128<sbyte> bytes = Vector128.LoadUnsafe(in source);
            // Named, since then the instruction itself loads.
            Vector256<short> pairs =
                Avx2.IsSupported ? Avx2.ConvertToVector256Int16(bytes) : Vector256.WidenLower(bytes.ToVector256Unsafe());
            return new(pairs.AsInt32().AsVector());
        }

        return new(Vector128.WidenLower(Vector64.LoadUnsafe(in source).ToVector128Unsafe()).AsInt32().AsVector());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorIntegerLane MultiplyAddPairs(VectorIntegerLane a, VectorIntegerLane b, VectorIntegerLane sum)
    {
        if (Count == Vector256<int>.Count && Avx2.IsSupported)
        {
            Vector256<short> x = a._value.AsVector256().AsInt16(), y = b._value.AsVector256().AsInt16();
            return AvxVnni.IsSupported
                ? new(AvxVnni.MultiplyWideningAndAdd(sum._value.AsVector256(), x, y).AsVector())
                : new(sum._value + Avx2.MultiplyAddAdjacent(x, y).AsVector());
        }

        if (Count == Vector128<int>.Count && Sse2.IsSupported)
        {
            Vector128<short> x = a._value.AsVector128().AsInt16(), y = b._value.AsVector128().AsInt16();
            return AvxVnni.IsSupported
                ? new(AvxVnni.MultiplyWideningAndAdd(sum._value.AsVector128(), x, y).AsVector())
                : new(sum._value + Sse2.MultiplyAddAdjacent(x, y).AsVector());
        }

        if (Count == Vector128<int>.Count && AdvSimd.Arm64.IsSupported)
        {
            Vector128<short> x = a._value.AsVector128().AsInt16(), y = b._value.AsVector128().AsInt16();
            Vector128<int> lower = AdvSimd.MultiplyWideningLower(x.GetLower(), y.GetLower());
            return new(sum._value + AdvSimd.Arm64.AddPairwise(lower, AdvSimd.MultiplyWideningUpper(x, y)).AsVector());
        }

        Vector<int> first = (a._value << 16 >> 16) * (b._value << 16 >> 16);
        return new(sum._value + first + ((a._value >> 16) * (b._value >> 16)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StoreAsSingle(ref float destination) => Vector.ConvertToSingle(_value).StoreUnsafe(ref destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddAsSingle(ref float destination) =>
        (Vector.LoadUnsafe(ref destination) + Vector.ConvertToSingle(_value)).StoreUnsafe(ref destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorIntegerLane LoadMagnitudes(ref readonly float source) =>
        new(Vector.LoadUnsafe(in source).As<float, int>() & Vector.Create(0x7FFFFFFF));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorIntegerLane Max(VectorIntegerLane a, VectorIntegerLane b) => new(Vector.Max(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int MaxElement()
    {
        Vector128<int> folded = Count == Vector256<int>.Count
            ? Vector128.Max(_value.AsVector256().GetLower(), _value.AsVector256().GetUpper())
            : _value.AsVector128();
        folded = Vector128.Max(folded, Vector128.Shuffle(folded, Vector128.Create(2, 3, 0, 1)));
        return Math.Max(folded[0], folded[1]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Quantize(ref readonly float source, float scale, ref short destination)
    {
        Vector<float> factor = Vector.Create(scale), magic = Vector.Create(Rounding.Magic);
        Vector<float> first = (Vector.LoadUnsafe(in source) * factor) + magic;
        Vector<float> second = (Vector.LoadUnsafe(in Unsafe.Add(ref Unsafe.AsRef(in source), Count)) * factor) + magic;
        Vector.Narrow(first.As<float, int>(), second.As<float, int>()).StoreUnsafe(ref destination);
    }
}
