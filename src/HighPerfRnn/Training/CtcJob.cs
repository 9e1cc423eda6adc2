using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Training;

/// <summary>Rows of connectionist temporal classification; workers split them, and each row has its own part of the workspace.</summary>
internal readonly ref struct CtcJob<T> : ITeamJob, ILaneWork<T, WorkerTeam>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required CtcBatch<T> Batch { get; init; }

    public required bool WantsGradient { get; init; }

    public required int LongestTarget { get; init; }

    public void Execute(WorkerTeam team) => Lanes.Run<T, CtcJob<T>, WorkerTeam>(ref Unsafe.AsRef(in this), team);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run<TLane>(WorkerTeam team)
        where TLane : struct, ILane<TLane, T>
    {
        int rows = Batch.TargetLengths.Length;
        (int start, int end) = team.Share(rows);
        Block16<T> tailMask = SoftmaxKernel<T, TLane>.TailMask(Batch.Classes);
        int roomLength = WantsGradient ? CtcRoom<T>.Length(Batch.Steps, LongestTarget) : CtcRoom<T>.ForwardLength(LongestTarget);
        int firstLabel = 0;
        for (int row = 0; row < end; row++)
        {
            int length = Batch.TargetLengths[row];
            if (row >= start)
            {
                ReadOnlySpan<int> labels = Batch.Targets.Slice(firstLabel, length);
                Span<T> memory = Batch.Workspace.Slice(row * roomLength, roomLength);
                var room = new CtcRoom<T>(memory, length, Batch.InputLengths[row], WantsGradient);
                Batch.RowLosses[row] = RunRow<TLane>(row, labels, in room, in tailMask);
            }

            firstLabel += length;
        }
    }

    private T RunRow<TLane>(int row, ReadOnlySpan<int> labels, scoped in CtcRoom<T> room, ref readonly Block16<T> tailMask)
        where TLane : struct, ILane<TLane, T>
    {
        room.Prepare(labels);
        T loss = Forward<TLane>(row, labels, in room, in tailMask);
        bool isInfinite = T.IsPositiveInfinity(loss);
        if (isInfinite && Batch.ZeroInfinity) loss = T.Zero;
        if (!WantsGradient) return loss;
        int frames = Batch.InputLengths[row];
        for (int t = frames; t < Batch.Steps; t++) GradientOf(t, row).Clear();
        if (isInfinite)
        {
            T value = Batch.ZeroInfinity ? T.Zero : T.NaN;
            for (int t = 0; t < frames; t++) GradientOf(t, row).Fill(value);
            return loss;
        }

        double scale = Batch.Scale ?? 1;
        if (Batch.Reduction == CtcReduction.Mean) scale /= (double)Batch.TargetLengths.Length * Math.Max(1, labels.Length);
        Backward<TLane>(row, labels, ExactMath.Narrow<T>(scale), in room, in tailMask);
        return loss;
    }

    /// <summary>-ln p(target).</summary>
    private T Forward<TLane>(int row, ReadOnlySpan<int> labels, scoped in CtcRoom<T> room, ref readonly Block16<T> tailMask)
        where TLane : struct, ILane<TLane, T>
    {
        int frames = Batch.InputLengths[row];
        CtcStates.SetOnly(0, room.Alpha(0));
        T shift = T.Zero;
        double total = 0;
        for (int t = 0; t < frames; t++)
        {
            ReadOnlySpan<T> logits = LogitsOf(t, row);
            T sum = SoftmaxKernel<T, TLane>.SumOfExponentials(logits, in tailMask, out T maximum);
            T logSum = ExactMath.Narrow<T>(ExactMath.Log(ExactMath.Widen(sum)));
            if (WantsGradient) (room.Maxima[t], room.LogSums[t]) = (maximum, logSum);
            CtcStates.SetEmission(logits, labels, Batch.Blank, maximum, logSum, room.Emission);
            total += ExactMath.Widen(shift);
            shift = CtcKernel<T, TLane>.StepForward(room.Alpha(t), room.Emission, room.Skip, shift, room.Alpha(t + 1));
        }

        int last = CtcStates.First + (2 * labels.Length);
        double ofLast = ExactMath.Widen(room.Alpha(frames)[last]);
        double ofOther = labels.IsEmpty ? double.NegativeInfinity : ExactMath.Widen(room.Alpha(frames)[last - 1]);
        double loss = -(total + LogSum(ofLast, ofOther));
        // A probability of 1 may come out above it by rounding.
        return loss < 0 ? T.Zero : ExactMath.Narrow<T>(loss);
    }

    private void Backward<TLane>(int row, ReadOnlySpan<int> labels, T scale, scoped in CtcRoom<T> room, ref readonly Block16<T> tailMask)
        where TLane : struct, ILane<TLane, T>
    {
        CtcStates.SetOnly(2 * labels.Length, room.Following);
        Span<T> states = room.Posterior.Slice(CtcStates.First, CtcStates.Padded(room.Posterior.Length));
        T shift = T.Zero;
        for (int t = Batch.InputLengths[row] - 1; t >= 0; t--)
        {
            ReadOnlySpan<T> logits = LogitsOf(t, row);
            CtcStates.SetEmission(logits, labels, Batch.Blank, room.Maxima[t], room.LogSums[t], room.Emission);
            shift = CtcKernel<T, TLane>.StepBackward(room.Following, room.Alpha(t + 1), room.Emission, room.Skip, shift, room.Posterior);
            // Divided by their own sum, which is p(target) at every t, so that what was taken off on both ways need not be known.
            Block16<T> noTail = default;
            SoftmaxKernel<T, TLane>.Scaled(states, states, scale, in noTail, out _);
            Span<T> gradient = GradientOf(t, row);
            SoftmaxKernel<T, TLane>.Scaled(logits, gradient, scale, in tailMask, out _);
            CtcStates.SubtractPosterior(room.Posterior, labels, Batch.Blank, gradient);
        }
    }

    private static double LogSum(double a, double b)
    {
        double largest = a > b ? a : b;
        if (double.IsNaN(a) || double.IsNaN(b)) return double.NaN;
        return double.IsNegativeInfinity(largest) ? largest : largest + ExactMath.Log(ExactMath.Exp(a - largest) + ExactMath.Exp(b - largest));
    }

    private ReadOnlySpan<T> LogitsOf(int t, int row) =>
        Batch.Logits.Slice(((t * Batch.TargetLengths.Length) + row) * Batch.Classes, Batch.Classes);

    private Span<T> GradientOf(int t, int row) =>
        Batch.LogitsGradient.Slice(((t * Batch.TargetLengths.Length) + row) * Batch.Classes, Batch.Classes);
}

