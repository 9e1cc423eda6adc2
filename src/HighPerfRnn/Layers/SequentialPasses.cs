using System.Numerics;

namespace HighPerfRnn.Layers;

/// <summary>What a forward pass through a network reads and writes. Spans are row-major, time first.</summary>
/// <typeparam name="T">float or double.</typeparam>
public readonly ref struct SequentialForward<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>T, time steps; 0 is allowed.</summary>
    public required int Steps { get; init; }

    /// <summary>B, rows.</summary>
    public required int Batch { get; init; }

    /// <summary>x [T, B, I]; empty when <see cref="Tokens"/> stand for it.</summary>
    public ReadOnlySpan<T> Input { get; init; }

    /// <summary>Indices [T, B], each in 0..I-1: of an embedding's rows, or one-hot inputs of a recurrent first layer.</summary>
    public ReadOnlySpan<int> Tokens { get; init; }

    /// <summary>
    /// Steps of each row [B], 0 to T; empty for all T. Outputs past a row's end are zeros, whatever the last layer. What the input holds
    /// there changes nothing: it is not read, but where the first layer is a <see cref="Dense{T}"/> or <see cref="LayerNorm{T}"/>, in
    /// which case it must be finite.
    /// </summary>
    public ReadOnlySpan<int> Lengths { get; init; }

    /// <summary>The states that all layers start from, <see cref="Sequential{T}.StateSize"/> elements; empty for zeros.</summary>
    public ReadOnlySpan<T> InitialStates { get; init; }

    /// <summary>The last layer's output [T, B, O], overwritten; the backward pass needs it.</summary>
    public required Span<T> Output { get; init; }

    /// <summary>The states that all layers end in, overwritten; may be empty, or <see cref="InitialStates"/>.</summary>
    public Span<T> FinalStates { get; init; }

    /// <summary>For the backward pass, overwritten: <see cref="Sequential{T}.ReserveSize"/> elements. Empty where there will be none.</summary>
    public Span<T> Reserve { get; init; }

    /// <summary>At least <see cref="Sequential{T}.ForwardWorkspaceSize"/> elements; what they hold before and after means nothing.</summary>
    public required Span<T> Workspace { get; init; }

    /// <summary>Which call, for the masks of dropout: <see cref="DropoutPass.Call"/>. Null for no dropout.</summary>
    public ulong? DropoutCall { get; init; }

    /// <summary>As <see cref="DropoutPass.FirstStep"/>.</summary>
    public int FirstStep { get; init; }

    /// <summary>As <see cref="DropoutPass.RowKeys"/>.</summary>
    public ReadOnlySpan<int> RowKeys { get; init; }
}

/// <summary>What a backward pass through a network reads and adds to. Every gradient adds into what the caller gives.</summary>
/// <typeparam name="T">float or double.</typeparam>
public readonly ref struct SequentialBackward<T>
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
    public ReadOnlySpan<T> InitialStates { get; init; }

    /// <summary>As the forward pass left it.</summary>
    public required ReadOnlySpan<T> Output { get; init; }

    /// <summary>What the forward pass kept.</summary>
    public required ReadOnlySpan<T> Reserve { get; init; }

    /// <summary>dL/dy [T, B, O]; empty for zeros.</summary>
    public ReadOnlySpan<T> OutputGradient { get; init; }

    /// <summary>Of the final states, beside what comes through the output; empty for zeros.</summary>
    public ReadOnlySpan<T> FinalStatesGradient { get; init; }

    /// <summary>dX [T, B, I], added to; empty when it is not wanted, or with tokens.</summary>
    public Span<T> InputGradient { get; init; }

    /// <summary>Of the states at the start, added to; empty when it is not wanted.</summary>
    public Span<T> InitialStatesGradient { get; init; }

    /// <summary>One set for each of <see cref="Sequential{T}.ParameterSets"/>, added to: <see cref="Sequential{T}.CreateGradients"/>.</summary>
    public required IReadOnlyList<Memory.ParameterSet<T>> Gradients { get; init; }

    /// <summary>At least <see cref="Sequential{T}.WorkspaceSize"/> elements; what they hold before and after means nothing.</summary>
    public required Span<T> Workspace { get; init; }

    /// <summary>As in the forward pass.</summary>
    public ulong? DropoutCall { get; init; }

    /// <summary>As in the forward pass.</summary>
    public int FirstStep { get; init; }

    /// <summary>As in the forward pass.</summary>
    public ReadOnlySpan<int> RowKeys { get; init; }
}

