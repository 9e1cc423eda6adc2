using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Training;

namespace HighPerfRnn.Cli.Check;

/// <summary>The sizes of a gradient check.</summary>
/// <param name="Batch">B.</param>
/// <param name="Steps">T.</param>
/// <param name="InputSize">I, numbers a token.</param>
/// <param name="HiddenSize">H.</param>
/// <param name="Cell">The cell of every layer.</param>
/// <param name="Layers">How many recurrent layers stand on each other.</param>
/// <param name="IsBidirectional">Whether each runs both ways, its outputs side by side.</param>
internal readonly record struct CheckShape(
    int Batch,
    int Steps,
    int InputSize,
    int HiddenSize,
    RecurrentCellKind Cell = RecurrentCellKind.Rnn,
    int Layers = 1,
    bool IsBidirectional = false)
{
    /// <summary>V, different tokens; no multiple of any vector's length.</summary>
    public const int Vocabulary = 13;

    /// <summary>D.</summary>
    public int Directions => IsBidirectional ? 2 : 1;

    /// <summary>Numbers of a recurrent layer's output.</summary>
    public int OutputSize => Directions * HiddenSize;

    /// <summary>T·B.</summary>
    public int Rows => Steps * Batch;

    /// <summary>Of the products in one forward pass.</summary>
    public long MultiplyAdds => Rows * new RecurrentSizes(Cell, Layers, InputSize, HiddenSize, Directions).Weights;
}

/// <summary>
/// Embedding, recurrent layers, linear layer and softmax cross-entropy with drawn parameters, one pass forward and backward,
/// and all that it read and wrote. The numbers drawn fit in float, so that both precisions compute on the same ones.
/// </summary>
internal sealed class GradientNetwork<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly T[] _workspace;
    private readonly T[] _rowLosses;

    /// <summary>Draws the network and its data.</summary>
    public GradientNetwork(CheckShape shape, ulong seed)
    {
        Shape = shape;
        Embedding = new Embedding<T>(CheckShape.Vocabulary, shape.InputSize);
        Layers = new GradientLayer<T>[shape.Layers];
        for (int i = 0; i < Layers.Length; i++) Layers[i] = new GradientLayer<T>(shape, i == 0 ? null : Layers[i - 1]);
        Dense = new Dense<T>(shape.OutputSize, CheckShape.Vocabulary);
        EmbeddingGradients = Embedding.Parameters.CreateZeros();
        DenseGradients = Dense.Parameters.CreateZeros();
        Tokens = new int[shape.Rows];
        Targets = new int[shape.Rows];
        Logits = new T[shape.Rows * CheckShape.Vocabulary];
        LogitsGradient = new T[Logits.Length];
        _rowLosses = new T[shape.Rows];
        _workspace = new T[Dense<T>.WorkspaceSize(shape.Rows, CheckShape.Vocabulary)];
        Draw(seed);
    }

    public CheckShape Shape { get; }

    public Embedding<T> Embedding { get; }

    /// <summary>The first one nearest to the embedding.</summary>
    public GradientLayer<T>[] Layers { get; }

    public Dense<T> Dense { get; }

    public ParameterSet<T> EmbeddingGradients { get; }

    public ParameterSet<T> DenseGradients { get; }

    /// <summary>[T, B].</summary>
    public int[] Tokens { get; }

    /// <summary>[T, B].</summary>
    public int[] Targets { get; }

    /// <summary>x [T, B, I], from the embedding.</summary>
    public T[] Input => Layers[0].Input;

    public T[] InputGradient => Layers[0].InputGradient;

    /// <summary>h [T, B, D·H] of the last layer.</summary>
    public T[] States => Layers[^1].States;

    public T[] StatesGradient => Layers[^1].StatesGradient;

    /// <summary>[T, B, V].</summary>
    public T[] Logits { get; }

    public T[] LogitsGradient { get; }

    /// <summary>The whole pass.</summary>
    public void ForwardBackward()
    {
        Embedding.Forward(Tokens, Input);
        foreach (GradientLayer<T> layer in Layers) layer.Forward();
        RunDense();
        SoftmaxCrossEntropy<T>.ForwardBackward(Logits, Targets, CheckShape.Vocabulary, LogitsGradient, _rowLosses);
        Dense.Backward(Shape.Rows, States, LogitsGradient, StatesGradient, DenseGradients, _workspace);
        for (int i = Layers.Length - 1; i >= 0; i--) Layers[i].Backward();
        Embedding.Backward(Tokens, InputGradient, EmbeddingGradients);
    }

    /// <summary>The linear layer alone, on the states as they stand.</summary>
    public void RunDense()
    {
        Dense.Repack();
        Dense.Forward(Shape.Rows, States, Logits);
    }

    /// <summary>The loss alone, of the logits as they stand.</summary>
    public double RunLoss() => SoftmaxCrossEntropy<T>.Forward(Logits, Targets, CheckShape.Vocabulary, _rowLosses);

    private void Draw(ulong seed)
    {
        // Wh below norm 1, more or less: a longer sequence is not chaotic then, and its differences mean something. The bounds of gated
        // cells, and of both directions, go through |Wh|, and would grow from step to step unless its columns add up to less than 1.
        double dense = 1 / Math.Sqrt(Shape.OutputSize);
        double recurrent = Shape is { Cell: RecurrentCellKind.Rnn, IsBidirectional: false } ? dense : 1.0 / Shape.HiddenSize;
        var random = new CounterRandom(seed);
        Fill(Embedding.Parameters["weight"], 1, ref random);
        foreach (ParameterSet<T> parameters in Layers.SelectMany(layer => layer.Layer.Directions).Select(direction => direction.Parameters))
        {
            foreach (Parameter parameter in parameters.Parameters)
            {
                double bound = parameter.Name switch
                {
                    "weight_ih" => 1 / Math.Sqrt(parameter.Rows),
                    "weight_hh" => recurrent,
                    _ => 0.5,
                };
                Fill(parameters.Span(parameter), bound, ref random);
            }
        }

        Fill(Dense.Parameters["weight"], dense, ref random);
        Fill(Dense.Parameters["bias"], 0.5, ref random);
        foreach (GradientLayer<T> layer in Layers)
        {
            Fill(layer.InitialState, 1, ref random);
            Fill(layer.InitialCellState, 1, ref random);
        }

        for (int i = 0; i < Tokens.Length; i++)
        {
            Tokens[i] = random.NextInt(CheckShape.Vocabulary);
            Targets[i] = random.NextInt(CheckShape.Vocabulary);
        }
    }

    /// <summary>Uniform in ±bound.</summary>
    private static void Fill(Span<T> values, double bound, ref CounterRandom random)
    {
        foreach (ref T value in values) value = T.CreateTruncating((float)(bound * ((2 * random.NextSingle()) - 1)));
    }
}
