using HighPerfRnn.Data.Images;
using HighPerfRnn.Kernels;
using HighPerfRnn.Tasks.Decoding;

namespace HighPerfRnn.Tasks.Captioning;

/// <summary>How far training turns, moves, sizes and colours images.</summary>
public sealed record ImageAugmentation
{
    /// <summary>Radians to either side.</summary>
    public double Angle { get; init; } = 0.15;

    /// <summary>Of the size, larger or smaller.</summary>
    public double Scale { get; init; } = 0.15;

    /// <summary>Of a side, in each direction.</summary>
    public double Move { get; init; } = 0.06;

    /// <summary>Of each colour, brighter or darker.</summary>
    public double Colour { get; init; } = 0.2;

    /// <summary>The probability that left and right change places.</summary>
    public double Mirror { get; init; }

    /// <summary>The usual changes so many times as far; null for none.</summary>
    public static ImageAugmentation? Of(double times) => times == 0
        ? null
        : new ImageAugmentation { Angle = 0.15 * times, Scale = 0.15 * Math.Min(times, 4), Move = 0.06 * times, Colour = 0.2 * Math.Min(times, 4), Mirror = 0.1 * Math.Min(times, 5) };
}

/// <summary>Images and the tokens of their captions; training sees each image a little differently each time.</summary>
public sealed class CaptionExamples : IDecoderExamples
{
    private readonly IReadOnlyList<Thumbnail> _images;
    private readonly IReadOnlyList<int[]> _targets;
    private readonly CaptionModel _model;
    private readonly ImageAugmentation? _augmentation;
    private readonly ImageFeatures _features;
    private readonly ulong _seed;

    /// <summary>Images with captions.</summary>
    /// <param name="images">Thumbnails.</param>
    /// <param name="targets">Tokens of each one's caption.</param>
    /// <param name="model">How images become numbers.</param>
    /// <param name="augmentation">What training changes; null for nothing.</param>
    /// <param name="seed">What is drawn follows from it.</param>
    public CaptionExamples(
        IReadOnlyList<Thumbnail> images, IReadOnlyList<int[]> targets, CaptionModel model, ImageAugmentation? augmentation = null, ulong seed = 0)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(targets);
        ArgumentNullException.ThrowIfNull(model);
        if (images.Count != targets.Count) throw new ArgumentException($"Found {images.Count} images and {targets.Count} captions; expected as many.", nameof(targets));
        _images = images;
        _targets = targets;
        _model = model;
        _augmentation = augmentation;
        _features = new ImageFeatures(model.Images);
        _seed = seed;
    }

    /// <inheritdoc/>
    public int Count => _images.Count;

    /// <inheritdoc/>
    public int SourceSteps(int example) => 1;

    /// <inheritdoc/>
    public ReadOnlySpan<int> Target(int example) => _targets[example];

    /// <inheritdoc/>
    public void CopySource(int example, ulong? draw, int row, int batch, Span<int> tokens, Span<float> numbers)
    {
        ImageView view = draw is ulong call && _augmentation is not null ? View(example, call, _augmentation) : new ImageView();
        int size = _model.Images.Count;
        _model.Describe(_features, _images[example], view, numbers.Slice(row * size, size));
    }

    private ImageView View(int example, ulong call, ImageAugmentation augmentation)
    {
        var random = new CounterRandom(_seed, (call << 32) ^ (uint)example);
        double brightness = 1 + Draw(augmentation.Colour, ref random);
        double side = random.NextDouble() < augmentation.Mirror ? -1 : 1;
        return new ImageView
        {
            Angle = Draw(augmentation.Angle, ref random),
            ScaleX = side * (1 + Draw(augmentation.Scale, ref random)),
            ScaleY = 1 + Draw(augmentation.Scale, ref random),
            MoveX = Draw(augmentation.Move, ref random),
            MoveY = Draw(augmentation.Move, ref random),
            Red = brightness + Draw(augmentation.Colour / 2, ref random),
            Green = brightness + Draw(augmentation.Colour / 2, ref random),
            Blue = brightness + Draw(augmentation.Colour / 2, ref random),
        };
    }

    private static double Draw(double most, ref CounterRandom random) => most * ((2 * random.NextDouble()) - 1);
}
