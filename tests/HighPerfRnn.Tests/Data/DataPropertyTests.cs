using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using HighPerfRnn.Data.Audio;
using HighPerfRnn.Data.Images;
using HighPerfRnn.Data.Labels;
using HighPerfRnn.Data.Metrics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Tests.Formats;
using Xunit;

namespace HighPerfRnn.Tests.Data;

/// <summary>Metrics, tracks and thumbnails against their definitions, written out.</summary>
public sealed class DataPropertyTests
{
    /// <summary>Segments as sets of frames: intersection and union are counted, not computed.</summary>
    [Property(MaxTest = 200)]
    public void SegmentsAreThoseOfTheDefinition(ulong seed)
    {
        var random = new CounterRandom(seed);
        var metrics = new SegmentMetrics();
        double editSum = 0;
        int frames = 0, same = 0, sequences = 1 + random.NextInt(3);
        int[] right = new int[3], segments = new int[2];
        double[] thresholds = [0.1, 0.25, 0.5];
        for (int sequence = 0; sequence < sequences; sequence++)
        {
            int[] expected = Runs(ref random, 1 + random.NextInt(30)), found = Runs(ref random, expected.Length);
            metrics.Add(found, expected, background: 0);
            frames += expected.Length;
            same += expected.Zip(found).Count(pair => pair.First == pair.Second);
            List<(int Label, HashSet<int> Frames)> foundSets = Sets(found), expectedSets = Sets(expected);
            segments[0] += foundSets.Count;
            segments[1] += expectedSets.Count;
            int longest = Math.Max(foundSets.Count, expectedSets.Count);
            int distance = Distance([.. foundSets.Select(set => set.Label)], [.. expectedSets.Select(set => set.Label)]);
            editSum += longest == 0 ? 1 : 1 - ((double)distance / longest);
            for (int i = 0; i < 3; i++) right[i] += Matches(foundSets, expectedSets, thresholds[i]);
        }

        Assert.Equal((double)same / frames, metrics.FrameAccuracy, 1e-12);
        Assert.Equal(editSum / sequences, metrics.EditScore, 1e-12);
        double[] scores = [metrics.F1At10, metrics.F1At25, metrics.F1At50];
        for (int i = 0; i < 3; i++) Assert.Equal(F1(right[i], segments[0], segments[1]), scores[i], 1e-12);
    }

    /// <summary>Frames become a track and its lines, and these the frames again: six digits of a second are enough.</summary>
    [Property(MaxTest = 100)]
    public void FramesSurviveATrack(ulong seed)
    {
        var random = new CounterRandom(seed);
        double hop = ((double[])[0.01, 160 / 22050.0, 0.016, 1 / 30.0])[random.NextInt(4)];
        string[] frames = [.. Runs(ref random, 1 + random.NextInt(200)).Select(label => label == 0 ? "-" : $"l {label}")];
        using var folder = new TemporaryFolder();
        string path = folder.File("a.txt");
        File.WriteAllLines(path, LabelIntervals.FromFrames(frames, hop, "-").Select(LabelIntervals.Line));
        Assert.Equal(frames, LabelIntervals.ToFrames(LabelIntervals.Read(path), frames.Length, hop, "-"));
    }

    /// <summary>Each pixel cut into so many that no border lies within one, and the mean taken of them.</summary>
    [Property(MaxTest = 60)]
    public void AThumbnailIsTheMeanOfManySmallerPixels(ulong seed)
    {
        var random = new CounterRandom(seed);
        int width = 1 + random.NextInt(9), height = 1 + random.NextInt(9), size = 1 + random.NextInt(7), side = Math.Max(width, height);
        byte[] rgba = new byte[width * height * 4];
        foreach (ref byte value in rgba.AsSpan()) value = (byte)random.NextInt(256);
        Thumbnail found = Thumbnail.Of(new PixelImage(width, height, rgba), size);
        // The square is 2·side·size small pixels wide: 2·size to a pixel of the image, 2·side to one of the thumbnail.
        int left = (side - width) * size, top = (side - height) * size;
        for (int i = 0; i < size * size * 4; i++)
        {
            int channel = i % 4, x = i / 4 % size, y = i / 4 / size;
            double sum = 0;
            for (int small = 0; small < 4 * side * side; small++)
            {
                int u = (x * 2 * side) + (small % (2 * side)) - left, v = (y * 2 * side) + (small / (2 * side)) - top;
                if (u < 0 || v < 0 || u >= 2 * size * width || v >= 2 * size * height) continue;
                int pixel = (((v / (2 * size)) * width) + (u / (2 * size))) * 4;
                sum += channel == 3 ? rgba[pixel + 3] : rgba[pixel + channel] * rgba[pixel + 3] / 255.0;
            }

            Assert.InRange(found.Pixels[i] - (sum / (4 * side * side)), -0.5001, 0.5001);
        }
    }

