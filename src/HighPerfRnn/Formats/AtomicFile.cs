namespace HighPerfRnn.Formats;

/// <summary>
/// Replaces a file as a whole: a process that is killed, a machine that loses power or a disk that fills up at any moment
/// leaves either the old file or the new one, each complete.
/// </summary>
/// <remarks>
/// <para>
/// The content goes to a new file beside the target, <c>name.xxxxxxxx.xxx.tmp</c>, is flushed to the disk, and is then
/// renamed over the target; POSIX rename and NTFS replace the name in one step. When writing fails the temporary file is
/// removed; only a killed process or a lost machine can leave it behind, and it may be deleted then. Its name is random, so
/// that two processes that save the same file do not write into one another's: the last rename wins.
/// </para>
/// <para>
/// Durability: when <see cref="Write"/> returns, the content is on the disk, on every platform. On Linux and macOS the file
/// is flushed once more after the rename: .NET cannot open a folder to flush its entry, but the rename touches the file's
/// inode, and the journals of ext4, XFS, Btrfs and APFS commit the rename with it. Other file systems, and Windows, may take
/// some seconds until the new name is on the disk; a power cut meanwhile leaves the old file, whole.
/// </para>
/// <para>
/// A symbolic link stays and what it points to is replaced. On Unix the new file takes over the permissions of the old one;
/// its owner is whoever writes. Hard links keep the old content.
/// </para>
/// </remarks>
public static class AtomicFile
{
    private const int BufferBytes = 1 << 16;

    /// <summary>Writes a file in one step, replacing an existing one.</summary>
    /// <param name="path">The file to create or to replace. Its folder must exist.</param>
    /// <param name="write">
    /// Writes the whole content to the stream it is given, and leaves the stream open. What it throws reaches the caller,
    /// after the temporary file is removed; the target is untouched then.
    /// </param>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty.</exception>
    /// <exception cref="IOException">
    /// The file cannot be written: one line that names the path and the reason. Missing permissions are reported so as well.
    /// </exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        try
        {
            string target = ResolveTarget(path);
            string temporary = $"{target}.{Path.GetRandomFileName()}.tmp";
            FileStream stream = Create(temporary);
            try
            {
                // Before the content, which may be for fewer eyes than a new file's default.
                KeepPermissions(target, stream);
                write(stream);
                stream.Flush(flushToDisk: true);
                Replace(target, temporary, stream);
            }
            catch
            {
                Discard(temporary, stream);
                throw;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"Cannot write '{path}': {error.Message}", error);
        }
    }

    private static string ResolveTarget(string path)
    {
        FileInfo file = new(path);
        string target = file.LinkTarget is null ? file.FullName : file.ResolveLinkTarget(returnFinalTarget: true)!.FullName;
        if (Directory.Exists(target) || Path.EndsInDirectorySeparator(target))
            throw new IOException("found a folder, expected a file.");

        // A process with the right to do so would replace the device itself, for every process of the machine.
        if (!OperatingSystem.IsWindows() && Path.GetDirectoryName(target) == "/dev")
            throw new IOException("found a device, expected a file.");
        return target;
    }

    private static FileStream Create(string temporary) => new(temporary, new FileStreamOptions
    {
        Mode = FileMode.CreateNew,
        Access = FileAccess.Write,
        // Readers must not be locked out while the flush after the rename is under way.
        Share = FileShare.Read,
        BufferSize = BufferBytes,
    });

    private static void KeepPermissions(string target, FileStream stream)
    {
        if (OperatingSystem.IsWindows() || !File.Exists(target))
            return;
        UnixFileMode mode = File.GetUnixFileMode(target);
        // Asking first keeps file systems without permissions, which refuse any change, out of the way.
        if (mode != File.GetUnixFileMode(stream.SafeFileHandle))
            File.SetUnixFileMode(stream.SafeFileHandle, mode);
    }

    private static void Replace(string target, string temporary, FileStream stream)
    {
        if (OperatingSystem.IsWindows())
        {
            // Windows renames no file that is open for writing.
            stream.Dispose();
            File.Move(temporary, target, overwrite: true);
            return;
        }

        File.Move(temporary, target, overwrite: true);
        stream.Flush(flushToDisk: true);
        stream.Dispose();
    }

    private static void Discard(string temporary, FileStream stream)
    {
        // The first error is the one to report: what stands in the buffer fails again on a full disk, and a folder that
        // has become read-only keeps the temporary file.
        try
        {
            stream.Dispose();
        }
        catch (IOException)
        {
        }

        try
        {
            File.Delete(temporary);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
        }
    }
}
