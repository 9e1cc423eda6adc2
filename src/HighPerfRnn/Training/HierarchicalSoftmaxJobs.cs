using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Memory;
using HighPerfRnn.Simd;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Training;

/// <summary>Losses and gradients of rows that are sorted by class: workers split rows, then columns of the parameters' gradients.</summary>
internal readonly ref struct HierarchicalSoftmaxJob<T> : ITeamJob, ILaneWork<T, WorkerTeam>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required HierarchicalLayout<T> Layout { get; init; }

    public required ReadOnlySpan<T> Input { get; init; }

    public required ReadOnlySpan<int> Targets { get; init; }

    /// <summary>[N], which row is where among the sorted ones.</summary>
    public required ReadOnlySpan<int> Order { get; init; }

    /// <summary>[K + 1], where the rows of each class start.</summary>
    public required ReadOnlySpan<int> Starts { get; init; }

    public required Span<T> RowLosses { get; init; }

    public required Span<T> InputGradient { get; init; }

    public required Span<T> ClassWeightsGradient { get; init; }

    public required Span<T> ClassBiasGradient { get; init; }

    public required Span<T> WordWeightsGradient { get; init; }

    public required Span<T> WordBiasGradient { get; init; }

    public required bool WantsGradient { get; init; }

    public required T Scale { get; init; }

    /// <summary>[N, H].</summary>
    public required Span<T> SortedInput { get; init; }

    /// <summary>[N, K], then their gradients.</summary>
    public required Span<T> ClassScores { get; init; }

    /// <summary>[N, M], then their gradients.</summary>
    public required Span<T> WordScores { get; init; }

    public void Execute(WorkerTeam team) => Lanes.Run<T, HierarchicalSoftmaxJob<T>, WorkerTeam>(ref Unsafe.AsRef(in this), team);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run<TLane>(WorkerTeam team)
        where TLane : struct, ILane<TLane, T>
    {
        (int start, int end) = team.Share(Order.Length);
        for (int i = start; i < end; i++) InputOf(i).CopyTo(SortedInput[(i * Layout.InputSize)..]);
        Score<TLane>(start, end, Layout.ClassWeights, Layout.ClassBias, ClassScores, Layout.ClassCount);
        Block16<T> classMask = SoftmaxKernel<T, TLane>.TailMask(Layout.ClassCount);
        for (int k = 0; k < Layout.ClassCount; k++)
        {
            int first = Math.Max(start, Starts[k]);
            int last = Math.Min(end, Starts[k + 1]);
            if (first >= last) continue;
            Score<TLane>(first, last, Layout.WeightsOf(k), Layout.BiasOf(k), WordScores, Layout.ClassSize);
            Block16<T> wordMask = SoftmaxKernel<T, TLane>.TailMask(Layout.WordsOf(k));
            for (int i = first; i < last; i++) RunRow<TLane>(i, k, in classMask, in wordMask);
        }

        if (!WantsGradient) return;
        team.Synchronize();
        AddBiases<TLane>(team);
        AddWeights<TLane>(team);
    }

    private ReadOnlySpan<T> InputOf(int i) => Input.Slice(Order[i] * Layout.InputSize, Layout.InputSize);

    /// <summary>Logits of sorted rows [first, last) for a few words at a time, whose weights stay in the first-level cache for all rows.</summary>
    private void Score<TLane>(int first, int last, ReadOnlySpan<T> weights, ReadOnlySpan<T> bias, Span<T> scores, int stride)
        where TLane : struct, ILane<TLane, T>
    {
        const int tileBytes = 16 * 1024;
        int size = Layout.InputSize;
        int together = Math.Max(4, tileBytes / Unsafe.SizeOf<T>() / size / 4 * 4);
        for (int word = 0; word < bias.Length; word += together)
        {
            int words = Math.Min(together, bias.Length - word);
            ReadOnlySpan<T> tile = weights.Slice(word * size, words * size);
            for (int i = first; i < last; i++)
            {
                RowCombination<T, TLane>.Dots(
                    SortedInput.Slice(i * size, size), tile, bias.Slice(word, words), scores.Slice((i * stride) + word, words));
            }
        }
    }

    private void RunRow<TLane>(int i, int k, ref readonly Block16<T> classMask, ref readonly Block16<T> wordMask)
        where TLane : struct, ILane<TLane, T>
    {
        int row = Order[i];
        Span<T> classes = ClassScores.Slice(i * Layout.ClassCount, Layout.ClassCount);
        Span<T> words = WordScores.Slice(i * Layout.ClassSize, Layout.WordsOf(k));
        int word = Targets[row] - (k * Layout.ClassSize);
        if (!WantsGradient)
        {
            RowLosses[row] = SoftmaxCrossEntropyKernel<T, TLane>.Forward(classes, k, in classMask)
                + SoftmaxCrossEntropyKernel<T, TLane>.Forward(words, word, in wordMask);
            return;
        }

        RowLosses[row] = SoftmaxCrossEntropyKernel<T, TLane>.ForwardBackward(classes, k, classes, Scale, in classMask)
            + SoftmaxCrossEntropyKernel<T, TLane>.ForwardBackward(words, word, words, Scale, in wordMask);
        if (InputGradient.IsEmpty) return;
        Span<T> gradient = InputGradient.Slice(row * Layout.InputSize, Layout.InputSize);
        AddRows<TLane>(classes, Layout.ClassWeights, gradient);
        AddRows<TLane>(words, Layout.WeightsOf(k), gradient);
    }

    /// <summary>gradient += Σ score·row.</summary>
    private void AddRows<TLane>(ReadOnlySpan<T> scores, ReadOnlySpan<T> rows, Span<T> gradient)
        where TLane : struct, ILane<TLane, T> =>
        RowCombination<T, TLane>.Add(
            in scores[0], 1, scores.Length, CanonicalSum.Block(scores.Length), rows, Layout.InputSize, 0, Layout.InputSize, gradient);

    private void AddBiases<TLane>(WorkerTeam team)
        where TLane : struct, ILane<TLane, T>
    {
        T one = T.One;
        (int firstClass, int endClass) = team.Share(Layout.ClassCount);
        RowCombination<T, TLane>.Add(
            in one, 0, Order.Length, CanonicalSum.RowBlock, ClassScores, Layout.ClassCount, firstClass, endClass, ClassBiasGradient);
        for (int k = firstClass; k < endClass; k++)
        {
            int start = Starts[k];
            RowCombination<T, TLane>.Add(
                in one,
                0,
                Starts[k + 1] - start,
                CanonicalSum.RowBlock,
                WordScores[(start * Layout.ClassSize)..],
                Layout.ClassSize,
                0,
                Layout.WordsOf(k),
                WordBiasGradient[(k * Layout.ClassSize)..]);
        }
    }

    private void AddWeights<TLane>(WorkerTeam team)
        where TLane : struct, ILane<TLane, T>
    {
        // Whole cache lines a worker, so that no two write to one.
        int line = AlignedBlock<T>.AlignmentBytes / Unsafe.SizeOf<T>();
        (int firstLine, int endLine) = team.Share((Layout.InputSize + line - 1) / line);
        int first = firstLine * line;
        int end = Math.Min(Layout.InputSize, endLine * line);
        int size = Layout.InputSize;
        for (int k = 0; k < Layout.ClassCount; k++)
        {
            if (Order.Length == 0) return;
            RowCombination<T, TLane>.Add(
                in ClassScores[k],
                Layout.ClassCount,
                Order.Length,
                CanonicalSum.RowBlock,
                SortedInput,
                size,
                first,
                end,
                ClassWeightsGradient[(k * size)..]);
            int start = Starts[k];
            int rows = Starts[k + 1] - start;
            if (rows == 0) continue;
            for (int j = 0; j < Layout.WordsOf(k); j++)
            {
                RowCombination<T, TLane>.Add(
                    in WordScores[(start * Layout.ClassSize) + j],
                    Layout.ClassSize,
                    rows,
                    CanonicalSum.RowBlock,
                    SortedInput[(start * size)..],
                    size,
                    first,
                    end,
                    WordWeightsGradient[(((k * Layout.ClassSize) + j) * size)..]);
            }
        }
    }
}

