using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace HighPerfRnn.Benchmarks.Machine;

/// <summary>
/// Carries the limits from the process that runs a row to the one that prints the table: a small file a row, in a folder that
/// the child inherits by an environment variable.
/// </summary>
public static class LimitLog
{
    private const string FolderVariable = "HPRNN_BENCHMARK_LIMITS";

    /// <summary>Starts an empty log for this process and its children.</summary>
    public static void Start() =>
        Environment.SetEnvironmentVariable(FolderVariable, Directory.CreateTempSubdirectory("hprnn-limits-").FullName);

    /// <summary>Ends the log that <see cref="Start"/> began.</summary>
    public static void End()
    {
        if (Environment.GetEnvironmentVariable(FolderVariable) is { } folder) Directory.Delete(folder, recursive: true);
    }

    /// <summary>Writes the limits of a row; nothing when there is no log.</summary>
    public static void Write(Type benchmark, WorkCase work, MachineLimits limits)
    {
        if (PathOf(benchmark, work) is not { } path) return;
        File.WriteAllText(
            path,
            string.Create(CultureInfo.InvariantCulture, $"{limits.PeakGflops:R} {limits.LoadGBps:R} {limits.CyclesPerSecond:R}"));
    }

    /// <summary>The limits of a row, if it has run.</summary>
    public static MachineLimits? Read(Type benchmark, WorkCase work)
    {
        if (PathOf(benchmark, work) is not { } path || !File.Exists(path)) return null;
        double[] values = [.. File.ReadAllText(path).Split(' ').Select(value => double.Parse(value, CultureInfo.InvariantCulture))];
        return new MachineLimits(values[0], values[1], values[2]);
    }

    private static string? PathOf(Type benchmark, WorkCase work)
    {
        ArgumentNullException.ThrowIfNull(benchmark);
        if (Environment.GetEnvironmentVariable(FolderVariable) is not { } folder) return null;
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{benchmark.FullName} {work}"));
        return Path.Combine(folder, Convert.ToHexString(hash.AsSpan(0, 16)));
    }
}
