using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Tests.Guards;

/// <summary>
/// A small network, embedding → recurrent layer → linear layer, with everything that a forward and a backward pass read and
/// write, filled from a seed. Tokens are also fed straight to the recurrent layer, through a table of rows.
/// </summary>
internal sealed partial class LayerRound<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Vocabulary = 11;

    private readonly RnnShape _shape;
    private readonly Memory<int> _tokens;
    private readonly Memory<T> _input, _initialState, _output, _finalState, _workspace, _denseWorkspace, _scores;
    private readonly Memory<T> _scoresGradient, _outputGradient, _finalStateGradient, _inputGradient, _initialStateGradient;
    private readonly Memory<T> _table, _tableGradient, _tokenOutput, _batchMajorWorkspace, _projectWorkspace, _checkpointedWorkspace;
    private readonly CheckpointPlan _plan;
    private ulong _random;

    public LayerRound(RnnShape shape, int outputSize, Activation activation, IRoom room, ulong seed)
    {
        _shape = shape;
        _random = seed;
        Rnn = new Rnn<T>(shape.InputSize, shape.HiddenSize, activation);
        Dense = new Dense<T>(shape.HiddenSize, outputSize);
        Embedding = new Embedding<T>(Vocabulary, shape.InputSize);
        int rows = shape.Steps * shape.Batch;
        int states = shape.Batch * shape.HiddenSize;
        _tokens = room.Take<int>(rows);
        _input = room.Take<T>(rows * shape.InputSize);
        _initialState = room.Take<T>(states);
        _output = room.Take<T>(rows * shape.HiddenSize);
        _finalState = room.Take<T>(states);
        _workspace = room.Take<T>(Rnn.WorkspaceSize(shape.Steps, shape.Batch));
        _denseWorkspace = room.Take<T>(Dense<T>.WorkspaceSize(rows, outputSize));
        _scores = room.Take<T>(rows * outputSize);
        _scoresGradient = room.Take<T>(rows * outputSize);
        _outputGradient = room.Take<T>(rows * shape.HiddenSize);
        _finalStateGradient = room.Take<T>(states);
        _inputGradient = room.Take<T>(rows * shape.InputSize);
        _initialStateGradient = room.Take<T>(states);
        _table = room.Take<T>(Vocabulary * shape.HiddenSize);
        _tableGradient = room.Take<T>(Vocabulary * shape.HiddenSize);
        _tokenOutput = room.Take<T>(rows * shape.HiddenSize);
        _batchMajorWorkspace = room.Take<T>(Rnn.OrderedWorkspaceSize(shape.Steps, shape.Batch));
        _projectWorkspace = room.Take<T>(Dense<T>.WorkspaceSize(Projected, shape.HiddenSize));
        // The shortest segments that there are.
        _plan = new CheckpointPlan(shape.Steps, shape.Batch, segmentSteps: 1);
        _checkpointedWorkspace = room.Take<T>(Rnn.CheckpointedWorkspaceSize(_plan));
        RnnGradients = Rnn.Parameters.CreateZeros();
        TableRnnGradients = Rnn.Parameters.CreateZeros();
        DenseGradients = Dense.Parameters.CreateZeros();
        EmbeddingGradients = Embedding.Parameters.CreateZeros();
        FillAll();
    }

    public Rnn<T> Rnn { get; }

    public Dense<T> Dense { get; }

    public Embedding<T> Embedding { get; }

    public ParameterSet<T> RnnGradients { get; }

    public ParameterSet<T> TableRnnGradients { get; }

    public ParameterSet<T> DenseGradients { get; }

    public ParameterSet<T> EmbeddingGradients { get; }

    public int Rows => _shape.Steps * _shape.Batch;

    private int Projected => Math.Min(Vocabulary, Rows);

    public void Repack()
    {
        Rnn.Repack();
        Dense.Repack();
    }

    public void Embed() => Embedding.Forward(_tokens.Span, _input.Span);

    public void ForwardRnn(WorkerGroup? workers) =>
        Rnn.Forward(
            new RnnForward<T>
            {
                Steps = _shape.Steps,
                Batch = _shape.Batch,
                Input = _input.Span,
                InitialState = _initialState.Span,
                Output = _output.Span,
                FinalState = _finalState.Span,
                Workspace = _workspace.Span,
            },
            workers);

    public void ForwardTokens(WorkerGroup? workers) =>
        Rnn.Forward(
            new RnnForward<T>
            {
                Steps = _shape.Steps,
                Batch = _shape.Batch,
                Tokens = _tokens.Span,
                TokenTable = _table.Span,
                Output = _tokenOutput.Span,
                Workspace = _workspace.Span,
            },
            workers);

    public void ForwardDense(WorkerGroup? workers) => Dense.Forward(Rows, _output.Span, _scores.Span, workers);

    /// <summary>The first step alone, written where the whole sequence puts its final state.</summary>
    public void Step(WorkerGroup? workers) =>
        Rnn.Step(
            _input.Span[..(_shape.Batch * _shape.InputSize)], _initialState.Span, _finalState.Span, _workspace.Span, workers);

    public void BackwardDense(WorkerGroup? workers) =>
        Dense.Backward(
            Rows, _output.Span, _scoresGradient.Span, _outputGradient.Span, DenseGradients, _denseWorkspace.Span, workers);

    public void BackwardRnn(WorkerGroup? workers) =>
        Rnn.Backward(
            new RnnBackward<T>
            {
                Steps = _shape.Steps,
                Batch = _shape.Batch,
                Input = _input.Span,
                InitialState = _initialState.Span,
                Output = _output.Span,
                OutputGradient = _outputGradient.Span,
                FinalStateGradient = _finalStateGradient.Span,
                InputGradient = _inputGradient.Span,
                InitialStateGradient = _initialStateGradient.Span,
                Gradients = RnnGradients,
                Workspace = _workspace.Span,
            },
            workers);

    public void ForwardBatchMajor(WorkerGroup? workers) =>
        Rnn.ForwardBatchMajor(
            new RnnForward<T>
            {
                Steps = _shape.Steps,
                Batch = _shape.Batch,
                Input = _input.Span,
                InitialState = _initialState.Span,
                Output = _output.Span,
                FinalState = _finalState.Span,
                Workspace = _batchMajorWorkspace.Span,
            },
            workers);

    public void BackwardBatchMajor(WorkerGroup? workers) =>
        Rnn.BackwardBatchMajor(
            new RnnBackward<T>
            {
                Steps = _shape.Steps,
                Batch = _shape.Batch,
                Input = _input.Span,
                InitialState = _initialState.Span,
                Output = _output.Span,
                OutputGradient = _outputGradient.Span,
                InputGradient = _inputGradient.Span,
                Gradients = RnnGradients,
                Workspace = _batchMajorWorkspace.Span,
            },
            workers);

    /// <summary>The first rows of the input, as many as the table has.</summary>
    public void ProjectInput(WorkerGroup? workers) =>
        Rnn.ProjectInput(Projected, _input.Span[..(Projected * _shape.InputSize)], _table.Span[..(Projected * _shape.HiddenSize)], workers);

    public void ProjectInputBackward(WorkerGroup? workers) =>
        Rnn.ProjectInputBackward(
            Projected,
            _input.Span[..(Projected * _shape.InputSize)],
            _tableGradient.Span[..(Projected * _shape.HiddenSize)],
            _inputGradient.Span[..(Projected * _shape.InputSize)],
            RnnGradients,
            _projectWorkspace.Span,
            workers);

    public void BackwardTokens(WorkerGroup? workers) =>
        Rnn.Backward(
            new RnnBackward<T>
            {
                Steps = _shape.Steps,
                Batch = _shape.Batch,
                Tokens = _tokens.Span,
                Output = _tokenOutput.Span,
                OutputGradient = _outputGradient.Span,
                TokenTableGradient = _tableGradient.Span,
                Gradients = TableRnnGradients,
                Workspace = _workspace.Span,
            },
            workers);

    public void BackwardEmbedding() => Embedding.Backward(_tokens.Span, _inputGradient.Span, EmbeddingGradients);

    /// <summary>All of the above, forward and backward.</summary>
    public void Run(WorkerGroup? workers)
    {
        Repack();
        Embed();
        ForwardRnn(workers);
        ForwardDense(workers);
        ForwardTokens(workers);
        BackwardDense(workers);
        BackwardRnn(workers);
        BackwardTokens(workers);
        BackwardEmbedding();
        ProjectInput(workers);
        ProjectInputBackward(workers);
        // The same numbers as if they lay batch first.
        ForwardBatchMajor(workers);
        BackwardBatchMajor(workers);
        ForwardCheckpointed(workers);
        BackwardCheckpointed(workers);
        BackwardCheckpointedLoss(workers);
    }

    /// <summary>What a layer can do whose weights are in a smaller format; a step goes first, where the sequence puts its state.</summary>
    public void RunInference(WorkerGroup? workers)
    {
        if (_shape.Steps > 0) Step(workers);
        ForwardRnn(workers);
        ForwardTokens(workers);
        ForwardBatchMajor(workers);
        ProjectInput(workers);
    }

    /// <summary>Gradients back to zeros, so that rounds without end stay finite.</summary>
    public void ClearGradients()
    {
        RnnGradients.Values.Clear();
        TableRnnGradients.Values.Clear();
        DenseGradients.Values.Clear();
        EmbeddingGradients.Values.Clear();
        _outputGradient.Span.Clear();
        _inputGradient.Span.Clear();
        _initialStateGradient.Span.Clear();
        _tableGradient.Span.Clear();
    }

    /// <summary>Everything that <see cref="RunInference"/> writes, by name.</summary>
    public IEnumerable<(string Name, ReadOnlyMemory<T> Values)> InferenceResults() =>
        [("output", _output), ("final state", _finalState), ("output of tokens", _tokenOutput), ("table", _table)];

    /// <summary>Everything that the passes write, by name.</summary>
    public IEnumerable<(string Name, ReadOnlyMemory<T> Values)> Results()
    {
        yield return ("output", _output);
        yield return ("final state", _finalState);
        yield return ("scores", _scores);
        yield return ("output of tokens", _tokenOutput);
        yield return ("dOutput", _outputGradient);
        yield return ("dInput", _inputGradient);
        yield return ("dInitialState", _initialStateGradient);
        yield return ("dTable", _tableGradient);
        foreach (ParameterSet<T> set in new[] { RnnGradients, TableRnnGradients, DenseGradients, EmbeddingGradients })
        {
            foreach (Parameter parameter in set.Parameters)
            {
                // With a table of rows the gradient of the input's weights is the table's.
                if (set == TableRnnGradients && parameter.Name == "weight_ih") continue;
                yield return ("d" + parameter.Name, set.Span(parameter).ToArray());
            }
        }
    }

    private void FillAll()
    {
        Span<int> tokens = _tokens.Span;
        for (int i = 0; i < tokens.Length; i++) tokens[i] = (int)(Next() % Vocabulary);
        foreach (ParameterSet<T> set in new[] { Rnn.Parameters, Dense.Parameters, Embedding.Parameters })
        {
            foreach (Parameter parameter in set.Parameters) Fill(set.Span(parameter), 1 / Math.Sqrt(Math.Max(4, parameter.Rows)));
        }

        Fill(_initialState.Span, 1);
        Fill(_table.Span, 1);
        Fill(_scoresGradient.Span, 1);
        Fill(_outputGradient.Span, 1);
        Fill(_finalStateGradient.Span, 1);
    }

    private void Fill(Span<T> values, double bound)
    {
        for (int i = 0; i < values.Length; i++) values[i] = T.CreateChecked(((Next() / (double)uint.MaxValue * 2) - 1) * bound);
    }

    /// <summary>Weyl's sequence through a multiply-xorshift: the same numbers on every machine, no more is asked of them.</summary>
    private uint Next()
    {
        _random += 0x9E3779B97F4A7C15;
        ulong z = (_random ^ (_random >> 30)) * 0xBF58476D1CE4E5B9;
        return (uint)((z ^ (z >> 27)) * 0x94D049BB133111EB >> 32);
    }
}
