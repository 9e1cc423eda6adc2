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

    [Theory]
    [MemberData(nameof(ModelSamples.Cells), MemberType = typeof(ModelSamples))]
    public void EveryCellTrainsToTheSameBitsWhoeverComputesItAndHoweverOftenItStops(RecurrentCellKind cell)
    {
        using var folder = new TemporaryFolder();
        CheckResumed<float>(folder, TrainerSamples.Options, cell);
        CheckResumed<double>(folder, TrainerSamples.Options, cell);
        CharacterTrainer<float> alone = TrainerSamples.Trainer<float>(TrainerSamples.Options, cell: cell);
        List<TrainingStep> steps = TrainerSamples.RunTo(alone, 10);
        using var workers = new WorkerGroup(3, multiplyAddsPerWorker: 0);
        CharacterTrainer<float> together = TrainerSamples.Trainer<float>(TrainerSamples.Options, workers, cell: cell);
        Assert.Equal(steps, TrainerSamples.RunTo(together, 10));
        Assert.Equal(ModelSamples.Values(alone.Model.ParameterSets), ModelSamples.Values(together.Model.ParameterSets));
    }

    [Theory]
    [MemberData(nameof(ModelSamples.Cells), MemberType = typeof(ModelSamples))]
    public void EveryCellLearns(RecurrentCellKind cell)
    {
        int[] text = [.. Enumerable.Range(0, 300).Select(i => i % 7)];
        List<TrainingStep> steps = TrainerSamples.RunTo(TrainerSamples.Trainer<float>(TrainerSamples.Options, text: text, cell: cell), 60);
        Assert.True(steps[^1].Loss < 0.6 * steps[0].Loss, $"{steps[0].Loss} to {steps[^1].Loss}");
    }

    [Fact]
    public void FirstParametersFollowTheCell()
    {
        CharacterTrainingOptions options = TrainerSamples.Options with { ForgetBias = 2.5 };
        foreach (RecurrentCellKind cell in Enum.GetValues<RecurrentCellKind>())
        {
            foreach (RecurrentLayer<double> layer in TrainerSamples.Trainer<double>(options, cell: cell).Model.Layers)
            {
                double[] bias = [.. layer.Parameters["bias"]];
                for (int i = 0; i < bias.Length; i++) Assert.Equal(cell == RecurrentCellKind.Lstm && i / 13 == 1 ? 2.5 : 0, bias[i]);
                double[] weights = [.. layer.Parameters["weight_ih"]];
                double bound = Math.Sqrt(6.0 / (layer.InputSize + 13));
                Assert.InRange(weights.Max(), 0.8 * bound, bound);
                Assert.InRange(weights.Min(), -bound, -0.8 * bound);
                if (cell == RecurrentCellKind.Gru) Assert.All(layer.Parameters["bias_hn"].ToArray(), b => Assert.Equal(0, b));
                if (cell == RecurrentCellKind.Lru) Assert.All(layer.Parameters["nu"].ToArray(), nu => Assert.InRange(Math.Exp(-Math.Exp(nu)), 0.5, 0.999));
                if (layer.Cell.AllRecurrentGates > 0) CheckOrthogonalGates(layer.Parameters["weight_hh"], layer.Cell.AllRecurrentGates);
            }
        }

        Assert.Equal(1, new CharacterTrainingOptions().ForgetBias);
        Assert.Throws<ArgumentOutOfRangeException>(
            "options", () => TrainerSamples.Trainer<float>(options with { ForgetBias = double.NaN }, cell: RecurrentCellKind.Lstm));
    }

    [Fact]
    public void CellsThatAreNoneAndActivationsThatTheyCannotHaveAreRefused()
    {
        Refuse(ModelSamples.Options with { Cell = (RecurrentCellKind)9 }, "Cell", "expected Rnn, Lstm, Gru");
        Refuse(ModelSamples.Options with { Cell = RecurrentCellKind.Gru, Activation = Activation.Relu }, "Activation", "expected Tanh with Gru");
        Refuse(ModelSamples.Options with { Activation = Activation.Sigmoid }, "Activation", "expected Tanh or Relu");

        static void Refuse(CharacterModelOptions options, string name, string message)
        {
            var error = Assert.Throws<ArgumentOutOfRangeException>(name, () => new CharacterModel<float>(ModelSamples.Alphabet, options));
            Assert.Contains(message, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void AResumedTrainingIsOneThatNeverStopped()
    {
        using var folder = new TemporaryFolder();
        foreach (CharacterTrainingOptions options in TrainerSamples.AllOptions())
        {
            CheckResumed<float>(folder, options, RecurrentCellKind.Rnn);
            CheckResumed<double>(folder, options, RecurrentCellKind.Rnn);
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

    /// <summary>Each gate's block of [13, G·13] has orthonormal columns, and no two blocks are the same.</summary>
    private static void CheckOrthogonalGates(ReadOnlySpan<double> weights, int gates)
    {
        for (int gate = 0; gate < gates; gate++)
        {
            for (int i = 0; i < 13; i++)
            {
                for (int j = 0; j < 13; j++)
                {
                    double dot = 0;
                    for (int k = 0; k < 13; k++) dot += weights[(((k * gates) + gate) * 13) + i] * weights[(((k * gates) + gate) * 13) + j];
                    Assert.Equal(i == j ? 1 : 0, dot, 1e-14);
                }
            }

            if (gate > 0) Assert.NotEqual(weights[0], weights[gate * 13]);
        }
    }

    private static void CheckResumed<T>(TemporaryFolder folder, CharacterTrainingOptions options, RecurrentCellKind cell)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        CharacterTrainer<T> whole = TrainerSamples.Trainer<T>(options, cell: cell);
        List<TrainingStep> steps = TrainerSamples.RunTo(whole, options.Iterations);
        List<TrainingStep> parts = [];
        // Before the first, within a pass over the text, at its end, and at the end of training.
        foreach (long end in (long[])[0, 2, 4, 5, options.Iterations])
        {
            CharacterTrainer<T> trainer = TrainerSamples.Trainer<T>(options with { Seed = options.Seed }, cell: cell);
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
