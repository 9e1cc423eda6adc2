using HighPerfRnn.Memory;
using HighPerfRnn.Tests.Generation;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>Gradients of whole networks in double against central differences: of inputs, states and every parameter.</summary>
/// <remarks><see cref="DifferenceCheck"/> states the tolerance and the step.</remarks>
public sealed class SequentialDifferenceTests
{
    private const ulong Call = 3;

    [CaseProperty]
    public void GradientsAreTheDifferencesOfTheForwardPass(CellCase drawn)
    {
        CellCase shape = drawn with { Batch = Math.Min(drawn.Batch, 2), Steps = Math.Min(drawn.Steps, 4), Traits = drawn.Traits | CellTraits.OutputGradient };
        var run = new NetworkRun<double>(shape, shape.Seed % NetworkParts.Kinds);
        run.Both(Call);
        double[][] parameters = [.. run.Network.ParameterSets.Select(set => set.Values.ToArray())];
        var loss = new NetworkLoss(run, parameters);
        new DifferenceCheck(nameof(SequentialDifferenceTests), loss, shape.Seed).Run(
        [
            ("dX", run.Input, run.InputGradient),
            ("d initial states", run.InitialStates, run.InitialStatesGradient),
            .. parameters.Select((values, i) => ($"gradients {i}", values, run.Gradients[i].Values.ToArray())),
        ]);
    }

    /// <summary>L = Σ dY·y + Σ dS·(final states).</summary>
    private sealed class NetworkLoss(NetworkRun<double> run, double[][] parameters) : IDifferenceLoss
    {
        public string Kind => $"network {run.Kind}";

        public bool IsSmooth => true;

        /// <summary>A few layers and steps of sums of twenty terms or so, each layer's errors carried on.</summary>
        public double Magnitude { get; } = 500 * (CompensatedSum.Magnitude(run.OutputGradient, run.Output)
            + CompensatedSum.Magnitude(run.FinalStatesGradient, run.FinalStates));

        public double Evaluate(out bool switched)
        {
            switched = false;
            IReadOnlyList<ParameterSet<double>> sets = run.Network.ParameterSets;
            for (int i = 0; i < parameters.Length; i++) parameters[i].CopyTo(sets[i].Values);
            run.Network.Repack();
            run.Forward(Call);
            CompensatedSum sum = default;
            sum.AddProducts(run.OutputGradient, run.Output);
            sum.AddProducts(run.FinalStatesGradient, run.FinalStates);
            return sum.Value;
        }
    }
}
