using System.Runtime.Versioning;
using FsCheck;
using FsCheck.Xunit;
using HighPerfRnn.Formats;
using Xunit;

namespace HighPerfRnn.Tests.Formats;

public sealed class AtomicFileTests : IDisposable
{
    private static readonly byte[] Old = [1, 2, 3, 4, 5];
    private readonly TemporaryFolder _folder = new();

    private string Target => _folder.File("model.bin");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void CreatesAFile()
    {
        AtomicFile.Write(Target, stream => stream.Write([7, 8]));

        Assert.Equal([7, 8], File.ReadAllBytes(Target));
        Assert.Equal(["model.bin"], _folder.Names());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(300_000)]
    public void ReplacesALongerOrShorterFile(int length)
    {
        File.WriteAllBytes(Target, Old);
        byte[] content = new byte[length];
        new Random(1).NextBytes(content);

        AtomicFile.Write(Target, stream => stream.Write(content));

        Assert.Equal(content, File.ReadAllBytes(Target));
        Assert.Equal(["model.bin"], _folder.Names());
    }

    [Fact]
    public void PathRelativeToTheCurrentFolderIsEnough()
    {
        string relative = Path.GetRelativePath(Environment.CurrentDirectory, Target);

        AtomicFile.Write(relative, stream => stream.WriteByte(9));

        Assert.Equal([9], File.ReadAllBytes(Target));
    }

    [Fact]
    public void AnErrorMidwayLeavesTheOldFileAndNoOther()
    {
        File.WriteAllBytes(Target, Old);

        Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(Target, stream =>
        {
            stream.Write(new byte[200_000]);
            throw new InvalidOperationException();
        }));

