using HighPerfRnn.Benchmarks.Recurrent;

namespace HighPerfRnn.PeerBenchmarks.Peers.Torch;

/// <summary>TorchSharp on one thread: inference mode for what needs no gradient, else forward and backward.</summary>
internal sealed class TorchLibrary : IRecurrentLibrary
{
    /// <summary>Its name in every table.</summary>
    public const string LibraryName = "TorchSharp";

    public string Name => LibraryName;

    public string Version => TorchRuntime.Version;

    public string? Missing => TorchRuntime.Missing;

    public bool Supports(RecurrentCase work) => work is { Threads: 1, Cell: not RecurrentCell.MinGru, IsRagged: false };

    public IRecurrentWork Create(RecurrentCase work, RecurrentProblem problem) => new TorchLayer(work, problem);
}
