using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <content>The derivative of tanh by its value.</content>
public static partial class Elementwise
{
    /// <summary>The way back of <see cref="Tanh"/> by its values: dX = dY∘(1 - y)∘(1 + y), in place.</summary>
    /// <param name="y">What <see cref="Tanh"/> gave.</param>
    /// <param name="gradient">dY, as long; overwritten with dX. It may not overlap y.</param>
    /// <exception cref="ArgumentException">The lengths differ, or the spans overlap; nothing has been written then.</exception>
    public static void TanhBackward<T>(ReadOnlySpan<T> y, Span<T> gradient)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (gradient.Length != y.Length) ThrowLength(y.Length, gradient.Length, nameof(gradient));
        if (y.Overlaps(gradient)) ThrowAnyOverlap(nameof(gradient), nameof(y));
        var work = new TanhBackwardWork<T>
        {
            Y = ref MemoryMarshal.GetReference(y),
            Gradient = ref MemoryMarshal.GetReference(gradient),
            Length = y.Length,
        };
        Lanes.Run<T, TanhBackwardWork<T>, int>(ref work, 0);
    }
}

/// <summary>gradient = gradient∘(1 - y)∘(1 + y): three roundings, none of them of a difference that cancels.</summary>
internal ref struct TanhBackwardWork<T> : ILaneWork<T, int>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public ref readonly T Y;
    public ref T Gradient;
    public nint Length;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Run<TLane>(int argument)
        where TLane : struct, ILane<TLane, T>
    {
        ref T y = ref Unsafe.AsRef(in Y);
        ref T gradient = ref Gradient;
        TLane one = TLane.Broadcast(T.One);
        nint i = 0;
        for (; i <= Length - TLane.Count; i += TLane.Count)
        {
            ref T at = ref Unsafe.Add(ref gradient, i);
            TLane value = TLane.Load(ref Unsafe.Add(ref y, i));
            (TLane.Load(ref at) * ((one - value) * (one + value))).Store(ref at);
        }

        int rest = (int)(Length - i);
        if (rest == 0) return;
        ref T end = ref Unsafe.Add(ref gradient, i);
        TLane last = TLane.LoadPartial(ref Unsafe.Add(ref y, i), rest);
        (TLane.LoadPartial(ref end, rest) * ((one - last) * (one + last))).StorePartial(ref end, rest);
    }
}
