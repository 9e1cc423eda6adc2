namespace HighPerfRnn.Benchmarks.Pointwise;

/// <summary>The functions.</summary>
public enum PointwiseFunction
{
    /// <summary>tanh of each number.</summary>
    Tanh,

    /// <summary>σ of each number.</summary>
    Sigmoid,

    /// <summary>Softmax cross-entropy of one row against one target, and its gradient.</summary>
    SoftmaxCrossEntropy,
}

/// <summary>A function over numbers.</summary>
/// <param name="Library">Who computes it.</param>
/// <param name="Function">Which.</param>
/// <param name="Length">Over how many.</param>
public sealed record PointwiseCase(string Library, PointwiseFunction Function, int Length) : WorkCase(Library, 1)
{
    /// <inheritdoc/>
    public override double Operations => 0;

    /// <inheritdoc/>
    public override long WorkingSetBytes => 0;

    /// <inheritdoc/>
    public override double LoadedBytes => 0;

    /// <summary>The functions and lengths that are measured.</summary>
    public static IEnumerable<PointwiseCase> All(string library)
    {
        foreach (PointwiseFunction function in Enum.GetValues<PointwiseFunction>())
        {
            int[] lengths = function == PointwiseFunction.SoftmaxCrossEntropy ? [65, 256] : [64, 256, 1024];
            foreach (int length in lengths) yield return new PointwiseCase(library, function, length);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Library} {Function} n={Length}";
}