/// <summary>ln p of every word for one row; workers split classes.</summary>
internal readonly ref struct HierarchicalLogProbabilitiesJob<T> : ITeamJob, ILaneWork<T, WorkerTeam>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required HierarchicalLayout<T> Layout { get; init; }

    public required ReadOnlySpan<T> Input { get; init; }

    public required Span<T> LogProbabilities { get; init; }

    public required Span<T> ClassScores { get; init; }

    public void Execute(WorkerTeam team) =>
        Lanes.Run<T, HierarchicalLogProbabilitiesJob<T>, WorkerTeam>(ref Unsafe.AsRef(in this), team);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run<TLane>(WorkerTeam team)
        where TLane : struct, ILane<TLane, T>
    {
        int size = Layout.InputSize;
        (int first, int end) = team.Share(Layout.ClassCount);
        RowCombination<T, TLane>.Dots(
            Input, Layout.ClassWeights[(first * size)..], Layout.ClassBias[first..], ClassScores[first..end]);
        team.Synchronize();
        Block16<T> classMask = SoftmaxKernel<T, TLane>.TailMask(Layout.ClassCount);
        T classSum = SoftmaxKernel<T, TLane>.SumOfExponentials(ClassScores, in classMask, out T classMaximum);
        double logClassSum = ExactMath.Log(ExactMath.Widen(classSum));
        for (int k = first; k < end; k++)
        {
            Span<T> scores = LogProbabilities.Slice(k * Layout.ClassSize, Layout.WordsOf(k));
            RowCombination<T, TLane>.Dots(Input, Layout.WeightsOf(k), Layout.BiasOf(k), scores);
            Block16<T> mask = SoftmaxKernel<T, TLane>.TailMask(scores.Length);
            T sum = SoftmaxKernel<T, TLane>.SumOfExponentials(scores, in mask, out T maximum);
            double ofClass = ExactMath.Widen(ClassScores[k]) - ExactMath.Widen(classMaximum) - logClassSum;
            T offset = ExactMath.Narrow<T>(ofClass - ExactMath.Log(ExactMath.Widen(sum)));
            foreach (ref T score in scores) score = score - maximum + offset;
        }
    }
}
