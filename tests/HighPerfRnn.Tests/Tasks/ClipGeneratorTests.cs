using HighPerfRnn.Data.Images;
using HighPerfRnn.Tasks.Tagging;
using Xunit;

namespace HighPerfRnn.Tests.Tasks;

/// <summary>What is in the pixels of clips: noise of its deviation, and nothing where the label says so.</summary>
public sealed class ClipGeneratorTests
{
    private const int Size = 16, Frames = 64, Clips = 30;
    private static readonly ClipSettings Still = new() { Size = Size, ObjectSize = 8, Frames = Frames, Noise = 0 };

    /// <summary>Noise is all that differs between clips with and without, and it has the deviation that is asked for.</summary>
    [Theory]
    [InlineData(0.02)]
    [InlineData(0.1)]
    public void NoiseHasItsDeviation(double deviation)
    {
        double sum = 0, squares = 0;
        long count = 0;
        for (int index = 0; index < Clips; index++)
        {
            Clip clean = Generator(Still).Create(index), noisy = Generator(Still with { Noise = deviation }).Create(index);
            Assert.Equal(clean.Labels, noisy.Labels);
            for (int i = 0; i < clean.Pixels.Length; i++)
            {
                double noise = noisy.Pixels[i] - clean.Pixels[i];
                sum += noise;
                squares += noise * noise;
                count++;
            }
        }

        // Standard errors of a mean and of a deviation, six of each.
        double mean = sum / count, found = Math.Sqrt((squares / count) - (mean * mean));
        Assert.InRange(mean, -6 * deviation / Math.Sqrt(count), 6 * deviation / Math.Sqrt(count));
        Assert.InRange(found, deviation * (1 - (6 / Math.Sqrt(2.0 * count))), deviation * (1 + (6 / Math.Sqrt(2.0 * count))));
    }

    /// <summary>In a frame of nothing all is grey, but for less than a quarter of an object at a side.</summary>
    [Fact]
    public void FramesOfNothingAreGrey()
    {
        const int quarter = 2;
        int seen = 0;
        for (int index = 0; index < Clips; index++)
        {
            Clip clip = Generator(Still).Create(index);
            for (int frame = 0; frame < Frames; frame++)
            {
                if (clip.Labels[frame] != ClipGenerator.Nothing) continue;
                seen++;
                for (int x = quarter; x < Size - quarter; x++) Assert.False(IsColoured(clip, frame, x), $"clip {index}, frame {frame}, column {x}");
            }
        }

        Assert.True(seen > Clips, $"{seen} frames of nothing");
    }

    private static ClipGenerator Generator(ClipSettings settings) => new(
    [
        new("red", Thumbnail.Of(new PixelImage(1, 1, [255, 0, 0, 255]), 8)),
        new("blue", Thumbnail.Of(new PixelImage(1, 1, [0, 0, 255, 255]), 8)),
    ], settings, 7);

    private static bool IsColoured(Clip clip, int frame, int x)
    {
        for (int y = 0; y < Size; y++)
        {
            int at = ((((frame * Size) + y) * Size) + x) * 3;
            if (clip.Pixels[at] != clip.Pixels[at + 2]) return true;
        }

        return false;
    }
}
