using HighPerfRnn.Cli.Output;

namespace HighPerfRnn.Cli;

/// <summary>Files that a user names to be written.</summary>
internal static class OutputFile
{
    /// <summary>Finds out whether a file can be written there, before hours go into what is to be written. Leaves nothing behind.</summary>
    /// <param name="option">The option that named it.</param>
    /// <param name="path">The file; it stays as it is.</param>
    public static void ThrowIfNotWritable(string option, string path)
    {
        string place = $"{option} {TextConsole.Quote(path)}";
        if (path.Length == 0) throw ToolException.Usage(option, "an empty name", "a file");
        try
        {
            var file = new FileInfo(path);
            string target = file.LinkTarget is null ? file.FullName : file.ResolveLinkTarget(returnFinalTarget: true)!.FullName;
            string? folder = Path.GetDirectoryName(target);
            if (Directory.Exists(target) || Path.EndsInDirectorySeparator(target) || folder is null)
            {
                throw ToolException.Usage(place, "a folder", "a file");
            }

            if (!Directory.Exists(folder)) throw ToolException.Usage(place, "no such folder", "a file in a folder that exists");
            if (!OperatingSystem.IsWindows() && folder == "/dev") throw ToolException.Usage(place, "a device", "a file");
            string probe = $"{target}.{Path.GetRandomFileName()}.tmp";
            using (new FileStream(probe, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write }))
            {
            }

            File.Delete(probe);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new ToolException(ExitCode.Usage, $"{place}: cannot be written: {error.Message}");
        }
    }

    /// <summary>Whether two names lead to the same file.</summary>
    public static bool AreSame(string path, string other)
    {
        StringComparison comparison = OperatingSystem.IsLinux() ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;
        return string.Equals(Resolve(path), Resolve(other), comparison);
    }

    private static string Resolve(string path)
    {
        var file = new FileInfo(path);
        return file.LinkTarget is null ? file.FullName : file.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? file.FullName;
    }
}
