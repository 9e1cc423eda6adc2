using System.Numerics;
using System.Runtime.InteropServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Simd;
using HighPerfRnn.Tests.Generation;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Tests.Guards;

/// <summary>What runs in the child processes of <see cref="GuardPageTests"/>.</summary>
internal static class GuardPageChild
{
    public const string Within = "guard-pages";
    public const string Beyond = "guard-page-overrun";
    public const string Survived = "survived";

    /// <summary>Sizes on both sides of multiples of 4, 8, 16 and 32; single rows and units; several tiles and row blocks.</summary>
    private static readonly (int Steps, int Batch, int InputSize, int HiddenSize, int OutputSize)[] Shapes =
    [
        (1, 1, 1, 1, 1),
        (1, 1, 3, 5, 2),
        (2, 3, 17, 15, 9),
        (3, 5, 7, 33, 31),
        (5, 13, 33, 31, 65),
        (4, 1, 9, 65, 17),
        (3, 2, 129, 47, 3),
        (300, 1, 2, 19, 5),
        (2, 260, 5, 7, 4),
        (0, 3, 5, 9, 4),
    ];

    public static void RunWithin()
    {
        using var workers = new WorkerGroup(2, multiplyAddsPerWorker: 0);
        foreach (GuardedSide side in Enum.GetValues<GuardedSide>())
        {
            foreach (var (steps, batch, inputSize, hiddenSize, outputSize) in Shapes)
            {
                var shape = new RnnShape(steps, batch, inputSize, hiddenSize);
                Run<float>(shape, outputSize, side, workers);
                Run<double>(shape, outputSize, side, workers);
            }

            foreach (RnnShape shape in CellRound<float>.Shapes)
            {
                RunCells<float>(shape, side, workers);
                RunCells<double>(shape, side, workers);
            }

            foreach (NeighbourSizes sizes in NeighbourSizes.Every)
            {
                RunNeighbours<float>(sizes, side, workers);
                RunNeighbours<double>(sizes, side, workers);
            }

            RunNetworks<float>(side, workers);
            RunNetworks<double>(side, workers);
        }

        Console.WriteLine(Survived);
    }

    /// <summary>A span that claims one element more than there is before the page: the library reads what it is given.</summary>
    public static void RunBeyond()
    {
        const int size = 7;
        var dense = new Dense<float>(size, 3);
        Span<float> honest = new GuardedRoom(GuardedSide.Behind).Take<float>(size - 1).Span;
        ReadOnlySpan<float> lying = MemoryMarshal.CreateReadOnlySpan(ref honest[0], size);
        Console.WriteLine("started");
        dense.Forward(1, lying, new float[3]);
        Console.WriteLine(Survived);
    }

    private static void Run<T>(in RnnShape shape, int outputSize, GuardedSide side, WorkerGroup workers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (Activation activation in (Activation[])[Activation.Tanh, Activation.Relu])
        {
            // A crash leaves the last line as its address.
            Console.WriteLine($"{typeof(T).Name} {shape} {activation.Kind} guarded {side}");
            var round = new LayerRound<T>(shape, outputSize, activation, new GuardedRoom(side), seed: 1);
            round.Run(null);
            if (activation == Activation.Tanh) round.Run(workers);
            if (shape.Steps > 0) round.Step(null);
            if (typeof(T) != typeof(float)) continue;
            foreach (WeightFormat format in (WeightFormat[])[WeightFormat.BFloat16, WeightFormat.Int8])
            {
                Console.WriteLine(format);
                round.Rnn.UseWeights(format);
                round.RunInference(null);
                round.RunInference(workers);
                MultiplyGuarded(shape, format, side);
            }
        }
    }

    private static void RunCells<T>(RnnShape shape, GuardedSide side, WorkerGroup workers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (CellRound<T> round in CellRound<T>.Every(shape, new GuardedRoom(side)))
        {
            Console.WriteLine($"{typeof(T).Name} {round.Name} {shape} guarded {side}");
            round.Run(null);
            round.RunInChild(workers);
        }
    }

    private static void RunNeighbours<T>(NeighbourSizes sizes, GuardedSide side, WorkerGroup workers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Console.WriteLine($"{typeof(T).Name} {sizes} guarded {side}");
        var round = new NeighbourRound<T>(sizes, new GuardedRoom(side));
        round.Run(null);
        round.Run(workers);
    }

    private static void RunNetworks<T>(GuardedSide side, WorkerGroup workers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var room = new GuardedRoom(side);
        foreach (CellCase shape in NetworkRound<T>.Cases)
        {
            foreach (WorkerGroup? group in (WorkerGroup?[])[null, workers])
            {
                Console.WriteLine($"{typeof(T).Name} networks {shape} guarded {side}");
                for (int kind = 0; kind < NetworkParts.Kinds; kind++) NetworkRound<T>.RunNetwork(shape, kind, room, group);
                NetworkRound<T>.RunBothDirections(shape, room, group);
            }
        }
    }

    /// <summary>A product whose packed weights end (or start) at a protected page.</summary>
    private static void MultiplyGuarded(in RnnShape shape, WeightFormat format, GuardedSide side)
    {
        (int rows, int depth, int columns) = (shape.Batch, shape.InputSize, shape.HiddenSize);
        var room = new GuardedRoom(side);
        Span<float> full = room.Take<float>(PackedMatrix<float>.Size(depth, columns)).Span;
        full.Fill(1);
        Span<float> smaller = room.Take<float>(PackedMatrix<float>.Size(depth, columns, format)).Span;
        var work = new GuardedProduct
        {
            Left = room.Take<float>(rows * depth).Span,
            Target = room.Take<float>(rows * columns).Span,
            Full = new PackedMatrix<float>(full, depth, columns),
            Smaller = new PackedMatrix<float>(smaller, depth, columns, format),
        };
        Lanes.Run<float, GuardedProduct, int>(ref work, rows);
    }

    private ref struct GuardedProduct : ILaneWork<float, int>
    {
        public ReadOnlySpan<float> Left;
        public Span<float> Target;
        public PackedMatrix<float> Full;
        public PackedMatrix<float> Smaller;

        public readonly void Run<TLane>(int rows)
            where TLane : struct, ILane<TLane, float>
        {
            WeightRounding.Round(Full, Smaller, Smaller.Columns);
            var epilogue = new StoreEpilogue<float, TLane>(Target, Smaller.Columns, default, GateLayout.Of<float>(1, Smaller.Columns));
            MatrixProduct<float, TLane>.RunRows(Left, Smaller.Depth, 0, rows, Smaller, ref epilogue);
        }
    }
}
