using HighPerfRnn.Data;
using HighPerfRnn.Data.Images;
using HighPerfRnn.Data.Text;
using HighPerfRnn.Kernels;
using HighPerfRnn.Tests.Formats;
using Xunit;

namespace HighPerfRnn.Tests.Data;

/// <summary>Images, their thumbnails and features, tables and folders of them.</summary>
public sealed class ImageDataTests
{
    /// <summary>A PNG of 2 × 1 pixels, opaque red and half transparent blue, made by hand: deflate in one stored block.</summary>
    internal static byte[] TwoPixels => Png.Encode(2, 1, [255, 0, 0, 255, 0, 0, 255, 128]);

    [Fact]
    public void APngIsRead()
    {
        PixelImage image = ImageFile.Read(new MemoryStream(TwoPixels), "two.png");
        Assert.Equal((2, 1), (image.Width, image.Height));
        Assert.Equal([255, 0, 0, 255, 0, 0, 255, 128], image.Rgba);
    }

    [Fact]
    public void WhatIsNoImageIsSaid()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("a.png");
        foreach (byte[] content in (byte[][])[[], "no image"u8.ToArray(), TwoPixels[..40], Png.Encode(100_000, 100_000, [])])
        {
            File.WriteAllBytes(path, content);
            string message = Assert.Throws<DataException>(() => ImageFile.Read(path)).Message;
            Assert.Contains("expected", message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', message);
        }

        Assert.Throws<DataException>(() => ImageFile.Read(folder.File("none.png")));
        Assert.Throws<DataException>(() => ImageFile.Read(Path.GetTempPath()));
    }

    [Fact]
    public void AThumbnailIsTheMeanOfWhatItCovers()
    {
        // 4 × 2 pixels in a square of 2 × 2: a row of nothing is shared by top and bottom.
        byte[] rgba = new byte[32];
        for (int i = 0; i < 8; i++) (rgba[i * 4], rgba[(i * 4) + 3]) = ((byte)(20 * i), 255);
        Thumbnail small = Thumbnail.Of(new PixelImage(4, 2, rgba), 2);
        Assert.Equal([5, 0, 0, 128, 25, 0, 0, 128, 45, 0, 0, 128, 65, 0, 0, 128], small.Pixels.ToArray());
        Thumbnail large = Thumbnail.Of(new PixelImage(1, 1, [10, 20, 30, 255]), 3);
        for (int i = 0; i < 9; i++) Assert.Equal([10, 20, 30, 255], large.Pixels.Slice(i * 4, 4).ToArray());
    }

    [Fact]
    public void FeaturesTellColourCoverAndDirection()
    {
        var settings = new ImageFeatureSettings { Size = 8, CellSize = 4 };
        var features = new ImageFeatures(settings);
        float[] found = new float[settings.Count];
        // White on the left, black on the right: brightness falls to the right, in the cells of the middle columns.
        byte[] rgba = new byte[16 * 16 * 4];
        for (int i = 0; i < 256; i++) rgba.AsSpan(i * 4, 4).Fill(255);
        for (int i = 0; i < 256; i++)
        {
            if (i % 16 >= 8) rgba.AsSpan(i * 4, 3).Clear();
        }

        Thumbnail image = Thumbnail.Of(new PixelImage(16, 16, rgba), settings.ThumbnailSize);
        features.Compute(image, new ImageView(), found);
        float[] left = found[..12], right = found[12..24];
        Assert.True(left[0] > 0.9 && right[0] < 0.1, $"{left[0]}, {right[0]}");
        // Direction 4 is to the left, 0 to the right.
        Assert.True(left[8] > 0.1 && left[4] == 0, $"{left[8]}, {left[4]}");
        features.Compute(image, new ImageView { ScaleX = -1 }, found);
        Assert.True(found[0] < 0.1 && found[12] > 0.9 && found[12 + 4] > 0.1, "mirrored");
        features.Compute(image, new ImageView { Angle = Math.PI }, found);
        Assert.True(found[0] < 0.1 && found[12] > 0.9, "turned");
        Assert.Throws<ArgumentException>(() => features.Compute(image, new ImageView(), found.AsSpan(1)));
        Assert.Throws<ArgumentException>(() => new ImageFeatures(new ImageFeatureSettings { Size = 9, CellSize = 4 }));
    }

    [Fact]
    public void FeaturesAllocateNothing()
    {
        var settings = new ImageFeatureSettings();
        var features = new ImageFeatures(settings);
        byte[] rgba = new byte[20 * 20 * 4];
        var random = new CounterRandom(1);
        foreach (ref byte value in rgba.AsSpan()) value = (byte)random.NextInt(256);
        Thumbnail image = Thumbnail.Of(new PixelImage(20, 20, rgba), settings.ThumbnailSize);
        float[] found = new float[settings.Count];
        features.Compute(image, new ImageView(), found);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++) features.Compute(image, new ImageView { Angle = 0.1 * i }, found);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void CaptionTablesAreRead()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("t.tsv");
        File.WriteAllText(path, "path\tcaption\na.png\tred square\n\nb.png\t \n");
        var skips = new DataSkips();
        CaptionedImage image = Assert.Single(CaptionTable.Read(path, new TextReadOptions(), skips));
        Assert.Equal((folder.File("a.png"), "red square"), (image.Path, image.Caption));
        Assert.Equal(2, skips.Count);
        foreach ((string content, string expected) in ((string, string)[])[("a.png\n", "no tab"), ("\tx\n", "no path"), ("", "no image")])
        {
            File.WriteAllText(path, content);
            Assert.Contains(expected, Assert.Throws<DataException>(() => CaptionTable.Read(path, new TextReadOptions(), skips)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void FoldersOfFramesAreReadByTheirNumbers()
    {
        using var folder = new TemporaryFolder();
        foreach (string name in (string[])["frame 10.png", "frame 9.png", "notes.txt"]) File.WriteAllBytes(folder.File(name), TwoPixels);
        string root = Path.GetDirectoryName(folder.File("x"))!, table = folder.File("labels.csv");
        Assert.True(FrameFolder.IsClip(root));
        Assert.Equal(["", ""], FrameFolder.Read(root, needsLabels: false).Select(frame => frame.Label));
        Assert.Contains("labels.csv", Error(), StringComparison.Ordinal);
        File.WriteAllText(table, "frame,label\n9,a\n10,b, c\n");
        Assert.Equal([(folder.File("frame 9.png"), "a"), (folder.File("frame 10.png"), "b, c")], FrameFolder.Read(root, needsLabels: true).Select(frame => (frame.Path, frame.Label)));
        File.WriteAllText(table, "9,a\n");
        Assert.Contains("no label of frame 10", Error(), StringComparison.Ordinal);
        File.WriteAllText(table, "9,a\n10,b\n11,c\n");
        Assert.Contains("line 3: found a label of frame 11", Error(), StringComparison.Ordinal);
        File.WriteAllBytes(folder.File("other 9.png"), TwoPixels);
        Assert.Contains("a second frame 9", Error(), StringComparison.Ordinal);

        string Error() => Assert.Throws<DataException>(() => FrameFolder.Read(root, needsLabels: true)).Message;
    }
}
