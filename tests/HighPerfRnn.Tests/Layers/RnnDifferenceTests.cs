using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Generation;
using Xunit;
using Xunit.Abstractions;

namespace HighPerfRnn.Tests.Layers;

/// <summary>Gradients in double against central differences, the library's and the reference's of their own forward passes.</summary>
/// <remarks><see cref="DifferenceCheck"/> states the tolerance and the step.</remarks>
[Trait("Category", "Width")]
public sealed class RnnDifferenceTests(ITestOutputHelper log) : IDisposable
{
    /// <summary>About sixty forward passes a case.</summary>
    private const long Work = 300_000;

    [CaseProperty]
    public void GradientsAreTheDifferencesOfTheOwnForwardPass(RnnCase shape)
    {
        RnnData<double> data = Draw(shape);
        var run = new RnnRun<double>(data);
        run.Forward();
        run.Backward();
        var loss = new RnnLoss(data, () =>
        {
            run.LoadWeights();
            run.Forward();
            return (double[])run.Output.Clone();
        });
        new DifferenceCheck(nameof(GradientsAreTheDifferencesOfTheOwnForwardPass), loss, shape.Seed).Run(
            ("dX", data.Input, run.InputGradient),
            ("dWx", data.InputWeights, run.Gradients["weight_ih"].ToArray()),
            ("dWh", data.RecurrentWeights, run.Gradients["weight_hh"].ToArray()),
            ("db", data.Bias, run.Gradients["bias"].ToArray()),
            ("dh0", data.InitialState, run.InitialStateGradient));
    }

    [CaseProperty]
    public void ReferenceGradientsAreTheDifferencesOfItsForwardPass(RnnCase shape)
    {
        RnnData<double> data = Draw(shape);
        (int batch, int steps, int inputSize, int hiddenSize, _, _) = data.Case;
        var sizes = new ReferenceRnnShape(batch, steps, inputSize, hiddenSize);
        ReferenceActivation activation = shape.Has(CaseOptions.Relu) ? ReferenceActivation.Relu : ReferenceActivation.Tanh;
        double[] states = Forward();
        double[][] gradients =
        [
            new double[data.Input.Length], new double[data.InputWeights.Length], new double[data.RecurrentWeights.Length],
            new double[data.Bias.Length], new double[batch * hiddenSize],
        ];
        ReferenceRnn.Backward(
            Cell(),
            data.Input,
            data.InitialState,
            states,
            data.OutputGradient,
            data.FinalStateGradient,
            new ReferenceRnnGradients<double>(gradients[0], gradients[1], gradients[2], gradients[3], gradients[4]));
        new DifferenceCheck(nameof(ReferenceGradientsAreTheDifferencesOfItsForwardPass), new RnnLoss(data, Forward), shape.Seed).Run(
            ("dX", data.Input, gradients[0]),
            ("dWx", data.InputWeights, gradients[1]),
            ("dWh", data.RecurrentWeights, gradients[2]),
            ("db", data.Bias, gradients[3]),
            ("dh0", data.InitialState, gradients[4]));

        ReferenceRnnCell<double> Cell() => new(
            sizes, activation, ReferenceRnn.FlushBelowDouble, data.InputWeights, data.RecurrentWeights, data.Bias);

        double[] Forward()
        {
            double[] result = new double[batch * steps * hiddenSize];
            ReferenceRnn.Forward(Cell(), data.Input, data.InitialState, result);
            return result;
        }
    }

    public void Dispose()
    {
        foreach (string line in Redraws.Report(string.Empty)) log.WriteLine(line);
    }

    /// <summary>A case with an initial state, whose gradient is checked too, and a loss; gradients start from zeros.</summary>
    private static RnnData<double> Draw(RnnCase shape)
    {
        CaseOptions options = (shape.Options | CaseOptions.InitialState | CaseOptions.OutputGradient) & ~CaseOptions.GradientsStart;
        return new RnnData<double>((shape with { Options = options }).Within(Work));
    }
}
