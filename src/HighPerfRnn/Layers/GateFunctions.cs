using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Layers;

/// <summary>
/// The activations of a cell's gates, by the gate's number, and what of each a backward pass wants kept: the usual ones are constants
/// to the JIT and keep their value y = φ(a), any others are chosen as they run and keep a.
/// </summary>
internal interface IGateFunctions<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>y = φ(a), a being clipped before where the cell clips.</summary>
    TLane Apply<TLane>(int gate, TLane a)
        where TLane : struct, ILane<TLane, T>;

    /// <summary>Which of the two is kept.</summary>
    TLane Kept<TLane>(TLane a, TLane y)
        where TLane : struct, ILane<TLane, T>;

    /// <summary>y from what was kept.</summary>
    TLane Value<TLane>(int gate, TLane kept)
        where TLane : struct, ILane<TLane, T>;

    /// <summary>φ'(a) from what was kept and y; 0 where the clip bounds a.</summary>
    TLane Slope<TLane>(int gate, TLane kept, TLane y)
        where TLane : struct, ILane<TLane, T>;
}

/// <summary>Which gate has a tanh and which has no function; all others have a sigmoid.</summary>
internal interface IUsualGates
{
    static virtual bool IsTanh(int gate) => false;

    static virtual bool IsIdentity(int gate) => false;
}

/// <summary>tanh, sigmoid and identity, unclipped.</summary>
internal readonly struct UsualFunctions<T, TGates> : IGateFunctions<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TGates : struct, IUsualGates
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Apply<TLane>(int gate, TLane a)
        where TLane : struct, ILane<TLane, T> =>
        TGates.IsIdentity(gate) ? a : TGates.IsTanh(gate) ? Activations<T, TLane>.Tanh(a) : Activations<T, TLane>.Sigmoid(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Kept<TLane>(TLane a, TLane y)
        where TLane : struct, ILane<TLane, T> => y;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Value<TLane>(int gate, TLane kept)
        where TLane : struct, ILane<TLane, T> => kept;

    /// <summary>tanh' = (1 - y)(1 + y), σ' = y(1 - y).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Slope<TLane>(int gate, TLane kept, TLane y)
        where TLane : struct, ILane<TLane, T>
    {
        TLane one = TLane.Broadcast(T.One);
        return TGates.IsIdentity(gate) ? one : TGates.IsTanh(gate) ? (one - y) * (one + y) : y * (one - y);
    }
}

/// <summary>Any activations, up to five, the first of them behind a clip.</summary>
internal readonly struct AnyFunctions<T> : IGateFunctions<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly AnyFunction<T> _first, _second, _third, _fourth, _fifth;
    private readonly T _clip;
    private readonly int _clipped;

    /// <param name="clip">The bound of |a|; infinity for none.</param>
    /// <param name="clipped">How many gates, from the first on, are bounded by it.</param>
    /// <param name="activations">One a gate.</param>
    public AnyFunctions(double clip, int clipped, params ReadOnlySpan<Activation> activations)
    {
        _clip = T.CreateChecked(clip);
        _clipped = clipped;
        _first = Of(activations, 0);
        _second = Of(activations, 1);
        _third = Of(activations, 2);
        _fourth = Of(activations, 3);
        _fifth = Of(activations, 4);
    }

    public TLane Apply<TLane>(int gate, TLane a)
        where TLane : struct, ILane<TLane, T> => Function(gate).Apply(Clip(gate, a));

    public TLane Kept<TLane>(TLane a, TLane y)
        where TLane : struct, ILane<TLane, T> => a;

    public TLane Value<TLane>(int gate, TLane kept)
        where TLane : struct, ILane<TLane, T> => Apply(gate, kept);

    public TLane Slope<TLane>(int gate, TLane kept, TLane y)
        where TLane : struct, ILane<TLane, T>
    {
        TLane slope = Function(gate).Slope(Clip(gate, kept), y);
        return gate < _clipped ? TLane.SelectLess(TLane.Broadcast(_clip), TLane.Abs(kept), TLane.Zero, slope) : slope;
    }

    /// <summary>Bounded by ± clip; NaN stays NaN.</summary>
    private TLane Clip<TLane>(int gate, TLane a)
        where TLane : struct, ILane<TLane, T> =>
        gate < _clipped ? TLane.Max(TLane.Broadcast(-_clip), TLane.Min(TLane.Broadcast(_clip), a)) : a;

    private AnyFunction<T> Function(int gate) => gate switch
    {
        0 => _first,
        1 => _second,
        2 => _third,
        3 => _fourth,
        _ => _fifth,
    };

    private static AnyFunction<T> Of(ReadOnlySpan<Activation> activations, int gate) =>
        gate < activations.Length ? new AnyFunction<T>(activations[gate]) : default;
}
