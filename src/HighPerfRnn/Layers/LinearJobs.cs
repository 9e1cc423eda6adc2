using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Layers;

/// <summary>output [N, O] = input·W + b; without a bias input·W.</summary>
internal readonly ref struct LinearForwardJob<T> : ITeamJob, ILaneWork<T, WorkerTeam>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required int Rows { get; init; }

    public required ReadOnlySpan<T> Input { get; init; }

    public required Span<T> Output { get; init; }

    public required PackedMatrix<T> Weights { get; init; }

    public required GateLayout Gates { get; init; }

    public required ReadOnlySpan<T> Bias { get; init; }

    public void Execute(WorkerTeam team) => Lanes.Run<T, LinearForwardJob<T>, WorkerTeam>(ref Unsafe.AsRef(in this), team);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run<TLane>(WorkerTeam team)
        where TLane : struct, ILane<TLane, T>
    {
        (int firstRow, int endRow) = team.Share(Rows);
        var epilogue = new StoreEpilogue<T, TLane>(Output, Gates.Gates * Gates.HiddenSize, Bias, Gates);
        MatrixProduct<T, TLane>.RunRows(Input, Weights.Depth, firstRow, endRow, Weights, ref epilogue);
    }
}

/// <summary>dX += dY·Wᵀ, dW += Xᵀ·dY, db += Σ dY, in blocks of 256 rows; an empty dX or db is left out, and with an empty dW both.</summary>
internal readonly ref struct LinearBackwardJob<T> : ITeamJob, ILaneWork<T, WorkerTeam>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required int Rows { get; init; }

    public required ReadOnlySpan<T> Input { get; init; }

    public required ReadOnlySpan<T> OutputGradient { get; init; }

    public required Span<T> InputGradient { get; init; }

    public required PackedMatrix<T> WeightsTransposed { get; init; }

    public required Span<T> WeightsGradient { get; init; }

    public required Span<T> BiasGradient { get; init; }

    public required Span<T> Workspace { get; init; }

    public void Execute(WorkerTeam team) => Lanes.Run<T, LinearBackwardJob<T>, WorkerTeam>(ref Unsafe.AsRef(in this), team);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run<TLane>(WorkerTeam team)
        where TLane : struct, ILane<TLane, T>
    {
        int outputSize = WeightsTransposed.Depth;
        int inputSize = WeightsTransposed.Columns;
        if (!InputGradient.IsEmpty)
        {
            (int firstRow, int endRow) = team.Share(Rows);
            var epilogue = new AddEpilogue<T, TLane>(InputGradient, inputSize);
            MatrixProduct<T, TLane>.RunRows(OutputGradient, outputSize, firstRow, endRow, WeightsTransposed, ref epilogue);
        }

        if (WeightsGradient.IsEmpty) return;
        (int firstWeight, int endWeight) = team.Share(inputSize);
        for (int start = 0; start < Rows; start += CanonicalSum.RowBlock)
        {
            int rows = Math.Min(CanonicalSum.RowBlock, Rows - start);
            var right = new PackedMatrix<T>(Workspace, rows, outputSize, TLane.Count);
            (int firstPanel, int endPanel) = team.Share(right.PanelCount);
            Packing<T, TLane>.Pack(OutputGradient[(start * outputSize)..], outputSize, right, firstPanel, endPanel);
            if (!BiasGradient.IsEmpty) WeightGradient<T, TLane>.AddBias(right, firstPanel, endPanel, BiasGradient);
            team.Synchronize();
            WeightGradient<T, TLane>.AddWeights(Input[(start * inputSize)..], inputSize, right, firstWeight, endWeight, WeightsGradient);
            team.Synchronize();
        }
    }
}
