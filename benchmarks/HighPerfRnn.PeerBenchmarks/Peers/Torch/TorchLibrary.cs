using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using HighPerfRnn.Benchmarks.Recurrent;
using TorchSharp;

namespace HighPerfRnn.PeerBenchmarks.Peers.Torch;

/// <summary>TorchSharp on one thread: inference mode for what needs no gradient, else forward and backward.</summary>
internal sealed partial class TorchLibrary : IRecurrentLibrary
{
    /// <summary>Its name in every table.</summary>
    public const string LibraryName = "TorchSharp";

    private static readonly Lazy<string?> Reason = new(WhyMissing);

    public string Name => LibraryName;

    public string Version => $"{typeof(torch).Assembly.GetName().Version!.ToString(3)}, libtorch {torch.__version__}";

    public string? Missing => Reason.Value;

    public bool Supports(RecurrentCase work) => work.Threads == 1;

    public IRecurrentWork Create(RecurrentCase work, RecurrentProblem problem) => new TorchLayer(work, problem);

    /// <summary>The number of threads is a setting of the thread that calls, and not of the process.</summary>
    public static void UseOneThread() => torch.set_num_threads(1);

    private static string? WhyMissing()
    {
        try
        {
            // Asked for by name first: TorchSharp itself answers a failure by copying half a gigabyte beside the program.
            NativeLibrary.Load("LibTorchSharp", typeof(torch).Assembly, null);
        }
        catch (DllNotFoundException error)
        {
            Match tooOld = MissingVersion().Match(error.Message);
            return tooOld.Success
                ? $"the system's C++ runtime lacks {tooOld.Groups[1].Value}; benchmarks/prepare-peers.sh lets it load all the same"
                : "its native library does not load on this system";
        }

        UseOneThread();
        torch.set_num_interop_threads(1);
        return null;
    }

    [GeneratedRegex("version [`'](GLIBCXX_[0-9.]+)' not found")]
    private static partial Regex MissingVersion();
}
