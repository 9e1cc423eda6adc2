using System.Numerics;
using HighPerfRnn.Training;

namespace HighPerfRnn.PeerTests.Ctc;

/// <summary>The library's loss.</summary>
internal sealed class LibraryCtc<T> : ICtcSystem
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public string Name => $"library in {typeof(T).Name}";

    public bool CanRun(CtcProblem problem) => true;

    public CtcResult Run(CtcProblem problem)
    {
        int longest = problem.Targets.Max(labels => labels.Length);
        T[] losses = new T[problem.Batch];
        T[] gradient = new T[problem.Logits.Length];
        CtcLoss<T>.ForwardBackward(new CtcBatch<T>
        {
            Steps = problem.Steps,
            Classes = problem.Classes,
            Blank = problem.Blank,
            Logits = Array.ConvertAll(problem.Logits, T.CreateChecked),
            InputLengths = problem.InputLengths,
            Targets = problem.Targets.SelectMany(labels => labels).ToArray(),
            TargetLengths = Array.ConvertAll(problem.Targets, labels => labels.Length),
            RowLosses = losses,
            LogitsGradient = gradient,
            Workspace = new T[CtcLoss<T>.WorkspaceSize(problem.Steps, problem.Batch, longest)],
            Reduction = CtcReduction.Sum,
        });
        return new CtcResult(Array.ConvertAll(losses, double.CreateChecked), Array.ConvertAll(gradient, double.CreateChecked));
    }

    /// <summary>It adds logarithms less each step's maximum, which are no larger than whole ones.</summary>
    public CtcBound BoundOf(CtcProblem problem, int row) => CtcLogarithms.BoundOf(problem, row, typeof(T) == typeof(double) ? -53 : -24);
}
