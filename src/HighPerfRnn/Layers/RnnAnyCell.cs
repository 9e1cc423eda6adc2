using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Layers;

/// <summary>The vanilla cell with any activation, behind a clip: h_t = φ(clip(x_t·Wx + b + h_{t-1}·Wh)), dA_t = dh_t∘φ', a_t being kept.</summary>
internal readonly struct RnnAnyCell<T>(AnyFunctions<T> functions) : IRecurrentCell<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly AnyFunctions<T> _functions = functions;

    public static CellLayout Layout => new() { Gates = 1, KeptValues = 1 };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Forward<TLane>(scoped ref CellForward<T, TLane> unit)
        where TLane : struct, ILane<TLane, T> => unit.SetState(KeptGate<T, AnyFunctions<T>, IdentityFunction<T>>.Forward(_functions, 0, ref unit, unit.PreActivation(0)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Backward<TLane>(scoped ref CellBackward<T, TLane> unit)
        where TLane : struct, ILane<TLane, T>
    {
        _ = KeptGate<T, AnyFunctions<T>, IdentityFunction<T>>.Backward(_functions, 0, ref unit, out TLane slope);
        unit.SetGateGradient(0, unit.StateGradient * slope);
    }
}
