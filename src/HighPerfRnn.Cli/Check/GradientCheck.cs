using System.Numerics;
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
        Widen(_network.Input).CopyTo(_twin.Input, 0);
        Widen(_network.States).CopyTo(_twin.States, 0);
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
        ReferenceDense.Backward<double>(Shape.HiddenSize, Vocabulary, states, weights, upstream, dStates, dWeights, dBias);
        double[] ones = new double[Shape.Rows];
        Array.Fill(ones, 1);
        double[] weightBound = LayerBounds.RowProduct(_arithmetic, states, Shape.HiddenSize, upstream, Vocabulary, Shape.Rows);
        double[] biasBound = LayerBounds.RowProduct(_arithmetic, ones, 1, upstream, Vocabulary, Shape.Rows);
        double[] inputBound = LayerBounds.InputProduct(_arithmetic, upstream, weights, Shape.HiddenSize, Vocabulary, Shape.Rows);
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

    private IEnumerable<GradientTensor> Recurrent()
    {
        double[] upstream = Widen(_network.StatesGradient);
        RecurrentReference reference = RecurrentReference.Run(
            Shape,
            typeof(T) == typeof(float) ? ReferenceRnn.FlushBelowFloat : ReferenceRnn.FlushBelowDouble,
            _arithmetic,
            Widen(_network.Rnn.Parameters["weight_ih"]),
            Widen(_network.Rnn.Parameters["weight_hh"]),
            Widen(_network.Rnn.Parameters["bias"]),
            Widen(_network.Input),
            Widen(_network.InitialState),
            upstream);
        Restore();
        double magnitude = 0;
        double Loss()
        {
            _twin.RunRnn();
            return Dot(upstream, _twin.States, out magnitude);
        }

        Loss();
        ParameterSet<double> twin = _twin.Rnn.Parameters;
        ParameterSet<T> gradients = _network.RnnGradients;
        ReferenceRnnBackwardBound bound = reference.Bound;
        yield return Tensor("rnn.weight_ih", gradients["weight_ih"], reference.DWx, bound.DWx, Loss, magnitude, () => twin["weight_ih"]);
        yield return Tensor("rnn.weight_hh", gradients["weight_hh"], reference.DWh, bound.DWh, Loss, magnitude, () => twin["weight_hh"]);
        yield return Tensor("rnn.bias", gradients["bias"], reference.DBias, bound.DBias, Loss, magnitude, () => twin["bias"]);
        yield return Tensor("rnn.input", _network.InputGradient, reference.DInput, bound.DInput, Loss, magnitude, () => _twin.Input);
        yield return Tensor(
            "rnn.initial_state",
            _network.InitialStateGradient,
            reference.DInitialState,
            bound.DInitialState,
            Loss,
            magnitude,
            () => _twin.InitialState);
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
