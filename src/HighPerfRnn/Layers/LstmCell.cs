using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Layers;

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
/// <typeparam name="T">float or double.</typeparam>
/// <typeparam name="TFunctions">The gates' activations.</typeparam>
/// <typeparam name="TPeepholes">With or without peepholes: <see cref="With"/>, <see cref="Without"/>.</typeparam>
/// <typeparam name="TCoupling">With or without f = 1 - i.</typeparam>
internal readonly struct LstmCell<T, TFunctions, TPeepholes, TCoupling>(TFunctions functions) : IRecurrentCell<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TFunctions : struct, IGateFunctions<T>
{
    private const int I = 0, F = 1, G = 2, O = 3, C = 4;

    // Kept beside what each function wants: c_{t-1}, and for peepholes c_t.
    private const int PreviousKept = 5, CurrentKept = 6;

    private readonly TFunctions _functions = functions;

    public static CellLayout Layout => new()
    {
        Gates = typeof(TCoupling) == typeof(With) ? 3 : 4,
        CellStates = 1,
        KeptValues = typeof(TPeepholes) == typeof(With) ? 7 : 6,
        Vectors = typeof(TPeepholes) == typeof(Without) ? null : typeof(TCoupling) == typeof(With) ? LstmVectors.Coupled : LstmVectors.All,
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Forward<TLane>(scoped ref CellForward<T, TLane> unit)
        where TLane : struct, ILane<TLane, T>
    {
        TLane previous = unit.CellState(0);
        TLane aI = unit.PreActivation(I);
        if (typeof(TPeepholes) == typeof(With)) aI += unit.Vector(0) * previous;
        TLane i = KeptGate<T, TFunctions, SigmoidFunction<T>>.Forward(_functions, I, ref unit, aI);
        TLane f;
        if (typeof(TCoupling) == typeof(With))
        {
            f = TLane.Broadcast(T.One) - i;
        }
        else
        {
            TLane aF = unit.PreActivation(F);
            if (typeof(TPeepholes) == typeof(With)) aF += unit.Vector(1) * previous;
            f = KeptGate<T, TFunctions, SigmoidFunction<T>>.Forward(_functions, F, ref unit, aF);
        }

        TLane g = KeptGate<T, TFunctions, TanhFunction<T>>.Forward(_functions, G, ref unit, unit.PreActivation(typeof(TCoupling) == typeof(With) ? G - 1 : G));
        TLane c = Activations<T, TLane>.FlushTiny(TLane.FusedMultiplyAdd(f, previous, i * g));
        unit.Keep(PreviousKept, previous);
        unit.SetFlushedCellState(0, c);
        TLane aO = unit.PreActivation(typeof(TCoupling) == typeof(With) ? O - 1 : O);
        if (typeof(TPeepholes) == typeof(With))
        {
            aO += unit.Vector(typeof(TCoupling) == typeof(With) ? 1 : 2) * c;
            unit.Keep(CurrentKept, c);
        }

        TLane o = KeptGate<T, TFunctions, SigmoidFunction<T>>.Forward(_functions, O, ref unit, aO);
        unit.SetState(o * KeptGate<T, TFunctions, TanhFunction<T>>.Forward(_functions, C, ref unit, c));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Backward<TLane>(scoped ref CellBackward<T, TLane> unit)
        where TLane : struct, ILane<TLane, T>
    {
        TLane previous = unit.Kept(PreviousKept);
        TLane current = typeof(TPeepholes) == typeof(With) ? unit.Kept(CurrentKept) : previous;
        TLane y = KeptGate<T, TFunctions, TanhFunction<T>>.Backward(_functions, C, ref unit, out TLane ySlope);
        TLane o = KeptGate<T, TFunctions, SigmoidFunction<T>>.Backward(_functions, O, ref unit, out TLane oSlope);
        TLane gradient = unit.StateGradient;
        TLane dO = Activations<T, TLane>.FlushTiny(gradient * y * oSlope);
        unit.SetFlushedGateGradient(typeof(TCoupling) == typeof(With) ? O - 1 : O, dO);
        TLane dC = unit.CellStateGradient(0) + (gradient * o * ySlope);
        if (typeof(TPeepholes) == typeof(With))
        {
            dC += dO * unit.Vector(typeof(TCoupling) == typeof(With) ? 1 : 2);
            unit.SetVectorGradient(typeof(TCoupling) == typeof(With) ? 1 : 2, dO * current);
        }

        TLane i = KeptGate<T, TFunctions, SigmoidFunction<T>>.Backward(_functions, I, ref unit, out TLane iSlope);
        TLane g = KeptGate<T, TFunctions, TanhFunction<T>>.Backward(_functions, G, ref unit, out TLane gSlope);
        unit.SetGateGradient(typeof(TCoupling) == typeof(With) ? G - 1 : G, dC * i * gSlope);
        TLane dI = dC * g;
        TLane f = TLane.Broadcast(T.One) - i;
        TLane carried;
        if (typeof(TCoupling) == typeof(With))
        {
            dI -= dC * previous;
            carried = dC * f;
        }
        else
        {
            f = KeptGate<T, TFunctions, SigmoidFunction<T>>.Backward(_functions, F, ref unit, out TLane fSlope);
            carried = dC * f;
            TLane dF = Activations<T, TLane>.FlushTiny(dC * previous * fSlope);
            unit.SetFlushedGateGradient(F, dF);
            if (typeof(TPeepholes) == typeof(With))
            {
                carried += dF * unit.Vector(1);
                unit.SetVectorGradient(1, dF * previous);
            }
        }

        dI = Activations<T, TLane>.FlushTiny(dI * iSlope);
        unit.SetFlushedGateGradient(I, dI);
        if (typeof(TPeepholes) == typeof(With))
        {
            carried += dI * unit.Vector(0);
            unit.SetVectorGradient(0, dI * previous);
        }

        unit.SetCellStateGradient(0, carried);
    }
}

/// <summary>The names of peepholes.</summary>
internal static class LstmVectors
{
    public static readonly string[] All = ["peephole_i", "peephole_f", "peephole_o"];

    public static readonly string[] Coupled = ["peephole_i", "peephole_o"];
}
