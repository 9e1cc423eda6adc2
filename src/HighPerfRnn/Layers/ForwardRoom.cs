using System.Numerics;

namespace HighPerfRnn.Layers;

/// <summary>The workspace of a forward pass, carved.</summary>
internal readonly ref struct ForwardRoom<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Span<T> _handedOn;
    private readonly int _keptStride;
    private readonly int _scratchOffset;

    public ForwardRoom(Span<T> workspace, in RnnShape shape, in LayerLayout layer)
    {
        int stride = RecurrentWorkspace.Stride<T>(shape.HiddenSize);
        _keptStride = RecurrentWorkspace.KeptStride<T>(layer);
        _scratchOffset = layer.Cell.KeptValues * stride;
        GroupSteps = RecurrentWorkspace.StepsInGroup<T>(shape, layer.Cell.Gates);
        PartsStride = layer.Cell.Gates * stride;
        var carver = new WorkspaceCarver<T>(workspace);
        ZeroState = carver.Take(shape.Batch * RecurrentWorkspace.Stride<T>(layer.StateSize));
        CellStates = carver.Take(layer.Cell.CellStates * shape.Batch * stride);
        _handedOn = carver.Take(layer.HasScratch ? shape.Batch * _keptStride : 0);
        InputParts = carver.Take(GroupSteps * shape.Batch * PartsStride);
    }

    /// <summary>Room for h₋₁ where none is given.</summary>
    public Span<T> ZeroState { get; }

    /// <summary>[C, B, H], dense.</summary>
    public Span<T> CellStates { get; }

    /// <summary>x·Wx of a group of steps.</summary>
    public Span<T> InputParts { get; }

    /// <summary>From one row of them to the next.</summary>
    public int PartsStride { get; }

    /// <summary>How many steps a group has.</summary>
    public int GroupSteps { get; }

    /// <summary>What the rows of a step keep: for the backward pass or, without one, for their own second phase.</summary>
    public Span<T> Kept(Span<T> reserve, int rowsBefore) => reserve.IsEmpty ? _handedOn : reserve[(rowsBefore * _keptStride)..];

    /// <summary>What the first phase of a step leaves.</summary>
    public Span<T> Scratch(Span<T> reserve, int rowsBefore) => Kept(reserve, rowsBefore)[_scratchOffset..];
}
