using HighPerfRnn.Data.Images;
using HighPerfRnn.Data.Text;
using HighPerfRnn.Formats;
using HighPerfRnn.Kernels;
using HighPerfRnn.Tasks.Captioning;
using HighPerfRnn.Tasks.Decoding;
using HighPerfRnn.Tasks.Training;
using HighPerfRnn.Tests.Formats;
using Xunit;

namespace HighPerfRnn.Tests.Tasks;

/// <summary>One to many: words for what an image shows.</summary>
public sealed class CaptionTaskTests
{
    private static readonly string[] Colours = ["red", "green", "blue"];
    private static readonly string[] Sides = ["above", "below"];
    private static readonly ImageFeatureSettings Small = new() { Size = 8, CellSize = 4 };
    private static readonly TextTokenizer Words = new() { Unit = TextUnit.Word, LowerCase = true };

    [Fact]
    public void ItSaysWhatImagesShowAndOnlyImagesTell()
    {
        (List<Thumbnail> images, List<string> captions) = Squares(120, seed: 1);
        CaptionModel model = Train(images, captions, iterations: 250, out _);
        (List<Thumbnail> unseen, List<string> right) = Squares(60, seed: 2);
        var captioner = new Captioner(model, new SearchSettings { Width = 3 });
        CaptionScores scores = captioner.Measure(unseen, right);
        Assert.True(scores.Texts.Errors.ExactMatch >= 0.97, $"{scores.Texts.Errors.ExactMatch:P0} exactly right");
        Assert.True(scores.RecallAt5 >= scores.RecallAt1);
        Assert.Equal(scores.Texts.Errors.ExactMatch, scores.RecallAt1);
        CaptionScores looked = new Captioner(model, new SearchSettings { Width = 3 }, Captioner.MostViews).Measure(unseen, right);
        Assert.True(looked.Texts.Errors.ExactMatch >= 0.97, $"{looked.Texts.Errors.ExactMatch:P0} exactly right in the mean of views");
        // Each caption with the image of the one after it: the six captions are drawn alike, so few fit by chance.
        CaptionScores shuffled = captioner.Measure([.. unseen.Skip(1), unseen[0]], right);
        Assert.True(shuffled.Texts.Errors.ExactMatch <= 0.4, $"{shuffled.Texts.Errors.ExactMatch:P0} right without images");
    }

    /// <summary>A concept is one number of twelve; its spelling is not in it.</summary>
    [Fact]
    public void ItSpellsAOneHotConcept()
    {
        string[] words = ["ant", "bee", "cat", "deer", "eagle", "fox", "goose", "horse", "ibis", "jay", "koala", "lynx"];
        var tokenizer = new TextTokenizer { Unit = TextUnit.Character };
        var vocabulary = Vocabulary.Build(words.Select(tokenizer.Split));
        var settings = new DecoderSettings { HiddenSize = 32, EmbeddingSize = 8, Dropout = 0, LabelSmoothing = 0 };
        var network = DecoderNetworks.OfVectors(settings, words.Length, vocabulary.Count);
        TaskInitialization.Initialize(network.ParameterSets, 1);
        var examples = new OneHotWords([.. words.Select(word => vocabulary.Encode(tokenizer.Split(word)))]);
        var task = new DecoderTask(network, settings, words.Length, examples, examples, batch: 12);
        var trainer = new TaskTrainer(task, new TaskTrainingOptions { Batch = 12, Iterations = 200, LearningRate = 1e-2 });
        while (!trainer.IsDone) trainer.Step();
        var writer = new TargetWriter([network], new SearchSettings { Width = 1 });
        for (int word = 0; word < words.Length; word++)
        {
            float[] concept = new float[words.Length];
            concept[word] = 1;
            Assert.Equal(words[word], tokenizer.Join(vocabulary.Decode(writer.Write(1, concept)[0].Tokens)));
        }
    }

