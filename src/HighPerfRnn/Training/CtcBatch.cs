using System.Numerics;

namespace HighPerfRnn.Training;

/// <summary>What <see cref="CtcLoss{T}"/> reads and writes.</summary>
/// <typeparam name="T">float or double.</typeparam>
public readonly ref struct CtcBatch<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>T, frames; 0 is allowed.</summary>
    public required int Steps { get; init; }

    /// <summary>C, labels with the blank.</summary>
    public required int Classes { get; init; }

    /// <summary>x [T, B, C].</summary>
    public required ReadOnlySpan<T> Logits { get; init; }

    /// <summary>[B], how many frames of each row count, each in 0 to T.</summary>
    public required ReadOnlySpan<int> InputLengths { get; init; }

    /// <summary>The labels of all rows one after the other, each in 0 to C - 1 and none of them the blank.</summary>
    public required ReadOnlySpan<int> Targets { get; init; }

    /// <summary>[B], how many labels each row has; 0 is allowed.</summary>
    public required ReadOnlySpan<int> TargetLengths { get; init; }

    /// <summary>The class that stands for no label.</summary>
    public int Blank { get; init; }

    /// <summary>[B], overwritten with -ln p(target) of each row, neither divided nor scaled.</summary>
    public required Span<T> RowLosses { get; init; }

    /// <summary>dL/dx [T, B, C], overwritten; it may be the same span as the logits. The forward pass alone does not look at it.</summary>
    public Span<T> LogitsGradient { get; init; }

    /// <summary>
    /// At least <see cref="CtcLoss{T}.WorkspaceSize"/> elements, for the forward pass alone
    /// <see cref="CtcLoss{T}.ForwardWorkspaceSize"/>; what they hold before and after means nothing.
    /// </summary>
    public required Span<T> Workspace { get; init; }

    /// <summary>What becomes of the losses of rows.</summary>
    public CtcReduction Reduction { get; init; }

    /// <summary>Whether a row whose target no alignment gives has loss 0 and gradient 0, in place of +∞ and NaN.</summary>
    public bool ZeroInfinity { get; init; }

    /// <summary>What the loss is multiplied by besides; null for 1.</summary>
    public double? Scale { get; init; }
}
