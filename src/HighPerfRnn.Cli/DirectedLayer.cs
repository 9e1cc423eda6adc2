using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Cli;

/// <summary>A recurrent layer of a kind of cell in one direction or, side by side, in both, and its parameters' gradients.</summary>
internal sealed class DirectedLayer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Bidirectional<T>? _both;

    public DirectedLayer(RecurrentCellKind cell, int inputSize, int hiddenSize, bool isBidirectional)
    {
        Directions = new RecurrentLayer<T>[isBidirectional ? 2 : 1];
        for (int i = 0; i < Directions.Length; i++) Directions[i] = RecurrentCells.Create<T>(cell, inputSize, hiddenSize);
        Gradients = Array.ConvertAll(Directions, direction => direction.Parameters.CreateZeros());
        if (isBidirectional) _both = new Bidirectional<T>(Directions[0], Directions[1]);
    }

    /// <summary>The layers of both directions, the forward one first, or the only one.</summary>
    public RecurrentLayer<T>[] Directions { get; }

    /// <summary>Those of each direction's parameters.</summary>
    public ParameterSet<T>[] Gradients { get; }

    /// <summary>Numbers of an output, and of the states of all directions.</summary>
    public int OutputSize => Directions.Length * Directions[0].OutputSize;

    /// <summary>Of the cell states of all directions.</summary>
    public int CellStateSize => Directions.Length * Directions[0].Cell.CellStates * Directions[0].HiddenSize;

    public int ReserveSize(int steps, int batch) =>
        _both is null ? Directions[0].ReserveSize(steps, batch) : _both.ReserveSize(steps, batch);

    public int WorkspaceSize(int steps, int batch) =>
        _both is null ? Directions[0].WorkspaceSize(steps, batch) : _both.WorkspaceSize(steps, batch);

    public void Repack()
    {
        foreach (RecurrentLayer<T> direction in Directions) direction.Repack();
    }

    public void Forward(in BidirectionalForward<T> pass, WorkerGroup? workers = null)
    {
        if (_both is not null)
        {
            _both.Forward(pass, workers);
            return;
        }

        Directions[0].Forward(
            new RnnForward<T>
            {
                Steps = pass.Steps,
                Batch = pass.Batch,
                Input = pass.Input,
                InitialState = pass.InitialState,
                InitialCellState = pass.InitialCellState,
                Output = pass.Output,
                Reserve = pass.Reserve,
                Workspace = pass.Workspace,
            },
            workers);
    }

    /// <summary>Backward after <see cref="Forward"/>, whose output a lone direction reads.</summary>
    public void Backward(in DirectedBackward<T> pass, WorkerGroup? workers = null)
    {
        if (_both is not null)
        {
            _both.Backward(
                new BidirectionalBackward<T>
                {
                    Steps = pass.Steps,
                    Batch = pass.Batch,
                    Input = pass.Input,
                    InitialState = pass.InitialState,
                    Reserve = pass.Reserve,
                    OutputGradient = pass.OutputGradient,
                    InputGradient = pass.InputGradient,
                    InitialStateGradient = pass.InitialStateGradient,
                    InitialCellStateGradient = pass.InitialCellStateGradient,
                    ForwardGradients = Gradients[0],
                    ReverseGradients = Gradients[1],
                    Workspace = pass.Workspace,
                },
                workers);
            return;
        }

        Directions[0].Backward(
            new RnnBackward<T>
            {
                Steps = pass.Steps,
                Batch = pass.Batch,
                Input = pass.Input,
                InitialState = pass.InitialState,
                Output = pass.Output,
                Reserve = pass.Reserve,
                OutputGradient = pass.OutputGradient,
                InputGradient = pass.InputGradient,
                InitialStateGradient = pass.InitialStateGradient,
                InitialCellStateGradient = pass.InitialCellStateGradient,
                Gradients = Gradients[0],
                Workspace = pass.Workspace,
            },
            workers);
    }
}

/// <summary>What a backward pass of a <see cref="DirectedLayer{T}"/> reads and adds to, beside the gradients that it has itself.</summary>
internal readonly ref struct DirectedBackward<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required int Steps { get; init; }

    public required int Batch { get; init; }

    public required ReadOnlySpan<T> Input { get; init; }

    public ReadOnlySpan<T> InitialState { get; init; }

    public required ReadOnlySpan<T> Output { get; init; }

    public required ReadOnlySpan<T> Reserve { get; init; }

    public required ReadOnlySpan<T> OutputGradient { get; init; }

    public Span<T> InputGradient { get; init; }

    public Span<T> InitialStateGradient { get; init; }

    public Span<T> InitialCellStateGradient { get; init; }

    public required Span<T> Workspace { get; init; }
}
