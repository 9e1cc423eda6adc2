using System.Runtime.Intrinsics;

namespace HighPerfRnn.Data.Images;

/// <summary>How an image becomes a vector.</summary>
public sealed record ImageFeatureSettings
{
    /// <summary>Pixels a side of what features are made of.</summary>
    public int Size { get; init; } = 32;

    /// <summary>Pixels a side of a cell, which divides the size.</summary>
    public int CellSize { get; init; } = 4;

    /// <summary>Cells a side.</summary>
    public int Cells => Size / CellSize;

    /// <summary>Numbers of the vector.</summary>
    public int Count => checked(Cells * Cells * ImageFeatures.CellFeatures);

    /// <summary>Pixels a side of thumbnails that features are made of.</summary>
    public int ThumbnailSize => 2 * Size;
}

/// <summary>How an image is seen: turned, moved, sized and coloured, as training draws it.</summary>
public readonly record struct ImageView
{
    /// <summary>The image as it is.</summary>
    public ImageView()
    {
    }

    /// <summary>Radians.</summary>
    public double Angle { get; init; }

    /// <summary>Above 1 for larger.</summary>
    public double ScaleX { get; init; } = 1;

    /// <summary>Above 1 for larger.</summary>
    public double ScaleY { get; init; } = 1;

    /// <summary>To the right, in sides of the image.</summary>
    public double MoveX { get; init; }

    /// <summary>Downward, in sides of the image.</summary>
    public double MoveY { get; init; }

    /// <summary>What red is multiplied by.</summary>
    public double Red { get; init; } = 1;

    /// <summary>What green is multiplied by.</summary>
    public double Green { get; init; } = 1;

    /// <summary>What blue is multiplied by.</summary>
    public double Blue { get; init; } = 1;
}

/// <summary>
/// Features of an image's cells: mean colour on white, cover, and how much brightness rises in each of eight directions (after Dalal and
/// Triggs, Histograms of oriented gradients, 2005). An object belongs to one thread.
/// </summary>
/// <remarks>
/// A gradient g adds max(0, g·d)² / |g| to the number of each direction d; the numbers are square roots of the means over the cell. Nothing
/// is allocated after the constructor.
/// </remarks>
public sealed class ImageFeatures
{
    /// <summary>Numbers of a cell.</summary>
    public const int CellFeatures = 4 + Directions;

    private const int Directions = 8;

    private static readonly string[] Names = ["red", "green", "blue", "cover", .. Enumerable.Range(0, Directions).Select(i => $"rise to {45 * i}°")];

    private static readonly float[] DirectionX = [1, 0.70710678f, 0, -0.70710678f, -1, -0.70710678f, 0, 0.70710678f];
    private static readonly float[] DirectionY = [0, 0.70710678f, 1, 0.70710678f, 0, -0.70710678f, -1, -0.70710678f];

    private readonly ImageFeatureSettings _settings;
    private readonly float[] _pixels;
    private readonly float[] _brightness;

    /// <summary>Features by these settings.</summary>
    /// <exception cref="ArgumentException">The cell does not divide the size, or a size is not positive.</exception>
    public ImageFeatures(ImageFeatureSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (settings.CellSize < 1 || settings.Size < settings.CellSize || settings.Size % settings.CellSize != 0)
        {
            throw new ArgumentException($"Found {settings.Size} pixels in cells of {settings.CellSize}; expected a whole number of cells.", nameof(settings));
        }

        _settings = settings;
        _pixels = new float[settings.Size * settings.Size * 4];
        _brightness = new float[settings.Size * settings.Size];
    }

    /// <summary>A name for each number of the vector.</summary>
    public static IReadOnlyList<string> NamesOf(ImageFeatureSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return
        [
            .. from row in Enumerable.Range(0, settings.Cells)
               from column in Enumerable.Range(0, settings.Cells)
               from name in Names
               select $"cell {row}, {column}: {name}",
        ];
    }

    /// <summary>The features of an image.</summary>
    /// <param name="image">A thumbnail of <see cref="ImageFeatureSettings.ThumbnailSize"/>.</param>
    /// <param name="view">How it is seen.</param>
    /// <param name="features">[cells, cells · 12], overwritten.</param>
    /// <exception cref="ArgumentException">A size does not fit.</exception>
    public void Compute(Thumbnail image, in ImageView view, Span<float> features)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (image.Size != _settings.ThumbnailSize) throw new ArgumentException($"The thumbnail has {image.Size} pixels a side; expected {_settings.ThumbnailSize}.", nameof(image));
        if (features.Length != _settings.Count)
        {
            throw new ArgumentException($"features has length {features.Length}; expected {_settings.Count}.", nameof(features));
        }

