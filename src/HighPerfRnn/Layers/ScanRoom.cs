using System.Numerics;
using System.Runtime.CompilerServices;

namespace HighPerfRnn.Layers;

/// <summary>The workspace of a prefix scan over time, carved: what a window of blocks needs.</summary>
internal readonly ref struct ScanRoom<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>A worker's blocks stay in its second-level cache beside the weights.</summary>
    private const int WorkerBytes = 256 * 1024;

    /// <summary>So many rows' blocks keep a few workers busy without a second block of time.</summary>
    private const int RowsOfWindow = 8;

    /// <summary>Each block takes up the carry of those before it in its window: for more of them that would cost more than meeting.</summary>
    private const int MostBlocks = 16;

    private readonly Span<T> _carries;
    private readonly int _blocksOfWorker;

    public ScanRoom(Span<T> workspace, in RnnShape shape, in LayerLayout layer)
    {
        UnitStride = RecurrentWorkspace.Stride<T>(shape.HiddenSize);
        PartsStride = layer.Cell.Gates * UnitStride;
        _blocksOfWorker = BlocksOfWorker(shape, layer);
        Blocks = BlocksOfWindow(shape, layer);
        int rows = Blocks * LinearRecurrentLayer<T>.ScanBlockSteps * shape.Batch;
        var carver = new WorkspaceCarver<T>(workspace);
        _carries = carver.Take(2 * shape.Batch * UnitStride);
        Products = carver.Take(Blocks * shape.Batch * UnitStride);
        Sums = carver.Take(Blocks * shape.Batch * UnitStride);
        Decays = carver.Take(rows * UnitStride);
        InputParts = carver.Take(rows * PartsStride);
    }

    /// <summary>Of rows of H numbers.</summary>
    public int UnitStride { get; }

    /// <summary>From one row of input parts to the next.</summary>
    public int PartsStride { get; }

    /// <summary>The blocks that there is room for.</summary>
    public int Blocks { get; }

    /// <summary>Π a_t of each block, [blocks, B, stride].</summary>
    public Span<T> Products { get; }

    /// <summary>What each block would come to from a state of zeros, [blocks, B, stride].</summary>
    public Span<T> Sums { get; }

    /// <summary>a_t of a window's steps, [rows, stride].</summary>
    public Span<T> Decays { get; }

    /// <summary>x·Wx of a window's steps.</summary>
    public Span<T> InputParts { get; }

    /// <summary>The states before a window, [B, stride]; by turns, since a window leaves the next one's while it reads its own.</summary>
    public Span<T> Carries(int window) => _carries.Slice((window & 1) * (_carries.Length / 2), _carries.Length / 2);

    /// <summary>How many blocks so many workers take at once. It decides no bit.</summary>
    public int BlocksFor(int workers) => (int)Math.Min(Blocks, (long)workers * _blocksOfWorker);

    /// <summary>Numbers of all of these.</summary>
    public static int Size(in RnnShape shape, in LayerLayout layer)
    {
        int stride = RecurrentWorkspace.Stride<T>(shape.HiddenSize);
        int blocks = BlocksOfWindow(shape, layer);
        int steps = checked(blocks * LinearRecurrentLayer<T>.ScanBlockSteps);
        return checked(shape.Batch * stride * (2 + (2 * blocks) + (steps * (layer.Cell.Gates + 1))));
    }

    private static int BlocksOfWorker(in RnnShape shape, in LayerLayout layer)
    {
        long numbers = (long)LinearRecurrentLayer<T>.ScanBlockSteps * shape.Batch * (layer.Cell.Gates + 1) * RecurrentWorkspace.Stride<T>(shape.HiddenSize);
        return (int)Math.Clamp(WorkerBytes / (numbers * Unsafe.SizeOf<T>()), 1, MostBlocks);
    }

    private static int BlocksOfWindow(in RnnShape shape, in LayerLayout layer)
    {
        int all = Math.Max(1, (shape.Steps + LinearRecurrentLayer<T>.ScanBlockSteps - 1) / LinearRecurrentLayer<T>.ScanBlockSteps);
        return Math.Min(all, Math.Max(BlocksOfWorker(shape, layer), RowsOfWindow / shape.Batch));
    }
}
