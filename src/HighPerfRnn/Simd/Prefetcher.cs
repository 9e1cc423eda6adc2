using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace HighPerfRnn.Simd;

/// <summary>
/// Asks for memory that a later step reads, in equal portions while this step computes, so that it lies in the second-level
/// cache when its turn comes: a tile reads its rows a few lines at a time and far apart, which hardware prefetchers do not
/// foresee. Where the machine has no such instruction, nothing happens.
/// </summary>
internal ref struct Prefetcher<T>
    where T : unmanaged
{
    private const int LineBytes = 64;

    private readonly ref readonly T _start;
    private readonly nint _lengthBytes;
    private readonly nint _portionBytes;
    private nint _positionBytes;

    /// <param name="region">What will be read.</param>
    /// <param name="portions">In how many calls of <see cref="Advance"/>.</param>
    public Prefetcher(ReadOnlySpan<T> region, int portions)
    {
        _start = ref MemoryMarshal.GetReference(region);
        _lengthBytes = (nint)region.Length * Unsafe.SizeOf<T>();
        _portionBytes = ((_lengthBytes / Math.Max(1, portions)) + LineBytes) / LineBytes * LineBytes;
    }

    /// <summary>Asks for the next portion.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe void Advance()
    {
        if (!Sse.IsSupported) return;
        // A hint, so that it does not matter when the collector moves the region in between.
        byte* start = (byte*)Unsafe.AsPointer(ref Unsafe.AsRef(in _start));
        nint end = Math.Min(_lengthBytes, _positionBytes + _portionBytes);
        for (nint i = _positionBytes; i < end; i += LineBytes) Sse.Prefetch1(start + i);
        _positionBytes = end;
    }
}
