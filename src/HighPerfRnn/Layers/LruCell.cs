using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Layers;

/// <summary>
/// A diagonal linear recurrence after the LRU (Orvieto, Smith, Gu, Fernando, Gulcehre, Pascanu and De 2023, "Resurrecting Recurrent
/// Neural Networks for Long Sequences"), its λ real: λ = e^(-e^ν), γ = √(1 - λ²), u = x_t·Wx + b, h_t = λ∘h_{t-1} + γ∘u; backward
/// dU = dh∘γ, dh_{t-1} = dh∘λ, dν = dh∘(h_{t-1}∘λ' + u∘γ') with λ' = -e^ν·λ and γ' = e^ν·λ²/γ.
/// </summary>
/// <remarks>1 - λ² is taken as -(e^(-2e^ν) - 1), which does not cancel where λ is near 1.</remarks>
internal readonly struct LruCell<T> : ILinearCell<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly string[] Names = ["nu"];

    public static CellLayout Layout => new()
    {
        Gates = 1,
        RecurrentGates = 0,
        KeptValues = 1,
        Vectors = Names,
        UsesPreviousState = true,
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Forward<TLane>(scoped ref CellForward<T, TLane> unit)
        where TLane : struct, ILane<TLane, T> => LinearCell<T, LruCell<T>>.Forward(this, ref unit);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Terms<TLane>(scoped ref CellForward<T, TLane> unit, out TLane decay, out TLane addition)
        where TLane : struct, ILane<TLane, T>
    {
        Rates(unit.Vector(0), out _, out decay, out TLane gain);
        TLane u = unit.Input(0);
        unit.Keep(0, u);
        addition = gain * u;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Backward<TLane>(scoped ref CellBackward<T, TLane> unit)
        where TLane : struct, ILane<TLane, T>
    {
        Rates(unit.Vector(0), out TLane rate, out TLane decay, out TLane gain);
        TLane gradient = unit.StateGradient;
        TLane gainSlope = rate * (decay * decay) / gain;
        TLane slope = TLane.NegatedFusedMultiplyAdd(unit.PreviousState * rate, decay, unit.Kept(0) * gainSlope);
        unit.SetGateGradient(0, gradient * gain);
        unit.SetVectorGradient(0, gradient * slope);
        unit.SetPreviousStateGradient(gradient * decay);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Rates<TLane>(TLane nu, out TLane rate, out TLane decay, out TLane gain)
        where TLane : struct, ILane<TLane, T>
    {
        rate = Activations<T, TLane>.Exp(nu);
        TLane negative = TLane.Zero - rate;
        decay = Activations<T, TLane>.ExpOfNonPositive(negative);
        gain = TLane.Sqrt(TLane.Zero - Activations<T, TLane>.ExpMinusOneOfNonPositive(negative + negative));
    }
}
