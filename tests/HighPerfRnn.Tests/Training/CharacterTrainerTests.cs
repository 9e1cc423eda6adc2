using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Models;
using HighPerfRnn.Tests.Formats;
using HighPerfRnn.Tests.Models;
using HighPerfRnn.Threading;
using HighPerfRnn.Training;
using Xunit;

namespace HighPerfRnn.Tests.Training;

/// <summary>What training gives, whoever computes it and however often it stops.</summary>
public sealed class CharacterTrainerTests
{
    [Fact]
    public void AnyNumberOfWorkersTrainsTheSameModel()
    {
        using WorkerGroup one = new(1), two = new(2), three = new(3);
        foreach (CharacterTrainingOptions options in TrainerSamples.AllOptions())
        {
            CharacterTrainer<float> alone = TrainerSamples.Trainer<float>(options);
            List<TrainingStep> steps = TrainerSamples.RunTo(alone, options.Iterations);
            foreach (WorkerGroup workers in (WorkerGroup[])[one, two, three])
            {
                CharacterTrainer<float> trainer = TrainerSamples.Trainer<float>(options, workers);
                Assert.Equal(steps, TrainerSamples.RunTo(trainer, options.Iterations));
                Assert.Equal(ModelSamples.Values(alone.Model.ParameterSets), ModelSamples.Values(trainer.Model.ParameterSets));
            }
        }
    }

    [Fact]
    public void AResumedTrainingIsOneThatNeverStopped()
    {
        using var folder = new TemporaryFolder();
        foreach (CharacterTrainingOptions options in TrainerSamples.AllOptions())
        {
            CheckResumed<float>(folder, options);
            CheckResumed<double>(folder, options);
        }
    }

    [Fact]
    public void TrainingLowersTheLoss()
    {
        int[] text = [.. Enumerable.Range(0, 300).Select(i => i % 7)];
        foreach (OptimizerKind optimizer in Enum.GetValues<OptimizerKind>())
        {
            CharacterTrainingOptions options = TrainerSamples.Options with
            {
                Optimizer = optimizer,
                LearningRate = optimizer == OptimizerKind.Sgd ? 0.3 : 0.02,
            };
            List<TrainingStep> steps = TrainerSamples.RunTo(TrainerSamples.Trainer<float>(options, text: text), 60);
            Assert.True(steps[^1].Loss < 0.6 * steps[0].Loss, $"{optimizer}: {steps[0].Loss} to {steps[^1].Loss}");
        }
    }

    [Fact]
    public void TheRateOfTheLastIterationIsAStepAboveZero()
    {
        CharacterTrainingOptions options = TrainerSamples.Options with { Schedule = ScheduleKind.Cosine };
        List<TrainingStep> steps = TrainerSamples.RunTo(TrainerSamples.Trainer<float>(options), options.Iterations + 1);
        Assert.Equal(options.LearningRate, steps[0].LearningRate);
        Assert.InRange(steps[^2].LearningRate, 0.01 * options.LearningRate, 0.05 * options.LearningRate);
        Assert.Equal(0, steps[^1].LearningRate);
    }

    [Fact]
    public void ADivergedStepChangesNothingAndIsNotSaved()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("m");
        CharacterTrainer<float> trainer = Diverging();
        trainer.Save(path);
        byte[] good = File.ReadAllBytes(path);
        Exception? refused = null;
        while (refused is null)
        {
            trainer.Step();
            float[][] before = ModelSamples.Values(trainer.Model.ParameterSets);
            refused = Record.Exception(() => trainer.Save(path));
            if (refused is null) good = File.ReadAllBytes(path);
            Assert.Equal(before, ModelSamples.Values(trainer.Model.ParameterSets));
        }

        Assert.IsType<TrainingDivergedException>(refused);
        Assert.Equal(good, File.ReadAllBytes(path));
        Assert.Equal(["m"], folder.Names());
        long iteration = trainer.Iteration;
        float[][] last = ModelSamples.Values(trainer.Model.ParameterSets);
        var error = Assert.Throws<TrainingDivergedException>(() => trainer.Step());
        Assert.Equal(refused.Message, error.Message);
        Assert.Contains($"The loss at iteration {iteration + 1} is ", error.Message, StringComparison.Ordinal);
        Assert.Equal(iteration, trainer.Iteration);
        Assert.Equal(iteration, trainer.Optimizer.StepCount);
        Assert.Equal(last, ModelSamples.Values(trainer.Model.ParameterSets));

