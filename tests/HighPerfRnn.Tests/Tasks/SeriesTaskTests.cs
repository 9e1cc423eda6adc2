using HighPerfRnn.Data;
using HighPerfRnn.Data.Tables;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Tasks.Classification;
using HighPerfRnn.Tasks.Labelling;
using HighPerfRnn.Tasks.Training;
using HighPerfRnn.Tests.Formats;
using Xunit;

namespace HighPerfRnn.Tests.Tasks;

/// <summary>Series of numbers: their classes, and what they lead to.</summary>
public sealed class SeriesTaskTests
{
    private static readonly LabelSettings Settings = new() { HiddenSize = 16, Dropout = 0, Pooling = PoolingKind.Last, IsBidirectional = false };

    /// <summary>The next value of a sum of two waves: to say the last one again is off by far more.</summary>
    [Fact]
    public void AForecastBeatsTheLastValue()
    {
        using var folder = new TemporaryFolder();
        NumberTable table = Waves(400);
        ClassificationModel model = SeriesForecaster.Create(table, "waves", new ForecastRequest(["sum"], 20, 3), Settings);
        NumberSequences training = SeriesForecaster.Encode(model, table, "waves", 0, 320), unseen = SeriesForecaster.Encode(model, table, "waves", 320, 400);
        Assert.Equal(320 - 22, training.Count);
        Assert.Equal(80, unseen.Count);
        TaskTrainer trainer = Train(model, training, unseen, iterations: 300);
        ForecastScores scores = SeriesForecaster.Measure(model, unseen);
        Assert.True(scores.Errors.RootMeanSquare < 0.2 * scores.RepeatErrors!.Value.RootMeanSquare, $"{scores.Errors.RootMeanSquare} and {scores.RepeatErrors}");
        trainer.Validate();
        TaskCheckpoint.Save(folder.File("m"), ClassificationModel.Kind, model.Metadata, model.SetNames, trainer);
        ClassificationModel read = ClassificationModel.Load(folder.File("m"));
        Assert.Equal(SeriesForecaster.Forecast(model, table, "waves"), SeriesForecaster.Forecast(read, table, "waves"));
        Assert.Throws<DataException>(() => SeriesForecaster.Create(table, "waves", new ForecastRequest(["none"], 20, 1), Settings));
        Assert.Throws<DataException>(() => SeriesForecaster.Forecast(read, Waves(10), "short"));
    }

    [Fact]
    public void ARegressionDoesNotReadItsTarget()
    {
        NumberTable table = Waves(300);
        ClassificationModel model = SeriesForecaster.Create(table, "waves", new ForecastRequest(["sum"], 5, 0), Settings);
        Assert.Equal(["first", "second"], model.Series!.Columns);
        NumberSequences examples = SeriesForecaster.Encode(model, table, "waves", 0, 300);
        Train(model, examples, examples, iterations: 300);
        ForecastScores scores = SeriesForecaster.Measure(model, examples);
        Assert.Null(scores.RepeatErrors);
        Assert.True(scores.Errors.MeanAbsolute < 1, $"{scores.Errors.MeanAbsolute}");
    }

    [Fact]
    public void SeriesHaveClasses()
    {
        using var folder = new TemporaryFolder();
        var random = new CounterRandom(1);
        foreach (string name in (string[])["slow", "fast"])
        {
            Directory.CreateDirectory(folder.File(name));
            for (int i = 0; i < 20; i++)
            {
                double phase = random.NextDouble() * 6, speed = name == "slow" ? 0.3 : 0.9;
                File.WriteAllLines(Path.Combine(folder.File(name), $"{i:00}.csv"), Enumerable.Range(0, 30).Select(t => FormattableString.Invariant($"{100 + Math.Sin((t * speed) + phase)}")));
            }
        }

        IReadOnlyList<LabelledSeries> series = SeriesClassifier.Read(folder.Root);
        ClassificationModel model = SeriesClassifier.Create(series, Settings);
        NumberSequences examples = SeriesClassifier.Encode(model, series, 100, new DataSkips());
        TaskTrainer trainer = Train(model, examples, examples, iterations: 150);
        Assert.Equal(1, TextClassifier.Measure(model, examples).Accuracy);
        Assert.Equal("slow", SeriesClassifier.Classify(model, "x", series[^1].Table)[0].Label);
        trainer.Validate();
        string path = folder.File("m");
        TaskCheckpoint.Save(path, ClassificationModel.Kind, model.Metadata, model.SetNames, trainer);
        Assert.Equal(SeriesClassifier.Classify(model, "x", series[0].Table), SeriesClassifier.Classify(ClassificationModel.Load(path), "x", series[0].Table));
        var skips = new DataSkips();
        Assert.Equal(0, SeriesClassifier.Encode(model, series, 10, skips).Count);
        Assert.Equal(40, skips.Count);
    }

    private static TaskTrainer Train(ClassificationModel model, NumberSequences examples, NumberSequences validation, int iterations)
    {
        var task = new LabelTask(model.Network, model.Settings, model.InputSize, examples, validation, batch: 32);
        var trainer = new TaskTrainer(task, new TaskTrainingOptions { Batch = 32, Iterations = iterations, LearningRate = 1e-2 });
        while (!trainer.IsDone) trainer.Step();
        return trainer;
    }

    private static NumberTable Waves(int rows)
    {
        float[] values = new float[rows * 3];
        for (int t = 0; t < rows; t++)
        {
            float first = 10 * MathF.Sin(t * 0.5f), second = 5 * MathF.Sin(t * 0.8f);
            (values[t * 3], values[(t * 3) + 1], values[(t * 3) + 2]) = (first, second, 50 + first + second);
        }

        return new NumberTable(["first", "second", "sum"], values, []);
    }
}
