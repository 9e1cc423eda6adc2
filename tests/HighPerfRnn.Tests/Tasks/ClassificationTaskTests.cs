using HighPerfRnn.Data;
using HighPerfRnn.Data.Metrics;
using HighPerfRnn.Data.Text;
using HighPerfRnn.Formats;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Tasks.Classification;
using HighPerfRnn.Tasks.Labelling;
using HighPerfRnn.Tasks.Training;
using HighPerfRnn.Tests.Formats;
using HighPerfRnn.Threading;
using Xunit;

namespace HighPerfRnn.Tests.Tasks;

/// <summary>Networks that label, on what only a network that remembers can tell.</summary>
public sealed class ClassificationTaskTests
{
    private static readonly TextTokenizer Characters = new() { Unit = TextUnit.Character };

    /// <summary>The class of a text of 100 letters is its first one, and 99 others come after it.</summary>
    [Theory]
    [InlineData(RecurrentCellKind.Lstm, 1000, 5e-3)]
    [InlineData(RecurrentCellKind.Lru, 500, 1e-2)]
    public void ItRemembersTheFirstOfAHundredSymbols(RecurrentCellKind cell, int iterations, double learningRate)
    {
        using var workers = new WorkerGroup(2);
        var settings = new LabelSettings
        {
            HiddenSize = 64,
            EmbeddingSize = 8,
            IsBidirectional = false,
            Pooling = PoolingKind.Last,
            Dropout = 0,
            Cell = cell,
        };
        TaskTrainer trainer = Trainer(FirstLetters(600, seed: 1), settings, iterations, workers, out ClassificationModel model, learningRate);
        while (!trainer.IsDone) trainer.Step();
        ClassificationMetrics metrics = TextClassifier.Measure(model, Encode(model, FirstLetters(200, seed: 2)));
        Assert.True(metrics.Accuracy >= 0.97, $"{metrics.Accuracy:P1} right");
    }

