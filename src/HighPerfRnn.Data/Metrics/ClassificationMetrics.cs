namespace HighPerfRnn.Data.Metrics;

/// <summary>Counts of right and predicted classes, and what follows from them.</summary>
/// <remarks>
/// Accuracy = right / all. F1 of a class = 2·TP / (2·TP + FP + FN), 0 where the class neither came nor was predicted; the macro F1 is the
/// mean over the classes that came.
/// </remarks>
public sealed class ClassificationMetrics
{
    private readonly int[] _counts;

    /// <summary>Nothing counted yet.</summary>
    /// <param name="classes">How many classes there are.</param>
    public ClassificationMetrics(int classes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(classes);
        Classes = classes;
        _counts = new int[checked(classes * classes)];
    }

    /// <summary>How many classes there are.</summary>
    public int Classes { get; }

    /// <summary>How many were counted.</summary>
    public int Count { get; private set; }

    /// <summary>The share of right ones; NaN of none.</summary>
    public double Accuracy
    {
        get
        {
            long right = 0;
            for (int i = 0; i < Classes; i++) right += Confusion(i, i);
            return (double)right / Count;
        }
    }

    /// <summary>The mean of F1 over the classes that came; NaN of none.</summary>
    public double MacroF1
    {
        get
        {
            int[] came = [.. Enumerable.Range(0, Classes).Where(right => Row(right) > 0)];
            return came.Length == 0 ? double.NaN : came.Average(F1);
        }
    }

    /// <summary>Counts one.</summary>
    /// <param name="right">Its class.</param>
    /// <param name="predicted">What it was taken for.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such class.</exception>
    public void Add(int right, int predicted)
    {
        _counts[Cell(right, predicted)]++;
        Count++;
    }

    /// <summary>How many of a class were taken for another, or for itself.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such class.</exception>
    public int Confusion(int right, int predicted) => _counts[Cell(right, predicted)];

    /// <summary>F1 of a class.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such class.</exception>
    public double F1(int label)
    {
        int both = Row(label) + Enumerable.Range(0, Classes).Sum(right => Confusion(right, label));
        return both == 0 ? 0 : 2.0 * Confusion(label, label) / both;
    }

    private int Cell(int right, int predicted)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)right, (uint)Classes, nameof(right));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)predicted, (uint)Classes, nameof(predicted));
        return (right * Classes) + predicted;
    }

    private int Row(int right) => Enumerable.Range(0, Classes).Sum(predicted => Confusion(right, predicted));
}

/// <summary>How far numbers are from what is right.</summary>
/// <param name="RootMeanSquare">√(mean of squared differences).</param>
/// <param name="MeanAbsolute">The mean of absolute differences.</param>
public readonly record struct RegressionErrors(double RootMeanSquare, double MeanAbsolute)
{
    /// <summary>Measures numbers; NaN of none.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static RegressionErrors Of(ReadOnlySpan<float> predicted, ReadOnlySpan<float> right)
    {
        if (predicted.Length != right.Length) throw new ArgumentException($"Found {predicted.Length} numbers; expected {right.Length}.", nameof(predicted));
        double squares = 0, absolutes = 0;
        for (int i = 0; i < right.Length; i++)
        {
            double difference = (double)predicted[i] - right[i];
            squares += difference * difference;
            absolutes += Math.Abs(difference);
        }

        return new RegressionErrors(Math.Sqrt(squares / right.Length), absolutes / right.Length);
    }
}
