using HighPerfRnn.Formats;
using HighPerfRnn.Layers;
using HighPerfRnn.Models;
using HighPerfRnn.Tests.Formats;
using HighPerfRnn.Tests.Models;
using HighPerfRnn.Training;
using Xunit;

namespace HighPerfRnn.Tests.Training;

/// <summary>Checkpoints of another training, and broken ones: refused, by name, and the trainer is as it was.</summary>
public sealed class CharacterCheckpointTests
{
    public static TheoryData<string, string> Mismatches => new()
    {
        { "batch", "hprnn.training.batch" },
        { "window", "hprnn.training.window" },
        { "optimizer", "hprnn.training.optimizer" },
        { "learningRate", "hprnn.training.learning_rate" },
        { "momentum", "hprnn.training.momentum" },
        { "clip", "hprnn.training.clip" },
        { "schedule", "hprnn.training.schedule" },
        { "cosineIterations", "hprnn.training.schedule" },
        { "warmup", "hprnn.training.warmup" },
        { "seed", "hprnn.training.seed" },
        { "text", "hprnn.training.text" },
        { "textLength", "hprnn.training.text" },
    };

    [Theory]
    [MemberData(nameof(Mismatches))]
    public void AnotherSettingIsNamed(string setting, string key)
    {
        using var folder = new TemporaryFolder();
        CharacterTrainingOptions options = TrainerSamples.Options with { Optimizer = OptimizerKind.Sgd, Momentum = 0.5 };
        if (setting == "cosineIterations") options = options with { Schedule = ScheduleKind.Cosine };
        CharacterTrainer<float> saved = TrainerSamples.Trainer<float>(options);
        saved.Step();
        saved.Save(folder.File("m"));
        CharacterTrainingOptions other = setting switch
        {
            "batch" => options with { Batch = 2 },
            "window" => options with { Window = 6 },
            "optimizer" => options with { Optimizer = OptimizerKind.RmsProp },
            "learningRate" => options with { LearningRate = Math.BitIncrement(options.LearningRate) },
            "momentum" => options with { Momentum = 0.25 },
            "clip" => options with { Clip = 2 },
            "schedule" => options with { Schedule = ScheduleKind.Cosine },
            "cosineIterations" => options with { Iterations = options.Iterations + 1 },
            "warmup" => options with { WarmupIterations = 1 },
            "seed" => options with { Seed = 6 },
            _ => options,
        };
        int[] text = [.. TrainerSamples.Text];
        if (setting == "text") text[7] = (text[7] + 1) % 11;
        if (setting == "textLength") text = text[..^1];
        CheckRefused(TrainerSamples.Trainer<float>(other, text: text), folder.File("m"), key);
    }

    [Fact]
    public void AnotherModelIsNamed()
    {
        using var folder = new TemporaryFolder();
        TrainerSamples.Trainer<float>(TrainerSamples.Options).Save(folder.File("m"));
        CheckRefused(Trainer(ModelSamples.Alphabet, ModelSamples.Options with { HiddenSize = 12 }), folder.File("m"), "hidden_size: found '13', expected '12'");
        CheckRefused(Trainer(new Alphabet("0123456789x"), ModelSamples.Options), folder.File("m"), "another alphabet");
        CheckRefused(TrainerSamples.Trainer<double>(TrainerSamples.Options), folder.File("m"), "hprnn.training.precision");
        CharacterModelFile.Save(folder.File("plain"), ModelSamples.Model<float>());
        CheckRefused(TrainerSamples.Trainer<float>(TrainerSamples.Options), folder.File("plain"), "no hprnn.training.");

        static CharacterTrainer<float> Trainer(Alphabet alphabet, CharacterModelOptions options)
        {
            var trainer = new CharacterTrainer<float>(
                new CharacterModel<float>(alphabet, options), TrainerSamples.Text, TrainerSamples.Options);
            trainer.Initialize();
            return trainer;
        }
    }

    [Fact]
    public void AnotherCellOrForgetBiasIsNamed()
    {
        using var folder = new TemporaryFolder();
        CharacterTrainingOptions options = TrainerSamples.Options;
        TrainerSamples.Trainer<float>(options, cell: RecurrentCellKind.Lstm).Save(folder.File("lstm"));
        TrainerSamples.Trainer<float>(options).Save(folder.File("rnn"));
        CheckRefused(TrainerSamples.Trainer<float>(options), folder.File("lstm"), "hprnn.cell: found 'lstm', expected 'rnn'");
        CheckRefused(TrainerSamples.Trainer<float>(options, cell: RecurrentCellKind.Lstm), folder.File("rnn"), "hprnn.cell: found 'rnn', expected 'lstm'");
        CheckRefused(
            TrainerSamples.Trainer<float>(options with { ForgetBias = 0 }, cell: RecurrentCellKind.Lstm),
            folder.File("lstm"),
            "hprnn.training.forget_bias: found '1', expected '0'");
        FileEdit.Rewrite(folder.File("lstm"), null, tensors => tensors.RemoveAll(tensor => tensor.Name == "training.cell_state_l1"));
        CheckRefused(TrainerSamples.Trainer<float>(options, cell: RecurrentCellKind.Lstm), folder.File("lstm"), "'training.cell_state_l1'");
    }

