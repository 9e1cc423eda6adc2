namespace HighPerfRnn.Data.Images;

/// <summary>A small square copy of an image: what features are made of, however large the image was.</summary>
public sealed class Thumbnail
{
    private readonly byte[] _pixels;

    private Thumbnail(int size, byte[] pixels)
    {
        Size = size;
        _pixels = pixels;
    }

    /// <summary>Pixels a side.</summary>
    public int Size { get; }

    /// <summary>[size, size, 4]: red, green and blue multiplied by alpha, and alpha.</summary>
    public ReadOnlySpan<byte> Pixels => _pixels;

    /// <summary>
    /// The image in the middle of a transparent square, as large as fits; each pixel is the mean of what it covers, alpha taken into account.
    /// </summary>
    /// <param name="image">The image.</param>
    /// <param name="size">Pixels a side.</param>
    /// <exception cref="ArgumentException">The image has no pixels.</exception>
    public static Thumbnail Of(PixelImage image, int size)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        if (image.Width < 1 || image.Height < 1) throw new ArgumentException($"The image has {image.Width} × {image.Height} pixels; expected one at least.", nameof(image));
        double scale = (double)Math.Max(image.Width, image.Height) / size;
        double left = (image.Width - (size * scale)) / 2, top = (image.Height - (size * scale)) / 2;
        // Rows of the image become columns' sums first, then rows: each pixel of the image is read once or twice.
        double[] line = new double[size * 4];
        byte[] pixels = new byte[checked(size * size * 4)];
        for (int y = 0; y < size; y++)
        {
            Array.Clear(line);
            double from = top + (y * scale), to = from + scale;
            for (int row = Math.Max(0, (int)Math.Floor(from)); row < image.Height && row < to; row++)
            {
                AddRow(image, row, Cover(row, from, to), left, scale, line);
            }

            for (int i = 0; i < line.Length; i++) pixels[(y * size * 4) + i] = (byte)Math.Clamp((int)((line[i] / (scale * scale)) + 0.5), 0, 255);
        }

        return new Thumbnail(size, pixels);
    }

    /// <summary>How much of the pixel at an index lies between two borders.</summary>
    private static double Cover(int index, double from, double to) => Math.Max(0, Math.Min(index + 1, to) - Math.Max(index, from));

    private static void AddRow(PixelImage image, int row, double share, double left, double scale, double[] line)
    {
        for (int x = 0; x * 4 < line.Length; x++)
        {
            double from = left + (x * scale), to = from + scale;
            for (int column = Math.Max(0, (int)Math.Floor(from)); column < image.Width && column < to; column++)
            {
                ReadOnlySpan<byte> pixel = image.Rgba.AsSpan(((row * image.Width) + column) * 4, 4);
                double weight = share * Cover(column, from, to), alpha = pixel[3] / 255.0;
                for (int channel = 0; channel < 3; channel++) line[(x * 4) + channel] += weight * alpha * pixel[channel];
                line[(x * 4) + 3] += weight * pixel[3];
            }
        }
    }
}
