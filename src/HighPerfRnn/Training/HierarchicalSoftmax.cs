using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Simd;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Training;

/// <summary>
/// A linear layer and softmax cross-entropy over a large vocabulary in two steps (Goodman, Classes for fast maximum entropy training,
/// ICASSP 2001): p(w) = p(class of w)·p(w | class of w), both softmaxes, exact and summing to 1. Word w is in class ⌊w / M⌋.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>
/// <para>K is ⌈√V⌉ or, where fewer classes of the same size hold all words, so many; M = ⌈V / ⌈√V⌉⌉ words a class, the last one fewer. Order words by
/// frequency, the most frequent first: then the classes that are read often are few.</para>
/// <para>Parameters, row-major, all zeros at first: <c>class_weight</c> [K, H], <c>class_bias</c> [K], <c>word_weight</c> [V, H] and
/// <c>word_bias</c> [V]; row w is the vector of word w. They are read as they stand, nothing is packed.</para>
/// <para>Cost: a row takes H·(K + M) multiply-adds, three times as many with its gradients, instead of H·V: at V = 50,000 111 times fewer than the full
/// softmax. What remains is memory: each class that occurs is read, and its gradient read and written, once. All words' probabilities for one row
/// take H·(V + K).</para>
/// <para>A row's loss, its input gradient and its probabilities have the same bits alone as among others. Gradients of parameters are sums over
/// rows in the order of their classes, in blocks of 256 rows: equal rows give equal bits whatever the vector width and the number of workers.
/// A logit is off by at most (⌈H / 16⌉ + 5)·u·Σ|h·w| + u·|b|, a row's loss by twice the largest error of its logits at both levels and the bounds of both
/// <see cref="SoftmaxCrossEntropy{T}"/>.</para>
/// </remarks>
public sealed class HierarchicalSoftmax<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>A layer from <paramref name="inputSize"/> numbers to the probabilities of words.</summary>
    /// <param name="inputSize">H.</param>
    /// <param name="vocabularySize">V.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    public HierarchicalSoftmax(int inputSize, int vocabularySize)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(inputSize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(vocabularySize);
        InputSize = inputSize;
        VocabularySize = vocabularySize;
        int root = (int)Math.Ceiling(Math.Sqrt(vocabularySize));
        ClassSize = DivideUp(vocabularySize, root);
        ClassCount = DivideUp(vocabularySize, ClassSize);
        Parameters = new ParameterSet<T>(
            ("class_weight", ClassCount, inputSize),
            ("class_bias", 0, ClassCount),
            ("word_weight", vocabularySize, inputSize),
            ("word_bias", 0, vocabularySize));
    }

    /// <summary>H.</summary>
    public int InputSize { get; }

    /// <summary>V.</summary>
    public int VocabularySize { get; }

    /// <summary>K.</summary>
    public int ClassCount { get; }

    /// <summary>M, words of a class; the last class may have fewer.</summary>
    public int ClassSize { get; }

    /// <summary>The weights and biases of classes and words; see the remarks above.</summary>
    public ParameterSet<T> Parameters { get; }

    /// <summary>How many elements the passes need as workspace for so many rows: N·(H + K + M + 1) + K + 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The rows are negative.</exception>
    public int WorkspaceSize(int rows)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        return checked((rows * (InputSize + ClassCount + ClassSize + 1)) + ClassCount + 1);
    }

    /// <summary>L = scale·Σᵣ -ln p(target r | x[r]), as for evaluation.</summary>
    /// <param name="input">x [N, H].</param>
    /// <param name="targets">[N], each in 0 to V - 1.</param>
    /// <param name="rowLosses">[N], overwritten with the loss of each row, not scaled.</param>
    /// <param name="workspace">At least <see cref="WorkspaceSize"/> elements.</param>
    /// <param name="scale">What the sum of the rows' losses is multiplied by; null for 1 / N, the mean.</param>
    /// <param name="workers">Threads to split rows over; null for the caller's alone.</param>
    /// <returns>L; of no rows the sum 0 and the mean NaN.</returns>
    /// <exception cref="ArgumentException">A span has another length than its shape, a target is out of range, or what is written
    /// overlaps what is read; nothing has been written then.</exception>
    public double Forward(
        ReadOnlySpan<T> input,
        ReadOnlySpan<int> targets,
        Span<T> rowLosses,
        Span<T> workspace,
        double? scale = null,
        WorkerGroup? workers = null)
    {
        Validate(input, targets, rowLosses, workspace);
        return Run(input, targets, rowLosses, [], null, workspace, scale, workers);
    }

    /// <summary>The loss, dX += dL/dx, and the gradients of all four parameters, added.</summary>
    /// <param name="input">x [N, H].</param>
    /// <param name="targets">[N], each in 0 to V - 1.</param>
    /// <param name="rowLosses">[N], overwritten with the loss of each row, not scaled.</param>
    /// <param name="inputGradient">dX [N, H], added to; empty when it is not wanted. It may not overlap what is read.</param>
    /// <param name="gradients">Added to: a set from <see cref="ParameterSet{T}.CreateZeros"/> of the layer's parameters.</param>
    /// <param name="workspace">At least <see cref="WorkspaceSize"/> elements.</param>
    /// <param name="scale">What the sum of the rows' losses is multiplied by; null for 1 / N, the mean.</param>
    /// <param name="workers">Threads to split rows, then columns over; null for the caller's alone.</param>
    /// <returns>L; of no rows the sum 0 and the mean NaN.</returns>
    /// <exception cref="ArgumentException">A span has another length than its shape, a target is out of range, or what is written
    /// overlaps what is read; nothing has been written then.</exception>
    public double ForwardBackward(
        ReadOnlySpan<T> input,
        ReadOnlySpan<int> targets,
        Span<T> rowLosses,
        Span<T> inputGradient,
        ParameterSet<T> gradients,
        Span<T> workspace,
        double? scale = null,
        WorkerGroup? workers = null)
    {
        Validate(input, targets, rowLosses, workspace);
        Check.ShapeOrEmpty(inputGradient.Length, nameof(inputGradient), "[N, H]", targets.Length, InputSize);
        Check.Layout(gradients, Parameters);
        Check.NoOverlap(inputGradient, input, nameof(inputGradient), nameof(input));
        Check.NoOverlap<T>(inputGradient, rowLosses, nameof(inputGradient), nameof(rowLosses));
        Check.NoOverlap<T>(inputGradient, workspace, nameof(inputGradient), nameof(workspace));
        Check.NoOverlap<T>(inputGradient, Parameters.Values, nameof(inputGradient), nameof(Parameters));
        Check.NoOverlap<T>(gradients.Values, input, nameof(gradients), nameof(input));
        Check.NoOverlap<T>(gradients.Values, rowLosses, nameof(gradients), nameof(rowLosses));
        Check.NoOverlap<T>(gradients.Values, inputGradient, nameof(gradients), nameof(inputGradient));
        Check.NoOverlap<T>(gradients.Values, workspace, nameof(gradients), nameof(workspace));
        return Run(input, targets, rowLosses, inputGradient, gradients, workspace, scale, workers);
    }

    /// <summary>ln p(w | x) of every word, for one row.</summary>
    /// <param name="input">x [H].</param>
    /// <param name="logProbabilities">[V], overwritten.</param>
    /// <param name="workspace">At least K elements, <see cref="ClassCount"/>.</param>
    /// <param name="workers">Threads to split classes over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">A span has another length than its shape, or what is written overlaps what is read; nothing
    /// has been written then.</exception>
    public void LogProbabilities(
        ReadOnlySpan<T> input, Span<T> logProbabilities, Span<T> workspace, WorkerGroup? workers = null)
    {
        Check.Shape(input.Length, nameof(input), "[H]", InputSize);
        Check.Shape(logProbabilities.Length, nameof(logProbabilities), "[V]", VocabularySize);
        Check.AtLeast(workspace.Length, ClassCount, nameof(workspace));
        Check.NoOverlap(logProbabilities, input, nameof(logProbabilities), nameof(input));
        Check.NoOverlap<T>(logProbabilities, workspace, nameof(logProbabilities), nameof(workspace));
        Check.NoOverlap<T>(logProbabilities, Parameters.Values, nameof(logProbabilities), nameof(Parameters));
        Check.NoOverlap(workspace, input, nameof(workspace), nameof(input));
        Check.NoOverlap<T>(workspace, Parameters.Values, nameof(workspace), nameof(Parameters));
        var job = new HierarchicalLogProbabilitiesJob<T>
        {
            Layout = Layout(),
            Input = input,
            LogProbabilities = logProbabilities,
            ClassScores = workspace[..ClassCount],
        };
        WorkerGroup.Run(workers, ref job, (long)InputSize * VocabularySize);
    }

    private static int DivideUp(int a, int b) => (int)(((long)a + b - 1) / b);

    private HierarchicalLayout<T> Layout() => new()
    {
        InputSize = InputSize,
        VocabularySize = VocabularySize,
        ClassCount = ClassCount,
        ClassSize = ClassSize,
        ClassWeights = Parameters.Span(Parameters.Parameters[0]),
        ClassBias = Parameters.Span(Parameters.Parameters[1]),
        WordWeights = Parameters.Span(Parameters.Parameters[2]),
        WordBias = Parameters.Span(Parameters.Parameters[3]),
    };

    private void Validate(ReadOnlySpan<T> input, ReadOnlySpan<int> targets, Span<T> rowLosses, Span<T> workspace)
    {
        int rows = targets.Length;
        Check.Shape(input.Length, nameof(input), "[N, H]", rows, InputSize);
        Check.Shape(rowLosses.Length, nameof(rowLosses), "[N]", rows);
        Check.AtLeast(workspace.Length, WorkspaceSize(rows), nameof(workspace));
        Check.NoOverlap(rowLosses, input, nameof(rowLosses), nameof(input));
        Check.NoOverlap<T>(rowLosses, Parameters.Values, nameof(rowLosses), nameof(Parameters));
        Check.NoOverlap(workspace, input, nameof(workspace), nameof(input));
        Check.NoOverlap<T>(workspace, rowLosses, nameof(workspace), nameof(rowLosses));
        Check.NoOverlap<T>(workspace, Parameters.Values, nameof(workspace), nameof(Parameters));
        Check.NoOverlap(MemoryMarshal.AsBytes(workspace), MemoryMarshal.AsBytes(targets), nameof(workspace), nameof(targets));
        Check.Tokens(targets, VocabularySize, nameof(targets));
    }

    private double Run(
        ReadOnlySpan<T> input,
        ReadOnlySpan<int> targets,
        Span<T> rowLosses,
        Span<T> inputGradient,
        ParameterSet<T>? gradients,
        Span<T> workspace,
        double? scale,
        WorkerGroup? workers)
    {
        int rows = targets.Length;
        double factor = scale ?? 1.0 / rows;
        Span<int> numbers = MemoryMarshal.Cast<T, int>(workspace[..(rows + ClassCount + 1)]);
        Span<int> order = numbers[..rows];
        Span<int> starts = numbers.Slice(rows, ClassCount + 1);
        SortByClass(targets, order, starts);
        workspace = workspace[(rows + ClassCount + 1)..];
        var job = new HierarchicalSoftmaxJob<T>
        {
            Layout = Layout(),
            Input = input,
            Targets = targets,
            Order = order,
            Starts = starts,
            RowLosses = rowLosses,
            InputGradient = inputGradient,
            ClassWeightsGradient = gradients is null ? default : gradients.Span(Parameters.Parameters[0]),
            ClassBiasGradient = gradients is null ? default : gradients.Span(Parameters.Parameters[1]),
            WordWeightsGradient = gradients is null ? default : gradients.Span(Parameters.Parameters[2]),
            WordBiasGradient = gradients is null ? default : gradients.Span(Parameters.Parameters[3]),
            WantsGradient = gradients is not null,
            Scale = ExactMath.Narrow<T>(factor),
            SortedInput = workspace[..(rows * InputSize)],
            ClassScores = workspace.Slice(rows * InputSize, rows * ClassCount),
            WordScores = workspace.Slice(rows * (InputSize + ClassCount), rows * ClassSize),
        };
        long products = (long)rows * InputSize * (ClassCount + ClassSize);
        WorkerGroup.Run(workers, ref job, gradients is null ? products : 3 * products);
        return LossSum.InOrder<T>(rowLosses) * factor;
    }

    /// <summary>Rows by class, those of a class in order: each class's weights are then read once.</summary>
    private void SortByClass(ReadOnlySpan<int> targets, Span<int> order, Span<int> starts)
    {
        starts.Clear();
        foreach (int target in targets) starts[(target / ClassSize) + 1]++;
        for (int k = 0; k < ClassCount; k++) starts[k + 1] += starts[k];
        // Each start moves on to the end of its class, which is where the next one starts.
        for (int r = 0; r < targets.Length; r++) order[starts[targets[r] / ClassSize]++] = r;
        for (int k = ClassCount; k > 0; k--) starts[k] = starts[k - 1];
        starts[0] = 0;
    }
}

/// <summary>The parameters of a hierarchical softmax, as its jobs read them.</summary>
internal readonly ref struct HierarchicalLayout<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required int InputSize { get; init; }

    public required int VocabularySize { get; init; }

    public required int ClassCount { get; init; }

    public required int ClassSize { get; init; }

    public required ReadOnlySpan<T> ClassWeights { get; init; }

    public required ReadOnlySpan<T> ClassBias { get; init; }

    public required ReadOnlySpan<T> WordWeights { get; init; }

    public required ReadOnlySpan<T> WordBias { get; init; }

    public int WordsOf(int k) => Math.Min(ClassSize, VocabularySize - (k * ClassSize));

    public ReadOnlySpan<T> WeightsOf(int k) => WordWeights.Slice(k * ClassSize * InputSize, WordsOf(k) * InputSize);

    public ReadOnlySpan<T> BiasOf(int k) => WordBias.Slice(k * ClassSize, WordsOf(k));
}
