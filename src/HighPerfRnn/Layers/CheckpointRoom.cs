using System.Numerics;

namespace HighPerfRnn.Layers;

/// <summary>The workspace of passes with gradient checkpointing, carved: states before each segment first, which outlive a pass.</summary>
internal readonly ref struct CheckpointRoom<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Span<T> _states;
    private readonly Span<T> _output;
    private readonly Span<T> _outputGradient;
    private readonly Span<T> _reserve;
    private readonly Span<T> _gradients;
    private readonly int _stateLength;
    private readonly int _cellStateLength;
    private readonly int _reserveLength;

    /// <param name="workspace">At least <see cref="Size"/> elements and those of a segment's passes.</param>
    /// <param name="plan">The segments.</param>
    /// <param name="layer">Sizes of a row.</param>
    public CheckpointRoom(Span<T> workspace, scoped in CheckpointPlan plan, scoped in LayerLayout layer)
    {
        _stateLength = plan.Batch * layer.StateSize;
        _cellStateLength = layer.Cell.CellStates * plan.Batch * layer.HiddenSize;
        _reserveLength = plan.Batch * RecurrentWorkspace.KeptStride<T>(layer);
        int states = _stateLength + _cellStateLength;
        var carver = new WorkspaceCarver<T>(workspace);
        _states = carver.Take(RecurrentWorkspace.Stride<T>(plan.SegmentCount * states));
        _output = carver.Take(RecurrentWorkspace.Stride<T>(plan.SegmentSteps * _stateLength));
        _outputGradient = carver.Take(_output.Length);
        _reserve = carver.Take(plan.SegmentSteps * _reserveLength);
        _gradients = carver.Take(RecurrentWorkspace.Stride<T>(2 * states));
        Workspace = carver.Rest;
    }

    /// <summary>Of a segment's passes.</summary>
    public Span<T> Workspace { get; }

    /// <summary>Elements before those of a segment's passes.</summary>
    public static int Size(in CheckpointPlan plan, in LayerLayout layer)
    {
        int stateLength = checked(plan.Batch * layer.StateSize);
        int states = checked(stateLength + (layer.Cell.CellStates * plan.Batch * layer.HiddenSize));
        int output = RecurrentWorkspace.Stride<T>(checked(plan.SegmentSteps * stateLength));
        int reserve = checked(plan.SegmentSteps * plan.Batch * RecurrentWorkspace.KeptStride<T>(layer));
        return checked(
            RecurrentWorkspace.Stride<T>(plan.SegmentCount * states) + (2 * output) + reserve + RecurrentWorkspace.Stride<T>(2 * states));
    }

    /// <summary>h before a segment [B, H].</summary>
    public Span<T> State(int segment) => _states.Slice(segment * (_stateLength + _cellStateLength), _stateLength);

    /// <summary>The cell states before a segment [C, B, H]; empty where the cell has none.</summary>
    public Span<T> CellState(int segment) =>
        _states.Slice((segment * (_stateLength + _cellStateLength)) + _stateLength, _cellStateLength);

    /// <summary>The outputs of the segment at hand.</summary>
    public Span<T> Output(int steps) => _output[..(steps * _stateLength)];

    /// <summary>Their gradients.</summary>
    public Span<T> OutputGradient(int steps) => _outputGradient[..(steps * _stateLength)];

    /// <summary>What the cell keeps at the steps of the segment at hand.</summary>
    public Span<T> Reserve(int steps) => _reserve[..(steps * _reserveLength)];

    /// <summary>dh before a segment, in two places by turns: a pass reads those after its segment and writes those before it.</summary>
    public Span<T> StateGradient(int segment) => GradientsOf(segment)[.._stateLength];

    /// <summary>The gradients of the cell states before a segment, alike.</summary>
    public Span<T> CellStateGradient(int segment) => GradientsOf(segment)[_stateLength..];

    private Span<T> GradientsOf(int segment) =>
        _gradients.Slice((segment & 1) * (_stateLength + _cellStateLength), _stateLength + _cellStateLength);
}
