using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Layers;

/// <summary>An activation φ whose derivative follows from its value h = φ(a), so that a itself need not be kept.</summary>
internal interface IActivation<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>h = φ(a), tiny values flushed to +0: φ knows what can be tiny, and when.</summary>
    static abstract TLane ForwardFlushed<TLane>(TLane a)
        where TLane : struct, ILane<TLane, T>;

    /// <summary>dh · φ'(a), given h = φ(a).</summary>
    static abstract TLane Backward<TLane>(TLane h, TLane gradient)
        where TLane : struct, ILane<TLane, T>;
}

internal readonly struct TanhActivation<T> : IActivation<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane ForwardFlushed<TLane>(TLane a)
        where TLane : struct, ILane<TLane, T> => Activations<T, TLane>.FlushedTanh(a);

    /// <summary>tanh' = 1 - h², as (1 - h)(1 + h), which keeps its relative accuracy near saturation.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Backward<TLane>(TLane h, TLane gradient)
        where TLane : struct, ILane<TLane, T> => gradient * TanhFunction<T>.Slope(h);
}

internal readonly struct ReluActivation<T> : IActivation<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane ForwardFlushed<TLane>(TLane a)
        where TLane : struct, ILane<TLane, T> => Activations<T, TLane>.FlushedRelu(a);

    /// <summary>The gradient where h &gt; 0 or NaN, else +0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Backward<TLane>(TLane h, TLane gradient)
        where TLane : struct, ILane<TLane, T> => TLane.SelectLessOrEqual(h, TLane.Zero, TLane.Zero, gradient);
}
