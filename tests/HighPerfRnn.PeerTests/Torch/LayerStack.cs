using System.Numerics;
using HighPerfRnn.PeerTests.Generation;
using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Conformance;
using HighPerfRnn.Tests.Generation;

namespace HighPerfRnn.PeerTests.Torch;

/// <summary>
/// Layers on each other, each reading the outputs of the one below, both directions side by side, with the gradients that reach
/// the last layer's output and all final states.
/// </summary>
/// <param name="Layers">From the lowest on; only that one's input is given.</param>
/// <param name="OutputGradient">dY of the last layer, [T, B, directions·P].</param>
/// <param name="FinalGradients">Of each layer, one a direction; their output gradients are not looked at.</param>
/// <param name="HasBias">Whether layers have biases; else theirs are zeros.</param>
internal sealed record LayerStack(
    IReadOnlyList<RecurrentLayer> Layers,
    float[] OutputGradient,
    IReadOnlyList<RecurrentOutputGradients[]> FinalGradients,
    bool HasBias)
{
    public RecurrentLayer First => Layers[0];

    /// <summary>What reaches each direction of a lone layer.</summary>
    public RecurrentOutputGradients[] OutputGradients()
    {
        float[][] parts = SideBySide.Split(OutputGradient, First.Directions.Count, First.Steps * First.Batch);
        return [.. FinalGradients[0].Select((given, d) => given with { Output = parts[d] })];
    }

    /// <summary>The reference in T, by the names of <see cref="StackNames"/>.</summary>
    public Dictionary<string, double[]> Run<T>(double flushBelow)
        where T : struct, IBinaryFloatingPointIeee754<T> =>
        new StackRun<T>(this, new ReferenceFloatingPoint<T>(flushBelow)).Read(double.CreateChecked);

    /// <summary>The definition with bounds for an arithmetic.</summary>
    public Dictionary<string, Bounded> Bounds<TProduct>(double flushBelow, out int uncertainKinks)
        where TProduct : struct, IReferenceProduct
    {
        var math = new ReferenceBounded<TProduct>(flushBelow);
        var run = new StackRun<BoundedNumber<TProduct>>(this, math);
        uncertainKinks = math.UncertainKinks;
        return Agreement.Join(run.Read(number => number.Value), run.Read(number => number.Error));
    }

    /// <inheritdoc cref="Bounds{TProduct}(double, out int)"/>
    public Dictionary<string, Bounded> Bounds<TProduct>(double flushBelow)
        where TProduct : struct, IReferenceProduct => Bounds<TProduct>(flushBelow, out _);

    /// <summary>Layers of a kind, made from a case.</summary>
    /// <param name="cell">rnn, lstm or gru.</param>
    /// <param name="shape">Its sizes, variant, directions, lengths of at least 1, and how many layers.</param>
    /// <param name="draw">Another number gives other data of the same shape.</param>
    public static LayerStack Create(string cell, PeerCase shape, int draw)
    {
        var numbers = new PeerNumbers(shape, draw);
        ReferenceCellOptions options = Options(cell, shape, numbers.Random);
        ReferenceCell<double> sizes = options.Create(new ReferenceFloatingPoint<double>(0), shape.InputSize, shape.HiddenSize);
        (int outputSize, int cellStateSize) = (sizes.OutputSize, sizes.CellStateSize);
        int[]? lengths = numbers.Lengths(shortest: 1);
        var layers = new List<RecurrentLayer>();
        var finalGradients = new List<RecurrentOutputGradients[]>();
        for (int layer = 0; layer < shape.Layers; layer++)
        {
            int inputSize = layer == 0 ? shape.InputSize : shape.Directions * outputSize;
            float[] input = layer == 0 ? numbers.Input(shape.Steps * shape.Batch * inputSize) : [];
            RecurrentDirection[] directions = new RecurrentDirection[shape.Directions];
            for (int d = 0; d < directions.Length; d++)
            {
                directions[d] = new RecurrentDirection(
                    options,
                    Parameters(options, shape, inputSize, numbers),
                    numbers.State(shape.Batch * outputSize),
                    numbers.State(shape.Batch * cellStateSize),
                    IsReverse: d == 1);
            }

            layers.Add(new RecurrentLayer(shape.Batch, shape.Steps, inputSize, shape.HiddenSize, input, lengths, directions));
            finalGradients.Add([.. directions.Select(_ => new RecurrentOutputGradients(
                [], numbers.Gradient(shape.Batch * outputSize), numbers.Gradient(shape.Batch * cellStateSize)))]);
        }

        float[] outputGradient = numbers.Gradient(shape.Steps * shape.Batch * shape.Directions * outputSize);
        return new LayerStack(layers, outputGradient, finalGradients, HasBias: !shape.Has(PeerTraits.WithoutBias));
    }

    private static ReferenceCellOptions Options(string cell, PeerCase shape, CaseRandom random)
    {
        double clip = shape.Has(PeerTraits.Clip) ? 0.75 : double.PositiveInfinity;
        ReferenceActivation Or(ReferenceActivation usual) => shape.Has(PeerTraits.OtherActivations) ? Draw(random) : usual;
        return cell switch
        {
            "rnn" => new ReferenceVanillaRnnOptions
            {
                Activation = Or(shape.Has(PeerTraits.Relu) ? ReferenceActivation.Relu : ReferenceActivation.Tanh),
                Clip = clip,
            },
            "lstm" => new ReferenceLstmOptions
            {
                Peepholes = shape.Has(PeerTraits.Peepholes),
                CoupledForget = shape.Has(PeerTraits.CoupledForget),
                ProjectionSize = shape.Has(PeerTraits.Projection) ? 1 + random.Below(shape.HiddenSize) : 0,
                Clip = clip,
                InputActivation = Or(ReferenceActivation.Sigmoid),
                ForgetActivation = Or(ReferenceActivation.Sigmoid),
                CandidateActivation = Or(ReferenceActivation.Tanh),
                OutputActivation = Or(ReferenceActivation.Sigmoid),
                StateActivation = Or(ReferenceActivation.Tanh),
            },
            "gru" => new ReferenceGruOptions
            {
                ResetBefore = shape.Has(PeerTraits.ResetBefore),
                Clip = clip,
                ResetActivation = Or(ReferenceActivation.Sigmoid),
                UpdateActivation = Or(ReferenceActivation.Sigmoid),
                CandidateActivation = Or(ReferenceActivation.Tanh),
            },
            _ => throw new ArgumentException($"There is no cell '{cell}'."),
        };
    }

    private static ReferenceActivation Draw(CaseRandom random) => new(
        (ReferenceActivationKind)random.Below(Enum.GetValues<ReferenceActivationKind>().Length),
        (random.Below(8) - 2) / 4.0,
        (random.Below(8) - 2) / 4.0);

    private static Dictionary<string, float[]> Parameters(
        ReferenceCellOptions options, PeerCase shape, int inputSize, PeerNumbers numbers)
    {
        ReferenceCell<double> cell = options.Create(new ReferenceFloatingPoint<double>(0), inputSize, shape.HiddenSize);
        return cell.Parameters.Shapes.ToDictionary(parameter => parameter.Name, parameter =>
        {
            int length = parameter.Rows * parameter.Columns;
            return parameter.Name switch
            {
                "weight_ih" => numbers.InputWeights(length, inputSize),
                "weight_hh" or "weight_hr" => numbers.RecurrentWeights(length, parameter.Rows),
                "peepholes" => numbers.Peepholes(length),
                _ => shape.Has(PeerTraits.WithoutBias) ? new float[length] : numbers.Bias(length),
            };
        });
    }
}
