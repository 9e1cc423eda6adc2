using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Layers;

/// <summary>A function that a gate usually has, as a type: a constant to the JIT before it looks at what the others would do.</summary>
internal interface IUsualFunction<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>y = φ(a).</summary>
    static abstract TLane Apply<TLane>(TLane a)
        where TLane : struct, ILane<TLane, T>;

    /// <summary>φ' from y.</summary>
    static abstract TLane Slope<TLane>(TLane y)
        where TLane : struct, ILane<TLane, T>;
}

/// <summary>σ' = y(1 - y).</summary>
internal readonly struct SigmoidFunction<T> : IUsualFunction<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Apply<TLane>(TLane a)
        where TLane : struct, ILane<TLane, T> => Activations<T, TLane>.Sigmoid(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Slope<TLane>(TLane y)
        where TLane : struct, ILane<TLane, T> => y * (TLane.Broadcast(T.One) - y);
}

/// <summary>tanh' = (1 - y)(1 + y).</summary>
internal readonly struct TanhFunction<T> : IUsualFunction<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Apply<TLane>(TLane a)
        where TLane : struct, ILane<TLane, T> => Activations<T, TLane>.Tanh(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Slope<TLane>(TLane y)
        where TLane : struct, ILane<TLane, T>
    {
        TLane one = TLane.Broadcast(T.One);
        return (one - y) * (one + y);
    }
}

/// <summary>a itself.</summary>
internal readonly struct IdentityFunction<T> : IUsualFunction<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Apply<TLane>(TLane a)
        where TLane : struct, ILane<TLane, T> => a;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Slope<TLane>(TLane y)
        where TLane : struct, ILane<TLane, T> => TLane.Broadcast(T.One);
}

/// <summary>
/// The activations of a cell's gates, by the gate's number, and what of each a backward pass wants kept: the usual ones are types and
/// keep their value y = φ(a), any others are chosen as they run and keep a.
/// </summary>
internal interface IGateFunctions<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>y = φ(a), a being clipped before where the cell clips; φ is <typeparamref name="TUsual"/> unless it was chosen.</summary>
    TLane Apply<TLane, TUsual>(int gate, TLane a)
        where TLane : struct, ILane<TLane, T>
        where TUsual : struct, IUsualFunction<T>;

    /// <summary>Which of the two is kept.</summary>
    TLane Kept<TLane>(TLane a, TLane y)
        where TLane : struct, ILane<TLane, T>;

    /// <summary>y from what was kept.</summary>
    TLane Value<TLane, TUsual>(int gate, TLane kept)
        where TLane : struct, ILane<TLane, T>
        where TUsual : struct, IUsualFunction<T>;

    /// <summary>φ'(a) from what was kept and y; 0 where the clip bounds a.</summary>
    TLane Slope<TLane, TUsual>(int gate, TLane kept, TLane y)
        where TLane : struct, ILane<TLane, T>
        where TUsual : struct, IUsualFunction<T>;
}

/// <summary>The usual functions, unclipped.</summary>
internal readonly struct UsualFunctions<T> : IGateFunctions<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Apply<TLane, TUsual>(int gate, TLane a)
        where TLane : struct, ILane<TLane, T>
        where TUsual : struct, IUsualFunction<T> => TUsual.Apply(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Kept<TLane>(TLane a, TLane y)
        where TLane : struct, ILane<TLane, T> => y;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Value<TLane, TUsual>(int gate, TLane kept)
        where TLane : struct, ILane<TLane, T>
        where TUsual : struct, IUsualFunction<T> => kept;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Slope<TLane, TUsual>(int gate, TLane kept, TLane y)
        where TLane : struct, ILane<TLane, T>
        where TUsual : struct, IUsualFunction<T> => TUsual.Slope(y);
}
