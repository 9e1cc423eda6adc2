namespace HighPerfRnn.PeerTests.Ctc;

/// <summary>
/// The definition itself (Graves, Fernández, Gomez and Schmidhuber 2006): p(l) is the sum over all Cᵀ paths that become l when
/// repetitions are merged and blanks removed of Π_t softmax(z_t)(π_t); the gradient is softmax(z_t)(c) less the share of those
/// paths that are at c in step t.
/// </summary>
internal sealed class CtcByAllPaths : ICtcSystem
{
    private const int MostPaths = 4096;

    public string Name => "all paths";

    public bool CanRun(CtcProblem problem) => Paths(problem) <= MostPaths;

    public CtcResult Run(CtcProblem problem)
    {
        var result = new CtcResult(new double[problem.Batch], new double[problem.Logits.Length]);
        for (int row = 0; row < problem.Batch; row++) result.Losses[row] = Run(problem, row, result.Gradient);
        return result;
    }

    /// <summary>Relative errors of sums of positive numbers: one rounding a path, a few a step for exp, the softmax and the product.</summary>
    public CtcBound BoundOf(CtcProblem problem, int row)
    {
        double relative = (Paths(problem) + (problem.Steps * (16 + problem.Classes))) * Math.ScaleB(1, -53);
        return new CtcBound(2 * relative, 4 * relative);
    }

    private static double Paths(CtcProblem problem) => Math.Pow(problem.Classes, problem.Steps);

    private static double Run(CtcProblem problem, int row, double[] gradient)
    {
        int steps = problem.InputLengths[row];
        double[][] p = [.. Enumerable.Range(0, steps).Select(t => Softmax(problem.LogitsOf(t, row)))];
        double[,] at = new double[steps, problem.Classes];
        double total = 0;
        int[] path = new int[steps];
        for (int number = 0; number < Math.Pow(problem.Classes, steps); number++)
        {
            int digits = number;
            double product = 1;
            for (int t = 0; t < steps; t++, digits /= problem.Classes)
            {
                path[t] = digits % problem.Classes;
                product *= p[t][path[t]];
            }

            IEnumerable<int> labels = path.Where((label, t) => label != problem.Blank && (t == 0 || label != path[t - 1]));
            if (!labels.SequenceEqual(problem.Targets[row])) continue;
            total += product;
            for (int t = 0; t < steps; t++) at[t, path[t]] += product;
        }

        for (int t = 0; t < steps; t++)
        {
            for (int c = 0; c < problem.Classes; c++) gradient[(((t * problem.Batch) + row) * problem.Classes) + c] = p[t][c] - (at[t, c] / total);
        }

        return -Math.Log(total);
    }

    private static double[] Softmax(ReadOnlySpan<float> logits)
    {
        double[] exponentials = Array.ConvertAll(logits.ToArray(), logit => Math.Exp(logit));
        double sum = exponentials.Sum();
        return Array.ConvertAll(exponentials, exponential => exponential / sum);
    }
}
