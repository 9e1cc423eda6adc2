using HighPerfRnn.Data;
using HighPerfRnn.Data.Audio;
using HighPerfRnn.Data.Images;
using HighPerfRnn.Kernels;
using HighPerfRnn.Tasks.Labelling;
using HighPerfRnn.Tasks.Tagging;
using HighPerfRnn.Tasks.Training;
using HighPerfRnn.Tests.Data;
using HighPerfRnn.Tests.Formats;
using Xunit;

namespace HighPerfRnn.Tests.Tasks;

/// <summary>Labels of frames: clips, readers, live against whole, labels without times.</summary>
public sealed class TaggingTaskTests
{
    private static readonly ClipSettings Settings = new() { Size = 8, ObjectSize = 4, BarWidth = 5, Frames = 40, Noise = 0.02, LeastSpeed = 0.3, MostSpeed = 0.6 };

    [Fact]
    public void ClipsFollowFromTheirSeedAndNumber()
    {
        Clip clip = Generator(1).Create(3);
        Assert.Equal(40 * 8 * 8 * 3, clip.Pixels.Length);
        Assert.Equal(clip.Pixels, Generator(1).Create(3).Pixels);
        Assert.Equal(clip.Labels, Generator(1).Create(3).Labels);
        Assert.NotEqual(clip.Pixels, Generator(1).Create(4).Pixels);
        Assert.NotEqual(clip.Pixels, Generator(2).Create(3).Pixels);
        var seen = Enumerable.Range(0, 40).SelectMany(index => Generator(1).Create(index).Labels).ToHashSet();
        Assert.Equal(Generator(1).Labels.ToHashSet(), seen);
    }

    /// <summary>Where the object is, by how far pixels are from the first frame's median, moves as the label says.</summary>
    [Fact]
    public void ObjectsMoveAsTheirLabelsSay()
    {
        var generator = new ClipGenerator(Objects(), Settings with { Noise = 0 }, 5);
        int right = 0, counted = 0;
        for (int index = 0; index < 30; index++)
        {
            Clip clip = generator.Create(index);
            for (int frame = 1; frame < 40; frame++)
            {
                if (clip.Labels[frame] == ClipGenerator.Nothing || clip.Labels[frame] != clip.Labels[frame - 1]) continue;
                double moved = Middle(clip, frame) - Middle(clip, frame - 1);
                if (double.IsNaN(moved) || Math.Abs(moved) < 1e-3) continue;
                counted++;
                if (moved > 0 == clip.Labels[frame].EndsWith("right", StringComparison.Ordinal)) right++;
            }
        }

        // Where a bar hides part of an object, the part that shows may move the other way.
        Assert.True(counted > 200 && right > 0.85 * counted, $"{right} of {counted}");
    }

    /// <summary>What goes where takes more than a frame: with memory it is told, without it is not.</summary>
    [Fact]
    public void DirectionsTakeMemory()
    {
        double withMemory = Direction(window: 1000, epochs: 30), alone = Direction(window: 1, epochs: 1);
        Assert.True(withMemory >= 0.85, $"{withMemory:P0} with memory");
        Assert.True(alone <= withMemory - 0.15, $"{alone:P0} of single frames, {withMemory:P0} with memory");

        static double Direction(int window, int epochs)
        {
            TaggingModel model = TaggingModel.Create(new TagFeatures { Source = TagSource.Images, ImageSize = 8 }, Clips(200, 1), Causal);
            Train(model, Clips(200, 1), window, epochs, learningRate: 5e-3);
            NumberSequences unseen = model.Encode(Clips(30, 2), window, new DataSkips());
            int right = 0, counted = 0;
            foreach (TaggedSequence found in Tagger.Predict(model, unseen))
            {
                for (int frame = 0; frame < found.Labels.Length; frame++)
                {
                    string expected = model.Labels[unseen.Labels(found.Example)[frame]];
                    if (expected == ClipGenerator.Nothing) continue;
                    counted++;
                    if (model.Labels[found.Labels[frame]][^4..] == expected[^4..]) right++;
                }
            }

            return (double)right / counted;
        }
    }

