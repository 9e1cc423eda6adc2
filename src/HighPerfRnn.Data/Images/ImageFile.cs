using HighPerfRnn.Data.Text;
using StbImageSharp;

namespace HighPerfRnn.Data.Images;

/// <summary>An image's pixels.</summary>
/// <param name="Width">Pixels a row.</param>
/// <param name="Height">Rows.</param>
/// <param name="Rgba">[height, width, 4]: red, green, blue and alpha, not multiplied by it, 0 to 255.</param>
public sealed record PixelImage(int Width, int Height, byte[] Rgba);

/// <summary>Reads PNG and JPEG files.</summary>
public static class ImageFile
{
    private const long MostPixels = 1L << 26;
    private const long MostBytes = 1L << 28;

    /// <summary>Reads a file.</summary>
    /// <exception cref="DataException">The file cannot be read, is no such image, or has more than 67 million pixels.</exception>
    public static PixelImage Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        using FileStream stream = TextLines.Open(path);
        return Read(stream, path);
    }

    /// <summary>Reads a stream.</summary>
    /// <param name="stream">The bytes of the image and nothing else.</param>
    /// <param name="name">What errors call it.</param>
    /// <exception cref="DataException">As for a file.</exception>
    public static PixelImage Read(Stream stream, string name)
    {
        ArgumentNullException.ThrowIfNull(stream);
        byte[] bytes = ReadAll(stream, name);
        try
        {
            // The header tells the size before room for it is made.
            using var content = new BoundedImageStream(bytes);
            if (ImageInfo.FromStream(content) is not ImageInfo info) throw DataException.At(name, bytes.Length == 0 ? "an empty file" : "no image", "PNG or JPEG");
            if ((long)info.Width * info.Height > MostPixels)
            {
                throw DataException.At(name, $"{info.Width} × {info.Height} pixels", $"at most {MostPixels:N0}");
            }

            PngInflation.Check(bytes, info.Width, info.Height, name);
            content.Position = 0;
            ImageResult image = ImageResult.FromStream(content, ColorComponents.RedGreenBlueAlpha);
            return new PixelImage(image.Width, image.Height, image.Data);
        }
        // What the decoder throws at broken files is no one type.
        catch (Exception error) when (error is not (DataException or OutOfMemoryException))
        {
            throw DataException.At(name, $"an image that cannot be decoded ({error.Message.ReplaceLineEndings(" ").TrimEnd('.')})", "PNG or JPEG", error);
        }
    }

    private static byte[] ReadAll(Stream stream, string name)
    {
        using var content = new MemoryStream();
        byte[] buffer = new byte[1 << 16];
        for (int count = stream.Read(buffer); count > 0; count = stream.Read(buffer))
        {
            content.Write(buffer, 0, count);
            if (content.Length > MostBytes) throw DataException.At(name, $"more than {MostBytes:N0} bytes", "an image");
        }

        return content.ToArray();
    }
}