    [Fact]
    public void ATrainingFromBeforeThereWereCellsGoesOn()
    {
        using var folder = new TemporaryFolder();
        CharacterTrainer<float> saved = TrainerSamples.Trainer<float>(TrainerSamples.Options), resumed = TrainerSamples.Trainer<float>(TrainerSamples.Options);
        TrainerSamples.RunTo(saved, 3);
        saved.Save(folder.File("m"));
        FileEdit.Rewrite(folder.File("m"), metadata => Assert.True(metadata.Remove("hprnn.cell")));
        resumed.Resume(folder.File("m"));
        Assert.Equal(saved.Step(), resumed.Step());
    }

    [Theory]
    [InlineData("hprnn.training.iteration")]
    [InlineData("hprnn.training.optimizer_steps")]
    public void CountsThatAreNoneChangeNothing(string key)
    {
        foreach (string? count in (string?[])[null, "", "-1", "2.5", "99999999999999999999"])
        {
            using var folder = new TemporaryFolder();
            Save(folder, file => FileEdit.Rewrite(file, metadata =>
            {
                metadata.Remove(key);
                if (count is not null) metadata[key] = count;
            }));
            CheckRefused(TrainerSamples.Trainer<float>(TrainerSamples.Options), folder.File("m"), key);
        }
    }

    [Theory]
    [InlineData("embedding.weight")]
    [InlineData("output.bias")]
    [InlineData("training.exp_avg.embedding.weight")]
    [InlineData("training.exp_avg_sq.output.bias")]
    [InlineData("training.state_l0")]
    [InlineData("training.state_l1")]
    public void TensorsThatAreAbsentOrOfAnotherKindChangeNothing(string name)
    {
        using var folder = new TemporaryFolder();
        Save(folder, file => FileEdit.Rewrite(file, null, tensors => tensors.RemoveAll(tensor => tensor.Name == name)));
        CheckRefused(TrainerSamples.Trainer<float>(TrainerSamples.Options), folder.File("m"), $"'{name}'");
        Save(folder, file => Replace(file, count => SafetensorsTensor.Create(name, new float[count + 1], count + 1)));
        CheckRefused(TrainerSamples.Trainer<float>(TrainerSamples.Options), folder.File("m"), $"'{name}'");
        // Right in name and shape, found out only when it is read.
        Save(folder, file => FileEdit.Rewrite(file, null, tensors =>
        {
            int index = tensors.FindIndex(tensor => tensor.Name == name);
            byte[] data = new byte[tensors[index].ByteLength];
            tensors[index] = SafetensorsTensor.FromBytes(name, SafetensorsDtype.I32, data, tensors[index].Shape);
        }));
        CheckRefused(TrainerSamples.Trainer<float>(TrainerSamples.Options), folder.File("m"), $"'{name}'");

        void Replace(string file, Func<int, SafetensorsTensor> create) => FileEdit.Rewrite(file, null, tensors =>
        {
            int index = tensors.FindIndex(tensor => tensor.Name == name);
            tensors[index] = create((int)(tensors[index].ByteLength / sizeof(float)));
        });
    }

    private static void Save(TemporaryFolder folder, Action<string> change)
    {
        CharacterTrainer<float> trainer = TrainerSamples.Trainer<float>(TrainerSamples.Options);
        TrainerSamples.RunTo(trainer, 5);
        trainer.Save(folder.File("m"));
        change(folder.File("m"));
    }

    /// <summary>The refusal names the difference; the trainer goes on as one that never tried.</summary>
    private static void CheckRefused<T>(CharacterTrainer<T> trainer, string path, string expected)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        TrainerSamples.RunTo(trainer, 2);
        trainer.Save(path + ".before");
        var error = Assert.Throws<ModelFormatException>(() => trainer.Resume(path));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.Equal(2, trainer.Iteration);
        trainer.Save(path + ".after");
        Assert.Equal(File.ReadAllBytes(path + ".before"), File.ReadAllBytes(path + ".after"));
        TrainingStep step = trainer.Step();
        trainer.Resume(path + ".before");
        Assert.Equal(step, trainer.Step());
    }
}