    [Fact]
    public void LiveLabelsAreThoseOfTheWholeAndAllocateNothing()
    {
        using var folder = new TemporaryFolder();
        var features = new TagFeatures { Source = TagSource.Sound, Mel = new MelSettings { SampleRate = 8000 } };
        float[] samples = Tones(3, out _);
        File.WriteAllBytes(folder.File("a.wav"), SoundDataTests.Wave(16, 1, samples));
        File.WriteAllText(folder.File("a.txt"), "0.1\t0.5\ta\n0.6\t0.9\tb\n");
        (TagFeatures found, IReadOnlyList<TagSequence> sequences) = TagReader.Read(folder.Root, null, hasLabels: true);
        Assert.Equal(features, found);
        TaggingModel model = TaggingModel.Create(found, sequences, Causal);
        Train(model, sequences, window: 50, epochs: 2, learningRate: 1e-2);
        string[] whole = Tagger.Tag(model, sequences[0]);
        var live = new LiveTagger(model);
        float[] read = WaveFile.Read(folder.File("a.wav")).Samples;
        for (int frame = 0; frame < whole.Length; frame++) Assert.Equal(whole[frame], model.Labels[live.Next(read.AsSpan(frame * 80, 80))]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int frame = 0; frame < 20; frame++) live.Next(read.AsSpan(frame * 80, 80));
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Throws<ArgumentException>(() => live.Next(read));
    }

    /// <summary>Which tones came, in their order, is all that training knows.</summary>
    [Fact]
    public void LabelsWithoutTimesAreLearned()
    {
        using var folder = new TemporaryFolder();
        for (int i = 0; i < 30; i++)
        {
            File.WriteAllBytes(folder.File($"{i:00}.wav"), SoundDataTests.Wave(16, 1, Tones((ulong)i, out string[] order)));
            File.WriteAllLines(folder.File($"{i:00}.txt"), order);
        }

        (TagFeatures features, IReadOnlyList<TagSequence> sequences) = TagReader.Read(folder.Root, null, hasLabels: true);
        TaggingModel model = TaggingModel.Create(features, [.. sequences.Take(25)], Causal);
        Assert.False(model.HasTimes);
        Train(model, [.. sequences.Take(25)], window: 1000, epochs: 120, learningRate: 1e-2);
        NumberSequences unseen = model.Encode([.. sequences.Skip(25)], 1000, new DataSkips());
        double edit = Tagger.Measure(model, unseen, Tagger.Predict(model, unseen)).EditScore;
        Assert.True(edit >= 0.9, $"edit score {edit:P0}");
        Assert.Throws<ArgumentException>(() => new LiveTagger(model));
    }

    [Fact]
    public void AModelReadsBackAsItWasSaved()
    {
        using var folder = new TemporaryFolder();
        List<TagSequence> clips = Clips(10, 1);
        var features = new TagFeatures { Source = TagSource.Images, ImageSize = 8 };
        TaggingModel model = TaggingModel.Create(features, clips, Causal with { IsBidirectional = true, Layers = 2 });
        TaskTrainer trainer = Train(model, clips, window: 30, epochs: 1, learningRate: 1e-2);
        trainer.Validate();
        TaskCheckpoint.Save(folder.File("m"), TaggingModel.Kind, model.Metadata, model.SetNames, trainer);
        TaggingModel read = TaggingModel.Load(folder.File("m"));
        Assert.Equal(features, read.Features);
        Assert.Equal(Tagger.Tag(model, clips[0]), Tagger.Tag(read, clips[0]));
        Assert.Throws<ArgumentException>(() => new LiveTagger(read));
        var skips = new DataSkips();
        Assert.Equal(0, read.Encode([clips[0] with { Labels = [.. clips[0].Labels.Select(_ => "other")] }], 30, skips).Count);
        Assert.Equal(["label unseen in training, 'other'"], skips.ByReason.Keys);
    }

