using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace HighPerfRnn.Simd;

/// <summary>
/// Loads and stores of the first numbers of a lane, for the last columns of a row: nothing past them is read or written.
/// </summary>
internal static class PartialLane<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    /// <summary>The first <paramref name="count"/> numbers, which may be all; the rest is +0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Load(ref readonly T source, int count) =>
        count >= TLane.Count ? TLane.Load(in source) : LoadSome(in source, count);

    /// <summary>Writes the first <paramref name="count"/> numbers, which may be all.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(TLane value, ref T destination, int count)
    {
        if (count >= TLane.Count) value.Store(ref destination);
        else StoreSome(value, ref destination, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static TLane LoadSome(ref readonly T source, int count)
    {
        LaneBuffer buffer = default;
        ref T first = ref Unsafe.As<LaneBuffer, T>(ref buffer);
        for (int i = 0; i < count; i++) Unsafe.Add(ref first, i) = Unsafe.Add(ref Unsafe.AsRef(in source), i);
        return TLane.Load(in first);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void StoreSome(TLane value, ref T destination, int count)
    {
        Unsafe.SkipInit(out LaneBuffer buffer);
        ref T first = ref Unsafe.As<LaneBuffer, T>(ref buffer);
        value.Store(ref first);
        for (int i = 0; i < count; i++) Unsafe.Add(ref destination, i) = Unsafe.Add(ref first, i);
    }

    /// <summary>Room for the widest lane.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 64)]
    private struct LaneBuffer;
}
