using System.Text;
using HighPerfRnn.Data;
using HighPerfRnn.Data.Audio;
using HighPerfRnn.Data.Images;
using HighPerfRnn.Data.Labels;
using HighPerfRnn.Data.Metrics;
using HighPerfRnn.Data.Tables;
using HighPerfRnn.Kernels;
using HighPerfRnn.Tests.Formats;
using Xunit;

namespace HighPerfRnn.Tests.Data;

/// <summary>Files that promise what they do not hold: each is refused in one line, and soon.</summary>
public sealed class BrokenDataTests
{
    /// <summary>A grey JPEG of 8 × 8 pixels: one block, the DC code alone.</summary>
    private static readonly byte[] Jpeg =
    [
        0xFF, 0xD8, 0xFF, 0xE0, 0, 16, .. "JFIF"u8, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0,
        0xFF, 0xDB, 0, 67, 0, .. Enumerable.Repeat((byte)1, 64),
        0xFF, 0xC0, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0,
        0xFF, 0xC4, 0, 20, 0x00, 1, .. new byte[15], 0,
        0xFF, 0xC4, 0, 20, 0x10, 1, .. new byte[15], 0,
        0xFF, 0xDA, 0, 8, 1, 1, 0x00, 0, 63, 0, 0x3F, 0xFF, 0xD9,
    ];

    [Fact]
    public void AJpegIsRead()
    {
        PixelImage image = ImageFile.Read(new MemoryStream(Jpeg), "grey.jpg");
        Assert.Equal((8, 8), (image.Width, image.Height));
        Assert.All(image.Rgba.Chunk(4), pixel => Assert.Equal([128, 128, 128, 255], pixel));
    }

    /// <summary>A segment whose length leads past the end once made the decoder read nothing for ever.</summary>
    [Fact]
    public async Task AnImageCutAnywhereEnds()
    {
        byte[] png = Png.Encode(4, 4, new byte[64]);
        await EndsAsync(() =>
        {
            foreach (byte[] whole in (byte[][])[Jpeg, png])
            {
                for (int length = 0; length < whole.Length; length++) Read(whole[..length]);
            }
        });
    }

    [Fact]
    public async Task ALengthThatLeadsBackEnds()
    {
        byte[] png = Png.Encode(1, 1, [1, 2, 3, 4]);
        // After the header's 33 bytes a chunk that one may pass over, of -12 bytes: the next chunk would be itself.
        byte[] back = [.. png[..33], 0xFF, 0xFF, 0xFF, 0xF4, .. "teXt"u8, .. png[33..]];
        await EndsAsync(() => Assert.Throws<DataException>(() => ImageFile.Read(new MemoryStream(back), "back.png")));
    }

    [Fact]
    public async Task BytesThatChangeEnd()
    {
        var random = new CounterRandom(1);
        byte[] png = Png.Encode(3, 5, [.. Enumerable.Range(0, 60).Select(i => (byte)(i * 5))]);
        await EndsAsync(() =>
        {
            for (int round = 0; round < 4000; round++)
            {
                byte[] bytes = [.. round % 2 == 0 ? Jpeg : png];
                for (int i = 0; i <= round % 4; i++) bytes[random.NextInt(bytes.Length)] = (byte)random.NextInt(256);
                Read(bytes);
            }
        });
    }

    [Fact]
    public void APngOfMoreThanItsPixelsIsNotUnpacked()
    {
        byte[] bomb = Png.Encode(4096, 1, new byte[4096 * 4 * 5000]);
        string message = Assert.Throws<DataException>(() => ImageFile.Read(new MemoryStream(bomb), "bomb.png")).Message;
        Assert.Equal("bomb.png: found more data than 4096 × 1 pixels have, expected PNG or JPEG.", message);
    }

