using System.Runtime.CompilerServices;
using HighPerfRnn.Layers;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Tests.Generation;

/// <summary>What is wrong with a <see cref="FaultyCell"/>.</summary>
public enum CellFault
{
    None,
    Slope,
    SecondGate,
    RecurrentSum,
    Vector,
    PreviousState,
    CellState,
    NotANumber,
    UnsetState,
    Memory,
}

/// <summary>
/// z = φ(x·Wz + b + h·Uz), n = φ(x·Wn + b + ½·h·Un), c' = ½·c + p∘n, h' = ½·h + z∘c', φ(a) = a / √(1 + a²), with one mistake.
/// </summary>
internal readonly struct FaultyCell(CellFault fault) : IRecurrentCell<double>
{
    private static int _calls;

    public static CellLayout Layout { get; } = new()
    {
        Gates = 2,
        CellStates = 1,
        KeptValues = 3,
        Vectors = ["gain"],
        HasRecurrentGateGradients = true,
        UsesPreviousState = true,
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Forward<TLane>(scoped ref CellForward<double, TLane> unit)
        where TLane : struct, ILane<TLane, double>
    {
        TLane half = TLane.Broadcast(0.5);
        TLane z = Squash(unit.PreActivation(0));
        TLane n = Squash(unit.Input(1) + (half * unit.Recurrent(1)));
        TLane next = (half * unit.CellState(0)) + (unit.Vector(0) * n);
        TLane state = (half * unit.PreviousState) + (z * next);
        if (fault == CellFault.Memory) state += TLane.Broadcast(Interlocked.Increment(ref _calls));
        unit.Keep(0, z);
        unit.Keep(1, n);
        unit.Keep(2, next);
        unit.SetCellState(0, next);
        if (fault != CellFault.UnsetState) unit.SetState(state);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Backward<TLane>(scoped ref CellBackward<double, TLane> unit)
        where TLane : struct, ILane<TLane, double>
    {
        TLane half = TLane.Broadcast(0.5);
        (TLane z, TLane n, TLane gradient) = (unit.Kept(0), unit.Kept(1), unit.StateGradient);
        TLane nextGradient = unit.CellStateGradient(0) + (gradient * z);
        TLane zGradient = gradient * unit.Kept(2);
        if (fault != CellFault.Slope) zGradient *= Slope(z);
        TLane nGradient = nextGradient * unit.Vector(0) * Slope(n);
        if (fault == CellFault.SecondGate) nGradient *= TLane.Broadcast(1.000_01);
        if (fault == CellFault.NotANumber) nGradient = TLane.Broadcast(double.NaN);
        unit.SetGateGradient(0, zGradient);
        unit.SetRecurrentGateGradient(0, zGradient);
        unit.SetGateGradient(1, nGradient);
        unit.SetRecurrentGateGradient(1, fault == CellFault.RecurrentSum ? nGradient : half * nGradient);
        TLane vectorGradient = nextGradient * n;
        unit.SetVectorGradient(0, fault == CellFault.Vector ? vectorGradient + vectorGradient : vectorGradient);
        unit.SetCellStateGradient(0, fault == CellFault.CellState ? nextGradient : half * nextGradient);
        unit.SetPreviousStateGradient(fault == CellFault.PreviousState ? TLane.Zero : half * gradient);
    }

    private static TLane Squash<TLane>(TLane a)
        where TLane : struct, ILane<TLane, double> => a / TLane.Sqrt(TLane.Broadcast(1) + (a * a));

    private static TLane Slope<TLane>(TLane value)
        where TLane : struct, ILane<TLane, double>
    {
        TLane square = TLane.Broadcast(1) - (value * value);
        return square * TLane.Sqrt(square);
    }
}
