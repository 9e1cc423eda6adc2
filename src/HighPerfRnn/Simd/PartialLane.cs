using System.Numerics;
using System.Runtime.CompilerServices;

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
        count >= TLane.Count ? TLane.Load(in source) : TLane.LoadPartial(in source, count);

    /// <summary>The numbers from <paramref name="index"/> on of so many; behind the last of them +0, where nothing is read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane LoadAt(ref T source, int index, int length)
    {
        int count = length - index;
        return count > 0 ? Load(ref Unsafe.Add(ref source, index), count) : TLane.Zero;
    }

    /// <summary>Writes the first <paramref name="count"/> numbers, which may be all.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(TLane value, ref T destination, int count)
    {
        if (count >= TLane.Count) value.Store(ref destination);
        else value.StorePartial(ref destination, count);
    }
}