/// <summary>The workspace of one row.</summary>
internal readonly ref struct CtcRoom<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Span<T> _alpha;
    private readonly int _rowLength;
    private readonly int _alphaRows;

    /// <param name="memory">At least <see cref="Length"/> or <see cref="ForwardLength"/> elements.</param>
    /// <param name="labels">L of this row.</param>
    /// <param name="frames">How many frames of this row count.</param>
    /// <param name="wantsGradient">Whether α is kept for every frame.</param>
    public CtcRoom(Span<T> memory, int labels, int frames, bool wantsGradient)
    {
        _rowLength = CtcStates.RowLength(labels);
        _alphaRows = wantsGradient ? frames + 1 : 2;
        Emission = memory[.._rowLength];
        Skip = memory.Slice(_rowLength, _rowLength);
        memory = memory[(2 * _rowLength)..];
        if (wantsGradient)
        {
            Following = memory[.._rowLength];
            Posterior = memory.Slice(_rowLength, _rowLength);
            memory = memory[(2 * _rowLength)..];
            Maxima = memory[..frames];
            LogSums = memory.Slice(frames, frames);
            memory = memory[(2 * frames)..];
        }

        _alpha = memory[..(_alphaRows * _rowLength)];
    }

    public Span<T> Emission { get; }

    public Span<T> Skip { get; }

    public Span<T> Following { get; }

    public Span<T> Posterior { get; }

    /// <summary>The largest logit of each frame.</summary>
    public Span<T> Maxima { get; }

    /// <summary>ln Σ exp(x - m) of each frame.</summary>
    public Span<T> LogSums { get; }

    public static int ForwardLength(int labels) => checked(4 * CtcStates.RowLength(labels));

    public static int Length(int frames, int labels) => checked(((frames + 5) * CtcStates.RowLength(labels)) + (2 * frames));

    /// <summary>α after so many frames; without a gradient, only the last two are there.</summary>
    public Span<T> Alpha(int frames) => _alpha.Slice(frames % _alphaRows * _rowLength, _rowLength);

    /// <summary>Sets what is the same in all frames, and the frames of the rows that no step writes.</summary>
    public void Prepare(ReadOnlySpan<int> labels)
    {
        CtcStates.SetSkips(labels, Skip);
        Emission.Fill(T.NegativeInfinity);
        for (int i = 0; i < _alphaRows; i++)
        {
            // Two numbers on either side of the states, which neighbours read.
            Span<T> row = Alpha(i);
            row[..CtcStates.First].Fill(T.NegativeInfinity);
            row[^CtcStates.First..].Fill(T.NegativeInfinity);
        }
    }
}
