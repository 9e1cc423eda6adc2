using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using HighPerfRnn.Data;
using HighPerfRnn.Data.Audio;
using HighPerfRnn.Data.Labels;
using HighPerfRnn.Data.Metrics;
using HighPerfRnn.Data.Tables;
using HighPerfRnn.Kernels;
using HighPerfRnn.Tests.Formats;
using Xunit;

namespace HighPerfRnn.Tests.Data;

/// <summary>Sounds, label tracks, tables of numbers, and what is measured of labels over time.</summary>
public sealed class SoundDataTests
{
    [Theory]
    [InlineData(8, 1)]
    [InlineData(16, 1)]
    [InlineData(16, 2)]
    [InlineData(24, 1)]
    [InlineData(32, 2)]
    public void WavesAreRead(int bits, int channels)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("a.wav");
        float[] samples = [0, 0.5f, -0.5f, 0.25f, -1];
        File.WriteAllBytes(path, Wave(bits, channels, samples));
        WaveSound sound = WaveFile.Read(path);
        Assert.Equal(8000, sound.SampleRate);
        Assert.Equal(samples.Length, sound.Samples.Length);
        for (int i = 0; i < samples.Length; i++) Assert.Equal(samples[i], sound.Samples[i], bits == 8 ? 0.01 : 1e-4);
    }

    [Fact]
    public void WhatIsNoWaveIsSaid()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("a.wav");
        byte[] whole = Wave(16, 1, [1, 1]), lies = [.. whole];
        // The header promises two gigabytes.
        BitConverter.TryWriteBytes(lies.AsSpan(40), int.MaxValue);
        foreach (byte[] content in (byte[][])[[], "RIFF"u8.ToArray(), whole[..30], whole[..44]])
        {
            File.WriteAllBytes(path, content);
            string message = Assert.Throws<DataException>(() => WaveFile.Read(path)).Message;
            Assert.DoesNotContain('\n', message);
        }

        File.WriteAllBytes(path, lies);
        try
        {
            Assert.Equal(2, WaveFile.Read(path).Samples.Length);
        }
        catch (DataException error)
        {
            Assert.Contains("a.wav", error.Message, StringComparison.Ordinal);
        }

        Assert.Throws<DataException>(() => WaveFile.Read(folder.File("none.wav")));
    }

    /// <summary>Features against sums over the definition of the Fourier transform, in double.</summary>
    [Property(MaxTest = 20)]
    public void MelFeaturesAreThoseOfTheDefinition(ulong seed)
    {
        var settings = new MelSettings { SampleRate = 4000, Filters = 12 };
        var random = new CounterRandom(seed);
        float[] samples = new float[settings.HopSamples * 4];
        foreach (ref float sample in samples.AsSpan()) sample = (float)random.NextGaussian();
        float[] found = MelFeatures.OfSound(settings, samples);
        Assert.Equal(4 * 12, found.Length);
        for (int frame = 0; frame < 4; frame++)
        {
            double[] energies = Energies(settings, samples, frame);
            for (int filter = 0; filter < 12; filter++)
            {
                double expected = Math.Log(1e-10 + Weights(settings, filter, energies.Length).Zip(energies, (w, e) => w * e).Sum());
                Assert.Equal(expected, found[(frame * 12) + filter], 2e-3);
            }
        }
    }

    [Fact]
    public void AStreamOfSoundAllocatesNothing()
    {
        var settings = new MelSettings { SampleRate = 8000 };
        var mel = new MelFeatures(settings);
        float[] hop = new float[settings.HopSamples], features = new float[settings.Filters];
        hop[3] = 0.5f;
        mel.Next(hop, features);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++) mel.Next(hop, features);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Throws<ArgumentException>(() => mel.Next(hop.AsSpan(1), features));
        Assert.Throws<ArgumentException>(() => new MelFeatures(settings with { Filters = 0 }));
    }

    [Fact]
    public void TracksBecomeFramesAndFramesTracks()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("a.txt");
        File.WriteAllText(path, "0.1\t0.3\ta b\n\\\t100\t200\n0.5\t0.5\tpoint\n0.55\t9\tc\n");
        Assert.True(LabelIntervals.HasTimes(path));
        IReadOnlyList<LabelInterval> intervals = LabelIntervals.Read(path);
        Assert.Equal([new(0.1, 0.3, "a b"), new(0.5, 0.5, "point"), new(0.55, 9, "c")], intervals);
        string[] frames = LabelIntervals.ToFrames(intervals, 8, 0.1, "-");
        Assert.Equal(["-", "a b", "a b", "-", "-", "c", "c", "c"], frames);
        IReadOnlyList<LabelInterval> back = LabelIntervals.FromFrames(frames, 0.1, "-");
        Assert.Equal(["a b", "c"], back.Select(interval => interval.Label));
        Assert.Equal("0.100000\t0.300000\ta b", LabelIntervals.Line(back[0]));
        foreach ((string content, string expected) in ((string, string)[])[("1\t2\n", "2 columns"), ("x\t2\ta\n", "column 1"), ("2\t1\ta\n", "before its start"), ("1\t2\t \n", "an empty label")])
        {
            File.WriteAllText(path, content);
            Assert.Contains(expected, Assert.Throws<DataException>(() => LabelIntervals.Read(path)).Message, StringComparison.Ordinal);
        }

        File.WriteAllText(path, "a\nb\n\n");
        Assert.False(LabelIntervals.HasTimes(path));
        Assert.Equal(["a", "b"], LabelIntervals.ReadOrder(path));
    }

    [Fact]
    public void SegmentsAreMeasured()
    {
        var metrics = new SegmentMetrics();
        // Right: 1 1 1 1, 2 2; predicted: 1 1 3 1, 2 2. Segments 1 3 1 2 against 1 2: two insertions of four.
        metrics.Add([1, 1, 3, 1, 2, 2], [1, 1, 1, 1, 2, 2]);
        Assert.Equal(5 / 6.0, metrics.FrameAccuracy, 1e-12);
        Assert.Equal(0.5, metrics.EditScore, 1e-12);
        // Overlaps with the right 1: 2 / 4 and 1 / 4, the second of which finds it taken; with 2: 1.
        Assert.Equal(2.0 * 2 / (4 + 2), metrics.F1At50, 1e-12);
        metrics.Add([0, 0], [0, 0], background: 0);
        Assert.Equal(0.75, metrics.EditScore, 1e-12);
        Assert.Equal(2.0 * 2 / (4 + 2), metrics.F1At10, 1e-12);
        metrics.AddOrder([1, 2, 3], [1, 3]);
        Assert.Equal((0.5 + 1 + (2 / 3.0)) / 3, metrics.EditScore, 1e-12);
        Assert.Throws<ArgumentException>(() => metrics.Add([1], []));
    }

    [Property(MaxTest = 50)]
    public void WhatIsRightScoresOne(PositiveInt length, ulong seed)
    {
        var random = new CounterRandom(seed);
        int[] labels = new int[length.Get];
        foreach (ref int label in labels.AsSpan()) label = random.NextInt(3);
        var metrics = new SegmentMetrics();
        metrics.Add(labels, labels);
        Assert.Equal((1.0, 1.0, 1.0), (metrics.FrameAccuracy, metrics.EditScore, metrics.F1At50));
    }

    [Theory]
    [InlineData("1,2,a\n3,4.5,b\n", "1,2")]
    [InlineData("x;y;label\n1;2;a\n3;4.5;b\n", "x,y")]
    [InlineData("x\ty\tlabel\r\n1\t2\ta\r\n3\t4.5\tb\r\n", "x,y")]
    public void TablesOfNumbersAreRead(string content, string columns)
    {
        NumberTable table = Table(content, hasLabel: true);
        Assert.Equal(columns, string.Join(',', table.Columns));
        Assert.Equal([1, 2, 3, 4.5f], table.Values);
        Assert.Equal(["a", "b"], table.Labels);
        Assert.Equal(2, table.Rows);
    }

    [Theory]
    [InlineData("", "an empty file")]
    [InlineData("x,y\n", "no row")]
    [InlineData("1,2\n1\n", "line 2: found 1 cells")]
    [InlineData("1,2\n1,x\n", "line 2, column 2: found 'x'")]
    [InlineData("1,2\n1,NaN\n", "'NaN'")]
    public void WhatIsNoTableIsSaid(string content, string expected) =>
        Assert.Contains(expected, Assert.Throws<DataException>(() => Table(content, hasLabel: false)).Message, StringComparison.Ordinal);

    /// <summary>A WAV file of whole numbers, all channels alike.</summary>
    internal static byte[] Wave(int bits, int channels, ReadOnlySpan<float> samples, int rate = 8000)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        int width = bits / 8, data = samples.Length * channels * width;
        writer.Write("RIFF"u8);
        writer.Write(36 + data);
        writer.Write("WAVEfmt "u8);
        writer.Write(16);
        writer.Write((short)1);
        writer.Write((short)channels);
        writer.Write(rate);
        writer.Write(rate * channels * width);
        writer.Write((short)(channels * width));
        writer.Write((short)bits);
        writer.Write("data"u8);
        writer.Write(data);
        foreach (float sample in samples)
        {
            for (int channel = 0; channel < channels; channel++)
            {
                double most = Math.Pow(2, bits - 1);
                long value = (long)Math.Clamp(sample * most, -most, most - 1);
                if (bits == 8) value += 128;
                for (int part = 0; part < width; part++) writer.Write((byte)(value >> (8 * part)));
            }
        }

        return stream.ToArray();
    }

    private static NumberTable Table(string content, bool hasLabel)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("t.csv");
        File.WriteAllText(path, content);
        return NumberTable.Read(path, hasLabel);
    }

    /// <summary>|X|² of a frame by the window's mean square, of the bins of a transform of a power of two.</summary>
    private static double[] Energies(MelSettings settings, float[] samples, int frame)
    {
        int window = settings.WindowSamples, size = 1;
        while (size < window) size *= 2;
        double[] energies = new double[(size / 2) + 1];
        for (int bin = 0; bin < energies.Length; bin++)
        {
            double real = 0, imaginary = 0;
            for (int i = 0; i < window; i++)
            {
                int at = ((frame + 1) * settings.HopSamples) - window + i;
                if (at < 0) continue;
                double hann = 0.5 - (0.5 * Math.Cos(2 * Math.PI * (i + 0.5) / window));
                real += hann * samples[at] * Math.Cos(2 * Math.PI * bin * i / size);
                imaginary -= hann * samples[at] * Math.Sin(2 * Math.PI * bin * i / size);
            }

            energies[bin] = ((real * real) + (imaginary * imaginary)) / window;
        }

        return energies;
    }

    private static IEnumerable<double> Weights(MelSettings settings, int filter, int bins)
    {
        double Mel(double hertz) => 2595 * Math.Log10(1 + (hertz / 700));
        double step = (Mel(settings.SampleRate / 2.0) - Mel(settings.LowestHertz)) / (settings.Filters + 1);
        double[] corners = [.. Enumerable.Range(filter, 3).Select(i => 700 * (Math.Pow(10, (Mel(settings.LowestHertz) + (i * step)) / 2595) - 1))];
        for (int bin = 0; bin < bins; bin++)
        {
            double hertz = bin * (settings.SampleRate / 2.0) / (bins - 1);
            yield return Math.Max(0, Math.Min((hertz - corners[0]) / (corners[1] - corners[0]), (corners[2] - hertz) / (corners[2] - corners[1])));
        }
    }
}
