using HighPerfRnn.Data;
using HighPerfRnn.Data.Metrics;
using HighPerfRnn.Data.Text;
using HighPerfRnn.Formats;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Tasks.Decoding;
using HighPerfRnn.Tasks.Training;
using HighPerfRnn.Tasks.Translation;
using HighPerfRnn.Tests.Formats;
using HighPerfRnn.Threading;
using HighPerfRnn.Training;
using Xunit;

namespace HighPerfRnn.Tests.Tasks;

/// <summary>An encoder-decoder that learns to reverse: no target can be told before all of its source was read.</summary>
public sealed class TranslationTaskTests
{
    private static readonly TranslationTokens Characters = new()
    {
        Source = new TextTokenizer { Unit = TextUnit.Character },
        Target = new TextTokenizer { Unit = TextUnit.Character },
    };

    [Fact]
    public void ItLearnsToReverse()
    {
        using var workers = new WorkerGroup(2);
        IReadOnlyList<TextPair> training = Reversals(1500, seed: 1), unseen = Reversals(100, seed: 2);
        TaskTrainer trainer = Trainer(training, iterations: 500, workers, out TranslationModel model);
        while (!trainer.IsDone) trainer.Step();
        IReadOnlyList<TranslationItem> items = TranslationEvaluation.Items(unseen);
        TranslationScores scores = TranslationEvaluation.Measure(
            new Translator(model, new SearchSettings { Width = 3, MaxLength = 12 }), items, model.Tokens.Target, BleuTokenization.Character);
        Assert.True(scores.Errors.ExactMatch >= 0.95, $"{scores.Errors.ExactMatch:P0} reversed");
        Assert.True(scores.Bleu.Score >= 95, $"BLEU {scores.Bleu.Score:F1}");
    }

    [Fact]
    public void TheSameSeedGivesTheSameFileWhateverTheThreads()
    {
        using var folder = new TemporaryFolder();
        byte[] alone = Train(null), together;
        using (var workers = new WorkerGroup(2, multiplyAddsPerWorker: 0)) together = Train(workers);
        Assert.Equal(alone, together);

        byte[] Train(WorkerGroup? workers)
        {
            TaskTrainer trainer = Trainer(Reversals(60, seed: 1), iterations: 6, workers, out TranslationModel model);
            while (!trainer.IsDone) trainer.Step();
            trainer.Validate();
            string path = folder.File("model.safetensors");
            TaskCheckpoint.Save(path, TranslationModel.Kind, model.Metadata, model.SetNames, trainer);
            return File.ReadAllBytes(path);
        }
    }

    [Fact]
    public void AResumedTrainingIsOneThatNeverStopped()
    {
        using var folder = new TemporaryFolder();
        string whole = folder.File("whole.safetensors"), parts = folder.File("parts.safetensors");
        IReadOnlyList<TextPair> pairs = Reversals(60, seed: 1);
        TaskTrainer trainer = Trainer(pairs, iterations: 12, null, out TranslationModel model);
        while (trainer.Iteration < 7) Step(trainer);
        TaskCheckpoint.Save(parts, TranslationModel.Kind, model.Metadata, model.SetNames, trainer);
        while (!trainer.IsDone) Step(trainer);
        TaskCheckpoint.Save(whole, TranslationModel.Kind, model.Metadata, model.SetNames, trainer);

        TaskTrainer resumed = Trainer(pairs, iterations: 12, null, out TranslationModel again);
        TaskCheckpoint.Load(parts, TranslationModel.Kind, again.Metadata, again.SetNames, resumed);
        Assert.Equal(7, resumed.Iteration);
        while (!resumed.IsDone) Step(resumed);
        TaskCheckpoint.Save(parts, TranslationModel.Kind, again.Metadata, again.SetNames, resumed);
        Assert.Equal(File.ReadAllBytes(whole), File.ReadAllBytes(parts));

        TaskTrainer other = Trainer(Reversals(61, seed: 1), iterations: 12, null, out TranslationModel third);
        string message = Assert.Throws<ModelFormatException>(
            () => TaskCheckpoint.Load(parts, TranslationModel.Kind, third.Metadata, third.SetNames, other)).Message;
        Assert.Contains("training.data", message, StringComparison.Ordinal);
        Assert.Equal(0, other.Iteration);
        var seen = new TaskTrainer(resumed.Task, resumed.Options with { Examples = "mirrored" });
        message = Assert.Throws<ModelFormatException>(
            () => TaskCheckpoint.Load(parts, TranslationModel.Kind, again.Metadata, again.SetNames, seen)).Message;
        Assert.Contains("training.examples", message, StringComparison.Ordinal);

        static void Step(TaskTrainer trainer)
        {
            trainer.Step();
            if (trainer.IsValidationDue) trainer.Validate();
        }
    }

