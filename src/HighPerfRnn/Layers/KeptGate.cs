using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Layers;

/// <summary>A gate's activation, kept by its own number in the forward pass and found again in the backward pass.</summary>
internal static class KeptGate
{
    /// <summary>y = φ(a); keeps what the backward pass wants of it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Forward<T, TLane, TFunctions>(in TFunctions functions, int gate, scoped ref CellForward<T, TLane> unit, TLane a)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TLane : struct, ILane<TLane, T>
        where TFunctions : struct, IGateFunctions<T>
    {
        TLane y = functions.Apply(gate, a);
        unit.Keep(gate, functions.Kept(a, y));
        return y;
    }

    /// <summary>y and φ'(a).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Backward<T, TLane, TFunctions>(in TFunctions functions, int gate, scoped ref CellBackward<T, TLane> unit, out TLane slope)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TLane : struct, ILane<TLane, T>
        where TFunctions : struct, IGateFunctions<T>
    {
        TLane kept = unit.Kept(gate);
        TLane y = functions.Value(gate, kept);
        slope = functions.Slope(gate, kept, y);
        return y;
    }
}
