using System.Numerics;

namespace HighPerfRnn.Layers;

/// <summary>How the outputs of two directions become one.</summary>
public enum BidirectionalMerge
{
    /// <summary>[T, B, 2·P]: the forward direction's P numbers, then the reverse direction's.</summary>
    Concatenate,

    /// <summary>[T, B, P]: their sum, each rounded once.</summary>
    Sum,
}

/// <summary>What a bidirectional forward pass reads and writes. Of states, the forward direction's come first.</summary>
/// <typeparam name="T">float or double.</typeparam>
public readonly ref struct BidirectionalForward<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>T, time steps; 0 is allowed.</summary>
    public required int Steps { get; init; }

    /// <summary>B, rows.</summary>
    public required int Batch { get; init; }

    /// <summary>x [T, B, I]; empty when <see cref="Tokens"/> stand for it.</summary>
    public ReadOnlySpan<T> Input { get; init; }

    /// <summary>One-hot input by the index of its 1, [T, B], each in 0..I-1.</summary>
    public ReadOnlySpan<int> Tokens { get; init; }

    /// <summary>
    /// Steps of each row [B], 0 to T; empty for all T. What lies past a row's end is not read, outputs there are zeros, and the reverse
    /// direction starts at the row's own last step.
    /// </summary>
    public ReadOnlySpan<int> Lengths { get; init; }

    /// <summary>The states that the directions start from [2, B, P]; empty for zeros.</summary>
    public ReadOnlySpan<T> InitialState { get; init; }

    /// <summary>The cell states that they start from [2, C, B, H]; empty for zeros.</summary>
    public ReadOnlySpan<T> InitialCellState { get; init; }

    /// <summary>[T, B, O], overwritten.</summary>
    public required Span<T> Output { get; init; }

    /// <summary>
    /// The forward direction's state after each row's last step and the reverse one's after step 0 [2, B, P], overwritten; may be empty,
    /// or <see cref="InitialState"/>.
    /// </summary>
    public Span<T> FinalState { get; init; }

    /// <summary>The cell states there [2, C, B, H], overwritten; may be empty, or <see cref="InitialCellState"/>.</summary>
    public Span<T> FinalCellState { get; init; }

    /// <summary>For the backward pass, overwritten: <see cref="Bidirectional{T}.ReserveSize"/> elements. Empty where there will be none.</summary>
    public Span<T> Reserve { get; init; }

    /// <summary>At least <see cref="Bidirectional{T}.WorkspaceSize"/> elements; what they hold before and after means nothing.</summary>
    public required Span<T> Workspace { get; init; }
}

/// <summary>What a bidirectional backward pass reads and adds to. Every gradient adds into what the caller gives.</summary>
/// <typeparam name="T">float or double.</typeparam>
public readonly ref struct BidirectionalBackward<T>
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
    public ReadOnlySpan<T> InitialState { get; init; }

    /// <summary>What the forward pass kept.</summary>
    public required ReadOnlySpan<T> Reserve { get; init; }

    /// <summary>[T, B, O]; empty for zeros.</summary>
    public ReadOnlySpan<T> OutputGradient { get; init; }

    /// <summary>Of the final states [2, B, P], beside what comes through the output; empty for zeros.</summary>
    public ReadOnlySpan<T> FinalStateGradient { get; init; }

    /// <summary>Of the final cell states [2, C, B, H]; empty for zeros.</summary>
    public ReadOnlySpan<T> FinalCellStateGradient { get; init; }

    /// <summary>dX [T, B, I] of both directions, added to, the forward one's first; empty when it is not wanted.</summary>
    public Span<T> InputGradient { get; init; }

    /// <summary>[2, B, P], added to; empty when it is not wanted.</summary>
    public Span<T> InitialStateGradient { get; init; }

    /// <summary>[2, C, B, H], added to; empty when it is not wanted.</summary>
    public Span<T> InitialCellStateGradient { get; init; }

    /// <summary>Of the forward direction's parameters, added to.</summary>
    public required Memory.ParameterSet<T> ForwardGradients { get; init; }

    /// <summary>Of the reverse direction's parameters, added to.</summary>
    public required Memory.ParameterSet<T> ReverseGradients { get; init; }

    /// <summary>At least <see cref="Bidirectional{T}.WorkspaceSize"/> elements; what they hold before and after means nothing.</summary>
    public required Span<T> Workspace { get; init; }
}
