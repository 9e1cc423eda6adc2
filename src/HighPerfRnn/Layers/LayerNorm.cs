using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Memory;
using HighPerfRnn.Simd;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Layers;

/// <summary>Layer normalisation over the last dimension: y = γ∘(x - μ)·ρ + β, ρ = 1 / √(σ² + ε), row by row.</summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>
/// <para>Parameters: <c>weight</c> γ [H], all ones at first, and <c>bias</c> β [H], all zeros. μ is the mean of a row, σ² the mean of
/// (x - μ)², both in one fixed order, so that a row gives the same bits alone as among others, whatever the width and the workers.</para>
/// <para>With u = 2⁻²⁴ (2⁻⁵³ in double), n = ⌈H / 16⌉ + 6 and A the mean of |x|, the mean is off by at most e = n·u·A, and y, to
/// first order in u, by |γ|·ρ·e + |γ|·|x̂|·((n / 2 + 6)·u + (ρ·e)² / 2) + u·|y|: it is as accurate as the mean is small beside the
/// deviation. A NaN or an infinity in a row makes that row NaN.</para>
/// <para>Ba, Kiros and Hinton, Layer Normalization, 2016.</para>
/// </remarks>
public sealed class LayerNorm<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly T _epsilon;

    /// <summary>A layer over rows of <paramref name="size"/> numbers.</summary>
    /// <param name="size">H.</param>
    /// <param name="epsilon">ε, rounded to T.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is not positive, or ε, rounded to T, is not positive and finite.</exception>
    public LayerNorm(int size, double epsilon = 1e-5)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        _epsilon = ExactMath.Narrow<T>(epsilon);
        if (!(_epsilon > T.Zero && T.IsFinite(_epsilon)))
        {
            throw new ArgumentOutOfRangeException(nameof(epsilon), epsilon, "expected a positive and finite number");
        }

        Size = size;
        Epsilon = epsilon;
        Parameters = new ParameterSet<T>(("weight", 0, size), ("bias", 0, size));
        Parameters["weight"].Fill(T.One);
    }

    /// <summary>H.</summary>
    public int Size { get; }

    /// <summary>ε.</summary>
    public double Epsilon { get; }

    /// <summary>γ and β by name; the passes read them as they are.</summary>
    public ParameterSet<T> Parameters { get; }

    /// <summary>output = γ∘(input - μ)·ρ + β.</summary>
    /// <param name="rows">N.</param>
    /// <param name="input">x [N, H].</param>
    /// <param name="output">y [N, H], overwritten; it may be the same span as the input where no backward pass follows.</param>
    /// <param name="statistics">μ and ρ of each row [N, 2], overwritten, for the backward pass; empty where there will be none.</param>
    /// <param name="workers">Threads to split rows over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">A span has another length than its shape, or they overlap otherwise; nothing has been written then.</exception>
    public void Forward(int rows, ReadOnlySpan<T> input, Span<T> output, Span<T> statistics = default, WorkerGroup? workers = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        Check.Shape(input.Length, nameof(input), "[rows, size]", rows, Size);
        Check.Shape(output.Length, nameof(output), "[rows, size]", rows, Size);
        Check.ShapeOrEmpty(statistics.Length, nameof(statistics), "[rows, 2]", rows, 2);
        Check.SameOrNoOverlap(output, input, nameof(output), nameof(input));
        Check.NoOverlap(statistics, input, nameof(statistics), nameof(input));
        Check.NoOverlap<T>(statistics, output, nameof(statistics), nameof(output));
        Check.NoOverlap<T>(output, Parameters.Values, nameof(output), nameof(Parameters));
        Check.NoOverlap<T>(statistics, Parameters.Values, nameof(statistics), nameof(Parameters));
        var job = new LayerNormForwardJob<T>
        {
            Rows = rows,
            Size = Size,
            Epsilon = _epsilon,
            Input = input,
            Output = output,
            Statistics = statistics,
            Weight = Parameters["weight"],
            Bias = Parameters["bias"],
        };
        WorkerGroup.Run(workers, ref job, 4L * rows * Size);
    }

    /// <summary>
    /// With x̂ = (x - μ)·ρ and g = γ∘dY: dX += ρ·(g - mean g - x̂·mean(g∘x̂)), dγ += Σ dY∘x̂ and dβ += Σ dY over the rows.
    /// </summary>
    /// <param name="rows">N.</param>
    /// <param name="input">x [N, H], as in the forward pass.</param>
    /// <param name="statistics">μ and ρ [N, 2], as the forward pass left them.</param>
    /// <param name="outputGradient">dY [N, H].</param>
    /// <param name="inputGradient">dX [N, H], added to; empty when it is not wanted. It may not overlap what is read.</param>
    /// <param name="gradients">dγ and dβ, added to: a set from <see cref="ParameterSet{T}.CreateZeros"/> of the layer's parameters.</param>
    /// <param name="workers">Threads to split outputs over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">A span has another length than its shape, or they overlap; nothing has been written then.</exception>
    public void Backward(
        int rows,
        ReadOnlySpan<T> input,
        ReadOnlySpan<T> statistics,
        ReadOnlySpan<T> outputGradient,
        Span<T> inputGradient,
        ParameterSet<T> gradients,
        WorkerGroup? workers = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        Check.Layout(gradients, Parameters);
        Check.Shape(input.Length, nameof(input), "[rows, size]", rows, Size);
        Check.Shape(statistics.Length, nameof(statistics), "[rows, 2]", rows, 2);
        Check.Shape(outputGradient.Length, nameof(outputGradient), "[rows, size]", rows, Size);
        Check.ShapeOrEmpty(inputGradient.Length, nameof(inputGradient), "[rows, size]", rows, Size);
        Check.NoOverlap(inputGradient, input, nameof(inputGradient), nameof(input));
        Check.NoOverlap(inputGradient, statistics, nameof(inputGradient), nameof(statistics));
        Check.NoOverlap(inputGradient, outputGradient, nameof(inputGradient), nameof(outputGradient));
        Check.NoOverlap<T>(inputGradient, Parameters.Values, nameof(inputGradient), nameof(Parameters));
        Check.NoOverlap(gradients.Values, input, nameof(gradients), nameof(input));
        Check.NoOverlap(gradients.Values, statistics, nameof(gradients), nameof(statistics));
        Check.NoOverlap(gradients.Values, outputGradient, nameof(gradients), nameof(outputGradient));
        Check.NoOverlap<T>(gradients.Values, inputGradient, nameof(gradients), nameof(inputGradient));
        var job = new LayerNormBackwardJob<T>
        {
            Rows = rows,
            Size = Size,
            Input = input,
            Statistics = statistics,
            OutputGradient = outputGradient,
            InputGradient = inputGradient,
            Weight = Parameters["weight"],
            WeightGradient = gradients["weight"],
            BiasGradient = gradients["bias"],
        };
        WorkerGroup.Run(workers, ref job, 8L * rows * Size);
    }

    /// <summary>The error bound of an output as it stands in the remarks.</summary>
    /// <param name="size">H.</param>
    /// <param name="meanMagnitude">A.</param>
    /// <param name="inverseDeviation">ρ.</param>
    /// <param name="normalized">x̂.</param>
    /// <param name="weight">γ.</param>
    /// <param name="output">y.</param>
    internal static double OutputErrorBound(
        int size, double meanMagnitude, double inverseDeviation, double normalized, double weight, double output)
    {
        double unit = typeof(T) == typeof(float) ? 5.9604644775390625E-08 : 1.1102230246251565E-16;
        double roundings = ((size + 15) / 16) + 6;
        double shift = inverseDeviation * roundings * unit * meanMagnitude;
        double relative = (((roundings / 2) + 6) * unit) + (shift * shift / 2);
        return (Math.Abs(weight) * (shift + (Math.Abs(normalized) * relative))) + (unit * Math.Abs(output));
    }
}