        See(image, view);
        features.Clear();
        AddColours(features);
        AddGradients(features);
        float share = 1f / (_settings.CellSize * _settings.CellSize);
        for (int i = 0; i < features.Length; i++)
        {
            float mean = features[i] * share;
            features[i] = i % CellFeatures < 4 ? mean : MathF.Sqrt(mean);
        }
    }

    /// <summary>
    /// Each pixel lies between four of the thumbnail, which has twice as many a side: seen as it is, a pixel is their mean.
    /// </summary>
    private void See(Thumbnail image, in ImageView view)
    {
        int size = _settings.Size, source = image.Size;
        float half = size / 2f, middle = (source - 1) / 2f, step = (float)source / size;
        float cos = (float)Math.Cos(view.Angle), sin = (float)Math.Sin(view.Angle);
        float acrossX = cos / (float)view.ScaleX, acrossY = -sin / (float)view.ScaleY;
        float downX = sin / (float)view.ScaleX, downY = cos / (float)view.ScaleY;
        Vector128<float> colour = Vector128.Create((float)view.Red, (float)view.Green, (float)view.Blue, 1) / 255;
        for (int y = 0; y < size; y++)
        {
            float v = (y + 0.5f - half - ((float)view.MoveY * size)) * step;
            for (int x = 0; x < size; x++)
            {
                float u = (x + 0.5f - half - ((float)view.MoveX * size)) * step;
                Vector128<float> seen = Sample(image, (acrossX * u) + (downX * v) + middle, (acrossY * u) + (downY * v) + middle) * colour;
                float alpha = seen[3];
                Vector128<float> white = Vector128.Min(seen + Vector128.Create(1 - alpha), Vector128<float>.One).WithElement(3, alpha);
                white.CopyTo(_pixels.AsSpan(((y * size) + x) * 4, 4));
                _brightness[(y * size) + x] = (0.299f * white[0]) + (0.587f * white[1]) + (0.114f * white[2]);
            }
        }
    }

    private static Vector128<float> Sample(Thumbnail image, float x, float y)
    {
        int left = (int)MathF.Floor(x), top = (int)MathF.Floor(y);
        float right = x - left, down = y - top;
        return (At(image, left, top) * ((1 - right) * (1 - down))) + (At(image, left + 1, top) * (right * (1 - down)))
            + (At(image, left, top + 1) * ((1 - right) * down)) + (At(image, left + 1, top + 1) * (right * down));
    }

    private static Vector128<float> At(Thumbnail image, int x, int y)
    {
        if ((uint)x >= (uint)image.Size || (uint)y >= (uint)image.Size) return default;
        ReadOnlySpan<byte> pixel = image.Pixels.Slice(((y * image.Size) + x) * 4, 4);
        return Vector128.Create((float)pixel[0], pixel[1], pixel[2], pixel[3]);
    }

    private void AddColours(Span<float> features)
    {
        int size = _settings.Size;
        for (int y = 0; y < size; y++)
        {
            for (int x = 0; x < size; x++)
            {
                Span<float> cell = CellOf(features, x, y);
                for (int channel = 0; channel < 4; channel++) cell[channel] += _pixels[(((y * size) + x) * 4) + channel];
            }
        }
    }

    private void AddGradients(Span<float> features)
    {
        int size = _settings.Size;
        for (int y = 1; y < size - 1; y++)
        {
            for (int x = 1; x < size - 1; x++)
            {
                int at = (y * size) + x;
                float gx = _brightness[at + 1] - _brightness[at - 1], gy = _brightness[at + size] - _brightness[at - size];
                float length = MathF.Sqrt((gx * gx) + (gy * gy));
                if (length == 0) continue;
                Span<float> cell = CellOf(features, x, y);
                for (int direction = 0; direction < Directions; direction++)
                {
                    float along = MathF.Max(0, (gx * DirectionX[direction]) + (gy * DirectionY[direction]));
                    cell[4 + direction] += along * along / length;
                }
            }
        }
    }

    private Span<float> CellOf(Span<float> features, int x, int y) =>
        features.Slice(((y / _settings.CellSize * _settings.Cells) + (x / _settings.CellSize)) * CellFeatures, CellFeatures);
}
