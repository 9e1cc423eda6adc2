using System.Runtime.InteropServices;
using HighPerfRnn.Benchmarks.Recurrent;

namespace HighPerfRnn.PeerBenchmarks.Peers.OneDnn;

/// <summary>The system's oneDNN 2 on one thread, with weights in the layout that its primitive asks for.</summary>
internal sealed class OneDnnLibrary : IRecurrentLibrary
{
    private static readonly Lazy<string?> Reason = new(WhyMissing);

    public string Name => "oneDNN";

    public unsafe string Version
    {
        get
        {
            DnnlVersion* version = Dnnl.dnnl_version();
            return $"{version->Major}.{version->Minor}.{version->Patch}";
        }
    }

    public string? Missing => Reason.Value;

    public bool Supports(RecurrentCase work) => work is { Mode: not RecurrentMode.Training, Threads: 1, Cell: not RecurrentCell.MinGru, IsRagged: false };

    public IRecurrentWork Create(RecurrentCase work, RecurrentProblem problem) => new OneDnnLayer(work, problem);

    private static string? WhyMissing() =>
        NativeLibrary.TryLoad(Dnnl.LibraryFile, out _) && NativeLibrary.TryLoad("libgomp.so.1", out _)
            ? null
            : $"{Dnnl.LibraryFile} is not installed (Debian 12: libdnnl-dev)";
}
