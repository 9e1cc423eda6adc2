using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Layers;

/// <summary>
/// The vanilla cell: h_t = φ(x_t·Wx + b + h_{t-1}·Wh), dA_t = dh_t ∘ φ'(a_t), where φ' follows from h_t: nothing is kept.
/// </summary>
internal readonly struct RnnCell<T, TActivation> : IRecurrentCell<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TActivation : struct, IActivation<T>
{
    public static CellLayout Layout => new() { Gates = 1 };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Forward<TLane>(scoped ref CellForward<T, TLane> unit)
        where TLane : struct, ILane<TLane, T> => unit.SetFlushedState(TActivation.ForwardFlushed(unit.PreActivation(0)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Backward<TLane>(scoped ref CellBackward<T, TLane> unit)
        where TLane : struct, ILane<TLane, T> =>
        unit.SetGateGradient(0, TActivation.Backward(unit.State, unit.StateGradient));
}
