using System.Numerics;

namespace HighPerfRnn.Layers;

/// <summary>How a query q and a memory step k make a score.</summary>
public enum AttentionScore
{
    /// <summary>q·k / √H, where both have H numbers; no parameters.</summary>
    ScaledDot,

    /// <summary>q·(k·Wk), with Wk [M, H] (Luong, Pham and Manning, 2015).</summary>
    General,

    /// <summary>v·tanh(q·Wq + b + k·Wk), with Wq [H, A], Wk [M, A], b and v [A] (Bahdanau, Cho and Bengio, 2015).</summary>
    Additive,
}

/// <summary>What a forward pass of attention reads and writes. Spans are row-major, time first.</summary>
/// <typeparam name="T">float or double.</typeparam>
public readonly ref struct AttentionForward<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Q, query steps: 1 for a decoder that takes its own context as input; 0 is allowed.</summary>
    public required int QuerySteps { get; init; }

    /// <summary>S, memory steps; 0 is allowed.</summary>
    public required int MemorySteps { get; init; }

    /// <summary>B, rows.</summary>
    public required int Batch { get; init; }

    /// <summary>q [Q, B, H].</summary>
    public required ReadOnlySpan<T> Query { get; init; }

    /// <summary>The memory [S, B, M].</summary>
    public required ReadOnlySpan<T> Memory { get; init; }

    /// <summary>What <see cref="Attention{T}.Prepare"/> made of the memory [S, B, K]; empty for <see cref="AttentionScore.ScaledDot"/>.</summary>
    public ReadOnlySpan<T> Keys { get; init; }

    /// <summary>How many memory steps each row has [B], 0 to S; what lies beyond is not read. Empty where all have S.</summary>
    public ReadOnlySpan<int> Lengths { get; init; }

    /// <summary>Σ weights·memory [Q, B, M], overwritten; zeros for a row without memory.</summary>
    public required Span<T> Context { get; init; }

    /// <summary>The softmax of the scores [Q, B, S], overwritten, zeros past a row's length: the backward pass needs it.</summary>
    public required Span<T> Weights { get; init; }

    /// <summary>At least <see cref="Attention{T}.ForwardWorkspaceSize"/> elements; what they hold before and after means nothing.</summary>
    public Span<T> Workspace { get; init; }
}

/// <summary>What a backward pass of attention reads and adds to. Every gradient adds into what the caller gives.</summary>
/// <typeparam name="T">float or double.</typeparam>
public readonly ref struct AttentionBackward<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Q, as in the forward pass.</summary>
    public required int QuerySteps { get; init; }

    /// <summary>S, as in the forward pass.</summary>
    public required int MemorySteps { get; init; }

    /// <summary>B, as in the forward pass.</summary>
    public required int Batch { get; init; }

    /// <summary>q, as in the forward pass.</summary>
    public required ReadOnlySpan<T> Query { get; init; }

    /// <summary>The memory, as in the forward pass.</summary>
    public required ReadOnlySpan<T> Memory { get; init; }

    /// <summary>The keys, as in the forward pass.</summary>
    public ReadOnlySpan<T> Keys { get; init; }

    /// <summary>The lengths, as in the forward pass.</summary>
    public ReadOnlySpan<int> Lengths { get; init; }

    /// <summary>The weights, as the forward pass left them.</summary>
    public required ReadOnlySpan<T> Weights { get; init; }

    /// <summary>dContext [Q, B, M].</summary>
    public required ReadOnlySpan<T> ContextGradient { get; init; }

    /// <summary>dQuery [Q, B, H], added to; empty when it is not wanted.</summary>
    public Span<T> QueryGradient { get; init; }

    /// <summary>
    /// dMemory [S, B, M] through the context, and for <see cref="AttentionScore.ScaledDot"/> through the scores too, added to; empty
    /// when it is not wanted.
    /// </summary>
    public Span<T> MemoryGradient { get; init; }

    /// <summary>
    /// dKeys [S, B, K], added to, for <see cref="Attention{T}.PrepareBackward"/> after the last query step; empty for
    /// <see cref="AttentionScore.ScaledDot"/>.
    /// </summary>
    public Span<T> KeysGradient { get; init; }

    /// <summary>dWq, db and dv, added to: a set from <see cref="Memory.ParameterSet{T}.CreateZeros"/> of the layer's parameters.</summary>
    public required Memory.ParameterSet<T> Gradients { get; init; }

    /// <summary>At least <see cref="Attention{T}.BackwardWorkspaceSize"/> elements; what they hold before and after means nothing.</summary>
    public required Span<T> Workspace { get; init; }
}