    [Property(MaxTest = 20)]
    public void AResetStreamIsANewOne(ulong seed)
    {
        var settings = new MelSettings { SampleRate = 8000, Filters = 20 };
        var random = new CounterRandom(seed);
        float[] samples = new float[(settings.HopSamples * 5) + 7];
        foreach (ref float sample in samples.AsSpan()) sample = (float)random.NextGaussian();
        float[] expected = MelFeatures.OfSound(settings, samples);
        Assert.Equal(5 * 20, expected.Length);
        var stream = new MelFeatures(settings);
        float[] found = new float[expected.Length];
        for (int turn = 0; turn < 2; turn++)
        {
            stream.Reset();
            for (int frame = 0; frame < 5; frame++)
            {
                stream.Next(samples.AsSpan(frame * settings.HopSamples, settings.HopSamples), found.AsSpan(frame * 20, 20));
            }

            Assert.Equal(expected, found);
        }
    }

    /// <summary>A frame hears nothing of what comes after it.</summary>
    [Property(MaxTest = 20)]
    public void AFrameWaitsForNothing(ulong seed)
    {
        var settings = new MelSettings { SampleRate = 8000, Filters = 20 };
        var random = new CounterRandom(seed);
        float[] samples = new float[settings.HopSamples * 6];
        foreach (ref float sample in samples.AsSpan()) sample = (float)random.NextGaussian();
        float[] whole = MelFeatures.OfSound(settings, samples), part = MelFeatures.OfSound(settings, samples.AsSpan(0, settings.HopSamples * 4));
        Assert.Equal(part, whole[..part.Length]);
    }

    private static double F1(int right, int found, int expected)
    {
        if (found + expected == 0) return 1;
        if (right == 0) return 0;
        double precision = (double)right / found, recall = (double)right / expected;
        return 2 * precision * recall / (precision + recall);
    }

    private static int Matches(List<(int Label, HashSet<int> Frames)> found, List<(int Label, HashSet<int> Frames)> expected, double threshold)
    {
        var taken = new HashSet<int>();
        foreach ((int label, HashSet<int> frames) in found)
        {
            double[] overlaps =
            [
                .. expected.Select(other => other.Label == label ? (double)frames.Intersect(other.Frames).Count() / frames.Union(other.Frames).Count() : 0),
            ];
            if (overlaps.Length > 0 && overlaps.Max() >= threshold) taken.Add(Array.IndexOf(overlaps, overlaps.Max()));
        }

        return taken.Count;
    }

    private static List<(int Label, HashSet<int> Frames)> Sets(int[] labels)
    {
        var sets = new List<(int Label, HashSet<int> Frames)>();
        for (int frame = 0; frame < labels.Length; frame++)
        {
            if (frame == 0 || labels[frame] != labels[frame - 1]) sets.Add((labels[frame], []));
            sets[^1].Frames.Add(frame);
        }

        return [.. sets.Where(set => set.Label != 0)];
    }

    private static int Distance(ReadOnlySpan<int> first, ReadOnlySpan<int> second)
    {
        int[,] distances = new int[first.Length + 1, second.Length + 1];
        for (int i = 0; i <= first.Length; i++)
        {
            for (int j = 0; j <= second.Length; j++)
            {
                distances[i, j] = i == 0 || j == 0
                    ? i + j
                    : Math.Min(
                        distances[i - 1, j - 1] + (first[i - 1] == second[j - 1] ? 0 : 1), Math.Min(distances[i - 1, j], distances[i, j - 1]) + 1);
            }
        }

        return distances[first.Length, second.Length];
    }

    /// <summary>Labels from 0 to 3 in runs of a few frames.</summary>
    private static int[] Runs(ref CounterRandom random, int length)
    {
        int[] labels = new int[length];
        for (int i = 0; i < length; i++) labels[i] = i == 0 || random.NextInt(4) == 0 ? random.NextInt(4) : labels[i - 1];
        return labels;
    }
}
