using System.Numerics;

namespace HighPerfRnn.Layers;

/// <summary>
/// A loss on the outputs of a sequence that are never held all at once:
/// <see cref="RecurrentLayer{T}.BackwardCheckpointed{TLoss}(in CheckpointedBackward{T}, ref TLoss, Threading.WorkerGroup?)"/> asks it
/// once for each segment that has steps, from the last to the first.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>
/// Make it a struct, or a ref struct that holds spans of targets. What it sums up, such as the loss itself, the caller reads from it
/// after the pass.
/// </remarks>
public interface ISegmentLoss<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Writes dL/dh_t of a segment's steps. Both spans are the layer's own and hold for this call only.</summary>
    /// <param name="firstStep">t of the first of these steps.</param>
    /// <param name="output">h_t of the segment's steps [steps, B, H].</param>
    /// <param name="outputGradient">dL/dh_t [steps, B, H]; zeros at first, so that steps without a loss need no writing.</param>
    void Gradient(int firstStep, ReadOnlySpan<T> output, Span<T> outputGradient);
}
