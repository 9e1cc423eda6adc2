using HighPerfRnn.PeerTests.Generation;
using HighPerfRnn.PeerTests.Torch;
using HighPerfRnn.Tests.Generation;
using TorchSharp;
using Xunit;

namespace HighPerfRnn.PeerTests.Ctc;

/// <summary>Every system of ours against PyTorch's connectionist temporal classification.</summary>
public sealed class TorchCtcTests
{
    [TorchProperty]
    public void FewPaths(PeerCase drawn) => Agree(CtcProblem.Create(drawn, longest: 6, mostClasses: 4));

    [TorchProperty]
    public void ManyPaths(PeerCase drawn) => Agree(CtcProblem.Create(drawn, longest: 40, mostClasses: 30));

    /// <summary>PyTorch in float against PyTorch in double, and either against whatever of ours can run it.</summary>
    private static void Agree(CtcProblem problem)
    {
        var inFloat = new TorchCtc(torch.ScalarType.Float32);
        var inDouble = new TorchCtc(torch.ScalarType.Float64);
        Agree(problem, inFloat, inDouble);
        foreach (ICtcSystem own in CtcSystems.All.Where(own => own.CanRun(problem)))
        {
            Agree(problem, inFloat, own);
            Agree(problem, inDouble, own);
        }
    }

    private static void Agree(CtcProblem problem, TorchCtc peer, ICtcSystem own)
    {
        (CtcResult expected, CtcResult actual) = (own.Run(problem), peer.Run(problem));
        for (int row = 0; row < problem.Batch; row++)
        {
            string what = $"{peer.Name} against {own.Name}, row {row}";
            (CtcBound ours, CtcBound theirs) = (own.BoundOf(problem, row), peer.BoundOf(problem, row));
            if (double.IsPositiveInfinity(expected.Losses[row]))
            {
                // No path gives the labels: the loss says so, and its gradient is nothing to compare.
                Assert.Equal(double.PositiveInfinity, actual.Losses[row]);
                continue;
            }

            Compare.Within<double>([expected.Losses[row]], [actual.Losses[row]], [ours.Loss + theirs.Loss], $"{what}: loss");
            double[] bound = new double[problem.Classes];
            for (int t = 0; t < problem.Steps; t++)
            {
                // Past a row's end the gradient is 0 itself.
                Array.Fill(bound, t < problem.InputLengths[row] ? ours.Gradient + theirs.Gradient : 0);
                int start = ((t * problem.Batch) + row) * problem.Classes;
                Compare.Within<double>(
                    expected.Gradient.AsSpan(start, problem.Classes),
                    actual.Gradient.AsSpan(start, problem.Classes),
                    bound,
                    $"{what}: gradient of step {t}");
            }
        }
    }
}
