using HighPerfRnn.Benchmarks.Recurrent;
using TorchSharp;

namespace HighPerfRnn.PeerBenchmarks.Peers.Torch;

/// <summary>TorchSharp on one thread: inference mode for what needs no gradient, else forward and backward.</summary>
internal sealed class TorchLibrary : IRecurrentLibrary
{
    /// <summary>Its name in every table.</summary>
    public const string LibraryName = "TorchSharp";

    private static readonly Lazy<string?> Reason = new(WhyMissing);

    public string Name => LibraryName;

    public string Version => $"{typeof(torch).Assembly.GetName().Version!.ToString(3)}, libtorch {torch.__version__}";

    public string? Missing => Reason.Value;

    public bool Supports(RecurrentCase work) => work.Threads == 1;

    public IRecurrentWork Create(RecurrentCase work, RecurrentProblem problem) => new TorchLayer(work, problem);

    private static string? WhyMissing()
    {
        try
        {
            torch.set_num_threads(1);
            torch.set_num_interop_threads(1);
            return null;
        }
        // Whatever a native library's loading throws: no build for this system, or a C++ runtime older than it was built with.
        catch (Exception error)
        {
            return $"libtorch does not load ({error.GetBaseException().Message.Split('\n')[0].Trim()}); benchmarks/prepare-peers.sh may help";
        }
    }
}
