using System.Numerics;
using HighPerfRnn.Memory;

namespace HighPerfRnn.Layers;

/// <summary>What a forward pass of pooling reads and writes. Spans are row-major, time first.</summary>
/// <typeparam name="T">float or double.</typeparam>
public readonly ref struct PoolingForward<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>T, time steps; 0 is allowed.</summary>
    public required int Steps { get; init; }

    /// <summary>B, rows.</summary>
    public required int Batch { get; init; }

    /// <summary>x [T, B, I].</summary>
    public required ReadOnlySpan<T> Input { get; init; }

    /// <summary>Steps of each row [B], 0 to T; empty for all T.</summary>
    public ReadOnlySpan<int> Lengths { get; init; }

    /// <summary>[B, I], overwritten; the backward pass needs it.</summary>
    public required Span<T> Output { get; init; }

    /// <summary>At least <see cref="SequencePooling{T}.ReserveSize"/> elements, overwritten; the backward pass needs them.</summary>
    public Span<T> Reserve { get; init; }

    /// <summary>At least <see cref="SequencePooling{T}.WorkspaceSize"/> elements; what they hold before and after means nothing.</summary>
    public Span<T> Workspace { get; init; }
}

/// <summary>What a backward pass of pooling reads and adds to.</summary>
/// <typeparam name="T">float or double.</typeparam>
public readonly ref struct PoolingBackward<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>T, as in the forward pass.</summary>
    public required int Steps { get; init; }

    /// <summary>B, as in the forward pass.</summary>
    public required int Batch { get; init; }

    /// <summary>x, as in the forward pass; for <see cref="PoolingKind.Attention"/> finite past rows' ends too.</summary>
    public required ReadOnlySpan<T> Input { get; init; }

    /// <summary>As in the forward pass.</summary>
    public ReadOnlySpan<int> Lengths { get; init; }

    /// <summary>As the forward pass left it.</summary>
    public required ReadOnlySpan<T> Output { get; init; }

    /// <summary>As the forward pass left it.</summary>
    public ReadOnlySpan<T> Reserve { get; init; }

    /// <summary>dL/dy [B, I].</summary>
    public required ReadOnlySpan<T> OutputGradient { get; init; }

    /// <summary>dX [T, B, I], added to.</summary>
    public required Span<T> InputGradient { get; init; }

    /// <summary>Of <see cref="SequencePooling{T}.Parameters"/>, added to.</summary>
    public required ParameterSet<T> Gradients { get; init; }

    /// <summary>At least <see cref="SequencePooling{T}.WorkspaceSize"/> elements; what they hold before and after means nothing.</summary>
    public Span<T> Workspace { get; init; }
}