        // The last good file goes on, to the same end.
        CharacterTrainer<float> resumed = Diverging();
        resumed.Resume(path);
        Assert.Equal(iteration - 1, resumed.Iteration);
        resumed.Step();
        Assert.Equal(last, ModelSamples.Values(resumed.Model.ParameterSets));
    }

    [Fact]
    public void SavingChangesNoBitAndNeedsNoWorkers()
    {
        using var folder = new TemporaryFolder();
        CharacterTrainer<float> saving = TrainerSamples.Trainer<float>(TrainerSamples.Options);
        CharacterTrainer<float> other = TrainerSamples.Trainer<float>(TrainerSamples.Options);
        for (int i = 0; i < 9; i++)
        {
            saving.Save(folder.File("m"));
            Assert.Equal(other.Step(), saving.Step());
        }

        Assert.Equal(ModelSamples.Values(other.Model.ParameterSets), ModelSamples.Values(saving.Model.ParameterSets));
        var workers = new WorkerGroup(2, multiplyAddsPerWorker: 0);
        CharacterTrainer<float> last = TrainerSamples.Trainer<float>(TrainerSamples.Options, workers);
        workers.Dispose();
        last.Save(folder.File("m"));
        last.Resume(folder.File("m"));
    }

    [Fact]
    public void WhatCannotBeTrainedIsRefusedAtTheDoor()
    {
        CharacterModel<float> model = ModelSamples.Model<float>(isTrainable: false);
        var error = Assert.Throws<ArgumentException>(
            "model", () => new CharacterTrainer<float>(model, TrainerSamples.Text, TrainerSamples.Options));
        Assert.Contains("isTrainable: false", error.Message, StringComparison.Ordinal);
        CharacterModel<float> trainable = ModelSamples.Model<float>();
        float[][] before = ModelSamples.Values(trainable.ParameterSets);
        foreach (int token in (int[])[-1, trainable.Alphabet.Count])
        {
            int[] text = [.. TrainerSamples.Text];
            text[^1] = token;
            error = Assert.Throws<ArgumentException>(
                "trainingTokens", () => new CharacterTrainer<float>(trainable, text, TrainerSamples.Options));
            Assert.Contains($"trainingTokens[89] is {token}; expected 0 to 10", error.Message, StringComparison.Ordinal);
        }

        error = Assert.Throws<ArgumentException>(
            "trainingTokens", () => new CharacterTrainer<float>(trainable, TrainerSamples.Text.AsMemory(0, 23), TrainerSamples.Options));
        Assert.Contains("expected at least 24", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, ModelSamples.Values(trainable.ParameterSets));
    }

    private static CharacterTrainer<float> Diverging()
    {
        var model = new CharacterModel<float>(ModelSamples.Alphabet, ModelSamples.Options with { Activation = Activation.Relu });
        var trainer = new CharacterTrainer<float>(
            model, TrainerSamples.Text, TrainerSamples.Options with { Optimizer = OptimizerKind.Sgd, LearningRate = 1000, Clip = 1e30 });
        trainer.Initialize();
        return trainer;
    }

    private static void CheckResumed<T>(TemporaryFolder folder, CharacterTrainingOptions options)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        CharacterTrainer<T> whole = TrainerSamples.Trainer<T>(options);
        List<TrainingStep> steps = TrainerSamples.RunTo(whole, options.Iterations);
        List<TrainingStep> parts = [];
        // Before the first, within a pass over the text, at its end, and at the end of training.
        foreach (long end in (long[])[0, 2, 4, 5, options.Iterations])
        {
            CharacterTrainer<T> trainer = TrainerSamples.Trainer<T>(options with { Seed = options.Seed });
            if (end > 0)
            {
                foreach (ParameterSet<T> set in trainer.Model.ParameterSets) set.Values.Clear();
                trainer.Resume(folder.File("m"));
            }

            parts.AddRange(TrainerSamples.RunTo(trainer, end));
            trainer.Save(folder.File("m"));
            if (end == options.Iterations)
            {
                Assert.Equal(ModelSamples.Values(whole.Model.ParameterSets), ModelSamples.Values(trainer.Model.ParameterSets));
            }
        }

        Assert.Equal(steps, parts);
    }
}
