using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace HighPerfRnn.Memory;

/// <summary>
/// Zeroed memory whose first element lies on a cache line (64 bytes), so that no full vector load or store from its start
/// on, in whole vectors, crosses one: a pinned array of the garbage collector, freed with its last reference.
/// </summary>
internal sealed class AlignedBlock<T>
    where T : unmanaged
{
    public const int AlignmentBytes = 64;

    private readonly T[] _array;
    private readonly int _offset;

    public AlignedBlock(int length)
    {
        Length = length;
        int slack = AlignmentBytes / Unsafe.SizeOf<T>();
        _array = GC.AllocateArray<T>(checked(length + slack), pinned: true);
        unsafe
        {
            nuint address = (nuint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_array));
            _offset = (int)(((AlignmentBytes - (address % AlignmentBytes)) % AlignmentBytes) / (nuint)Unsafe.SizeOf<T>());
        }
    }

    public int Length { get; }

    public Span<T> Span => _array.AsSpan(_offset, Length);
}
