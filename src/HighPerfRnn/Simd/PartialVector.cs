using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace HighPerfRnn.Simd;

/// <summary>
/// The first numbers of a vector by way of memory, in pieces of 32, 16, 8 and 4 bytes, where there is no masked instruction or,
/// as for 256-bit stores on some processors, a slow one.
/// </summary>
internal static class PartialVector
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load<T, TVector>(ref readonly T source, int count)
        where T : unmanaged
        where TVector : unmanaged
    {
        TVector vector = default;
        Copy(
            ref Unsafe.As<T, byte>(ref Unsafe.AsRef(in source)),
            ref Unsafe.As<TVector, byte>(ref vector),
            count * Unsafe.SizeOf<T>(),
            Unsafe.SizeOf<TVector>());
        return vector;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<T, TVector>(TVector vector, ref T destination, int count)
        where T : unmanaged
        where TVector : unmanaged =>
        Copy(
            ref Unsafe.As<TVector, byte>(ref vector),
            ref Unsafe.As<T, byte>(ref destination),
            count * Unsafe.SizeOf<T>(),
            Unsafe.SizeOf<TVector>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy(ref byte from, ref byte to, int bytes, int vectorBytes)
    {
        int done = 0;
        if (vectorBytes > 32 && (bytes & 32) != 0) Move<Bytes32>(ref from, ref to, ref done);
        if (vectorBytes > 16 && (bytes & 16) != 0) Move<Bytes16>(ref from, ref to, ref done);
        if ((bytes & 8) != 0) Move<long>(ref from, ref to, ref done);
        if ((bytes & 4) != 0) Move<int>(ref from, ref to, ref done);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Move<TPiece>(ref byte from, ref byte to, ref int done)
        where TPiece : unmanaged
    {
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, done), Unsafe.ReadUnaligned<TPiece>(ref Unsafe.Add(ref from, done)));
        done += Unsafe.SizeOf<TPiece>();
    }

    [StructLayout(LayoutKind.Sequential, Size = 16)]
    private readonly struct Bytes16;

    [StructLayout(LayoutKind.Sequential, Size = 32)]
    private readonly struct Bytes32;
}
