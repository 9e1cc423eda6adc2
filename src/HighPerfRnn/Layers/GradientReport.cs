using System.Globalization;
using System.Text;

namespace HighPerfRnn.Layers;

/// <summary>What <see cref="GradientCheck"/> found.</summary>
public sealed record GradientReport
{
    /// <summary>One for each tensor that has a gradient: input, initial_state, initial_cell_state and the parameters.</summary>
    public required IReadOnlyList<TensorGradientReport> Tensors { get; init; }

    /// <summary>Where the layer is not one function however it is called, or float is far from double; empty if nowhere.</summary>
    public required IReadOnlyList<string> Inconsistencies { get; init; }

    /// <summary>Whether no entry is off, no more than half of them are uncertain, and nothing is inconsistent.</summary>
    public bool Passed => Inconsistencies.Count == 0 && Tensors.All(tensor => tensor.Failures == 0) && 2 * Uncertain <= Entries;

    /// <summary>The largest of the tensors', over the entries that are certain.</summary>
    public double WorstRelativeDifference => Tensors.Max(tensor => tensor.WorstRelativeDifference);

    private int Entries => Tensors.Sum(tensor => tensor.Entries);

    private int Uncertain => Tensors.Sum(tensor => tensor.Uncertain);

    /// <summary>A line that says whether it passed, and one for everything that is off or uncertain, the worst entry of a tensor in it.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{(Passed ? "passed" : "failed")}: {Entries} gradients, worst relative difference ");
        text.Append(CultureInfo.InvariantCulture, $"{WorstRelativeDifference:0.0E0}");
        if (Uncertain > 0) text.Append(CultureInfo.InvariantCulture, $", {Uncertain} uncertain");
        foreach (TensorGradientReport tensor in Tensors.Where(tensor => tensor.Failures + tensor.Uncertain > 0)) text.Append('\n').Append(tensor);
        foreach (string inconsistency in Inconsistencies) text.Append('\n').Append(inconsistency);
        return text.ToString();
    }
}

/// <summary>The gradients of one tensor against differences.</summary>
public sealed record TensorGradientReport
{
    /// <summary>input, initial_state, initial_cell_state, or that of a parameter.</summary>
    public required string Name { get; init; }

    /// <summary>[T, B, I], [B, H], [C, B, H], or a parameter's.</summary>
    public required IReadOnlyList<int> Shape { get; init; }

    /// <summary>How many entries disagree with differences that are certain.</summary>
    public required int Failures { get; init; }

    /// <summary>How many entries lie at a kink, or have differences that do not settle.</summary>
    public required int Uncertain { get; init; }

    /// <summary>
    /// The largest difference from an entry that is certain, as a share of the tensor's largest entry, or of the rounding behind it where
    /// that is more; infinity where a number is not finite.
    /// </summary>
    public required double WorstRelativeDifference { get; init; }

    /// <summary>Which entry that is, row-major; -1 if none is certain.</summary>
    public required int WorstIndex { get; init; }

    /// <summary>What differences say there.</summary>
    public required double Expected { get; init; }

    /// <summary>What the backward pass says there.</summary>
    public required double Found { get; init; }

    /// <summary>How many numbers it has.</summary>
    public int Entries => Shape.Aggregate(1, (product, size) => product * size);

    /// <summary>Such as <c>weight_hh[3, 17]: backward says 0.123, differences say 0.456 (relative 7.3E-1; 33 of 363 off)</c>.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(Name);
        if (WorstIndex >= 0)
        {
            text.Append('[').AppendJoin(", ", Indices()).Append(']');
            text.Append(CultureInfo.InvariantCulture, $": backward says {Found:G9}, differences say {Expected:G9} (relative ");
            text.Append(CultureInfo.InvariantCulture, $"{WorstRelativeDifference:0.0E0}; {Failures} of {Entries} off");
            if (Uncertain > 0) text.Append(CultureInfo.InvariantCulture, $", {Uncertain} uncertain");
            return text.Append(')').ToString();
        }

        return text.Append(CultureInfo.InvariantCulture, $": all {Entries} uncertain").ToString();
    }

    private int[] Indices()
    {
        int[] indices = new int[Shape.Count];
        int rest = WorstIndex;
        for (int axis = Shape.Count - 1; axis >= 0; axis--) (rest, indices[axis]) = Math.DivRem(rest, Shape[axis]);
        return indices;
    }
}