    [Fact]
    public void AModelReadsBackAsItWasSaved()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("model.safetensors");
        TaskTrainer trainer = Trainer(Reversals(60, seed: 1), iterations: 20, null, out TranslationModel model);
        while (!trainer.IsDone) trainer.Step();
        trainer.Validate();
        TaskCheckpoint.Save(path, TranslationModel.Kind, model.Metadata, model.SetNames, trainer);
        TranslationModel read = TranslationModel.Load(path);
        var search = new SearchSettings { MaxLength = 12 };
        TranslatedText expected = new Translator(model, search).Translate("abc")[0], found = new Translator(read, search).Translate("abc")[0];
        Assert.Equal(expected.Text, found.Text);
        Assert.Equal(expected.Score, found.Score);
        Assert.Empty(new Translator(read, search).Translate(""));
        AttentionMap map = new Translator(read, search).Attend("abc", found);
        Assert.Equal(map.Source.Count * map.Target.Count, map.Weights.Length);
        for (int row = 0; row < map.Target.Count; row++) Assert.Equal(1, map.Weights.AsSpan(row * 3, 3).ToArray().Sum(), 1e-5);
        Assert.Throws<ModelFormatException>(() => TaskModelFile.Open(path, "other").Dispose());
    }

    [Fact]
    public void SeveralModelsTranslateAsTheirMean()
    {
        TextPair[] pairs = Reversals(60, seed: 1);
        TranslationModel first = Trained(pairs, iterations: 20), second = Trained(pairs, iterations: 30);
        var search = new SearchSettings { MaxLength = 12 };
        TranslatedText alone = new Translator(first, search).Translate("abc")[0], twice = new Translator([first, first], search).Translate("abc")[0];
        Assert.Equal((alone.Text, alone.Score), (twice.Text, twice.Score));
        var both = new Translator([first, second], search);
        TranslatedText joined = both.Translate("abc")[0];
        Assert.NotEqual(alone.Score, joined.Score);
        AttentionMap map = both.Attend("abc", joined);
        for (int row = 0; row < map.Target.Count; row++) Assert.Equal(1, map.Weights.AsSpan(row * 3, 3).ToArray().Sum(), 1e-5);
        TranslationModel stranger = Trained([new TextPair("xyz", "zyx")], iterations: 1);
        Assert.Contains("Model 1", Assert.Throws<ArgumentException>(() => new Translator([first, stranger], search)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new Translator([], search));

        static TranslationModel Trained(IReadOnlyList<TextPair> pairs, int iterations)
        {
            TaskTrainer trainer = Trainer(pairs, iterations, null, out TranslationModel model);
            while (!trainer.IsDone) trainer.Step();
            return model;
        }
    }

    [Fact]
    public void AnIterationAllocatesNothing()
    {
        TaskTrainer trainer = Trainer(Reversals(160, seed: 1), iterations: 1000, null, out _);
        // More calls than a pass over the examples has: the shuffle of the next one is among them.
        Assert.Equal(0, SteadyState.AllocatedBytes(trainer.IterationsPerEpoch + 1, () => trainer.Step()));
    }

    [Fact]
    public void LongTextsAreSkippedAndCounted()
    {
        TranslationModel model = TranslationModel.Create([new TextPair("ab", "ba")], Characters, new DecoderSettings { HiddenSize = 4, EmbeddingSize = 2 });
        var skips = new DataSkips();
        TokenPairs encoded = model.Encode([new TextPair("ab", "ba"), new TextPair("abab", "b"), new TextPair("b", "a")], mostTokens: 3, skips);
        Assert.Equal(2, encoded.Count);
        Assert.Equal("1 text of more than 3 tokens (first: pair 2)", skips.Describe());
    }

    private static TaskTrainer Trainer(IReadOnlyList<TextPair> pairs, long iterations, WorkerGroup? workers, out TranslationModel model)
    {
        var settings = new DecoderSettings { Cell = RecurrentCellKind.Gru, HiddenSize = 64, EmbeddingSize = 16, Dropout = 0, LabelSmoothing = 0 };
        model = TranslationModel.Create(pairs, Characters, settings);
        TokenPairs all = model.Encode(pairs, 20, new DataSkips());
        var task = new DecoderTask(model.Network, settings, inputSize: 0, all, model.Encode([.. pairs.Take(20)], 20, new DataSkips()), batch: 32, workers);
        var options = new TaskTrainingOptions
        {
            Batch = 32,
            Iterations = iterations,
            LearningRate = 5e-3,
            Schedule = ScheduleKind.Cosine,
            ValidateEvery = 5,
        };
        return new TaskTrainer(task, options, workers);
    }

    /// <summary>Strings of 3 to 8 letters and their reversals.</summary>
    private static TextPair[] Reversals(int count, ulong seed)
    {
        var random = new CounterRandom(seed);
        var pairs = new TextPair[count];
        foreach (ref TextPair pair in pairs.AsSpan())
        {
            char[] letters = new char[3 + random.NextInt(6)];
            foreach (ref char letter in letters.AsSpan()) letter = (char)('a' + random.NextInt(8));
            string text = new(letters);
            Array.Reverse(letters);
            pair = new TextPair(text, new string(letters));
        }

        return pairs;
    }
}
