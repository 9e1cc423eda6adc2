using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Layers;

/// <summary>
/// The GRU whose reset gate follows its product: with a = x_t·Wx + b,
/// <code>
/// r = φᵣ(aᵣ + h_{t-1}·Whᵣ)      z = φ_z(a_z + h_{t-1}·Wh_z)      q = h_{t-1}·Whₙ + b'      n = φₙ(aₙ + r∘q)
/// h_t = (1 - z)∘n + z∘h_{t-1}
/// </code>
/// and backward dA_z = dh∘(h_{t-1} - n)∘φ_z', dAₙ = dh∘(1 - z)∘φₙ', dq = dAₙ∘r, dAᵣ = dAₙ∘q∘φᵣ', dh_{t-1} = dh∘z + what the product takes.
/// </summary>
/// <remarks>Gates are r, z, n; the vector is b'.</remarks>
internal readonly struct GruCell<T, TFunctions>(TFunctions functions) : IRecurrentCell<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TFunctions : struct, IGateFunctions<T>
{
    private const int R = 0, Z = 1, N = 2;

    private const int ProductKept = 3;

    private readonly TFunctions _functions = functions;

    public static CellLayout Layout => new()
    {
        Gates = 3,
        KeptValues = 4,
        Vectors = GruVectors.Names,
        HasRecurrentGateGradients = true,
        UsesPreviousState = true,
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Forward<TLane>(scoped ref CellForward<T, TLane> unit)
        where TLane : struct, ILane<TLane, T>
    {
        TLane r = KeptGate<T, TFunctions, SigmoidFunction<T>>.Forward(_functions, R, ref unit, unit.PreActivation(R));
        TLane z = KeptGate<T, TFunctions, SigmoidFunction<T>>.Forward(_functions, Z, ref unit, unit.PreActivation(Z));
        TLane q = unit.Recurrent(N) + unit.Vector(0);
        unit.Keep(ProductKept, q);
        TLane n = KeptGate<T, TFunctions, TanhFunction<T>>.Forward(_functions, N, ref unit, TLane.FusedMultiplyAdd(r, q, unit.Input(N)));
        unit.SetState(TLane.FusedMultiplyAdd(z, unit.PreviousState, (TLane.Broadcast(T.One) - z) * n));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Backward<TLane>(scoped ref CellBackward<T, TLane> unit)
        where TLane : struct, ILane<TLane, T>
    {
        TLane gradient = unit.StateGradient;
        TLane r = KeptGate<T, TFunctions, SigmoidFunction<T>>.Backward(_functions, R, ref unit, out TLane rSlope);
        TLane z = KeptGate<T, TFunctions, SigmoidFunction<T>>.Backward(_functions, Z, ref unit, out TLane zSlope);
        TLane n = KeptGate<T, TFunctions, TanhFunction<T>>.Backward(_functions, N, ref unit, out TLane nSlope);
        TLane dZ = Activations<T, TLane>.FlushTiny(gradient * (unit.PreviousState - n) * zSlope);
        TLane dN = Activations<T, TLane>.FlushTiny(gradient * (TLane.Broadcast(T.One) - z) * nSlope);
        TLane dQ = Activations<T, TLane>.FlushTiny(dN * r);
        TLane dR = Activations<T, TLane>.FlushTiny(dN * unit.Kept(ProductKept) * rSlope);
        unit.SetFlushedGateGradient(R, dR);
        unit.SetFlushedGateGradient(Z, dZ);
        unit.SetFlushedGateGradient(N, dN);
        unit.SetFlushedRecurrentGateGradient(R, dR);
        unit.SetFlushedRecurrentGateGradient(Z, dZ);
        unit.SetFlushedRecurrentGateGradient(N, dQ);
        unit.SetVectorGradient(0, dQ);
        unit.SetPreviousStateGradient(gradient * z);
    }
}

/// <summary>The name of b'.</summary>
internal static class GruVectors
{
    /// <summary>b', that the reset gate acts on.</summary>
    public const string Bias = "bias_hn";

    public static readonly string[] Names = [Bias];
}
