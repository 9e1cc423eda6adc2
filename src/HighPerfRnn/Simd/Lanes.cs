using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace HighPerfRnn.Simd;

/// <summary>Work that is written for any lane.</summary>
internal interface ILaneWork<T, TArgument>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    void Run<TLane>(TArgument argument)
        where TLane : struct, ILane<TLane, T>;
}

/// <summary>The choice of the lane: the widest that the machine has. The conditions are constants to the JIT.</summary>
internal static class Lanes
{
    /// <summary>The width of the chosen lane in bits; without vector instructions 0.</summary>
    public static int VectorBits =>
        Vector512.IsHardwareAccelerated ? 512 : Vector.IsHardwareAccelerated ? Vector<byte>.Count * 8 : 0;

    /// <summary>How many numbers the chosen lane holds.</summary>
    public static int Count<T>() => Math.Max(1, VectorBits / 8 / Unsafe.SizeOf<T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run<T, TWork, TArgument>(scoped ref TWork work, TArgument argument)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TWork : struct, ILaneWork<T, TArgument>, allows ref struct
    {
        if (Vector512.IsHardwareAccelerated) work.Run<Vector512Lane<T>>(argument);
        else if (Vector.IsHardwareAccelerated) work.Run<VectorLane<T>>(argument);
        else work.Run<ScalarLane<T>>(argument);
    }
}
