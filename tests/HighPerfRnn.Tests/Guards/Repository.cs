namespace HighPerfRnn.Tests.Guards;

/// <summary>Where the sources of this build lie: the folder above the test assembly that holds HighPerfRnn.sln.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string Library { get; } = Path.Combine(Root, "src", "HighPerfRnn");

    public static IReadOnlyList<string> SourceFolders { get; } = ["src", "tests", "benchmarks"];

    /// <summary>All C# files below a folder, those that the build writes left out.</summary>
    public static IEnumerable<string> SourceFiles(string folder) =>
        from file in Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
        let parts = Path.GetRelativePath(folder, file).Split(Path.DirectorySeparatorChar)
        where !parts.Contains("bin") && !parts.Contains("obj")
        orderby file
        select file;

    /// <summary>The path from the root on, with slashes on every system.</summary>
    public static string Relative(string file) => Path.GetRelativePath(Root, file).Replace('\\', '/');

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "HighPerfRnn.sln"))) return folder.FullName;
        }

        throw new DirectoryNotFoundException($"No folder above {AppContext.BaseDirectory} holds HighPerfRnn.sln.");
    }
}
