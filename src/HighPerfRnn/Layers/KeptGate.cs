using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Layers;

/// <summary>A gate's activation, kept by its own number in the forward pass and found again in the backward pass.</summary>
/// <typeparam name="T">float or double.</typeparam>
/// <typeparam name="TFunctions">The cell's functions.</typeparam>
/// <typeparam name="TUsual">What the gate usually has.</typeparam>
internal static class KeptGate<T, TFunctions, TUsual>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TFunctions : struct, IGateFunctions<T>
    where TUsual : struct, IUsualFunction<T>
{
    /// <summary>y = φ(a); keeps what the backward pass wants of it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Forward<TLane>(TFunctions functions, int gate, scoped ref CellForward<T, TLane> unit, TLane a)
        where TLane : struct, ILane<TLane, T>
    {
        TLane y = functions.Apply<TLane, TUsual>(gate, a);
        unit.Keep(gate, functions.Kept(a, y));
        return y;
    }

    /// <summary>y and φ'(a).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Backward<TLane>(TFunctions functions, int gate, scoped ref CellBackward<T, TLane> unit, out TLane slope)
        where TLane : struct, ILane<TLane, T>
    {
        TLane kept = unit.Kept(gate);
        TLane y = functions.Value<TLane, TUsual>(gate, kept);
        slope = functions.Slope<TLane, TUsual>(gate, kept, y);
        return y;
    }
}

/// <summary>What a cell has, as a type argument whose identity is known before any code is looked at.</summary>
internal readonly struct With;

/// <summary>What a cell does not have.</summary>
internal readonly struct Without;
