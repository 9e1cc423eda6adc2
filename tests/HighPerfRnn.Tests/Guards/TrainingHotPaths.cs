using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Memory;
using HighPerfRnn.Threading;
using HighPerfRnn.Training;

namespace HighPerfRnn.Tests.Guards;

/// <summary>The calls of the training pieces.</summary>
internal static class TrainingHotPaths<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Rows = 5;
    private const int Classes = 19;

    public static IReadOnlyList<HotPath> All { get; } =
    [
        new("CharacterTrainer.Step()", workers => ModelHotPaths<T>.OfEveryCell(model =>
        {
            int[] text = [.. Enumerable.Range(0, 200).Select(i => (i * i) % 4)];
            var options = new CharacterTrainingOptions { Batch = 3, Window = 4, LearningRate = 1e-4 };
            var trainer = new CharacterTrainer<T>(model, text, options, workers);
            trainer.Initialize();
            return () => trainer.Step();
        })),
        new(
            "SoftmaxCrossEntropy.Forward(ReadOnlySpan<T>, ReadOnlySpan<Int32>, Int32, Span<T>, Nullable<Double>, WorkerGroup)",
            workers =>
            {
                (T[] logits, int[] targets, T[] losses) = Loss();
                return () => SoftmaxCrossEntropy<T>.Forward(logits, targets, Classes, losses, workers: workers);
            }),
        new(
            "SoftmaxCrossEntropy.ForwardBackward(ReadOnlySpan<T>, ReadOnlySpan<Int32>, Int32, Span<T>, Span<T>, Nullable<Double>, WorkerGroup)",
            workers =>
            {
                (T[] logits, int[] targets, T[] losses) = Loss();
                return () => SoftmaxCrossEntropy<T>.ForwardBackward(logits, targets, Classes, logits, losses, workers: workers);
            }),
        new("GradientClipping.ByGlobalNorm(IReadOnlyList<ParameterSet>, Double)", _ =>
        {
            ParameterSet<T>[] sets = Sets();
            return () => GradientClipping.ByGlobalNorm(sets, 0.5);
        }),
        new("Optimizer.Step(IReadOnlyList<ParameterSet>, Double)", workers => AllOptimizers(workers)),
        new("Initialization.Normal(Span<T>, Double, Double, ref CounterRandom)", _ => Draw(
            (T[] values, ref CounterRandom random) => Initialization.Normal<T>(values, 0, 1, ref random))),
        new("Initialization.Decays(Span<T>, Double, Double, ref CounterRandom)", _ => Draw(
            (T[] values, ref CounterRandom random) => Initialization.Decays<T>(values, 0.5, 0.999, ref random))),
        new("Initialization.Uniform(Span<T>, Double, ref CounterRandom)", _ => Draw(
            (T[] values, ref CounterRandom random) => Initialization.Uniform<T>(values, 1, ref random))),
        new("Initialization.XavierUniform(Span<T>, Int32, Int32, ref CounterRandom, Double)", _ => Draw(
            (T[] values, ref CounterRandom random) => Initialization.XavierUniform<T>(values, 3, 4, ref random))),
        new("LearningRateSchedule.Constant(Double)", _ => () => LearningRateSchedule.Constant(1)),
        new("LearningRateSchedule.Cosine(Double, Int64, Double)", _ => () => LearningRateSchedule.Cosine(1, 100)),
        new("LearningRateSchedule.WithLinearWarmup(Int64)", _ => () => LearningRateSchedule.Constant(1).WithLinearWarmup(5)),
        new("LearningRateSchedule.At(Int64)", _ =>
        {
            LearningRateSchedule schedule = LearningRateSchedule.Cosine(1, 100).WithLinearWarmup(5);
            return () => schedule.At(50);
        }),
    ];

    private delegate void Drawing(T[] values, ref CounterRandom random);

    private static (T[] Logits, int[] Targets, T[] Losses) Loss() =>
        (new T[Rows * Classes], [.. Enumerable.Range(0, Rows)], new T[Rows]);

    private static ParameterSet<T>[] Sets()
    {
        var set = new ParameterSet<T>(("weight", 3, 7), ("bias", 0, 7));
        set["weight"].Fill(T.One);
        return [set];
    }

    private static Action AllOptimizers(WorkerGroup? workers)
    {
        ParameterSet<T>[] gradients = Sets();
        Optimizer<T>[] optimizers =
        [
            new Sgd<T>(Sets(), momentum: 0.9, workers: workers),
            new RmsProp<T>(Sets(), workers: workers),
            new Adam<T>(Sets(), workers: workers),
            new AdamW<T>(Sets(), workers: workers),
        ];
        return () =>
        {
            foreach (Optimizer<T> optimizer in optimizers) optimizer.Step(gradients, 1e-3);
        };
    }

    private static Action Draw(Drawing draw)
    {
        T[] values = new T[20];
        var random = new CounterRandom(1);
        return () => draw(values, ref random);
    }
}
