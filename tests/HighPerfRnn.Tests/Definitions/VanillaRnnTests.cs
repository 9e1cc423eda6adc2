using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Generation;
using Xunit;

namespace HighPerfRnn.Tests.Definitions;

/// <summary>The plain cell under the driver of all cells is the plain loop that benchmarks and bounds stand on, bit for bit.</summary>
public sealed class VanillaRnnTests
{
    [CaseProperty]
    public void FloatHasTheBitsOfThePlainLoop(RnnCase shape) => Compare<float>(shape);

    [CaseProperty]
    public void DoubleHasTheBitsOfThePlainLoop(RnnCase shape) => Compare<double>(shape);

    private static void Compare<T>(RnnCase drawn)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        RnnCase shape = drawn.Within(300_000);
        var data = new RnnData<T>(shape);
        (int batch, int steps, int inputSize, int hiddenSize, _, _) = shape;
        ReferenceActivation activation = (data.Activation.Kind, shape.Has(CaseOptions.LargeInput)) switch
        {
            (ActivationKind.Relu, true) => ReferenceActivation.Identity,
            (ActivationKind.Relu, false) => ReferenceActivation.Relu,
            _ => ReferenceActivation.Tanh,
        };
        double flushBelow = Tolerances.FlushBelow<T>();
        ReferenceRnnCell<T> plain = new(
            new ReferenceRnnShape(batch, steps, inputSize, hiddenSize),
            activation,
            T.CreateChecked(flushBelow),
            data.InputWeights,
            data.RecurrentWeights,
            data.Bias);
        T[] states = new T[shape.Rows * hiddenSize];
        ReferenceRnn.Forward(plain, data.Input, data.InitialState, states);
        T[][] gradients = [.. ((int[])[data.Input.Length, batch * hiddenSize, data.InputWeights.Length, data.RecurrentWeights.Length, hiddenSize])
            .Select((length, tensor) => data.GradientsStart(length, tensor))];
        T[][] expected = Array.ConvertAll(gradients, start => (T[])start.Clone());
        ReferenceRnn.Backward(
            plain,
            data.Input,
            data.InitialState,
            states,
            data.OutputGradient,
            data.FinalStateGradient,
            new ReferenceRnnGradients<T>(expected[0], expected[2], expected[3], expected[4], expected[1]));

        var cell = new ReferenceVanillaRnn<T>(
            new ReferenceFloatingPoint<T>(flushBelow), inputSize, hiddenSize, new ReferenceVanillaRnnOptions { Activation = activation });
        data.InputWeights.CopyTo(cell.Parameters["weight_ih"], 0);
        data.RecurrentWeights.CopyTo(cell.Parameters["weight_hh"], 0);
        data.Bias.CopyTo(cell.Parameters["bias"], 0);
        var sequence = new ReferenceSequence<T>(cell, batch, steps);
        T[][] actual =
        [
            sequence.InputGradient, sequence.InitialStateGradient, sequence.Gradients["weight_ih"], sequence.Gradients["weight_hh"],
            sequence.Gradients["bias"],
        ];
        for (int i = 0; i < actual.Length; i++) gradients[i].CopyTo(actual[i], 0);
        sequence.Forward(data.Input, data.InitialState);
        sequence.Backward(data.OutputGradient, data.FinalStateGradient);
        Generation.Compare.Bits(states, sequence.Output, "output");
        Generation.Compare.Bits(expected[0], actual[0], "dX");
        Generation.Compare.Bits(expected[1], actual[1], "dh0");
        if (batch > 1) return; // Their sums over rows run in another order: the one takes step after step, the other row after row.
        for (int i = 2; i < actual.Length; i++) Generation.Compare.Bits(expected[i], actual[i], $"gradient {i}");
    }
}
