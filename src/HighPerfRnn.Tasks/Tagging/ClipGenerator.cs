using HighPerfRnn.Data.Images;
using HighPerfRnn.Kernels;

namespace HighPerfRnn.Tasks.Tagging;

/// <summary>Something that moves through clips.</summary>
/// <param name="Name">In words.</param>
/// <param name="Image">What it looks like.</param>
public sealed record ClipObject(string Name, Thumbnail Image);

/// <summary>What clips are like.</summary>
public sealed record ClipSettings
{
    /// <summary>Pixels a side of a frame.</summary>
    public int Size { get; init; } = 16;

    /// <summary>Pixels a side of an object.</summary>
    public double ObjectSize { get; init; } = 8;

    /// <summary>Pixels across the bar, which hides an object for a while where it is wider than that.</summary>
    public double BarWidth { get; init; } = 9;

    /// <summary>Frames of a clip.</summary>
    public int Frames { get; init; } = 64;

    /// <summary>The deviation of each pixel's noise; white is 1.</summary>
    public double Noise { get; init; } = 0.05;

    /// <summary>Pixels a frame that the slowest object moves.</summary>
    public double LeastSpeed { get; init; } = 0.5;

    /// <summary>Pixels a frame that the fastest object moves.</summary>
    public double MostSpeed { get; init; } = 1;
}

/// <summary>A clip with a label a frame.</summary>
/// <param name="Pixels">[T, size, size, 3].</param>
/// <param name="Labels">"nothing", or the object's name and "left" or "right", where it goes.</param>
public sealed record Clip(float[] Pixels, string[] Labels);

/// <summary>
/// Makes clips in which one object after the other enters at a side, moves on, is hidden behind a bar and leaves at the other side, under
/// noise. What it is one frame can tell; where it goes none can, for objects are drawn as they are or mirrored by chance: that takes the
/// frames before, and behind the bar memory of what went there.
/// </summary>
/// <remarks>An object has its label from when a quarter of it is in the picture until less than that is left, hidden or not.</remarks>
public sealed class ClipGenerator
{
    /// <summary>The label of frames without an object.</summary>
    public const string Nothing = "nothing";

    private const int LongestPause = 8;
    private const double BarProbability = 0.5;
    private const int Points = 3;

    private readonly IReadOnlyList<ClipObject> _objects;
    private readonly ClipSettings _settings;
    private readonly ulong _seed;

    /// <summary>A generator of clips.</summary>
    /// <param name="objects">What moves.</param>
    /// <param name="settings">What clips are like.</param>
    /// <param name="seed">What all clips follow from.</param>
    /// <exception cref="ArgumentException">There are no objects, or a setting is out of range.</exception>
    public ClipGenerator(IReadOnlyList<ClipObject> objects, ClipSettings settings, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(objects);
        ArgumentNullException.ThrowIfNull(settings);
        if (objects.Count == 0) throw new ArgumentException("There are no objects; expected one at least.", nameof(objects));
        bool isPossible = settings.Size >= 1 && settings.Frames >= 1 && settings.ObjectSize > 0 && settings.ObjectSize <= settings.Size
            && settings.BarWidth >= 0 && settings.BarWidth <= settings.Size && settings.Noise >= 0
            && settings.LeastSpeed > 0 && settings.MostSpeed >= settings.LeastSpeed;
        if (!isPossible) throw new ArgumentException($"Found {settings}; expected sizes within the frame, a positive speed and no negative noise.", nameof(settings));
        _objects = objects;
        _settings = settings;
        _seed = seed;
    }

    /// <summary>The labels that frames may have.</summary>
    public IReadOnlyList<string> Labels =>
        [Nothing, .. _objects.SelectMany(one => (string[])[$"{one.Name} left", $"{one.Name} right"]).Order(StringComparer.Ordinal)];

