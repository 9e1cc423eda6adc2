using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Layers;

/// <summary>
/// The GRU whose reset gate acts before its product, a cell of two phases: with a = x_t·Wx + b,
/// <code>
/// r = φᵣ(aᵣ + h_{t-1}·Whᵣ)      z = φ_z(a_z + h_{t-1}·Wh_z)      s = r∘h_{t-1}
/// n = φₙ(aₙ + s·Whₙ)            h_t = (1 - z)∘n + z∘h_{t-1}
/// </code>
/// and backward dA_z = dh∘(h_{t-1} - n)∘φ_z', dAₙ = dh∘(1 - z)∘φₙ', then ds = dAₙ·Whₙᵀ, dAᵣ = ds∘h_{t-1}∘φᵣ',
/// dh_{t-1} = dh∘z + ds∘r + what the product takes.
/// </summary>
/// <remarks>Gates are r, z, n.</remarks>
internal readonly struct ResetBeforeGruCell<T, TFunctions>(TFunctions functions) : IRecurrentCell<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TFunctions : struct, IGateFunctions<T>
{
    private const int R = 0, Z = 1, N = 2;

    private readonly TFunctions _functions = functions;

    public static CellLayout Layout => new() { Gates = 3, ScratchGates = 1, KeptValues = 3, UsesPreviousState = true };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Forward<TLane>(scoped ref CellForward<T, TLane> unit)
        where TLane : struct, ILane<TLane, T>
    {
        TLane r = KeptGate<T, TFunctions, SigmoidFunction<T>>.Forward(_functions, R, ref unit, unit.PreActivation(R));
        _ = KeptGate<T, TFunctions, SigmoidFunction<T>>.Forward(_functions, Z, ref unit, unit.PreActivation(Z));
        unit.SetScratch(r * unit.PreviousState);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void ForwardSecond<TLane>(scoped ref CellForward<T, TLane> unit)
        where TLane : struct, ILane<TLane, T>
    {
        TLane z = _functions.Value<TLane, SigmoidFunction<T>>(Z, unit.Kept(Z));
        TLane n = KeptGate<T, TFunctions, TanhFunction<T>>.Forward(_functions, N, ref unit, unit.PreActivation(N));
        unit.SetState(TLane.FusedMultiplyAdd(z, unit.PreviousState, (TLane.Broadcast(T.One) - z) * n));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void BackwardSecond<TLane>(scoped ref CellBackward<T, TLane> unit)
        where TLane : struct, ILane<TLane, T>
    {
        TLane gradient = unit.StateGradient;
        TLane z = KeptGate<T, TFunctions, SigmoidFunction<T>>.Backward(_functions, Z, ref unit, out TLane zSlope);
        TLane n = KeptGate<T, TFunctions, TanhFunction<T>>.Backward(_functions, N, ref unit, out TLane nSlope);
        unit.SetGateGradient(Z, gradient * (unit.PreviousState - n) * zSlope);
        unit.SetGateGradient(N, gradient * (TLane.Broadcast(T.One) - z) * nSlope);
        unit.SetPreviousStateGradient(gradient * z);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Backward<TLane>(scoped ref CellBackward<T, TLane> unit)
        where TLane : struct, ILane<TLane, T>
    {
        TLane gradient = unit.StateGradient;
        TLane r = KeptGate<T, TFunctions, SigmoidFunction<T>>.Backward(_functions, R, ref unit, out TLane rSlope);
        unit.SetGateGradient(R, gradient * unit.PreviousState * rSlope);
        unit.AddPreviousStateGradient(gradient * r);
    }
}
