using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Simd;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Training;

/// <summary>A loss of each number against its target; workers split the numbers.</summary>
internal readonly ref struct PointwiseLossJob<T, TLoss> : ITeamJob, ILaneWork<T, WorkerTeam>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLoss : struct, IPointwiseLoss<T>
{
    public required ReadOnlySpan<T> Predictions { get; init; }

    public required ReadOnlySpan<T> Targets { get; init; }

    /// <summary>Empty for ones.</summary>
    public required ReadOnlySpan<T> Weights { get; init; }

    /// <summary>[C], over and over; empty for ones.</summary>
    public ReadOnlySpan<T> PositiveWeights { get; init; }

    public required Span<T> Losses { get; init; }

    /// <summary>Empty when it is not wanted.</summary>
    public Span<T> Gradient { get; init; }

    public double Scale { get; init; }

    /// <summary>Runs what was checked, and gives the scaled sum.</summary>
    public static double Run(scoped in PointwiseLossJob<T, TLoss> checkedJob, double? scale, WorkerGroup? workers)
    {
        int count = checkedJob.Predictions.Length;
        double factor = scale ?? 1 / (checkedJob.Weights.IsEmpty ? count : LossSum.InChains(checkedJob.Weights));
        PointwiseLossJob<T, TLoss> job = checkedJob with { Scale = factor };
        // Some tens of operations a number.
        WorkerGroup.Run(workers, ref job, 32L * count);
        return LossSum.InChains<T>(job.Losses) * factor;
    }

    /// <summary>Lengths, weights and overlaps.</summary>
    public void Validate(string predictionsName, string gradientName, bool wantsGradient)
    {
        int count = Predictions.Length;
        Check.Shape(Targets.Length, "targets", "[N]", count);
        Check.Shape(Losses.Length, "losses", "[N]", count);
        Check.ShapeOrEmpty(Weights.Length, "weights", "[N]", count);
        Check.NoOverlap(Losses, Predictions, "losses", predictionsName);
        Check.NoOverlap(Losses, Targets, "losses", "targets");
        Check.NoOverlap(Losses, Weights, "losses", "weights");
        if (wantsGradient)
        {
            Check.Shape(Gradient.Length, gradientName, "[N]", count);
            Check.SameOrNoOverlap(Gradient, Predictions, gradientName, predictionsName);
            Check.NoOverlap(Gradient, Targets, gradientName, "targets");
            Check.NoOverlap(Gradient, Weights, gradientName, "weights");
            Check.NoOverlap<T>(Losses, Gradient, "losses", gradientName);
        }

        Check.Weights(Weights, "weights");
    }

    public void Execute(WorkerTeam team) => Lanes.Run<T, PointwiseLossJob<T, TLoss>, WorkerTeam>(ref Unsafe.AsRef(in this), team);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run<TLane>(WorkerTeam team)
        where TLane : struct, ILane<TLane, T>
    {
        (int start, int end) = team.Share(Predictions.Length);
        T scale = ExactMath.Narrow<T>(Scale);
        T one = T.One;
        ReadOnlySpan<T> same = PositiveWeights.IsEmpty ? new ReadOnlySpan<T>(in one) : PositiveWeights;
        int period = PositiveWeights.Length;
        while (start < end)
        {
            // With a weight a class, the numbers up to the end of a row.
            int first = period > 1 ? start % period : 0;
            int length = period > 1 ? Math.Min(period - first, end - start) : end - start;
            PointwiseLossKernel<T, TLane, TLoss>.Run(
                Predictions.Slice(start, length),
                Targets.Slice(start, length),
                Weights.IsEmpty ? default : Weights.Slice(start, length),
                period > 1 ? PositiveWeights.Slice(first, length) : same,
                Losses.Slice(start, length),
                Gradient.IsEmpty ? default : Gradient.Slice(start, length),
                scale);
            start += length;
        }
    }
}
