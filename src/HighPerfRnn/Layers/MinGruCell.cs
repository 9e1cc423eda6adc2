using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Layers;

/// <summary>
/// minGRU (Feng, Tung, Ahmed, Bengio and Hajimirsadeghi 2024, "Were RNNs All We Needed?", section 3.1): with a = x_t·Wx + b,
/// z = σ(a_z), n = φ(aₙ), h_t = (1 - z)∘h_{t-1} + z∘n; backward dA_z = dh∘(n - h_{t-1})∘σ', dAₙ = dh∘z∘φ', dh_{t-1} = dh∘(1 - z).
/// </summary>
internal readonly struct MinGruCell<T, TFunctions>(TFunctions functions) : ILinearCell<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TFunctions : struct, IGateFunctions<T>
{
    private const int Z = 0, N = 1;

    private readonly TFunctions _functions = functions;

    public static CellLayout Layout => new() { Gates = 2, RecurrentGates = 0, KeptValues = 2, UsesPreviousState = true };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Forward<TLane>(scoped ref CellForward<T, TLane> unit)
        where TLane : struct, ILane<TLane, T> => LinearCell<T, MinGruCell<T, TFunctions>>.Forward(this, ref unit);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Terms<TLane>(scoped ref CellForward<T, TLane> unit, out TLane decay, out TLane addition)
        where TLane : struct, ILane<TLane, T>
    {
        TLane z = KeptGate<T, TFunctions, SigmoidFunction<T>>.Forward(_functions, Z, ref unit, unit.Input(Z));
        TLane n = KeptGate<T, TFunctions, IdentityFunction<T>>.Forward(_functions, N, ref unit, unit.Input(N));
        decay = TLane.Broadcast(T.One) - z;
        addition = z * n;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Backward<TLane>(scoped ref CellBackward<T, TLane> unit)
        where TLane : struct, ILane<TLane, T>
    {
        TLane gradient = unit.StateGradient;
        TLane z = KeptGate<T, TFunctions, SigmoidFunction<T>>.Backward(_functions, Z, ref unit, out TLane zSlope);
        TLane n = KeptGate<T, TFunctions, IdentityFunction<T>>.Backward(_functions, N, ref unit, out TLane nSlope);
        unit.SetGateGradient(Z, gradient * (n - unit.PreviousState) * zSlope);
        unit.SetGateGradient(N, gradient * z * nSlope);
        unit.SetPreviousStateGradient(gradient * (TLane.Broadcast(T.One) - z));
    }
}

/// <summary>
/// minLSTM (section 3.2 of the same): with a = x_t·Wx + b, f = σ(a_f) + δ, i = σ(aᵢ) + δ, f' = f / (f + i), i' = i / (f + i),
/// n = φ(aₙ), h_t = f'∘h_{t-1} + i'∘n; backward d = dh∘(h_{t-1} - n)∘f'∘i', dA_f = d∘(1 - σ(a_f)), dAᵢ = -d∘(1 - σ(aᵢ)),
/// dAₙ = dh∘i'∘φ', dh_{t-1} = dh∘f'.
/// </summary>
/// <remarks>δ is the guard's threshold, 2⁻¹⁰⁰ (2⁻⁹⁰⁰ in double): where both gates vanish it makes ½ of what would be 0 / 0. Gates are f, i, n.</remarks>
internal readonly struct MinLstmCell<T, TFunctions>(TFunctions functions) : ILinearCell<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TFunctions : struct, IGateFunctions<T>
{
    private const int F = 0, I = 1, N = 2;

    private readonly TFunctions _functions = functions;

    public static CellLayout Layout => new() { Gates = 3, RecurrentGates = 0, KeptValues = 3, UsesPreviousState = true };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Forward<TLane>(scoped ref CellForward<T, TLane> unit)
        where TLane : struct, ILane<TLane, T> => LinearCell<T, MinLstmCell<T, TFunctions>>.Forward(this, ref unit);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Terms<TLane>(scoped ref CellForward<T, TLane> unit, out TLane decay, out TLane addition)
        where TLane : struct, ILane<TLane, T>
    {
        TLane f = KeptGate<T, TFunctions, SigmoidFunction<T>>.Forward(_functions, F, ref unit, unit.Input(F));
        TLane i = KeptGate<T, TFunctions, SigmoidFunction<T>>.Forward(_functions, I, ref unit, unit.Input(I));
        Normalize(ref f, ref i);
        TLane n = KeptGate<T, TFunctions, IdentityFunction<T>>.Forward(_functions, N, ref unit, unit.Input(N));
        decay = f;
        addition = i * n;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Backward<TLane>(scoped ref CellBackward<T, TLane> unit)
        where TLane : struct, ILane<TLane, T>
    {
        TLane one = TLane.Broadcast(T.One);
        TLane gradient = unit.StateGradient;
        TLane f = KeptGate<T, TFunctions, SigmoidFunction<T>>.Backward(_functions, F, ref unit, out _);
        TLane i = KeptGate<T, TFunctions, SigmoidFunction<T>>.Backward(_functions, I, ref unit, out _);
        TLane fRest = one - f;
        TLane iRest = one - i;
        Normalize(ref f, ref i);
        TLane n = KeptGate<T, TFunctions, IdentityFunction<T>>.Backward(_functions, N, ref unit, out TLane nSlope);
        TLane shared = gradient * (unit.PreviousState - n) * f * i;
        unit.SetGateGradient(F, shared * fRest);
        unit.SetGateGradient(I, TLane.Zero - (shared * iRest));
        unit.SetGateGradient(N, gradient * i * nSlope);
        unit.SetPreviousStateGradient(gradient * f);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Normalize<TLane>(ref TLane f, ref TLane i)
        where TLane : struct, ILane<TLane, T>
    {
        TLane least = Activations<T, TLane>.Guard;
        f = f + least;
        i = i + least;
        TLane sum = f + i;
        f = f / sum;
        i = i / sum;
    }
}