    /// <summary>An image large enough to be looked at twice is still read, its data in one chunk.</summary>
    [Fact]
    public void ALargePngIsRead()
    {
        byte[] rgba = new byte[200 * 200 * 4];
        var random = new CounterRandom(2);
        foreach (ref byte value in rgba.AsSpan()) value = (byte)random.NextInt(256);
        byte[] png = Png.Encode(200, 200, rgba);
        Assert.True(png.Length > 1 << 16, "too small to be looked at");
        Assert.Equal(rgba, ImageFile.Read(new MemoryStream(png), "large.png").Rgba);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void ASampleThatIsNoNumberIsRefused(float sample)
    {
        string message = Error("a.wav", Wave(false, 0.5f, sample), path => WaveFile.Read(path));
        Assert.Contains("a.wav, sample 2: found", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WavesOfFloatsAreRead(bool isExtensible)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("a.wav");
        File.WriteAllBytes(path, Wave(isExtensible, 0.5f, -0.25f));
        Assert.Equal([0.5f, -0.25f], WaveFile.Read(path).Samples);
    }

    [Fact]
    public void AQuoteThatIsNotClosedIsSaid()
    {
        string rows = string.Concat(Enumerable.Repeat("2,b\n", 1000));
        Assert.Contains("t.csv, line 1, column 2: found 'a 2,b", TableError("1,\"a\n" + rows, hasLabel: true), StringComparison.Ordinal);
        Assert.Contains("t.csv, line 2: found 1 cells", TableError("1,2\n\"1\n" + rows, hasLabel: false), StringComparison.Ordinal);
        Assert.Contains("t.csv, line 2, column 1: found '1 3'", TableError("1,2\n\"1\n3\",2\n", hasLabel: false), StringComparison.Ordinal);
    }

    [Fact]
    public void BytesThatAreNoTextHaveAPlaceInATable()
    {
        string message = Error("t.csv", [.. "1,2\n3,"u8, 0xFF], path => NumberTable.Read(path, hasLabel: false));
        Assert.Contains("t.csv, line 2, byte 3: found 0xFF", message, StringComparison.Ordinal);
    }

    [Fact]
    public void EmptyLinesBeforeTheFirstAreNoFirst()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("t.csv");
        File.WriteAllText(path, "\n1;2\n");
        Assert.Equal([1, 2], NumberTable.Read(path, hasLabel: false).Values);
        File.WriteAllText(path, "\n0\t1\ta\n");
        Assert.True(LabelIntervals.HasTimes(path));
        File.WriteAllText(path, "\na\n");
        Assert.False(LabelIntervals.HasTimes(path));
        File.WriteAllText(path, "\n\n");
        Assert.True(LabelIntervals.HasTimes(path));
    }

    [Fact]
    public void AFrameHasOneLabel()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("1.png"), ImageDataTests.TwoPixels);
        string root = Path.GetDirectoryName(folder.File("x"))!;
        File.WriteAllText(folder.File("labels.csv"), "1,a\n1,b\n");
        string message = Assert.Throws<DataException>(() => FrameFolder.Read(root, needsLabels: true)).Message;
        Assert.Contains("line 2: found a second label of frame 1", message, StringComparison.Ordinal);
        // A number with a space before it is no name of a column.
        File.WriteAllText(folder.File("labels.csv"), " 1,a\n");
        Assert.Equal("a", Assert.Single(FrameFolder.Read(root, needsLabels: true)).Label);
    }

    [Fact]
    public void ThereIsNoClassPastTheLast()
    {
        var metrics = new ClassificationMetrics(3);
        metrics.Add(1, 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => metrics.Confusion(0, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => metrics.Confusion(1, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => metrics.F1(3));
    }

    [Fact]
    public void AFilterBeginsAtANumber() =>
        Assert.Throws<ArgumentException>(() => new MelFeatures(new MelSettings { LowestHertz = double.NaN }));

    [Fact]
    public void AnErrorIsALineOfBoundedLength()
    {
        string message = DataException.At("a\nb", "x\r\n\t" + new string('y', 1000), "z").Message;
        Assert.StartsWith("a b: found x   yyy", message, StringComparison.Ordinal);
        Assert.EndsWith("y…, expected z.", message, StringComparison.Ordinal);
        Assert.True(message.Length < 250, message);
    }

    /// <summary>Reads an image that may be one: what it throws is of one type and one line.</summary>
    private static void Read(byte[] bytes)
    {
        try
        {
            ImageFile.Read(new MemoryStream(bytes), "image");
        }
        catch (DataException error)
        {
            Assert.DoesNotContain('\n', error.Message);
        }
    }

    // What never ends would hold up the whole suite; a minute is long for a few milliseconds.
    private static async Task EndsAsync(Action read) => await Task.Run(read).WaitAsync(TimeSpan.FromMinutes(1));

    private static string TableError(string content, bool hasLabel) => Error("t.csv", Encoding.UTF8.GetBytes(content), path => NumberTable.Read(path, hasLabel));

    private static string Error(string name, byte[] content, Func<string, object> read)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File(name);
        File.WriteAllBytes(path, content);
        string message = Assert.Throws<DataException>(() => read(path)).Message;
        Assert.DoesNotContain('\n', message);
        return message;
    }

    /// <summary>A WAV file of floats, after a chunk of an odd length that a reader passes over.</summary>
    private static byte[] Wave(bool isExtensible, params ReadOnlySpan<float> samples)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write("RIFF\0\0\0\0WAVELIST"u8);
        writer.Write(3);
        writer.Write([1, 2, 3, 0]);
        writer.Write("fmt "u8);
        writer.Write(isExtensible ? 40 : 16);
        writer.Write((short)(isExtensible ? -2 : 3));
        writer.Write((short)1);
        writer.Write(8000);
        writer.Write(8000 * 4);
        writer.Write((short)4);
        writer.Write((short)32);
        if (isExtensible)
        {
            writer.Write((short)22);
            writer.Write((short)32);
            writer.Write(4);
            // KSDATAFORMAT_SUBTYPE_IEEE_FLOAT.
            writer.Write([3, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]);
        }

        writer.Write("data"u8);
        writer.Write(samples.Length * 4);
        foreach (float sample in samples) writer.Write(sample);
        stream.Position = 4;
        writer.Write((int)stream.Length - 8);
        return stream.ToArray();
    }
}
