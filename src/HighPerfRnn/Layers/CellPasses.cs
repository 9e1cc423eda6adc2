using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Layers;

/// <summary>The passes of a layer's cell, compiled for it: what a layer calls without knowing which cell it has.</summary>
internal abstract class CellPasses<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public abstract CellLayout Layout { get; }

    /// <summary>How a forward pass walks a sequence; only linear cells know another order than one step after the other.</summary>
    public RecurrenceOrder Order { get; set; }

    /// <summary>Numbers of a forward pass's workspace.</summary>
    public virtual int ForwardWorkspaceSize(in RnnShape shape, in LayerLayout layer) => RecurrentWorkspace.ForwardSize<T>(shape, layer);

    public abstract void Forward(PackedParameters<T> parameters, in RnnShape shape, in RnnForward<T> pass, WorkerGroup? workers);

    public abstract void Backward(PackedParameters<T> parameters, in RnnShape shape, in RnnBackward<T> pass, WorkerGroup? workers);

    /// <summary>A lone row of a cell of one phase whose gates look at h.</summary>
    public abstract void Step(PackedParameters<T> parameters, in RnnStep<T> step, bool isBackwards, WorkerGroup? workers);
}

/// <inheritdoc/>
internal class CellPasses<T, TCell>(TCell cell) : CellPasses<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TCell : struct, IRecurrentCell<T>
{
    protected TCell Cell { get; } = cell;

    public override CellLayout Layout { get; } = CellShape<T, TCell>.Layout;

    public override void Forward(PackedParameters<T> parameters, in RnnShape shape, in RnnForward<T> pass, WorkerGroup? workers)
    {
        var job = new RecurrentForwardJob<T, TCell> { Cell = Cell, Shape = shape, Pass = pass, Weights = parameters.Weights };
        WorkerGroup.Run(workers, ref job, shape.MultiplyAdds * Layout.Gates);
    }

    public override void Backward(PackedParameters<T> parameters, in RnnShape shape, in RnnBackward<T> pass, WorkerGroup? workers)
    {
        var job = new RecurrentBackwardJob<T, TCell>
        {
            Cell = Cell,
            Shape = shape,
            Pass = pass,
            Weights = parameters.Weights,
            InputWeightsGradient = pass.Tokens.IsEmpty || pass.TokenTableGradient.IsEmpty ? pass.Gradients["weight_ih"] : pass.TokenTableGradient,
        };
        WorkerGroup.Run(workers, ref job, shape.MultiplyAdds * Layout.Gates);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Step(PackedParameters<T> parameters, in RnnStep<T> step, bool isBackwards, WorkerGroup? workers)
    {
        scoped RecurrentStepJob<T, TCell> job;
        job.Parameters = parameters;
        job.Input = ref MemoryMarshal.GetReference(step.Input);
        job.State = ref MemoryMarshal.GetReference(step.State);
        job.NextState = ref MemoryMarshal.GetReference(step.NextState);
        job.CellState = ref MemoryMarshal.GetReference(step.CellState);
        job.NextCellState = ref MemoryMarshal.GetReference(step.NextCellState);
        job.Cell = Cell;
        job.IsBackwards = isBackwards;
        if (workers is null) Lanes.Run<T, RecurrentStepJob<T, TCell>, WorkerTeam>(ref job, WorkerTeam.Alone);
        else WorkerGroup.Run(workers, ref job, (long)Layout.Gates * step.State.Length * (step.Input.Length + step.State.Length));
    }
}