/// <summary>What one step through a network reads and writes.</summary>
/// <typeparam name="T">float or double.</typeparam>
public readonly ref struct SequentialStep<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>B, rows.</summary>
    public required int Batch { get; init; }

    /// <summary>x [B, I]; empty when <see cref="Tokens"/> stand for it.</summary>
    public ReadOnlySpan<T> Input { get; init; }

    /// <summary>Indices [B], as those of <see cref="SequentialForward{T}.Tokens"/>.</summary>
    public ReadOnlySpan<int> Tokens { get; init; }

    /// <summary>The states of all layers, <see cref="Sequential{T}.StateSize"/> elements: read, and overwritten by those after the step.</summary>
    public required Span<T> States { get; init; }

    /// <summary>[B, O], overwritten.</summary>
    public required Span<T> Output { get; init; }

    /// <summary>At least <see cref="Sequential{T}.ForwardWorkspaceSize"/>(1, B) elements.</summary>
    public required Span<T> Workspace { get; init; }
}

/// <summary>What one layer of a network reads and writes, forward.</summary>
internal readonly ref struct StageForward<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required int Steps { get; init; }

    public required int Batch { get; init; }

    public bool IsStep { get; init; }

    public ReadOnlySpan<int> Lengths { get; init; }

    /// <summary>Empty but for the first layer.</summary>
    public ReadOnlySpan<int> Tokens { get; init; }

    public required ReadOnlySpan<T> Input { get; init; }

    /// <summary>The output that a residual sum adds.</summary>
    public ReadOnlySpan<T> Source { get; init; }

    public ReadOnlySpan<T> InitialState { get; init; }

    public Span<T> FinalState { get; init; }

    public required Span<T> Output { get; init; }

    /// <summary>Empty where there will be no backward pass, or the layer keeps nothing.</summary>
    public Span<T> Kept { get; init; }

    public required Span<T> Workspace { get; init; }

    public ulong? DropoutCall { get; init; }

    public int FirstStep { get; init; }

    public ReadOnlySpan<int> RowKeys { get; init; }
}

/// <summary>What one layer of a network reads and adds to, backward.</summary>
internal readonly ref struct StageBackward<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required int Steps { get; init; }

    public required int Batch { get; init; }

    public ReadOnlySpan<int> Lengths { get; init; }

    public ReadOnlySpan<int> Tokens { get; init; }

    public required ReadOnlySpan<T> Input { get; init; }

    public ReadOnlySpan<T> InitialState { get; init; }

    public required ReadOnlySpan<T> Output { get; init; }

    public ReadOnlySpan<T> Kept { get; init; }

    /// <summary>The layer may overwrite it.</summary>
    public required Span<T> OutputGradient { get; init; }

    public ReadOnlySpan<T> FinalStateGradient { get; init; }

    public Span<T> InputGradient { get; init; }

    public Span<T> SourceGradient { get; init; }

    public Span<T> InitialStateGradient { get; init; }

    public required IReadOnlyList<Memory.ParameterSet<T>> Gradients { get; init; }

    /// <summary>Which of them is the layer's first.</summary>
    public required int FirstSet { get; init; }

    public required Span<T> Workspace { get; init; }

    public ulong? DropoutCall { get; init; }

    public int FirstStep { get; init; }

    public ReadOnlySpan<int> RowKeys { get; init; }
}
