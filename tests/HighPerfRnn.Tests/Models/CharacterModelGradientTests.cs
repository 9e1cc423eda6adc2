using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Models;
using HighPerfRnn.Reference;
using HighPerfRnn.Training;
using Xunit;

namespace HighPerfRnn.Tests.Models;

/// <summary>Every entry of every gradient of a whole model against central differences of its loss.</summary>
public sealed class CharacterModelGradientTests
{
    private const int Steps = 4;
    private const int Batch = 2;

    /// <remarks>
    /// The loss is a mean of some nats, so that differences of the fourth order are off by about 2e-13·L and 3e-14·L⁗';
    /// L⁗' stays below 1e4 for such small networks, and 1e-9 is above both. ReLU is not smooth: the second order, with a step
    /// of 2⁻¹⁷, is off by 2e-11·L and 1e-11·L''', where no unit switches.
    /// </remarks>
    [Theory]
    [InlineData(1, ActivationKind.Tanh)]
    [InlineData(2, ActivationKind.Tanh)]
    [InlineData(3, ActivationKind.Tanh)]
    [InlineData(2, ActivationKind.Relu)]
    [InlineData(1, ActivationKind.Tanh, RecurrentCellKind.Lstm)]
    [InlineData(2, ActivationKind.Tanh, RecurrentCellKind.Lstm)]
    [InlineData(2, ActivationKind.Tanh, RecurrentCellKind.Gru)]
    [InlineData(2, ActivationKind.Tanh, RecurrentCellKind.MinGru)]
    [InlineData(2, ActivationKind.Tanh, RecurrentCellKind.MinLstm)]
    [InlineData(2, ActivationKind.Tanh, RecurrentCellKind.Lru)]
    public void GradientsAreCentralDifferences(int layers, ActivationKind kind, RecurrentCellKind cell = RecurrentCellKind.Rnn)
    {
        var activation = new Activation(kind);
        CharacterModel<double> model = ModelSamples.Model<double>(seed: 3, layers, activation, cell: cell);
        var pass = new CharacterModelPass<double>(model, Steps, Batch);
        int[] tokens = ModelSamples.Tokens(Steps * Batch), targets = ModelSamples.Tokens(Steps * Batch, seed: 2);
        double[] rowLosses = new double[Steps * Batch];
        ParameterSet<double>[] gradients = ModelSamples.Gradients(model);

        // A carried state is part of the window: it is given, not trained.
        pass.Forward(ModelSamples.Tokens(Steps * Batch, seed: 5));
        pass.CarryState();
        pass.Forward(tokens);
        SoftmaxCrossEntropy<double>.ForwardBackward(pass.Logits, targets, model.Alphabet.Count, pass.Logits, rowLosses);
        pass.Backward(tokens, pass.Logits, gradients);
        bool isSmooth = activation == Activation.Tanh;
        for (int set = 0; set < gradients.Length; set++)
        {
            foreach (Parameter parameter in gradients[set].Parameters)
            {
                for (int i = 0; i < parameter.Length; i++)
                {
                    CentralDifference difference =
                        CentralDifferences.Entry(Loss, model.ParameterSets[set].Span(parameter), i, fourthOrder: isSmooth);
                    Assert.Equal(difference.Derivative, gradients[set].Span(parameter)[i], isSmooth ? 1e-9 : 1e-8);
                }
            }
        }

        double Loss()
        {
            model.Repack();
            pass.Forward(tokens);
            return SoftmaxCrossEntropy<double>.Forward(pass.Logits, targets, model.Alphabet.Count, rowLosses);
        }
    }
}
