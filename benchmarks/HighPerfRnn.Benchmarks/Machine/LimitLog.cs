using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace HighPerfRnn.Benchmarks.Machine;

/// <summary>
/// Carries what is measured beside a row from the process that runs it to the one that prints the table: a small file a row,
/// in a folder that the child inherits by an environment variable.
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

    /// <summary>Writes what was measured beside a row; nothing when there is no log.</summary>
    public static void Write(Type benchmark, WorkCase work, RowSurroundings surroundings)
    {
        ArgumentNullException.ThrowIfNull(surroundings);
        if (PathOf(benchmark, work) is { } path) File.WriteAllText(path, JsonSerializer.Serialize(surroundings));
    }

    /// <summary>What was measured beside a row, if it has run.</summary>
    public static RowSurroundings? Read(Type benchmark, WorkCase work) =>
        PathOf(benchmark, work) is { } path && File.Exists(path)
            ? JsonSerializer.Deserialize<RowSurroundings>(File.ReadAllText(path))
            : null;

    private static string? PathOf(Type benchmark, WorkCase work)
    {
        ArgumentNullException.ThrowIfNull(benchmark);
        if (Environment.GetEnvironmentVariable(FolderVariable) is not { } folder) return null;
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{benchmark.FullName} {work}"));
        return Path.Combine(folder, Convert.ToHexString(hash.AsSpan(0, 16)));
    }
}

/// <summary>What is measured beside a row, in its process.</summary>
/// <param name="Limits">The machine's limits before and after it.</param>
/// <param name="AllocatedBytes">What one call allocates on the managed heap, all threads together.</param>
public sealed record RowSurroundings(MachineLimits Limits, long AllocatedBytes);
