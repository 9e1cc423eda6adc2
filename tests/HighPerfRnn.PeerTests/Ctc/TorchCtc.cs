using HighPerfRnn.PeerTests.Torch;
using TorchSharp;
using static TorchSharp.torch;

namespace HighPerfRnn.PeerTests.Ctc;

/// <summary>torch.nn.functional's log_softmax and ctc_loss, with autograd through both.</summary>
internal sealed class TorchCtc(ScalarType type) : ICtcSystem
{
    private readonly TorchTensors _tensors = new(type);

    public string Name => $"TorchSharp in {type}";

    public bool CanRun(CtcProblem problem) => true;

    public CtcResult Run(CtcProblem problem)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor logits = _tensors.From(problem.Logits, true, problem.Steps, problem.Batch, problem.Classes);
        Tensor targets = tensor(problem.Targets.SelectMany(labels => labels).Select(label => (long)label).ToArray());
        Tensor losses = nn.functional.ctc_loss(
            logits.log_softmax(2),
            targets,
            tensor(Array.ConvertAll(problem.InputLengths, length => (long)length)),
            tensor(Array.ConvertAll(problem.Targets, labels => (long)labels.Length)),
            problem.Blank,
            reduction: nn.Reduction.None);
        losses.sum().backward();
        return new CtcResult(_tensors.Numbers(losses), _tensors.Numbers(logits.grad!));
    }

    public CtcBound BoundOf(CtcProblem problem, int row) => CtcLogarithms.BoundOf(problem, row, type == ScalarType.Float64 ? -53 : -24);
}

/// <summary>Bounds for whoever adds probabilities in logarithms, forwards and backwards in time.</summary>
/// <remarks>
/// No logarithm that occurs is larger than M = Σ_t max_c |ln p_t(c)| + T·ln 3. A step's ln Σ of up to three exponentials moves by
/// no more than the largest error in them; it adds, in units of u, 2M for the differences in the exponents, 8 for the functions
/// (4 ulp each), M for its own logarithm and M for the sum with ln p, itself off by at most 4M + 16: E = T·u·(8M + 24) in the end, and
/// one more step for the sum of both ends. An entry of the gradient is e to three of these, at most 1, so 4E, less p; log_softmax's
/// own gradient takes p times the sum of C of them from it.
/// </remarks>
internal static class CtcLogarithms
{
    public static CtcBound BoundOf(CtcProblem problem, int row, int exponentOfRoundoff)
    {
        int steps = problem.InputLengths[row];
        double largest = steps * Math.Log(3);
        for (int t = 0; t < steps; t++)
        {
            float[] logits = problem.LogitsOf(t, row).ToArray();
            double logSum = Math.Log(logits.Sum(logit => Math.Exp(logit)));
            largest += logits.Max(logit => Math.Abs(logit - logSum));
        }

        double u = Math.ScaleB(1, exponentOfRoundoff);
        double error = (steps + 1) * u * ((8 * largest) + 24);
        return new CtcBound(error, ((1 + problem.Classes) * 4 * error) + (16 * problem.Classes * u));
    }
}