    [Fact]
    public void WhatCannotBeReadIsSaid()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("none of these", Error(folder.Root), StringComparison.Ordinal);
        Assert.Contains("no such file or folder", Error(folder.File("x")), StringComparison.Ordinal);
        File.WriteAllBytes(folder.File("a.wav"), SoundDataTests.Wave(16, 1, new float[800]));
        Assert.Contains("a.txt", Error(folder.Root), StringComparison.Ordinal);
        File.WriteAllText(folder.File("a.txt"), "0\t1\ta\n");
        File.WriteAllBytes(folder.File("b.wav"), SoundDataTests.Wave(16, 1, new float[800], rate: 16000));
        File.WriteAllText(folder.File("b.txt"), "0\t1\ta\n");
        Assert.Contains("found 16000 Hz, expected 8000 Hz", Error(folder.Root), StringComparison.Ordinal);
        File.WriteAllText(folder.File("c.csv"), "1,a\n");
        Assert.Contains("2 sounds, 1 tables", Error(folder.Root), StringComparison.Ordinal);
        Assert.Contains("as the model was trained on", Assert.Throws<DataException>(
            () => TagReader.Read(folder.File("c.csv"), new TagFeatures { Source = TagSource.Sound }, hasLabels: true)).Message, StringComparison.Ordinal);

        static string Error(string path) => Assert.Throws<DataException>(() => TagReader.Read(path, null, hasLabels: true)).Message;
    }

    private static LabelSettings Causal { get; } = new() { HiddenSize = 32, IsBidirectional = false, Dropout = 0, Pooling = null };

    private static TaskTrainer Train(TaggingModel model, IReadOnlyList<TagSequence> sequences, int window, int epochs, double learningRate)
    {
        NumberSequences examples = model.Encode(sequences, window, new DataSkips());
        int batch = window == 1 ? 256 : 10;
        var task = new LabelTask(model.Network, model.Settings, model.Scaling.Columns.Count, examples, examples, batch);
        var options = new TaskTrainingOptions
        {
            Batch = batch,
            Iterations = (long)epochs * ((examples.Count + batch - 1) / batch),
            LearningRate = learningRate,
        };
        var trainer = new TaskTrainer(task, options);
        while (!trainer.IsDone) trainer.Step();
        return trainer;
    }

    private static ClipGenerator Generator(ulong seed) => new(Objects(), Settings, seed);

    private static List<TagSequence> Clips(int count, ulong seed) => [.. Enumerable.Range(0, count).Select(index =>
    {
        Clip clip = Generator(seed).Create(index);
        return new TagSequence($"{index}", clip.Pixels, [.. Enumerable.Range(0, 8 * 8 * 3).Select(i => $"{i}")], clip.Labels, HasTimes: true);
    })];

    /// <summary>A red and a blue square.</summary>
    private static ClipObject[] Objects() =>
    [
        new("red", Thumbnail.Of(new PixelImage(1, 1, [255, 0, 0, 255]), 8)),
        new("blue", Thumbnail.Of(new PixelImage(1, 1, [0, 0, 255, 255]), 8)),
    ];

    private static double Middle(Clip clip, int frame)
    {
        ReadOnlySpan<float> pixels = clip.Pixels.AsSpan(frame * 8 * 8 * 3, 8 * 8 * 3);
        double sum = 0, weight = 0;
        for (int i = 0; i < pixels.Length; i += 3)
        {
            double colour = Math.Abs(pixels[i] - pixels[i + 2]);
            sum += colour * (i / 3 % 8);
            weight += colour;
        }

        return sum / weight;
    }

    /// <summary>Three tones of two pitches with silence between.</summary>
    private static float[] Tones(ulong seed, out string[] order)
    {
        var random = new CounterRandom(seed);
        var samples = new List<float>();
        order = new string[3];
        for (int tone = 0; tone < 3; tone++)
        {
            bool isHigh = random.NextDouble() < 0.5;
            order[tone] = isHigh ? "high" : "low";
            samples.AddRange(new float[800 + random.NextInt(400)]);
            int length = 1200 + random.NextInt(400);
            for (int i = 0; i < length; i++) samples.Add(0.3f * MathF.Sin(i * (isHigh ? 1.2f : 0.3f)));
        }

        return [.. samples, .. new float[800]];
    }
}
