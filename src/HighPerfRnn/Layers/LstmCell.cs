using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Layers;

/// <summary>What an LSTM has beside its gates, as constants to the JIT.</summary>
internal interface ILstmVariant
{
    static abstract bool HasPeepholes { get; }

    static abstract bool IsCoupled { get; }
}

/// <summary>
/// The LSTM: with a = x_t·Wx + b + h_{t-1}·Wh,
/// <code>
/// i = φᵢ(aᵢ + pᵢ∘c_{t-1})        f = φ_f(a_f + p_f∘c_{t-1}), coupled 1 - i        g = φ_g(a_g)
/// c_t = f∘c_{t-1} + i∘g          o = φₒ(aₒ + pₒ∘c_t)                              h_t = o∘φ_c(c_t)
/// </code>
/// and backward, dc what reaches c_t: dAₒ = dh∘φ_c(c)∘φₒ', dc += dh∘o∘φ_c' + dAₒ∘pₒ, dAᵢ = dc∘g∘φᵢ' (coupled dc∘(g - c_{t-1})∘φᵢ'),
/// dA_f = dc∘c_{t-1}∘φ_f', dA_g = dc∘i∘φ_g', dc_{t-1} = dc∘f + dAᵢ∘pᵢ + dA_f∘p_f.
/// </summary>
/// <remarks>Weights' gates are i, f, g, o; coupled i, g, o. Functions' numbers are those of i, f, g, o and φ_c whatever the variant.</remarks>
internal readonly struct LstmCell<T, TFunctions, TVariant>(TFunctions functions) : IRecurrentCell<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TFunctions : struct, IGateFunctions<T>
    where TVariant : struct, ILstmVariant
{
    private const int I = 0, F = 1, G = 2, O = 3, C = 4;

    // Kept beside what each function wants: c_{t-1}, and for peepholes c_t.
    private const int PreviousKept = 5, CurrentKept = 6;

    private readonly TFunctions _functions = functions;

    public static CellLayout Layout => new()
    {
        Gates = TVariant.IsCoupled ? 3 : 4,
        CellStates = 1,
        KeptValues = TVariant.HasPeepholes ? 7 : 6,
        Vectors = !TVariant.HasPeepholes ? null : TVariant.IsCoupled ? LstmVectors.Coupled : LstmVectors.All,
    };

    private static int Candidate => TVariant.IsCoupled ? 1 : 2;

    private static int Output => TVariant.IsCoupled ? 2 : 3;

    // Which of the cell's vectors pₒ is.
    private static int OutputPeephole => TVariant.IsCoupled ? 1 : 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Forward<TLane>(scoped ref CellForward<T, TLane> unit)
        where TLane : struct, ILane<TLane, T>
    {
        TLane previous = unit.CellState(0);
        TLane aI = unit.PreActivation(I);
        if (TVariant.HasPeepholes) aI += unit.Vector(0) * previous;
        TLane i = KeptGate.Forward(_functions, I, ref unit, aI);
        TLane f;
        if (TVariant.IsCoupled)
        {
            f = TLane.Broadcast(T.One) - i;
        }
        else
        {
            TLane aF = unit.PreActivation(F);
            if (TVariant.HasPeepholes) aF += unit.Vector(1) * previous;
            f = KeptGate.Forward(_functions, F, ref unit, aF);
        }

        TLane g = KeptGate.Forward(_functions, G, ref unit, unit.PreActivation(Candidate));
        TLane c = Activations<T, TLane>.FlushTiny(TLane.FusedMultiplyAdd(f, previous, i * g));
        unit.Keep(PreviousKept, previous);
        unit.SetFlushedCellState(0, c);
        TLane aO = unit.PreActivation(Output);
        if (TVariant.HasPeepholes)
        {
            aO += unit.Vector(OutputPeephole) * c;
            unit.Keep(CurrentKept, c);
        }

        TLane o = KeptGate.Forward(_functions, O, ref unit, aO);
        unit.SetState(o * KeptGate.Forward(_functions, C, ref unit, c));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Backward<TLane>(scoped ref CellBackward<T, TLane> unit)
        where TLane : struct, ILane<TLane, T>
    {
        TLane previous = unit.Kept(PreviousKept);
        TLane current = TVariant.HasPeepholes ? unit.Kept(CurrentKept) : previous;
        TLane y = KeptGate.Backward(_functions, C, ref unit, out TLane ySlope);
        TLane o = KeptGate.Backward(_functions, O, ref unit, out TLane oSlope);
        TLane gradient = unit.StateGradient;
        TLane dO = Activations<T, TLane>.FlushTiny(gradient * y * oSlope);
        unit.SetFlushedGateGradient(Output, dO);
        TLane dC = unit.CellStateGradient(0) + (gradient * o * ySlope);
        if (TVariant.HasPeepholes)
        {
            dC += dO * unit.Vector(OutputPeephole);
            unit.SetVectorGradient(OutputPeephole, dO * current);
        }

        TLane i = KeptGate.Backward(_functions, I, ref unit, out TLane iSlope);
        TLane g = KeptGate.Backward(_functions, G, ref unit, out TLane gSlope);
        unit.SetGateGradient(Candidate, dC * i * gSlope);
        TLane dI = dC * g;
        TLane f = TLane.Broadcast(T.One) - i;
        TLane carried;
        if (TVariant.IsCoupled)
        {
            dI -= dC * previous;
            carried = dC * f;
        }
        else
        {
            f = KeptGate.Backward(_functions, F, ref unit, out TLane fSlope);
            carried = dC * f;
            TLane dF = Activations<T, TLane>.FlushTiny(dC * previous * fSlope);
            unit.SetFlushedGateGradient(F, dF);
            if (TVariant.HasPeepholes)
            {
                carried += dF * unit.Vector(1);
                unit.SetVectorGradient(1, dF * previous);
            }
        }

        dI = Activations<T, TLane>.FlushTiny(dI * iSlope);
        unit.SetFlushedGateGradient(I, dI);
        if (TVariant.HasPeepholes)
        {
            carried += dI * unit.Vector(0);
            unit.SetVectorGradient(0, dI * previous);
        }

        unit.SetCellStateGradient(0, carried);
    }
}

/// <summary>σ for i, f and o, tanh for g and φ_c.</summary>
internal readonly struct LstmFunctions : IUsualGates
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsTanh(int gate) => gate is 2 or 4;
}

internal readonly struct PlainLstm : ILstmVariant
{
    public static bool HasPeepholes => false;

    public static bool IsCoupled => false;
}

internal readonly struct PeepholeLstm : ILstmVariant
{
    public static bool HasPeepholes => true;

    public static bool IsCoupled => false;
}

internal readonly struct CoupledLstm : ILstmVariant
{
    public static bool HasPeepholes => false;

    public static bool IsCoupled => true;
}

internal readonly struct CoupledPeepholeLstm : ILstmVariant
{
    public static bool HasPeepholes => true;

    public static bool IsCoupled => true;
}

/// <summary>The names of peepholes.</summary>
internal static class LstmVectors
{
    public static readonly string[] All = ["peephole_i", "peephole_f", "peephole_o"];

    public static readonly string[] Coupled = ["peephole_i", "peephole_o"];
}
