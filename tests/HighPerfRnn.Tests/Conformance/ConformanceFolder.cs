using HighPerfRnn.Tests.Guards;

namespace HighPerfRnn.Tests.Conformance;

/// <summary>
/// Where published outputs of recurrent operators lie: what <c>HPRNN_CONFORMANCE</c> names, else shared/conformance beside the
/// repository or beside a folder above it.
/// </summary>
internal static class ConformanceFolder
{
    public const string Variable = "HPRNN_CONFORMANCE";

    /// <summary>The folder, or null where there is none.</summary>
    public static string? Path { get; } = Find();

    public static string ReasonToSkip => $"{Variable} is not set, and no folder above {Repository.Root} holds shared/conformance";

    /// <summary>The cases of a set, by name.</summary>
    public static IEnumerable<string> Names(string set) =>
        Path is null ? [] : Directory.EnumerateDirectories(System.IO.Path.Combine(Path, set)).Select(System.IO.Path.GetFileName).Order()!;

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
        {
            return Directory.Exists(named) ? named : throw new DirectoryNotFoundException($"{Variable} is '{named}', which is no folder.");
        }

        for (DirectoryInfo? folder = new(Repository.Root); folder is not null; folder = folder.Parent)
        {
            string candidate = System.IO.Path.Combine(folder.FullName, "shared", "conformance");
            if (Directory.Exists(candidate)) return candidate;
        }

        return null;
    }
}
