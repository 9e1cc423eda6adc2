namespace HighPerfRnn.Tests.Formats;

/// <summary>A folder of its own for one test, removed at its end.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("hprnn-formats-").FullName;

    public string File(string name) => Path.Combine(Root, name);

    /// <summary>The names of all that stands in the folder, in order.</summary>
    public string[] Names() =>
        [.. Directory.EnumerateFileSystemEntries(Root).Select(entry => Path.GetFileName(entry)).Order(StringComparer.Ordinal)];

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
