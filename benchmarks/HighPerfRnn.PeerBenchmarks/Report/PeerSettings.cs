using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using HighPerfRnn.Benchmarks.Setup;

namespace HighPerfRnn.PeerBenchmarks.Report;

/// <summary>How peers are measured: all in one process, since each child would unpack and load half a gigabyte.</summary>
internal static class PeerSettings
{
    private static readonly TimeSpan Patience = TimeSpan.FromHours(1);

    public static ManualConfig Create() => BenchmarkSettings.Create()
        .AddJob(BenchmarkSettings.Job.WithToolchain(new InProcessEmitToolchain(Patience, logOutput: true)));
}
