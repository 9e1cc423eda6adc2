namespace HighPerfRnn.Data.Images;

/// <summary>How an image becomes a sequence of numbers.</summary>
public sealed record ImageFeatureSettings
{
    /// <summary>Pixels a side of what features are made of.</summary>
    public int Size { get; init; } = 32;

    /// <summary>Pixels a side of a cell, which divides the size.</summary>
    public int CellSize { get; init; } = 4;

    /// <summary>Cells a side, and steps of the sequence: a row of cells is a step.</summary>
    public int Cells => Size / CellSize;

    /// <summary>Numbers of a step.</summary>
    public int StepSize => Cells * ImageFeatures.CellFeatures;

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

    /// <summary>The features of an image.</summary>
    /// <param name="image">A thumbnail of <see cref="ImageFeatureSettings.ThumbnailSize"/>.</param>
    /// <param name="view">How it is seen.</param>
    /// <param name="features">[cells, cells · 12], overwritten.</param>
    /// <exception cref="ArgumentException">A size does not fit.</exception>
    public void Compute(Thumbnail image, in ImageView view, Span<float> features)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (image.Size != _settings.ThumbnailSize) throw new ArgumentException($"The thumbnail has {image.Size} pixels a side; expected {_settings.ThumbnailSize}.", nameof(image));
        if (features.Length != _settings.Cells * _settings.StepSize)
        {
            throw new ArgumentException($"features has length {features.Length}; expected {_settings.Cells * _settings.StepSize}.", nameof(features));
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

    /// <summary>Four points of the thumbnail for each pixel, each between its four neighbours.</summary>
    private void See(Thumbnail image, in ImageView view)
    {
        int size = _settings.Size, source = image.Size;
        double cos = Math.Cos(view.Angle), sin = Math.Sin(view.Angle);
        double half = size / 2.0, middle = (source - 1) / 2.0, step = (double)source / size;
        Span<float> point = stackalloc float[4];
        for (int y = 0; y < size; y++)
        {
            for (int x = 0; x < size; x++)
            {
                Span<float> pixel = _pixels.AsSpan(((y * size) + x) * 4, 4);
                pixel.Clear();
                for (int sample = 0; sample < 4; sample++)
                {
                    double u = (x + 0.25 + (0.5 * (sample & 1)) - half - (view.MoveX * size)) * step;
                    double v = (y + 0.25 + (0.5 * (sample >> 1)) - half - (view.MoveY * size)) * step;
                    Sample(image, (((cos * u) + (sin * v)) / view.ScaleX) + middle, (((cos * v) - (sin * u)) / view.ScaleY) + middle, point);
                    for (int channel = 0; channel < 4; channel++) pixel[channel] += point[channel];
                }

                float alpha = pixel[3] * (0.25f / 255), white = 1 - alpha;
                pixel[0] = MathF.Min(1, (pixel[0] * (0.25f / 255) * (float)view.Red) + white);
                pixel[1] = MathF.Min(1, (pixel[1] * (0.25f / 255) * (float)view.Green) + white);
                pixel[2] = MathF.Min(1, (pixel[2] * (0.25f / 255) * (float)view.Blue) + white);
                pixel[3] = alpha;
                _brightness[(y * size) + x] = (0.299f * pixel[0]) + (0.587f * pixel[1]) + (0.114f * pixel[2]);
            }
        }
    }

    private static void Sample(Thumbnail image, double x, double y, Span<float> point)
    {
        int left = (int)Math.Floor(x), top = (int)Math.Floor(y);
        float right = (float)(x - left), down = (float)(y - top);
        point.Clear();
        Add(image, left, top, (1 - right) * (1 - down), point);
        Add(image, left + 1, top, right * (1 - down), point);
        Add(image, left, top + 1, (1 - right) * down, point);
        Add(image, left + 1, top + 1, right * down, point);
    }

    private static void Add(Thumbnail image, int x, int y, float weight, Span<float> point)
    {
        if ((uint)x >= (uint)image.Size || (uint)y >= (uint)image.Size) return;
        ReadOnlySpan<byte> pixel = image.Pixels.Slice(((y * image.Size) + x) * 4, 4);
        for (int channel = 0; channel < 4; channel++) point[channel] += weight * pixel[channel];
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
