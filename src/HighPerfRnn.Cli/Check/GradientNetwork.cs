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
internal readonly record struct CheckShape(int Batch, int Steps, int InputSize, int HiddenSize)
{
    /// <summary>V, different tokens; no multiple of any vector's length.</summary>
    public const int Vocabulary = 13;

    /// <summary>T·B.</summary>
    public int Rows => Steps * Batch;
}

/// <summary>
/// Embedding, recurrent layer, linear layer and softmax cross-entropy with drawn parameters, one pass forward and backward,
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
        Rnn = new Rnn<T>(shape.InputSize, shape.HiddenSize);
        Dense = new Dense<T>(shape.HiddenSize, CheckShape.Vocabulary);
        EmbeddingGradients = Embedding.Parameters.CreateZeros();
        RnnGradients = Rnn.Parameters.CreateZeros();
        DenseGradients = Dense.Parameters.CreateZeros();
        Tokens = new int[shape.Rows];
        Targets = new int[shape.Rows];
        InitialState = new T[shape.Batch * shape.HiddenSize];
        InitialStateGradient = new T[InitialState.Length];
        Input = new T[shape.Rows * shape.InputSize];
        InputGradient = new T[Input.Length];
        States = new T[shape.Rows * shape.HiddenSize];
        StatesGradient = new T[States.Length];
        Logits = new T[shape.Rows * CheckShape.Vocabulary];
        LogitsGradient = new T[Logits.Length];
        _rowLosses = new T[shape.Rows];
        int workspace = Rnn.WorkspaceSize(shape.Steps, shape.Batch);
        _workspace = new T[Math.Max(workspace, Dense<T>.WorkspaceSize(shape.Rows, CheckShape.Vocabulary))];
        Draw(seed);
    }

    public CheckShape Shape { get; }

    public Embedding<T> Embedding { get; }

    public Rnn<T> Rnn { get; }

    public Dense<T> Dense { get; }

    public ParameterSet<T> EmbeddingGradients { get; }

    public ParameterSet<T> RnnGradients { get; }

    public ParameterSet<T> DenseGradients { get; }

    /// <summary>[T, B].</summary>
    public int[] Tokens { get; }

    /// <summary>[T, B].</summary>
    public int[] Targets { get; }

    /// <summary>h₋₁ [B, H].</summary>
    public T[] InitialState { get; }

    public T[] InitialStateGradient { get; }

    /// <summary>x [T, B, I].</summary>
    public T[] Input { get; }

    public T[] InputGradient { get; }

    /// <summary>h [T, B, H].</summary>
    public T[] States { get; }

    public T[] StatesGradient { get; }

    /// <summary>[T, B, V].</summary>
    public T[] Logits { get; }

    public T[] LogitsGradient { get; }

    /// <summary>The whole pass.</summary>
    public void ForwardBackward()
    {
        Embedding.Forward(Tokens, Input);
        RunRnn();
        RunDense();
        SoftmaxCrossEntropy<T>.ForwardBackward(Logits, Targets, CheckShape.Vocabulary, LogitsGradient, _rowLosses);
        Dense.Backward(Shape.Rows, States, LogitsGradient, StatesGradient, DenseGradients, _workspace);
        Rnn.Backward(new RnnBackward<T>
        {
            Steps = Shape.Steps,
            Batch = Shape.Batch,
            Input = Input,
            InitialState = InitialState,
            Output = States,
            OutputGradient = StatesGradient,
            InputGradient = InputGradient,
            InitialStateGradient = InitialStateGradient,
            Gradients = RnnGradients,
            Workspace = _workspace,
        });
        Embedding.Backward(Tokens, InputGradient, EmbeddingGradients);
    }

    /// <summary>The recurrent layer alone, on the input as it stands.</summary>
    public void RunRnn()
    {
        Rnn.Repack();
        Rnn.Forward(new RnnForward<T>
        {
            Steps = Shape.Steps,
            Batch = Shape.Batch,
            Input = Input,
            InitialState = InitialState,
            Output = States,
            Workspace = _workspace,
        });
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
        // Wh below norm 1, more or less: a longer sequence is not chaotic then, and its differences mean something.
        double recurrent = 1 / Math.Sqrt(Shape.HiddenSize);
        var random = new CounterRandom(seed);
        Fill(Embedding.Parameters["weight"], 1, ref random);
        Fill(Rnn.Parameters["weight_ih"], 1 / Math.Sqrt(Shape.InputSize), ref random);
        Fill(Rnn.Parameters["weight_hh"], recurrent, ref random);
        Fill(Rnn.Parameters["bias"], 0.5, ref random);
        Fill(Dense.Parameters["weight"], recurrent, ref random);
        Fill(Dense.Parameters["bias"], 0.5, ref random);
        Fill(InitialState, 1, ref random);
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
