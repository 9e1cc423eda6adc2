using HighPerfRnn.Layers;
using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Generation;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>Gradients in double against central differences, the library's and the reference's of their own forward passes.</summary>
/// <remarks><see cref="DifferenceCheck"/> states the tolerance and the step.</remarks>
[Trait("Category", "Width")]
public sealed class AttentionDifferenceTests
{
    [CaseProperty]
    public void GradientsAreTheDifferencesOfTheOwnForwardPass(AttentionCase shape)
    {
        shape = Smaller(shape);
        var data = new AttentionData<double>(shape);
        Array.Clear(data.QueryStart);
        Array.Clear(data.MemoryStart);
        AttentionRun<double> run = AttentionRun<double>.Both(data);
        var loss = new AttentionLoss(data, () =>
        {
            run.Forward();
            return run.Context;
        });
        new DifferenceCheck(nameof(AttentionDifferenceTests), loss, shape.Seed).Run(
        [
            ("dQuery", data.Query, run.QueryGradient),
            ("dMemory", data.Memory, run.MemoryGradient),
            .. Parameters(data, name => run.Gradients[name].ToArray()),
        ]);
    }

    [CaseProperty]
    public void ReferenceGradientsAreTheDifferencesOfItsForwardPass(AttentionCase shape)
    {
        shape = Smaller(shape);
        var data = new AttentionData<double>(shape);
        var reference = new ReferenceAttention<double>(
            new ReferenceFloatingPoint<double>(0), (ReferenceAttentionScore)shape.Score, shape.QuerySize, shape.MemorySize, shape.KeySize);
        double[] weights = new double[shape.Queries * shape.MemorySteps];
        double[] queryGradient = new double[data.Query.Length], memoryGradient = new double[data.Memory.Length];
        var loss = new AttentionLoss(data, Forward);
        ReferenceParameters<double> gradients = reference.Parameters.Zeros();
        Forward();
        reference.Backward(
            data.Lengths, data.Query, data.Memory, weights, data.ContextGradient, queryGradient, memoryGradient, gradients);
        new DifferenceCheck(nameof(AttentionDifferenceTests), loss, shape.Seed).Run(
        [
            ("dQuery", data.Query, queryGradient),
            ("dMemory", data.Memory, memoryGradient),
            .. Parameters(data, name => gradients[name]),
        ]);

        double[] Forward()
        {
            data.QueryWeights.CopyTo(reference.Parameters["weight_query"], 0);
            data.Bias.CopyTo(reference.Parameters["bias"], 0);
            data.MemoryWeights.CopyTo(reference.Parameters["weight_memory"], 0);
            data.Score.CopyTo(reference.Parameters["score"], 0);
            double[] context = new double[data.ContextGradient.Length];
            reference.Forward(data.Lengths, data.Query, data.Memory, context, weights);
            return context;
        }
    }

    /// <summary>About sixty forward passes a case.</summary>
    private static AttentionCase Smaller(AttentionCase shape) =>
        shape with { QuerySteps = Math.Min(shape.QuerySteps, 3), Batch = Math.Min(shape.Batch, 2) };

    private static IEnumerable<(string Name, double[] Parameters, double[] Gradient)> Parameters(
        AttentionData<double> data, Func<string, double[]> gradient)
    {
        if (data.Case.Score != AttentionScore.ScaledDot) yield return ("dWk", data.MemoryWeights, gradient("weight_memory"));
        if (data.Case.Score != AttentionScore.Additive) yield break;
        yield return ("dWq", data.QueryWeights, gradient("weight_query"));
        yield return ("db", data.Bias, gradient("bias"));
        yield return ("dv", data.Score, gradient("score"));
    }

    /// <summary>L = Σ dC·context.</summary>
    private sealed class AttentionLoss(AttentionData<double> data, Func<double[]> forward) : IDifferenceLoss
    {
        public string Kind => data.Case.Score.ToString();

        public bool IsSmooth => true;

        /// <summary>
        /// A score is off by the depth of its sums times its terms, each at most 1.5² here in the middle of them; a context by that and
        /// by the depth of its own.
        /// </summary>
        public double Magnitude { get; } = CompensatedSum.Magnitude(data.ContextGradient, forward())
            * (data.Case.QuerySize + data.Case.KeySize + (2 * data.Case.MemorySize) + data.Case.MemorySteps + 20);

        public double Evaluate(out bool switched)
        {
            switched = false;
            CompensatedSum sum = default;
            sum.AddProducts(data.ContextGradient, forward());
            return sum.Value;
        }
    }
}
