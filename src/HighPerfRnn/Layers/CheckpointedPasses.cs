using System.Numerics;

namespace HighPerfRnn.Layers;

/// <summary>What a forward pass with gradient checkpointing reads and writes. Spans are row-major, time first.</summary>
/// <typeparam name="T">float or double.</typeparam>
public readonly ref struct CheckpointedForward<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>T, B and the segments.</summary>
    public required CheckpointPlan Plan { get; init; }

    /// <summary>x [T, B, I]; empty when <see cref="Tokens"/> stand for it.</summary>
    public ReadOnlySpan<T> Input { get; init; }

    /// <summary>One-hot input by the index of its 1, [T, B]; see <see cref="RnnForward{T}.Tokens"/>.</summary>
    public ReadOnlySpan<int> Tokens { get; init; }

    /// <summary>Rows that take the place of Wx for <see cref="Tokens"/>, [vocabulary, G·H]; empty for Wx itself.</summary>
    public ReadOnlySpan<T> TokenTable { get; init; }

    /// <summary>h₋₁ [B, H]; empty for zeros. It may be the same span as <see cref="FinalState"/>.</summary>
    public ReadOnlySpan<T> InitialState { get; init; }

    /// <summary>
    /// The cell states before the first step [C, B, H]; empty for zeros. It may be the same span as <see cref="FinalCellState"/>.
    /// </summary>
    public ReadOnlySpan<T> InitialCellState { get; init; }

    /// <summary>h_t for every step [T, B, H], overwritten; empty where the outputs need not be held.</summary>
    public Span<T> Output { get; init; }

    /// <summary>h of the last step [B, H], overwritten (h₋₁ when T is 0); may be empty.</summary>
    public Span<T> FinalState { get; init; }

    /// <summary>The cell states after the last step [C, B, H], overwritten; may be empty.</summary>
    public Span<T> FinalCellState { get; init; }

    /// <summary>
    /// At least <see cref="RecurrentLayer{T}.CheckpointedWorkspaceSize"/> elements; what they hold before means nothing, what they
    /// hold after is for the backward pass.
    /// </summary>
    public required Span<T> Workspace { get; init; }
}

/// <summary>
/// What a backward pass with gradient checkpointing reads and adds to. Every gradient adds into what the caller gives. Initial states
/// are in the workspace, where the forward pass left them.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
public readonly ref struct CheckpointedBackward<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>As in the forward pass.</summary>
    public required CheckpointPlan Plan { get; init; }

    /// <summary>x, as in the forward pass.</summary>
    public ReadOnlySpan<T> Input { get; init; }

    /// <summary>Indices, as in the forward pass.</summary>
    public ReadOnlySpan<int> Tokens { get; init; }

    /// <summary>Rows for <see cref="Tokens"/>, as in the forward pass.</summary>
    public ReadOnlySpan<T> TokenTable { get; init; }

    /// <summary>dL/dh_t from above [T, B, H]; empty for zeros, and where a loss gives them segment by segment.</summary>
    public ReadOnlySpan<T> OutputGradient { get; init; }

    /// <summary>dL/dh of the final state [B, H], beside what comes through the output; empty for zeros.</summary>
    public ReadOnlySpan<T> FinalStateGradient { get; init; }

    /// <summary>dL/d of the final cell states [C, B, H]; empty for zeros.</summary>
    public ReadOnlySpan<T> FinalCellStateGradient { get; init; }

    /// <summary>dX [T, B, I], added to; empty when it is not wanted.</summary>
    public Span<T> InputGradient { get; init; }

    /// <summary>With <see cref="Tokens"/>: the gradient of the table's rows; see <see cref="RnnBackward{T}.TokenTableGradient"/>.</summary>
    public Span<T> TokenTableGradient { get; init; }

    /// <summary>dh₋₁ [B, H], added to; empty when it is not wanted.</summary>
    public Span<T> InitialStateGradient { get; init; }

    /// <summary>The gradient of the cell states before the first step [C, B, H], added to; empty when it is not wanted.</summary>
    public Span<T> InitialCellStateGradient { get; init; }

    /// <summary>dWx, dWh, db and those of the cell's vectors, added to; see <see cref="RnnBackward{T}.Gradients"/>.</summary>
    public required Memory.ParameterSet<T> Gradients { get; init; }

    /// <summary>
    /// The workspace as the forward pass left it. The states before each segment stay in it, so that a second backward pass may
    /// follow.
    /// </summary>
    public required Span<T> Workspace { get; init; }
}
