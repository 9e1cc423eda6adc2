using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Tests.Generation;

/// <summary>A layer with a case's weights, and everything that its passes write.</summary>
/// <remarks>
/// What a pass overwrites holds NaN before it, the workspace too, so that an element left out or read too early shows.
/// </remarks>
internal sealed class RnnRun<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public RnnRun(RnnData<T> data)
    {
        Data = data;
        (int batch, int steps, int inputSize, int hiddenSize, _, _) = data.Case;
        Layer = new Rnn<T>(inputSize, hiddenSize, data.Activation);
        LoadWeights();
        Output = Filled(data.Case.Rows * hiddenSize);
        FinalState = Filled(batch * hiddenSize);
        Workspace = Filled(new Rnn<T>(inputSize, hiddenSize).WorkspaceSize(steps, batch));
        InputGradient = data.GradientsStart(data.Case.Rows * inputSize, 0);
        InitialStateGradient = data.GradientsStart(batch * hiddenSize, 1);
        Gradients = Layer.Parameters.CreateZeros();
        for (int i = 0; i < Gradients.Parameters.Count; i++)
        {
            Parameter parameter = Gradients.Parameters[i];
            data.GradientsStart(parameter.Length, 2 + i).CopyTo(Gradients.Span(parameter));
        }
    }

    public RnnData<T> Data { get; }

    public Rnn<T> Layer { get; }

    public T[] Output { get; set; }

    public T[] FinalState { get; set; }

    public T[] Workspace { get; set; }

    public T[] InputGradient { get; set; }

    public T[] InitialStateGradient { get; set; }

    public ParameterSet<T> Gradients { get; set; }

    /// <summary>One-hot input by index, in place of the data's input; empty for that.</summary>
    public int[] Tokens { get; set; } = [];

    public T[] TokenTable { get; set; } = [];

    public T[] TokenTableGradient { get; set; } = [];

    public static T[] Filled(int length)
    {
        T[] array = new T[length];
        Array.Fill(array, T.NaN);
        return array;
    }

    /// <summary>A run of both passes on the case's numbers.</summary>
    public static RnnRun<T> Both(RnnData<T> data, WorkerGroup? workers = null)
    {
        var run = new RnnRun<T>(data);
        run.Forward(workers);
        run.Backward(workers);
        return run;
    }

    public void LoadWeights()
    {
        Data.InputWeights.CopyTo(Layer.Parameters["weight_ih"]);
        Data.RecurrentWeights.CopyTo(Layer.Parameters["weight_hh"]);
        Data.Bias.CopyTo(Layer.Parameters["bias"]);
        Layer.Repack();
    }

    public void Forward(WorkerGroup? workers = null) => Layer.Forward(
        new RnnForward<T>
        {
            Steps = Data.Case.Steps,
            Batch = Data.Case.Batch,
            Input = Tokens.Length == 0 ? Data.Input : [],
            Tokens = Tokens,
            TokenTable = TokenTable,
            InitialState = Data.InitialState,
            Output = Output,
            FinalState = FinalState,
            Workspace = Workspace,
        },
        workers);

    public void Backward(WorkerGroup? workers = null) => Layer.Backward(
        new RnnBackward<T>
        {
            Steps = Data.Case.Steps,
            Batch = Data.Case.Batch,
            Input = Tokens.Length == 0 ? Data.Input : [],
            Tokens = Tokens,
            InitialState = Data.InitialState,
            Output = Output,
            OutputGradient = Data.OutputGradient,
            FinalStateGradient = Data.FinalStateGradient,
            InputGradient = Tokens.Length == 0 ? InputGradient : [],
            TokenTableGradient = TokenTableGradient,
            InitialStateGradient = InitialStateGradient,
            Gradients = Gradients,
            Workspace = Workspace,
        },
        workers);
}
