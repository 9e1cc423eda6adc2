using System.Numerics;

namespace HighPerfRnn.Layers;

/// <summary>What a forward pass reads and writes. Spans are row-major, time first.</summary>
/// <typeparam name="T">float or double.</typeparam>
public readonly ref struct RnnForward<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>T, time steps; 0 is allowed.</summary>
    public required int Steps { get; init; }

    /// <summary>B, rows.</summary>
    public required int Batch { get; init; }

    /// <summary>x [T, B, I]; empty when <see cref="Tokens"/> stand for it.</summary>
    public ReadOnlySpan<T> Input { get; init; }

    /// <summary>
    /// One-hot input by the index of its 1, [T, B], each in 0..I-1: x·Wx is then a row of Wx, looked up and never multiplied.
    /// </summary>
    public ReadOnlySpan<int> Tokens { get; init; }

    /// <summary>
    /// Rows that take the place of Wx for <see cref="Tokens"/>, [vocabulary, G·H]: an embedding already multiplied by Wx.
    /// Empty for Wx itself.
    /// </summary>
    public ReadOnlySpan<T> TokenTable { get; init; }

    /// <summary>
    /// Steps of each row [B], 0 to T, in any order; empty for all T. What lies past a row's end is not read and not computed: its outputs
    /// there are zeros, its final states those of its last step (of a row without steps the initial ones). Needs
    /// <see cref="RecurrentLayer{T}.OrderedWorkspaceSize"/> elements of workspace.
    /// </summary>
    public ReadOnlySpan<int> Lengths { get; init; }

    /// <summary>
    /// Whether each row runs from its last step to its first. Its outputs stand at the steps that they belong to, its final states are
    /// those after step 0. Needs <see cref="RecurrentLayer{T}.OrderedWorkspaceSize"/> elements of workspace.
    /// </summary>
    public bool IsReverse { get; init; }

    /// <summary>h₋₁ [B, H]; empty for zeros. It may not overlap what is written, but for <see cref="FinalState"/>.</summary>
    public ReadOnlySpan<T> InitialState { get; init; }

    /// <summary>The cell states before the first step [C, B, H]; empty for zeros.</summary>
    public ReadOnlySpan<T> InitialCellState { get; init; }

    /// <summary>h_t for every step [T, B, H], overwritten; the backward pass needs it.</summary>
    public required Span<T> Output { get; init; }

    /// <summary>h of the last step [B, H], overwritten (h₋₁ when T is 0); may be empty.</summary>
    public Span<T> FinalState { get; init; }

    /// <summary>The cell states after the last step [C, B, H], overwritten; may be empty.</summary>
    public Span<T> FinalCellState { get; init; }

    /// <summary>
    /// What the cell keeps for the backward pass, overwritten: <see cref="RecurrentLayer{T}.ReserveSize"/> elements. Empty where there
    /// will be none, or where the cell keeps nothing.
    /// </summary>
    public Span<T> Reserve { get; init; }

    /// <summary>At least <see cref="RecurrentLayer{T}.ForwardWorkspaceSize"/> elements; what they hold before and after means nothing.</summary>
    public required Span<T> Workspace { get; init; }

    /// <summary>Where each step's rows lie, when they do not all end together: see <see cref="StepRows"/>.</summary>
    internal ReadOnlySpan<int> Offsets { get; init; }
}

/// <summary>What a backward pass through time reads and adds to. Every gradient adds into what the caller gives.</summary>
/// <typeparam name="T">float or double.</typeparam>
public readonly ref struct RnnBackward<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>T, as in the forward pass.</summary>
    public required int Steps { get; init; }

    /// <summary>B, as in the forward pass.</summary>
    public required int Batch { get; init; }

    /// <summary>x, as in the forward pass.</summary>
    public ReadOnlySpan<T> Input { get; init; }

    /// <summary>Indices, as in the forward pass.</summary>
    public ReadOnlySpan<int> Tokens { get; init; }

    /// <summary>Steps of each row, as in the forward pass. Gradients past a row's end are not read, and none are added there.</summary>
    public ReadOnlySpan<int> Lengths { get; init; }

    /// <summary>As in the forward pass.</summary>
    public bool IsReverse { get; init; }

    /// <summary>h₋₁, as in the forward pass.</summary>
    public ReadOnlySpan<T> InitialState { get; init; }

    /// <summary>h_t, as the forward pass left it.</summary>
    public required ReadOnlySpan<T> Output { get; init; }

    /// <summary>What the forward pass kept; empty for a cell that keeps nothing.</summary>
    public ReadOnlySpan<T> Reserve { get; init; }

    /// <summary>dL/dh_t from above [T, B, H]; empty for zeros.</summary>
    public ReadOnlySpan<T> OutputGradient { get; init; }

    /// <summary>dL/dh of the final state [B, H], beside what comes through the output; empty for zeros.</summary>
    public ReadOnlySpan<T> FinalStateGradient { get; init; }

    /// <summary>dL/d of the final cell states [C, B, H]; empty for zeros.</summary>
    public ReadOnlySpan<T> FinalCellStateGradient { get; init; }

    /// <summary>dX [T, B, I], added to; empty when it is not wanted.</summary>
    public Span<T> InputGradient { get; init; }

    /// <summary>
    /// With <see cref="Tokens"/>: the gradient of the table's rows [vocabulary, G·H], added to; empty for Wx itself, whose
    /// gradient is then among <see cref="Gradients"/>.
    /// </summary>
    public Span<T> TokenTableGradient { get; init; }

    /// <summary>dh₋₁ [B, H], added to; empty when it is not wanted.</summary>
    public Span<T> InitialStateGradient { get; init; }

    /// <summary>The gradient of the cell states before the first step [C, B, H], added to; empty when it is not wanted.</summary>
    public Span<T> InitialCellStateGradient { get; init; }

    /// <summary>dWx, dWh, db and those of the cell's vectors, added to: a set from <see cref="Memory.ParameterSet{T}.CreateZeros"/> of the layer's parameters.</summary>
    public required Memory.ParameterSet<T> Gradients { get; init; }

    /// <summary>At least <see cref="RecurrentLayer{T}.WorkspaceSize"/> elements; what they hold before and after means nothing.</summary>
    public required Span<T> Workspace { get; init; }

    /// <summary>As in the forward pass.</summary>
    internal ReadOnlySpan<int> Offsets { get; init; }
}

/// <summary>What one step reads and writes.</summary>
/// <typeparam name="T">float or double.</typeparam>
public readonly ref struct RnnStep<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>x [B, I].</summary>
    public required ReadOnlySpan<T> Input { get; init; }

    /// <summary>h [B, H].</summary>
    public required ReadOnlySpan<T> State { get; init; }

    /// <summary>The cell states [C, B, H]; empty for a cell that has none.</summary>
    public ReadOnlySpan<T> CellState { get; init; }

    /// <summary>h after the step [B, H], overwritten; it may not overlap what is read.</summary>
    public required Span<T> NextState { get; init; }

    /// <summary>The cell states after the step [C, B, H], overwritten; it may be the same span as <see cref="CellState"/>.</summary>
    public Span<T> NextCellState { get; init; }

    /// <summary>
    /// At least <see cref="RecurrentLayer{T}.ForwardWorkspaceSize"/>(1, B) elements; a lone row of a cell of one phase whose gates all look
    /// at h, without a projection, needs none.
    /// </summary>
    public Span<T> Workspace { get; init; }
}