        Assert.Equal(Old, File.ReadAllBytes(Target));
        Assert.Equal(["model.bin"], _folder.Names());
    }

    [Fact]
    public void AnErrorMidwayLeavesNoFileWhereNoneWas()
    {
        Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(Target, stream =>
        {
            stream.WriteByte(1);
            throw new InvalidOperationException();
        }));

        Assert.Empty(_folder.Names());
    }

    [Fact]
    public void AStreamThatTheCallerClosedIsAnErrorAndLeavesTheOldFile()
    {
        File.WriteAllBytes(Target, Old);

        Assert.Throws<ObjectDisposedException>(() => AtomicFile.Write(Target, stream => stream.Dispose()));

        Assert.Equal(Old, File.ReadAllBytes(Target));
        Assert.Equal(["model.bin"], _folder.Names());
    }

    /// <summary>What stands on the disk at any moment is what a kill at that moment leaves.</summary>
    [Fact]
    public void TheOldFileIsWholeAtEveryMomentOfWriting()
    {
        File.WriteAllBytes(Target, Old);
        int looks = 0;

        AtomicFile.Write(Target, stream =>
        {
            WatchedStream watched = new(stream, (_, _) =>
            {
                Assert.Equal(Old, File.ReadAllBytes(Target));
                looks++;
            });
            for (int i = 0; i < 40; i++)
                watched.Write(new byte[5_000]);
            stream.Flush();
            Assert.Equal(Old, File.ReadAllBytes(Target));
        });

        Assert.Equal(40, looks);
        Assert.Equal(200_000, new FileInfo(Target).Length);
    }

    /// <summary>A full disk at any write of a model: the error names the path and the reason, and the old model stays.</summary>
    [Property(MaxTest = 60)]
    public void AFullDiskLeavesTheOldModel(byte failingWrite, DoNotSize<int> seed)
    {
        string path = _folder.File("model.safetensors");
        IReadOnlyList<SafetensorsTensor> tensors = SafetensorsSamples.Tensors(seed.Item, count: 6);
        SafetensorsFile.Write(path, null, SafetensorsSamples.Tensors(seed.Item ^ 1, count: 3));
        byte[] before = File.ReadAllBytes(path);
        int writes = CountWrites(tensors);

        IOException error = Assert.Throws<IOException>(() => AtomicFile.Write(path, stream => SafetensorsFile.Write(
            new WatchedStream(stream, (write, _) =>
            {
                if (write == failingWrite % writes)
                    throw new IOException("No space left on device");
            }),
            null,
            tensors)));

        Assert.Equal($"Cannot write '{path}': No space left on device", error.Message);
        Assert.Equal(before, File.ReadAllBytes(path));
        Assert.Equal(["model.safetensors"], _folder.Names());
    }

    [Fact]
    public void AFolderThatIsAbsentIsNamed()
    {
        string path = _folder.File("absent/model.bin");

        IOException error = Assert.Throws<IOException>(() => AtomicFile.Write(path, _ => { }));

        Assert.StartsWith($"Cannot write '{path}': Could not find a part of the path", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AFolderInPlaceOfTheFileIsRefused()
    {
        IOException error = Assert.Throws<IOException>(() => AtomicFile.Write(_folder.Root, _ => { }));

        Assert.Equal($"Cannot write '{_folder.Root}': found a folder, expected a file.", error.Message);
        Assert.True(Directory.Exists(_folder.Root));
    }

    [Fact]
    public void ADeviceIsNotReplaced()
    {
        if (OperatingSystem.IsWindows())
            return;

        // Not /dev/null: were the check to break, the test would take it from the machine.
        const string Device = "/dev/hprnn-no-such-device";
        IOException error = Assert.Throws<IOException>(() => AtomicFile.Write(Device, _ => { }));

        Assert.Equal($"Cannot write '{Device}': found a device, expected a file.", error.Message);
        Assert.False(File.Exists(Device));
    }

    [Fact]
    public void AFullDeviceGivesTheReason()
    {
        if (!OperatingSystem.IsLinux())
            return;
        using FileStream full = new("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);

        IOException error = Assert.Throws<IOException>(() => AtomicFile.Write(
            Target, _ => SafetensorsFile.Write(full, null, SafetensorsSamples.Tensors(seed: 1, count: 2))));

        Assert.Contains("No space left on device", error.Message, StringComparison.Ordinal);
        Assert.Empty(_folder.Names());
    }

    [Fact]
    public void ALinkStaysAndItsTargetIsReplaced()
    {
        if (OperatingSystem.IsWindows())
            return;
        string link = _folder.File("latest.bin");
        File.WriteAllBytes(Target, Old);
        File.CreateSymbolicLink(link, "model.bin");

        AtomicFile.Write(link, stream => stream.WriteByte(6));

        Assert.Equal("model.bin", new FileInfo(link).LinkTarget);
        Assert.Equal([6], File.ReadAllBytes(Target));
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void PermissionsOfTheOldFileStay()
    {
        if (OperatingSystem.IsWindows())
            return;
        const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        File.WriteAllBytes(Target, Old);
        File.SetUnixFileMode(Target, Private);

        AtomicFile.Write(Target, stream => stream.WriteByte(6));

        Assert.Equal(Private, File.GetUnixFileMode(Target));
    }

    /// <summary>A reader sees one whole version after the other, never a mix and never none.</summary>
    [Fact]
    public async Task AReaderBesideAWriterSeesWholeFilesOnly()
    {
        if (OperatingSystem.IsWindows())
            return;
        AtomicFile.Write(Target, stream => stream.Write(new byte[20_000]));
        using CancellationTokenSource stop = new();
        Task writer = Task.Run(() =>
        {
            for (int version = 1; !stop.IsCancellationRequested; version++)
            {
                byte[] content = Enumerable.Repeat((byte)version, 20_000).ToArray();
                AtomicFile.Write(Target, stream => stream.Write(content));
            }
        });

        for (int i = 0; i < 200; i++)
        {
            byte[] content = File.ReadAllBytes(Target);
            Assert.Equal(20_000, content.Length);
            Assert.Equal(-1, content.AsSpan().IndexOfAnyExcept(content[0]));
        }

        await stop.CancelAsync();
        await writer;
    }

    private static int CountWrites(IReadOnlyList<SafetensorsTensor> tensors)
    {
        WatchedStream counter = new(new MemoryStream(), (_, _) => { });
        SafetensorsFile.Write(counter, null, tensors);
        return counter.Writes;
    }
}
