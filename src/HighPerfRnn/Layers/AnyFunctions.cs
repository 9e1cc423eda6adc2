using System.Numerics;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Layers;

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

    public TLane Apply<TLane, TUsual>(int gate, TLane a)
        where TLane : struct, ILane<TLane, T>
        where TUsual : struct, IUsualFunction<T> => Function(gate).Apply(Clip(gate, a));

    public TLane Kept<TLane>(TLane a, TLane y)
        where TLane : struct, ILane<TLane, T> => a;

    public TLane Value<TLane, TUsual>(int gate, TLane kept)
        where TLane : struct, ILane<TLane, T>
        where TUsual : struct, IUsualFunction<T> => Apply<TLane, TUsual>(gate, kept);

    public TLane Slope<TLane, TUsual>(int gate, TLane kept, TLane y)
        where TLane : struct, ILane<TLane, T>
        where TUsual : struct, IUsualFunction<T>
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
