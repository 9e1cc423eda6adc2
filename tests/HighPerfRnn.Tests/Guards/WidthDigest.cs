using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Models;
using HighPerfRnn.Threading;
using HighPerfRnn.Training;

namespace HighPerfRnn.Tests.Guards;

/// <summary>
/// A line for everything that forward and backward passes and a short training write, at fixed seeds and shapes, with its bits
/// or a hash of them: two machines, widths or numbers of workers agree where their lines do, and a difference names its tensor.
/// </summary>
internal static class WidthDigest
{
    /// <summary>Fewer and more columns than a vector, whole vectors and panels and one more, more rows than a block of 256.</summary>
    private static readonly (int Steps, int Batch, int InputSize, int HiddenSize, int OutputSize)[] Shapes =
    [
        (4, 1, 3, 5, 2),
        (3, 2, 17, 16, 9),
        (5, 13, 33, 31, 65),
        (2, 7, 65, 47, 1),
        (270, 1, 9, 33, 17),
    ];

    public static IReadOnlyList<string> Compute(WorkerGroup? workers)
    {
        var lines = new List<string>();
        foreach (var (steps, batch, inputSize, hiddenSize, outputSize) in Shapes)
        {
            var shape = new RnnShape(steps, batch, inputSize, hiddenSize);
            foreach (Activation activation in (Activation[])[Activation.Tanh, Activation.Relu])
            {
                Add<float>(lines, shape, outputSize, activation, workers);
                Add<double>(lines, shape, outputSize, activation, workers);
            }
        }

        foreach (RnnShape shape in CellRound<float>.Shapes)
        {
            AddCells<float>(lines, shape, workers);
            AddCells<double>(lines, shape, workers);
        }

        foreach (NeighbourSizes sizes in NeighbourSizes.Every)
        {
            AddNeighbours<float>(lines, sizes, workers);
            AddNeighbours<double>(lines, sizes, workers);
        }

        AddNetworks<float>(lines, workers);
        AddNetworks<double>(lines, workers);
        foreach (RecurrentCellKind cell in Enum.GetValues<RecurrentCellKind>())
        {
            AddTraining<float>(lines, cell, workers);
            AddTraining<double>(lines, cell, workers);
        }

        AddLosses<float>(lines, workers);
        AddLosses<double>(lines, workers);
        return lines;
    }

    private static void AddLosses<T>(List<string> lines, WorkerGroup? workers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        AddResults(lines, $"{typeof(T).Name} loss", new LossRound<T>(seed: 3).Results(lines, workers));

    private static void AddCells<T>(List<string> lines, RnnShape shape, WorkerGroup? workers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (CellRound<T> round in CellRound<T>.Every(shape, new HeapRoom()))
        {
            round.Run(workers);
            AddResults(lines, $"{typeof(T).Name} {round.Name} {shape}", round.Results());
        }
    }

    private static void AddNeighbours<T>(List<string> lines, NeighbourSizes sizes, WorkerGroup? workers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var round = new NeighbourRound<T>(sizes, new HeapRoom());
        round.Run(workers);
        AddResults(lines, $"{typeof(T).Name} {sizes}", round.Results());
    }

    private static void AddNetworks<T>(List<string> lines, WorkerGroup? workers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (var (name, results) in NetworkRound<T>.Every(workers)) AddResults(lines, $"{typeof(T).Name} {name}", results);
    }

    /// <summary>Initialisation, loss, clipping, the optimizer and the schedule over thirty iterations.</summary>
    private static void AddTraining<T>(List<string> lines, RecurrentCellKind cell, WorkerGroup? workers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        CharacterModel<T> model = ModelHotPaths<T>.Model(cell);
        int[] tokens = [.. Enumerable.Range(0, 200).Select(i => i * i % 7 % model.Alphabet.Count)];
        var options = new CharacterTrainingOptions { Batch = 3, Window = 9, Iterations = 30, Schedule = ScheduleKind.Cosine };
        var trainer = new CharacterTrainer<T>(model, tokens, options, workers);
        trainer.Initialize();
        for (int i = 0; i < options.Iterations; i++)
        {
            TrainingStep step = trainer.Step();
            string numbers = string.Create(CultureInfo.InvariantCulture, $"{step.Loss:R} {step.GradientNorm:R} {step.LearningRate:R}");
            lines.Add($"{typeof(T).Name} {cell} training {step.Iteration}: {numbers}");
        }

        foreach (ParameterSet<T> set in model.ParameterSets)
        {
            lines.Add($"{typeof(T).Name} {cell} trained {set.Parameters[0].Name} {Hash(MemoryMarshal.AsBytes(set.Values)):x16}");
        }
    }

    private static void Add<T>(
        List<string> lines, in RnnShape shape, int outputSize, Activation activation, WorkerGroup? workers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var round = new LayerRound<T>(shape, outputSize, activation, new HeapRoom(), seed: 3);
        round.Run(workers);
        AddResults(lines, $"{typeof(T).Name} {activation} {shape}", round.Results());
        if (typeof(T) != typeof(float)) return;
        foreach (WeightFormat format in (WeightFormat[])[WeightFormat.BFloat16, WeightFormat.Int8])
        {
            round.Rnn.UseWeights(format);
            round.RunInference(workers);
            AddResults(lines, $"{typeof(T).Name} {activation} {shape} {format}", round.InferenceResults());
        }
    }

    private static void AddResults<T>(List<string> lines, string what, IEnumerable<(string Name, ReadOnlyMemory<T> Values)> results)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach ((string name, ReadOnlyMemory<T> values) in results)
        {
            // A tensor of one value throughout would hide whatever goes wrong.
            bool isConstant = values.Length > 8 && !values.Span.ContainsAnyExcept(values.Span[0]);
            if (isConstant) throw new InvalidOperationException($"{name} is constant.");
            lines.Add($"{what}: {name} {Hash(MemoryMarshal.AsBytes(values.Span)):x16}");
        }
    }

    /// <summary>FNV-1a.</summary>
    private static ulong Hash(ReadOnlySpan<byte> bytes)
    {
        ulong hash = 14695981039346656037;
        foreach (byte value in bytes) hash = (hash ^ value) * 1099511628211;
        return hash;
    }
}
