using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Simd;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Layers;

/// <summary>A cell whose gates do not look at h: h_t = a_t∘h_{t-1} + b_t.</summary>
internal interface ILinearCell<T> : IRecurrentCell<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>a_t and b_t from the input parts; keeps what <see cref="IRecurrentCell{T}.Backward"/> asks for.</summary>
    void Terms<TLane>(scoped ref CellForward<T, TLane> unit, out TLane decay, out TLane addition)
        where TLane : struct, ILane<TLane, T>;
}

/// <summary>The step that all linear cells have.</summary>
internal static class LinearCell<T, TCell>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TCell : struct, ILinearCell<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Forward<TLane>(in TCell cell, scoped ref CellForward<T, TLane> unit)
        where TLane : struct, ILane<TLane, T>
    {
        cell.Terms(ref unit, out TLane decay, out TLane addition);
        unit.SetState(TLane.FusedMultiplyAdd(decay, unit.PreviousState, addition));
    }
}

/// <summary>The passes of a linear cell, in either order.</summary>
internal sealed class LinearCellPasses<T, TCell>(TCell cell) : CellPasses<T, TCell>(cell)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TCell : struct, ILinearCell<T>
{
    // Beside its multiply-adds, a gate costs its activation.
    private const int WorkOfActivation = 32;

    public override int ForwardWorkspaceSize(in RnnShape shape, in LayerLayout layer) =>
        Order == RecurrenceOrder.BlockedScan ? ScanRoom<T>.Size(shape, layer) : base.ForwardWorkspaceSize(shape, layer);

    public override void Forward(PackedParameters<T> parameters, in RnnShape shape, in RnnForward<T> pass, WorkerGroup? workers)
    {
        if (Order != RecurrenceOrder.BlockedScan)
        {
            base.Forward(parameters, shape, pass, workers);
            return;
        }

        var job = new ScanForwardJob<T, TCell> { Cell = Cell, Shape = shape, Pass = pass, Weights = parameters.Weights };
        WorkerGroup.Run(workers, ref job, (long)shape.Rows * Layout.Gates * shape.HiddenSize * (shape.InputSize + WorkOfActivation));
    }
}
