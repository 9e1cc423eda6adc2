using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Models;
using HighPerfRnn.Tests.Models;
using HighPerfRnn.Threading;
using HighPerfRnn.Training;

namespace HighPerfRnn.Tests.Training;

/// <summary>Trainings that take milliseconds.</summary>
internal static class TrainerSamples
{
    public static readonly int[] Text = ModelSamples.Tokens(3 * ((4 * 7) + 2));

    public static CharacterTrainingOptions Options { get; } = new()
    {
        Batch = 3,
        Window = 7,
        Iterations = 10,
        LearningRate = 0.02,
        Seed = 5,
    };

    /// <summary>Every optimizer and schedule, with and without warm-up.</summary>
    public static IEnumerable<CharacterTrainingOptions> AllOptions()
    {
        foreach (OptimizerKind optimizer in Enum.GetValues<OptimizerKind>())
        {
            foreach (ScheduleKind schedule in Enum.GetValues<ScheduleKind>())
            {
                foreach (int warmup in (int[])[0, 3])
                {
                    yield return Options with { Optimizer = optimizer, Schedule = schedule, WarmupIterations = warmup };
                }
            }
        }

        yield return Options with { Optimizer = OptimizerKind.Sgd, Momentum = 0.9 };
    }

    public static CharacterTrainer<T> Trainer<T>(
        CharacterTrainingOptions options, WorkerGroup? workers = null, int[]? text = null, RecurrentCellKind cell = RecurrentCellKind.Rnn)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var model = new CharacterModel<T>(ModelSamples.Alphabet, ModelSamples.Options with { Cell = cell });
        var trainer = new CharacterTrainer<T>(model, text ?? Text, options, workers);
        trainer.Initialize();
        return trainer;
    }

    /// <summary>Steps until so many iterations are done.</summary>
    public static List<TrainingStep> RunTo<T>(CharacterTrainer<T> trainer, long iterations)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        List<TrainingStep> steps = [];
        while (trainer.Iteration < iterations) steps.Add(trainer.Step());
        return steps;
    }
}
