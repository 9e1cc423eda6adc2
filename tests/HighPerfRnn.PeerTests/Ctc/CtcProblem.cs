using HighPerfRnn.PeerTests.Generation;
using HighPerfRnn.Tests.Generation;

namespace HighPerfRnn.PeerTests.Ctc;

/// <summary>Rows for connectionist temporal classification.</summary>
/// <param name="Steps">T.</param>
/// <param name="Classes">C, the blank among them.</param>
/// <param name="Blank">The blank.</param>
/// <param name="Logits">z, [T, B, C].</param>
/// <param name="InputLengths">The steps of each row.</param>
/// <param name="Targets">The labels of each row, none of them blank.</param>
internal sealed record CtcProblem(int Steps, int Classes, int Blank, float[] Logits, int[] InputLengths, int[][] Targets)
{
    public int Batch => InputLengths.Length;

    /// <summary>Rows of 1 to <paramref name="longest"/> steps and of no label to one more than steps, which no path gives.</summary>
    public static CtcProblem Create(PeerCase shape, int longest, int mostClasses)
    {
        var random = new CaseRandom(shape.Seed, 4000);
        int steps = 1 + random.Below(longest);
        int classes = 2 + random.Below(mostClasses - 1);
        int blank = random.Below(classes);
        int[] lengths = [.. Enumerable.Range(0, shape.Batch).Select(_ => 1 + random.Below(steps))];
        int[][] targets = Array.ConvertAll(lengths, length =>
            random.Indices(random.Below(length + 2), classes - 1).Select(label => label < blank ? label : label + 1).ToArray());
        float[] logits = random.Numbers<float>(steps * shape.Batch * classes, shape.Has(PeerTraits.LargeInput) ? 8 : 1);
        return new CtcProblem(steps, classes, blank, logits, lengths, targets);
    }

    /// <summary>z of a step of a row, [C].</summary>
    public ReadOnlySpan<float> LogitsOf(int step, int row) => Logits.AsSpan(((step * Batch) + row) * Classes, Classes);
}

/// <summary>-ln p(l) of each row, +∞ where no path gives l, and the gradient of their sum, [T, B, C].</summary>
internal sealed record CtcResult(double[] Losses, double[] Gradient);

/// <summary>How far a row's loss and its gradient may be off.</summary>
internal readonly record struct CtcBound(double Loss, double Gradient);

/// <summary>Something that computes the loss.</summary>
internal interface ICtcSystem
{
    string Name { get; }

    bool CanRun(CtcProblem problem);

    CtcResult Run(CtcProblem problem);

    CtcBound BoundOf(CtcProblem problem, int row);
}

/// <summary>All that is ours and computes the loss. One line here, and a system has to agree with the peers.</summary>
internal static class CtcSystems
{
    public static IReadOnlyList<ICtcSystem> All { get; } =
        [new CtcByAllPaths(), new LibraryCtc<float>(), new LibraryCtc<double>()];
}
