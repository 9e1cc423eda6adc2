using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace HighPerfRnn.Tests.Guards;

/// <summary>On which side of a span the protected page lies, right beside its first or behind its last element.</summary>
internal enum GuardedSide
{
    Before,
    Behind,
}

/// <summary>Memory of whole pages between two pages that nobody may touch: whoever does is killed by the system.</summary>
internal sealed class GuardedRoom(GuardedSide side) : IRoom
{
    public Memory<TItem> Take<TItem>(int length)
        where TItem : unmanaged => new GuardedBlock<TItem>(length, side).Memory;
}

/// <summary>One such block. It is never unmapped: the process that makes it is short-lived.</summary>
internal sealed unsafe class GuardedBlock<TItem> : MemoryManager<TItem>
    where TItem : unmanaged
{
    private readonly byte* _start;
    private readonly int _length;

    public GuardedBlock(int length, GuardedSide side)
    {
        _length = length;
        nuint page = (nuint)Environment.SystemPageSize;
        nuint bytes = (nuint)length * (nuint)Unsafe.SizeOf<TItem>();
        nuint inner = (bytes + page - 1) / page * page;
        byte* mapped = ProtectedPages.Map(inner + (2 * page));
        ProtectedPages.Protect(mapped, page);
        ProtectedPages.Protect(mapped + page + inner, page);
        _start = side == GuardedSide.Before ? mapped + page : mapped + page + inner - bytes;
    }

    public override Span<TItem> GetSpan() => new(_start, _length);

    public override MemoryHandle Pin(int elementIndex = 0) => new(_start + ((nint)elementIndex * Unsafe.SizeOf<TItem>()));

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
    }
}

/// <summary>Pages from the system, and their protection.</summary>
internal static unsafe partial class ProtectedPages
{
    private const int UnixReadWrite = 3, UnixNone = 0, UnixPrivate = 2, LinuxAnonymous = 0x20, MacAnonymous = 0x1000;
    private const uint WindowsCommitAndReserve = 0x3000, WindowsReadWrite = 4, WindowsNoAccess = 1;

    public static byte* Map(nuint bytes)
    {
        if (OperatingSystem.IsWindows())
        {
            void* allocated = VirtualAlloc(null, bytes, WindowsCommitAndReserve, WindowsReadWrite);
            return allocated is not null ? (byte*)allocated : throw Failure(nameof(VirtualAlloc), bytes);
        }

        int anonymous = OperatingSystem.IsMacOS() ? MacAnonymous : LinuxAnonymous;
        void* mapped = MemoryMap(null, bytes, UnixReadWrite, UnixPrivate | anonymous, -1, 0);
        return (nint)mapped != -1 ? (byte*)mapped : throw Failure("mmap", bytes);
    }

    public static void Protect(byte* start, nuint bytes)
    {
        bool done = OperatingSystem.IsWindows()
            ? VirtualProtect(start, bytes, WindowsNoAccess, out _) != 0
            : MemoryProtect(start, bytes, UnixNone) == 0;
        if (!done) throw Failure("Protection", bytes);
    }

    private static InvalidOperationException Failure(string what, nuint bytes) =>
        new($"{what} of {bytes} bytes failed with error {Marshal.GetLastPInvokeError()}.");

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial void* MemoryMap(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int MemoryProtect(void* address, nuint length, int protection);

    [LibraryImport("kernel32", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial void* VirtualAlloc(void* address, nuint size, uint type, uint protection);

    [LibraryImport("kernel32", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int VirtualProtect(void* address, nuint size, uint protection, out uint oldProtection);
}
