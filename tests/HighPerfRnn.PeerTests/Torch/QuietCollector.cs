using System.Runtime;

namespace HighPerfRnn.PeerTests.Torch;

/// <summary>
/// No garbage collection until it is disposed of, as far as there is room. TorchSharp's operators make a Scalar, read its handle and call
/// PyTorch without keeping it alive: a collection in between frees it, and PyTorch then reads what is no number ("Expected false to be
/// true" of Scalar.toDouble, once in some thousand cases).
/// </summary>
internal sealed class QuietCollector : IDisposable
{
    // What a case's managed objects take is a fraction of it; numbers of tensors are not managed.
    private const long Bytes = 200L << 20;

    // The collector is the process's: one case at a time.
    private static readonly Lock Turn = new();

    public QuietCollector()
    {
        Turn.Enter();
        GC.TryStartNoGCRegion(Bytes);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // A case that needed more room has ended it already.
        if (GCSettings.LatencyMode == GCLatencyMode.NoGCRegion) GC.EndNoGCRegion();
        Turn.Exit();
    }
}