    /// <summary>A clip, which seed and number decide.</summary>
    /// <param name="index">Its number.</param>
    public Clip Create(int index)
    {
        var random = new CounterRandom(_seed, (ulong)index + 1);
        int size = _settings.Size;
        float[] pixels = new float[checked(_settings.Frames * size * size * 3)];
        string[] labels = new string[_settings.Frames];
        Array.Fill(labels, Nothing);
        float shade = (float)(0.6 + (0.4 * random.NextDouble()));
        Array.Fill(pixels, shade);
        double bar = random.NextDouble() < BarProbability ? (size - _settings.BarWidth) * random.NextDouble() : double.NaN;
        for (int frame = random.NextInt(LongestPause); frame < _settings.Frames;)
        {
            frame = Cross(frame, pixels, labels, ref random);
            frame += 1 + random.NextInt(LongestPause);
        }

        float barShade = (float)(0.2 + (0.3 * random.NextDouble()));
        for (int i = 0; i < pixels.Length; i++)
        {
            int x = i / 3 % size;
            if (x >= bar && x < bar + _settings.BarWidth) pixels[i] = barShade;
            pixels[i] += (float)(_settings.Noise * random.NextGaussian());
        }

        return new Clip(pixels, labels);
    }

    /// <summary>One object from one side to the other, from a frame on; gives the frame after it has left.</summary>
    private int Cross(int frame, float[] pixels, string[] labels, ref CounterRandom random)
    {
        ClipObject moved = _objects[random.NextInt(_objects.Count)];
        bool goesRight = random.NextDouble() < 0.5, isMirrored = random.NextDouble() < 0.5;
        double speed = _settings.LeastSpeed + ((_settings.MostSpeed - _settings.LeastSpeed) * random.NextDouble());
        double side = _settings.ObjectSize, width = _settings.Size, top = (width - side) * random.NextDouble();
        string label = $"{moved.Name} {(goesRight ? "right" : "left")}";
        for (double way = 0; way <= width + side && frame < _settings.Frames; way += speed, frame++)
        {
            double left = goesRight ? way - side : width - way;
            double seen = Math.Min(left + side, width) - Math.Max(left, 0);
            if (seen >= side / 4) labels[frame] = label;
            Draw(moved.Image, left, top, isMirrored, FrameOf(pixels, frame));
        }

        return frame;
    }

    private Span<float> FrameOf(float[] pixels, int frame)
    {
        int length = _settings.Size * _settings.Size * 3;
        return pixels.AsSpan(frame * length, length);
    }

    /// <summary>Each pixel takes nine points of the image, so that a part of a pixel's way shows.</summary>
    private void Draw(Thumbnail image, double left, double top, bool isMirrored, Span<float> frame)
    {
        int size = _settings.Size;
        double scale = image.Size / _settings.ObjectSize;
        for (int y = Math.Max(0, (int)top); y < size && y < top + _settings.ObjectSize; y++)
        {
            for (int x = Math.Max(0, (int)Math.Floor(left)); x < size && x < left + _settings.ObjectSize; x++)
            {
                Span<float> pixel = frame.Slice(((y * size) + x) * 3, 3);
                float red = 0, green = 0, blue = 0, alpha = 0;
                for (int point = 0; point < Points * Points; point++)
                {
                    int column = (int)Math.Floor((x + (((point % Points) + 0.5) / Points) - left) * scale);
                    int row = (int)Math.Floor((y + (((point / Points) + 0.5) / Points) - top) * scale);
                    if ((uint)column >= (uint)image.Size || (uint)row >= (uint)image.Size) continue;
                    if (isMirrored) column = image.Size - 1 - column;
                    ReadOnlySpan<byte> source = image.Pixels.Slice(((row * image.Size) + column) * 4, 4);
                    red += source[0];
                    green += source[1];
                    blue += source[2];
                    alpha += source[3];
                }

                const float share = 1f / (255 * Points * Points);
                float rest = 1 - (alpha * share);
                pixel[0] = (pixel[0] * rest) + (red * share);
                pixel[1] = (pixel[1] * rest) + (green * share);
                pixel[2] = (pixel[2] * rest) + (blue * share);
            }
        }
    }
}
