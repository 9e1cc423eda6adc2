using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Layers;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Tests.Generation;

/// <summary>
/// A cell with one of everything that a layout can ask for, φ(a) = a / √(1 + a²):
/// z = φ(x·Wz + b + h·Uz), n = φ(x·Wn + b + ½·h·Un), c' = ½·p∘c + z∘n, h' = ½·h + ½·z∘c'.
/// </summary>
internal readonly struct BlendCell<T> : IRecurrentCell<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly T Half = T.CreateChecked(0.5);

    public static CellLayout Layout { get; } = new()
    {
        Gates = 2,
        CellStates = 1,
        KeptValues = 3,
        Vectors = ["decay"],
        HasRecurrentGateGradients = true,
        UsesPreviousState = true,
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Forward<TLane>(scoped ref CellForward<T, TLane> unit)
        where TLane : struct, ILane<TLane, T>
    {
        TLane half = TLane.Broadcast(Half);
        TLane z = Squash(unit.PreActivation(0));
        TLane n = Squash(unit.Input(1) + (half * unit.Recurrent(1)));
        TLane cell = unit.CellState(0);
        TLane next = Next(z, n, cell, unit.Vector(0));
        unit.Keep(0, z);
        unit.Keep(1, n);
        unit.Keep(2, cell);
        TLane state = half * (unit.PreviousState + (z * next));
        unit.SetCellState(0, next);
        unit.SetState(state);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Backward<TLane>(scoped ref CellBackward<T, TLane> unit)
        where TLane : struct, ILane<TLane, T>
    {
        TLane half = TLane.Broadcast(Half);
        (TLane z, TLane n, TLane cell) = (unit.Kept(0), unit.Kept(1), unit.Kept(2));
        TLane halved = half * unit.StateGradient;
        TLane nextGradient = unit.CellStateGradient(0) + (halved * z);
        TLane zGradient = ((halved * Next(z, n, cell, unit.Vector(0))) + (nextGradient * n)) * Slope(z);
        TLane nGradient = nextGradient * z * Slope(n);
        unit.SetGateGradient(0, zGradient);
        unit.SetRecurrentGateGradient(0, zGradient);
        unit.SetGateGradient(1, nGradient);
        unit.SetRecurrentGateGradient(1, half * nGradient);
        unit.SetVectorGradient(0, half * cell * nextGradient);
        unit.SetCellStateGradient(0, half * unit.Vector(0) * nextGradient);
        unit.SetPreviousStateGradient(halved);
    }

    private static TLane Next<TLane>(TLane z, TLane n, TLane cell, TLane decay)
        where TLane : struct, ILane<TLane, T> => (TLane.Broadcast(Half) * decay * cell) + (z * n);

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
