using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using TorchSharp;

namespace HighPerfRnn.PeerBenchmarks.Peers.Torch;

/// <summary>Whether TorchSharp's native library is there, on one thread.</summary>
internal static partial class TorchRuntime
{
    private static readonly Lazy<string?> Reason = new(WhyMissing);

    /// <summary>Why it does not load; null where it does.</summary>
    public static string? Missing => Reason.Value;

    /// <summary>Its version and libtorch's.</summary>
    public static string Version => $"{typeof(torch).Assembly.GetName().Version!.ToString(3)}, libtorch {torch.__version__}";

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
