using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>
/// One row of layer normalisation: with x̂ = (x - μ)·ρ and ρ = 1 / √(σ² + ε), y = γ∘x̂ + β, and backwards with g = γ∘dy,
/// dx = ρ·(g - mean g - x̂·mean(g∘x̂)).
/// </summary>
/// <remarks>
/// The variance is the mean of (x - μ)², taken in a pass of its own: the difference of mean x² and μ² would lose all digits where
/// the mean is large beside the deviation.
/// </remarks>
internal static class LayerNormKernel<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    private const int BlockLength = StridedSum<T, TLane>.Chains;

    /// <summary>μ and ρ of a row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static (T Mean, T InverseDeviation) Statistics(ReadOnlySpan<T> x, T epsilon)
    {
        ref T source = ref MemoryMarshal.GetReference(x);
        int blocks = x.Length / BlockLength;
        int whole = blocks * BlockLength;
        bool hasTail = whole < x.Length;
        T size = T.CreateTruncating(x.Length);
        var numbers = new NumberTerms<T, TLane>(ref source, BlockLength);
        var lastNumbers = new NumberTerms<T, TLane>(ref Unsafe.Add(ref source, whole), x.Length - whole);
        T mean = StridedSum<T, TLane>.Run(in numbers, blocks, in lastNumbers, hasTail) / size;

        // Filled up with the mean, whose deviation is nothing.
        Unsafe.SkipInit(out Block16<T> tail);
        if (hasTail)
        {
            ((Span<T>)tail).Fill(mean);
            x[whole..].CopyTo(tail);
        }

        var squares = new SquaredDeviationTerms<T, TLane>(ref source, mean);
        var lastSquares = new SquaredDeviationTerms<T, TLane>(ref tail[0], mean);
        T variance = StridedSum<T, TLane>.Run(in squares, blocks, in lastSquares, hasTail) / size;
        return (mean, T.One / T.Sqrt(variance + epsilon));
    }

    /// <summary>y = γ∘((x - μ)·ρ) + β.</summary>
    /// <param name="x">[H].</param>
    /// <param name="mean">μ.</param>
    /// <param name="inverseDeviation">ρ.</param>
    /// <param name="weight">γ [H].</param>
    /// <param name="bias">β [H].</param>
    /// <param name="y">[H], overwritten; it may be the row itself.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Forward(
        ReadOnlySpan<T> x, T mean, T inverseDeviation, ReadOnlySpan<T> weight, ReadOnlySpan<T> bias, Span<T> y)
    {
        ref T source = ref MemoryMarshal.GetReference(x);
        ref T weights = ref MemoryMarshal.GetReference(weight);
        ref T biases = ref MemoryMarshal.GetReference(bias);
        ref T target = ref MemoryMarshal.GetReference(y);
        TLane means = TLane.Broadcast(mean), factors = TLane.Broadcast(inverseDeviation);
        for (int i = 0; i < x.Length; i += TLane.Count)
        {
            int count = x.Length - i;
            TLane normalized = (PartialLane<T, TLane>.Load(ref Unsafe.Add(ref source, i), count) - means) * factors;
            TLane value = TLane.FusedMultiplyAdd(
                normalized,
                PartialLane<T, TLane>.Load(ref Unsafe.Add(ref weights, i), count),
                PartialLane<T, TLane>.Load(ref Unsafe.Add(ref biases, i), count));
            PartialLane<T, TLane>.Store(value, ref Unsafe.Add(ref target, i), count);
        }
    }

    /// <summary>dx += ρ·(g - mean g - x̂·mean(g∘x̂)), g = γ∘dy.</summary>
    /// <param name="x">[H].</param>
    /// <param name="mean">μ.</param>
    /// <param name="inverseDeviation">ρ.</param>
    /// <param name="weight">γ [H].</param>
    /// <param name="outputGradient">dy [H].</param>
    /// <param name="inputGradient">dx [H], added to.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Backward(
        ReadOnlySpan<T> x, T mean, T inverseDeviation, ReadOnlySpan<T> weight, ReadOnlySpan<T> outputGradient, Span<T> inputGradient)
    {
        ref T source = ref MemoryMarshal.GetReference(x);
        ref T weights = ref MemoryMarshal.GetReference(weight);
        ref T gradients = ref MemoryMarshal.GetReference(outputGradient);
        ref T target = ref MemoryMarshal.GetReference(inputGradient);
        int blocks = x.Length / BlockLength;
        int whole = blocks * BlockLength;
        bool hasTail = whole < x.Length;
        T size = T.CreateTruncating(x.Length);
        T meanGradient = DotTerms<T, TLane>.Sum(weight, outputGradient) / size;
        var terms = new ProjectionTerms<T, TLane>(ref source, ref weights, ref gradients, BlockLength, mean, inverseDeviation);
        var last = new ProjectionTerms<T, TLane>(
            ref Unsafe.Add(ref source, whole),
            ref Unsafe.Add(ref weights, whole),
            ref Unsafe.Add(ref gradients, whole),
            x.Length - whole,
            mean,
            inverseDeviation);
        T projection = StridedSum<T, TLane>.Run(in terms, blocks, in last, hasTail) / size;
        TLane means = TLane.Broadcast(mean), factors = TLane.Broadcast(inverseDeviation);
        TLane meanGradients = TLane.Broadcast(meanGradient), projections = TLane.Broadcast(projection);
        for (int i = 0; i < x.Length; i += TLane.Count)
        {
            int count = x.Length - i;
            TLane normalized = (PartialLane<T, TLane>.Load(ref Unsafe.Add(ref source, i), count) - means) * factors;
            TLane weighted = PartialLane<T, TLane>.Load(ref Unsafe.Add(ref weights, i), count)
                * PartialLane<T, TLane>.Load(ref Unsafe.Add(ref gradients, i), count);
            TLane rest = TLane.NegatedFusedMultiplyAdd(normalized, projections, weighted - meanGradients);
            ref T at = ref Unsafe.Add(ref target, i);
            PartialLane<T, TLane>.Store(TLane.FusedMultiplyAdd(factors, rest, PartialLane<T, TLane>.Load(ref at, count)), ref at, count);
        }
    }
}

