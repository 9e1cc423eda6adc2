using System.Numerics;

namespace HighPerfRnn.Models;

/// <summary>Sources and the targets that the decoder is taught, of B rows. Spans are row-major, time first.</summary>
/// <typeparam name="T">float or double.</typeparam>
public readonly ref struct EncoderDecoderBatch<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>S, steps of the sources.</summary>
    public required int SourceSteps { get; init; }

    /// <summary>T, steps of the targets: their tokens and the end.</summary>
    public required int TargetSteps { get; init; }

    /// <summary>B.</summary>
    public required int Batch { get; init; }

    /// <summary>What the encoder reads [S, B]; empty when <see cref="Source"/> stands for it.</summary>
    public ReadOnlySpan<int> SourceTokens { get; init; }

    /// <summary>What the encoder reads [S, B, I]; empty when <see cref="SourceTokens"/> stand for it.</summary>
    public ReadOnlySpan<T> Source { get; init; }

    /// <summary>Steps of each source [B], 1 to S; empty for all S.</summary>
    public ReadOnlySpan<int> SourceLengths { get; init; }

    /// <summary>
    /// What the decoder reads [T, B]: the token that begins a target, then the target's own. Past a row's end any token will do.
    /// </summary>
    public required ReadOnlySpan<int> DecoderTokens { get; init; }

    /// <summary>Steps of each target [B], 1 to T, the end counted; empty for all T.</summary>
    public ReadOnlySpan<int> TargetLengths { get; init; }

    /// <summary>Which call, for the masks of dropout; null for no dropout.</summary>
    public ulong? DropoutCall { get; init; }
}