    /// <summary>Whether the ones so far are odd in number: every step has a label, and each needs all before it.</summary>
    [Fact]
    public void ItLearnsRunningParity()
    {
        var settings = new LabelSettings { HiddenSize = 16, IsBidirectional = false, Pooling = null, Dropout = 0, Cell = RecurrentCellKind.Rnn, Seed = 3 };
        NumberSequences training = Parities(400, 12, seed: 1), unseen = Parities(50, 40, seed: 2);
        var network = LabelNetworks.OfNumbers(settings, 1, 2);
        TaskInitialization.Initialize(network.ParameterSets, settings.Seed);
        var task = new LabelTask(network, settings, inputSize: 1, training, unseen, batch: 20);
        var trainer = new TaskTrainer(task, new TaskTrainingOptions { Batch = 20, Iterations = 1200, LearningRate = 1e-2 });
        while (!trainer.IsDone) trainer.Step();
        double accuracy = task.Validate().Metrics["frameAccuracy"];
        Assert.True(accuracy >= 0.99, $"{accuracy:P1} right, at sequences three times as long as in training");
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
            var settings = new LabelSettings { HiddenSize = 10, EmbeddingSize = 6, Pooling = PoolingKind.Attention, TokenDropout = 0.2 };
            TaskTrainer trainer = Trainer(FirstLetters(60, seed: 1), settings, iterations: 6, workers, out ClassificationModel model);
            while (!trainer.IsDone) trainer.Step();
            trainer.Validate();
            string path = folder.File("model.safetensors");
            TaskCheckpoint.Save(path, ClassificationModel.Kind, model.Metadata, model.SetNames, trainer);
            return File.ReadAllBytes(path);
        }
    }

    [Theory]
    [InlineData(PoolingKind.Attention)]
    [InlineData(PoolingKind.Last)]
    public void AModelReadsBackAsItWasSaved(PoolingKind pooling)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("model.safetensors");
        var settings = new LabelSettings { HiddenSize = 10, EmbeddingSize = 6, Layers = 2, Pooling = pooling };
        TaskTrainer trainer = Trainer(FirstLetters(60, seed: 1), settings, iterations: 10, null, out ClassificationModel model);
        while (!trainer.IsDone) trainer.Step();
        trainer.Validate();
        TaskCheckpoint.Save(path, ClassificationModel.Kind, model.Metadata, model.SetNames, trainer);
        ClassificationModel read = ClassificationModel.Load(path);
        Assert.Equal(TextClassifier.Classify(model, "bef"), TextClassifier.Classify(read, "bef"));
        Assert.Equal(1, TextClassifier.Classify(read, "bef").Sum(found => found.Probability), 1e-9);
        Assert.Empty(TextClassifier.Classify(read, ""));
        Assert.Throws<ModelFormatException>(() => TaskModelFile.Open(path, "translation").Dispose());
    }

    [Fact]
    public void AnIterationAllocatesNothing()
    {
        var settings = new LabelSettings { HiddenSize = 10, EmbeddingSize = 6, Pooling = PoolingKind.Attention, TokenDropout = 0.2 };
        TaskTrainer trainer = Trainer(FirstLetters(160, seed: 1), settings, iterations: 1000, null, out _);
        // More calls than a pass over the examples has: the shuffle of the next one is among them.
        Assert.Equal(0, SteadyState.AllocatedBytes(trainer.IterationsPerEpoch + 1, () => trainer.Step()));
    }

    [Fact]
    public void BalancedWeightsCountEachClassTheSame()
    {
        var examples = new TokenClasses([[1], [1], [1], [1]], [0, 0, 0, 2]);
        float[] weights = LabelWeights.Balanced(examples, 3);
        Assert.Equal([4 / 9f, 0, 4 / 3f], weights);
    }

    private static TaskTrainer Trainer(
        LabelledText[] texts, LabelSettings settings, int iterations, WorkerGroup? workers, out ClassificationModel model, double learningRate = 1e-2)
    {
        model = TextClassifier.Create(texts, Characters, 1, 100, settings);
        var task = new LabelTask(model.Network, model.Settings, 0, Encode(model, texts), Encode(model, texts[..20]), batch: 20, workers: workers);
        return new TaskTrainer(
            task, new TaskTrainingOptions { Batch = 20, Iterations = iterations, LearningRate = learningRate, WarmupIterations = 5, ValidateEvery = 5 }, workers);
    }

    private static TokenClasses Encode(ClassificationModel model, LabelledText[] texts)
    {
        var skips = new DataSkips();
        TokenClasses examples = TextClassifier.Encode(model, texts, 200, skips);
        Assert.Equal(0, skips.Count);
        return examples;
    }

    private static LabelledText[] FirstLetters(int count, ulong seed)
    {
        var random = new CounterRandom(seed, 0);
        var texts = new LabelledText[count];
        for (int i = 0; i < count; i++)
        {
            char[] letters = new char[100];
            for (int at = 0; at < letters.Length; at++) letters[at] = (char)((at == 0 ? 'a' : 'e') + (int)(random.NextDouble() * 4));
            texts[i] = new LabelledText(letters[0].ToString(), new string(letters));
        }

        return texts;
    }

    private static NumberSequences Parities(int count, int steps, ulong seed)
    {
        var random = new CounterRandom(seed, 0);
        var inputs = new List<ReadOnlyMemory<float>>();
        var labels = new List<int[]>();
        for (int i = 0; i < count; i++)
        {
            float[] bits = new float[steps];
            int[] parity = new int[steps];
            for (int step = 0, ones = 0; step < steps; step++)
            {
                bits[step] = random.NextDouble() < 0.5 ? 0 : 1;
                ones += (int)bits[step];
                parity[step] = ones % 2;
            }

            inputs.Add(bits);
            labels.Add(parity);
        }

        return new NumberSequences(inputs, 1, labels, []);
    }
}