/// <summary>x, of which there may be fewer than a block.</summary>
internal readonly ref struct NumberTerms<T, TLane>(ref T source, int length) : ITerms<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    private readonly ref T _source = ref source;
    private readonly bool _isWhole = length >= StridedSum<T, TLane>.Chains;
    private readonly int _length = length;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane AddTo(TLane sums, int index) => sums + (_isWhole
        ? TLane.Load(ref Unsafe.Add(ref _source, index))
        : PartialLane<T, TLane>.LoadAt(ref _source, index, _length));
}

/// <summary>(x - μ)².</summary>
internal readonly ref struct SquaredDeviationTerms<T, TLane>(ref T source, T mean) : ITerms<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    private readonly ref T _source = ref source;
    private readonly T _mean = mean;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane AddTo(TLane sums, int index)
    {
        TLane deviation = TLane.Load(ref Unsafe.Add(ref _source, index)) - TLane.Broadcast(_mean);
        return TLane.FusedMultiplyAdd(deviation, deviation, sums);
    }
}

/// <summary>g·x̂ with g = γ·dy, of which there may be fewer than a block.</summary>
internal readonly ref struct ProjectionTerms<T, TLane>(ref T x, ref T weight, ref T gradient, int length, T mean, T inverseDeviation)
    : ITerms<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    private readonly ref T _x = ref x;
    private readonly ref T _weight = ref weight;
    private readonly ref T _gradient = ref gradient;
    private readonly bool _isWhole = length >= StridedSum<T, TLane>.Chains;
    private readonly int _length = length;
    private readonly T _mean = mean;
    private readonly T _inverseDeviation = inverseDeviation;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane AddTo(TLane sums, int index)
    {
        TLane normalized = (Load(ref _x, index) - TLane.Broadcast(_mean)) * TLane.Broadcast(_inverseDeviation);
        return TLane.FusedMultiplyAdd(Load(ref _weight, index) * Load(ref _gradient, index), normalized, sums);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private TLane Load(ref T source, int index) =>
        _isWhole ? TLane.Load(ref Unsafe.Add(ref source, index)) : PartialLane<T, TLane>.LoadAt(ref source, index, _length);
}

/// <summary>dy·x̂ of a row: what γ's gradient sums.</summary>
internal readonly ref struct NormalizedTerms<T, TLane>(
    ReadOnlySpan<T> outputGradient, ReadOnlySpan<T> input, ReadOnlySpan<T> statistics, int stride) : IColumnTerms<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    private readonly ref T _outputGradient = ref MemoryMarshal.GetReference(outputGradient);
    private readonly ref T _input = ref MemoryMarshal.GetReference(input);
    private readonly ref T _statistics = ref MemoryMarshal.GetReference(statistics);
    private readonly int _stride = stride;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane AddTo(TLane sums, int row, int column, int count)
    {
        nint offset = ((nint)row * _stride) + column;
        TLane mean = TLane.Broadcast(Unsafe.Add(ref _statistics, 2 * (nint)row));
        TLane factor = TLane.Broadcast(Unsafe.Add(ref _statistics, (2 * (nint)row) + 1));
        TLane normalized = (PartialLane<T, TLane>.Load(ref Unsafe.Add(ref _input, offset), count) - mean) * factor;
        return TLane.FusedMultiplyAdd(PartialLane<T, TLane>.Load(ref Unsafe.Add(ref _outputGradient, offset), count), normalized, sums);
    }
}