    [Fact]
    public void AModelReadsBackAsItWasSavedAndTheSameSeedGivesTheSameFile()
    {
        using var folder = new TemporaryFolder();
        (List<Thumbnail> images, List<string> captions) = Squares(40, seed: 1);
        byte[][] files = [.. Enumerable.Range(0, 2).Select(round =>
        {
            CaptionModel model = Train(images, captions, iterations: 12, out TaskTrainer trainer);
            trainer.Validate();
            TaskCheckpoint.Save(folder.File($"{round}"), CaptionModel.Kind, model.Metadata, model.SetNames, trainer);
            CaptionModel read = CaptionModel.Load(folder.File($"{round}"));
            var search = new SearchSettings { MaxLength = 8 };
            Assert.Equal(new Captioner(model, search).Describe(images[0]), new Captioner(read, search).Describe(images[0]));
            var other = new KeyValuePair<string, string>("scaling", "0\t1\ta\n");
            TaskCheckpoint.Save(
                folder.File("other"), CaptionModel.Kind, model.Metadata.Select(text => text.Key == other.Key ? other : text), model.SetNames, trainer);
            Assert.Contains("scaling", Assert.Throws<ModelFormatException>(() => CaptionModel.Load(folder.File("other"))).Message, StringComparison.Ordinal);
            return File.ReadAllBytes(folder.File($"{round}"));
        })];
        Assert.Equal(files[0], files[1]);
    }

    [Fact]
    public void SeveralModelsCaptionAsTheirMean()
    {
        (List<Thumbnail> images, List<string> captions) = Squares(40, seed: 1);
        CaptionModel first = Train(images, captions, iterations: 12, out _), second = Train(images, captions, iterations: 20, out _);
        var search = new SearchSettings { MaxLength = 8 };
        // Half of twice the same logits is the same bits; of more than two, sums are rounded.
        Assert.Equal(new Captioner(first, search).Describe(images[0]), new Captioner([first, first], search).Describe(images[0]));
        IReadOnlyList<ImageCaption> alone = new Captioner(first, search, views: 2).Describe(images[0]);
        IReadOnlyList<ImageCaption> joined = new Captioner([first, second], search, views: 2).Describe(images[0]);
        Assert.NotEqual(alone, joined);
        Assert.Equal(joined[0].LogProbability, new Captioner([second, first], search, views: 2).Describe(images[0])[0].LogProbability, 1e-4);
        CaptionModel stranger = Train(images, [.. captions.Select(caption => caption + " now")], iterations: 6, out _);
        Assert.Contains("Model 1", Assert.Throws<ArgumentException>(() => new Captioner([first, stranger], search)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new Captioner([], search));
    }

    private static CaptionModel Train(List<Thumbnail> images, List<string> captions, int iterations, out TaskTrainer trainer)
    {
        var settings = new DecoderSettings { HiddenSize = 24, EmbeddingSize = 8, Dropout = 0, LabelSmoothing = 0 };
        CaptionModel model = CaptionModel.Create(captions, images, Small, Words, settings);
        int[][] targets = [.. captions.Select(caption => model.Vocabulary.Encode(Words.Split(caption)))];
        var examples = new CaptionExamples(images, targets, model, new ImageAugmentation { Angle = 0.05, Move = 0.02 }, seed: 3);
        var task = new DecoderTask(model.Network, settings, Small.Count, examples, new CaptionExamples(images, targets, model), batch: 20);
        trainer = new TaskTrainer(task, new TaskTrainingOptions { Batch = 20, Iterations = iterations, LearningRate = 1e-2, WarmupIterations = 5 });
        while (!trainer.IsDone) trainer.Step();
        return model;
    }

    /// <summary>A square of a colour in the upper or lower half.</summary>
    private static (List<Thumbnail> Images, List<string> Captions) Squares(int count, ulong seed)
    {
        var random = new CounterRandom(seed);
        var images = new List<Thumbnail>();
        var captions = new List<string>();
        for (int i = 0; i < count; i++)
        {
            int colour = random.NextInt(3), side = random.NextInt(2), left = random.NextInt(8), top = (side * 8) + random.NextInt(2);
            byte[] rgba = new byte[16 * 16 * 4];
            for (int pixel = 0; pixel < 36; pixel++)
            {
                int at = (((top + (pixel / 6)) * 16) + left + (pixel % 6)) * 4;
                (rgba[at + colour], rgba[at + 3]) = (255, 255);
            }

            images.Add(Thumbnail.Of(new PixelImage(16, 16, rgba), Small.ThumbnailSize));
            captions.Add($"a {Colours[colour]} square {Sides[side]}");
        }

        return (images, captions);
    }

    /// <summary>Concepts as one step of numbers.</summary>
    private sealed class OneHotWords(int[][] targets) : IDecoderExamples
    {
        public int Count => targets.Length;

        public int SourceSteps(int example) => 1;

        public ReadOnlySpan<int> Target(int example) => targets[example];

        public void CopySource(int example, ulong? draw, int row, int batch, Span<int> tokens, Span<float> numbers) =>
            numbers[(row * targets.Length) + example] = 1;
    }
}
