using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Reference;

namespace HighPerfRnn.Cli.Check;

/// <summary>
/// The gradients of a small network, each with its witnesses. A layer is held against the reference formula and against
/// differences on exactly the numbers that the library handed it, so that a bound covers that layer's rounding and no other's.
/// L is then Σ upstream∘output, whose gradient is what the layer's backward pass computes.
/// </summary>
/// <typeparam name="T">What the library computes in.</typeparam>
internal sealed class GradientCheck<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Vocabulary = CheckShape.Vocabulary;

    private readonly GradientNetwork<T> _network;
    private readonly GradientNetwork<double> _twin;
    private readonly ReferenceArithmetic _arithmetic;
    private readonly string _precision;

    /// <summary>Draws the network and runs it once.</summary>
    public GradientCheck(CheckShape shape, ulong seed)
    {
        bool isFloat = typeof(T) == typeof(float);
        _precision = isFloat ? "float" : "double";
        // Sums in any order; the library's tanh is within 3 ulp in float and 4 in double.
        _arithmetic = isFloat ? ReferenceArithmetic.SinglePrecision(3) : ReferenceArithmetic.DoublePrecision(4);
        _network = new GradientNetwork<T>(shape, seed);
        _network.ForwardBackward();
        // The twin has the same parameters; its layers run on the numbers that the network's layers saw.
        _twin = new GradientNetwork<double>(shape, seed);
        Restore();
    }

    private CheckShape Shape => _network.Shape;

    /// <summary>
    /// A tensor a parameter, from the loss down to the embedding. Layers share the twin's memory: be done with a tensor before
    /// asking for the next.
    /// </summary>
    public IEnumerable<GradientTensor> Tensors() => Loss().Concat(Dense()).Concat(Recurrent()).Concat(Embedding());

    private static double[] Widen(ReadOnlySpan<T> values)
    {
        double[] wide = new double[values.Length];
        for (int i = 0; i < wide.Length; i++) wide[i] = double.CreateTruncating(values[i]);
        return wide;
    }

    private static double Dot(double[] a, double[] b, out double magnitude)
    {
        double sum = 0;
        magnitude = 0;
        for (int i = 0; i < a.Length; i++)
        {
            sum += a[i] * b[i];
            magnitude += Math.Abs(a[i] * b[i]);
        }

        return sum;
    }

    private void Restore()
    {
        for (int i = 0; i < _network.Layers.Length; i++)
        {
            Widen(_network.Layers[i].Input).CopyTo(_twin.Layers[i].Input, 0);
            Widen(_network.Layers[i].States).CopyTo(_twin.Layers[i].States, 0);
        }

        Widen(_network.Logits).CopyTo(_twin.Logits, 0);
    }

    private IEnumerable<GradientTensor> Loss()
    {
        double[] logits = Widen(_network.Logits);
        double[] reference = new double[logits.Length];
        ReferenceSoftmaxCrossEntropy.Backward<double>(Vocabulary, logits, _network.Targets, 1, reference);
        double[] bound = LayerBounds.Softmax(_arithmetic, logits, _network.Targets, Vocabulary);
        Restore();
        yield return Tensor("logits", _network.LogitsGradient, reference, bound, _twin.RunLoss, _twin.RunLoss(), () => _twin.Logits);
    }

    private IEnumerable<GradientTensor> Dense()
    {
        double[] states = Widen(_network.States);
        double[] upstream = Widen(_network.LogitsGradient);
        double[] weights = Widen(_network.Dense.Parameters["weight"]);
        double[] dStates = new double[states.Length];
        double[] dWeights = new double[weights.Length];
        double[] dBias = new double[Vocabulary];
        ReferenceDense.Backward<double>(Shape.OutputSize, Vocabulary, states, weights, upstream, dStates, dWeights, dBias);
        double[] ones = new double[Shape.Rows];
        Array.Fill(ones, 1);
        double[] weightBound = LayerBounds.RowProduct(_arithmetic, states, Shape.OutputSize, upstream, Vocabulary, Shape.Rows);
        double[] biasBound = LayerBounds.RowProduct(_arithmetic, ones, 1, upstream, Vocabulary, Shape.Rows);
        double[] inputBound = LayerBounds.InputProduct(_arithmetic, upstream, weights, Shape.OutputSize, Vocabulary, Shape.Rows);
        Restore();
        double magnitude = 0;
        double Loss()
        {
            _twin.RunDense();
            return Dot(upstream, _twin.Logits, out magnitude);
        }

        Loss();
        ParameterSet<double> twin = _twin.Dense.Parameters;
        ParameterSet<T> gradients = _network.DenseGradients;
        yield return Tensor("dense.weight", gradients["weight"], dWeights, weightBound, Loss, magnitude, () => twin["weight"]);
        yield return Tensor("dense.bias", gradients["bias"], dBias, biasBound, Loss, magnitude, () => twin["bias"]);
        yield return Tensor("dense.input", _network.StatesGradient, dStates, inputBound, Loss, magnitude, () => _twin.States);
    }

    private IEnumerable<GradientTensor> Recurrent() => Enumerable.Range(1, Shape.Layers).SelectMany(i => Recurrent(Shape.Layers - i));

    private IEnumerable<GradientTensor> Recurrent(int index)
    {
        GradientLayer<T> layer = _network.Layers[index];
        GradientLayer<double> twin = _twin.Layers[index];
        double[] upstream = Widen(layer.StatesGradient);
        var data = new RecurrentData
        {
            Parameters = Array.ConvertAll(layer.Layer.Directions, direction => direction.Parameters.Parameters.ToDictionary(
                parameter => parameter.Name, parameter => Widen(direction.Parameters.Span(parameter)))),
            Input = Widen(layer.Input),
            InitialState = Widen(layer.InitialState),
            InitialCellState = Widen(layer.InitialCellState),
            StatesGradient = upstream,
        };
        RecurrentReference reference = RecurrentReference.Run(Shape, layer.Layer.Directions[0].InputSize, typeof(T) == typeof(float), _arithmetic, data);
        Restore();
        double magnitude = 0;
        double Loss()
        {
            twin.Forward();
            return Dot(upstream, twin.States, out magnitude);
        }

        Loss();
        for (int i = 0; i < layer.Layer.Directions.Length; i++)
        {
            ParameterSet<double> ofTwin = twin.Layer.Directions[i].Parameters;
            foreach (Parameter parameter in layer.Layer.Directions[i].Parameters.Parameters)
            {
                yield return Recurrent(parameter.Name, layer.Layer.Gradients[i].Span(parameter), () => ofTwin[parameter.Name], i);
            }
        }

        yield return Recurrent(RecurrentReference.Input, layer.InputGradient, () => twin.Input);
        yield return Recurrent(RecurrentReference.InitialState, layer.InitialStateGradient, () => twin.InitialState);
        if (layer.InitialCellState.Length == 0) yield break;
        yield return Recurrent(RecurrentReference.InitialCellState, layer.InitialCellStateGradient, () => twin.InitialCellState);

        GradientTensor Recurrent(string name, ReadOnlySpan<T> gradient, ParameterMemory memory, int direction = 0)
        {
            string suffix = (Shape.Layers == 1 ? string.Empty : $"_l{index}") + RecurrentReference.SuffixOf(direction);
            (double[] expected, double[] bound) = reference[name + RecurrentReference.SuffixOf(direction)];
            return Tensor($"{RecurrentCells.NameOf(Shape.Cell)}.{name}{suffix}", gradient, expected, bound, Loss, magnitude, memory);
        }
    }

    private IEnumerable<GradientTensor> Embedding()
    {
        double[] upstream = Widen(_network.InputGradient);
        double[] reference = new double[Vocabulary * Shape.InputSize];
        ReferenceEmbedding.Backward<double>(Shape.InputSize, _network.Tokens, upstream, reference);
        double[] bound = LayerBounds.Scatter(_arithmetic, _network.Tokens, upstream, Shape.InputSize, Vocabulary);
        double magnitude = 0;
        double Loss()
        {
            _twin.Embedding.Forward(_twin.Tokens, _twin.Input);
            return Dot(upstream, _twin.Input, out magnitude);
        }

        Loss();
        yield return Tensor(
            "embedding.weight",
            _network.EmbeddingGradients["weight"],
            reference,
            bound,
            Loss,
            magnitude,
            () => _twin.Embedding.Parameters["weight"]);
    }

    private GradientTensor Tensor(
        string parameter,
        ReadOnlySpan<T> gradient,
        double[] reference,
        double[] bound,
        Func<double> loss,
        double magnitude,
        ParameterMemory memory) => new()
        {
            Parameter = parameter,
            Precision = _precision,
            Gradient = Widen(gradient),
            Reference = reference,
            RoundingBound = bound,
            Loss = loss,
            LossMagnitude = magnitude,
            Memory = memory,
        };
}