/// <summary>Rows of layer normalisation; workers split them.</summary>
internal readonly ref struct LayerNormForwardJob<T> : ITeamJob, ILaneWork<T, WorkerTeam>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required int Rows { get; init; }

    public required int Size { get; init; }

    public required T Epsilon { get; init; }

    public required ReadOnlySpan<T> Input { get; init; }

    public required Span<T> Output { get; init; }

    public required Span<T> Statistics { get; init; }

    public required ReadOnlySpan<T> Weight { get; init; }

    public required ReadOnlySpan<T> Bias { get; init; }

    public void Execute(WorkerTeam team) => Lanes.Run<T, LayerNormForwardJob<T>, WorkerTeam>(ref Unsafe.AsRef(in this), team);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run<TLane>(WorkerTeam team)
        where TLane : struct, ILane<TLane, T>
    {
        (int start, int end) = team.Share(Rows);
        for (int row = start; row < end; row++)
        {
            ReadOnlySpan<T> input = Input.Slice(row * Size, Size);
            (T mean, T inverseDeviation) = LayerNormKernel<T, TLane>.Statistics(input, Epsilon);
            if (!Statistics.IsEmpty) (Statistics[2 * row], Statistics[(2 * row) + 1]) = (mean, inverseDeviation);
            LayerNormKernel<T, TLane>.Forward(input, mean, inverseDeviation, Weight, Bias, Output.Slice(row * Size, Size));
        }
    }
}

/// <summary>The way back: workers split rows for dX, columns for dγ and dβ.</summary>
internal readonly ref struct LayerNormBackwardJob<T> : ITeamJob, ILaneWork<T, WorkerTeam>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required int Rows { get; init; }

    public required int Size { get; init; }

    public required ReadOnlySpan<T> Input { get; init; }

    public required ReadOnlySpan<T> Statistics { get; init; }

    public required ReadOnlySpan<T> OutputGradient { get; init; }

    public required Span<T> InputGradient { get; init; }

    public required ReadOnlySpan<T> Weight { get; init; }

    public required Span<T> WeightGradient { get; init; }

    public required Span<T> BiasGradient { get; init; }

    public void Execute(WorkerTeam team) => Lanes.Run<T, LayerNormBackwardJob<T>, WorkerTeam>(ref Unsafe.AsRef(in this), team);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run<TLane>(WorkerTeam team)
        where TLane : struct, ILane<TLane, T>
    {
        (int start, int end) = InputGradient.IsEmpty ? (0, 0) : team.Share(Rows);
        for (int row = start; row < end; row++)
        {
            LayerNormKernel<T, TLane>.Backward(
                Input.Slice(row * Size, Size),
                Statistics[2 * row],
                Statistics[(2 * row) + 1],
                Weight,
                OutputGradient.Slice(row * Size, Size),
                InputGradient.Slice(row * Size, Size));
        }

        (int first, int last) = ColumnSums<T, TLane>.Share(Size, team.Index, team.Count);
        var normalized = new NormalizedTerms<T, TLane>(OutputGradient, Input, Statistics, Size);
        ColumnSums<T, TLane>.Add(in normalized, Rows, first, last, WeightGradient);
        var plain = new RowNumbers<T, TLane>(OutputGradient, Size);
        ColumnSums<T, TLane>.Add(in plain, Rows, first, last, BiasGradient);
    }
}
