using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Layers;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Tests.Generation;

/// <summary>
/// A cell of two phases with a state and a vector of its own, φ(a) = a / √(1 + a²):
/// z = φ(x·Wz + b + h·Uz), r = φ(x·Wr + b + h·Ur), s = r∘h, then n = φ(x·Wn + b + s·Un), c' = ½·c + p∘n, h' = ½·h + z∘c'.
/// </summary>
internal readonly struct TwoPhaseCell<T> : IRecurrentCell<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Z = 0, R = 1, N = 2;

    // Kept beside the gates: c'.
    private const int NextKept = 3;

    private static readonly T Half = T.CreateChecked(0.5);

    public static CellLayout Layout { get; } = new()
    {
        Gates = 3,
        ScratchGates = 1,
        CellStates = 1,
        KeptValues = 4,
        Vectors = ["pace"],
        UsesPreviousState = true,
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Forward<TLane>(scoped ref CellForward<T, TLane> unit)
        where TLane : struct, ILane<TLane, T>
    {
        TLane r = Squash(unit.PreActivation(R));
        unit.Keep(Z, Squash(unit.PreActivation(Z)));
        unit.Keep(R, r);
        unit.SetScratch(r * unit.PreviousState);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void ForwardSecond<TLane>(scoped ref CellForward<T, TLane> unit)
        where TLane : struct, ILane<TLane, T>
    {
        TLane half = TLane.Broadcast(Half);
        TLane n = Squash(unit.PreActivation(N));
        TLane next = (half * unit.CellState(0)) + (unit.Vector(0) * n);
        TLane state = (half * unit.PreviousState) + (unit.Kept(Z) * next);
        unit.Keep(N, n);
        unit.Keep(NextKept, next);
        unit.SetCellState(0, next);
        unit.SetState(state);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void BackwardSecond<TLane>(scoped ref CellBackward<T, TLane> unit)
        where TLane : struct, ILane<TLane, T>
    {
        TLane half = TLane.Broadcast(Half);
        (TLane z, TLane n, TLane gradient) = (unit.Kept(Z), unit.Kept(N), unit.StateGradient);
        TLane nextGradient = unit.CellStateGradient(0) + (gradient * z);
        unit.SetGateGradient(Z, gradient * unit.Kept(NextKept) * Slope(z));
        unit.SetGateGradient(N, nextGradient * unit.Vector(0) * Slope(n));
        unit.SetVectorGradient(0, nextGradient * n);
        unit.SetCellStateGradient(0, half * nextGradient);
        unit.SetPreviousStateGradient(half * gradient);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Backward<TLane>(scoped ref CellBackward<T, TLane> unit)
        where TLane : struct, ILane<TLane, T>
    {
        TLane r = unit.Kept(R);
        unit.SetGateGradient(R, unit.StateGradient * unit.PreviousState * Slope(r));
        unit.AddPreviousStateGradient(unit.StateGradient * r);
    }

    private static TLane Squash<TLane>(TLane a)
        where TLane : struct, ILane<TLane, T> => a / TLane.Sqrt(TLane.Broadcast(T.One) + (a * a));

    /// <summary>φ' = (1 - φ²)^(3/2).</summary>
    private static TLane Slope<TLane>(TLane value)
        where TLane : struct, ILane<TLane, T>
    {
        TLane square = TLane.Broadcast(T.One) - (value * value);
        return square * TLane.Sqrt(square);
    }
}
