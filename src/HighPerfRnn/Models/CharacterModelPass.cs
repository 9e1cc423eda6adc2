using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Models;

/// <summary>
/// Passes of a character model over windows of T steps and B rows: all that they need is allocated here, once. The states,
/// those of the cells too, are carried from window to window.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class CharacterModelPass<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly CharacterModel<T> _model;
    private readonly AlignedBlock<T>[] _initialStates;
    private readonly AlignedBlock<T>[] _finalStates;
    private readonly AlignedBlock<T>[] _initialCellStates;
    private readonly AlignedBlock<T>[] _finalCellStates;
    private readonly AlignedBlock<T>[] _reserves;
    private readonly AlignedBlock<T>[] _outputs;
    private readonly AlignedBlock<T>[] _outputGradients;
    private readonly AlignedBlock<T> _logits;
    private readonly AlignedBlock<T> _tokenTableGradient;
    private readonly AlignedBlock<T> _workspace;
    private readonly bool _isTrainable;
    private int _steps;

    /// <summary>Room for windows of up to <paramref name="maxSteps"/> steps; the state starts at zero.</summary>
    /// <param name="model">The model.</param>
    /// <param name="maxSteps">T at most.</param>
    /// <param name="batch">B.</param>
    /// <param name="isTrainable">Whether to hold room for the backward pass; null for what the model is.</param>
    /// <exception cref="ArgumentException">A backward pass is wanted of a model that is not trainable.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    /// <exception cref="OverflowException">A buffer would have more than 2³¹ elements.</exception>
    public CharacterModelPass(CharacterModel<T> model, int maxSteps, int batch, bool? isTrainable = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxSteps);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        _isTrainable = isTrainable ?? model.IsTrainable;
        if (_isTrainable && !model.IsTrainable)
        {
            throw new ArgumentException("A backward pass was asked of a model made with isTrainable: false.", nameof(isTrainable));
        }

        _model = model;
        MaxSteps = maxSteps;
        Batch = batch;
        int layers = model.Layers.Count;
        int hidden = model.Options.HiddenSize;
        int rows = checked(maxSteps * batch);
        _initialStates = Blocks(layers, checked(batch * hidden));
        _finalStates = Blocks(layers, batch * hidden);
        // Every layer has the same cell, and so states and reserves of the same size.
        int cellStateSize = checked(batch * model.Layers[0].Cell.CellStates * hidden);
        _initialCellStates = Blocks(layers, cellStateSize);
        _finalCellStates = Blocks(layers, cellStateSize);
        _reserves = Blocks(layers, _isTrainable ? model.Layers[0].ReserveSize(maxSteps, batch) : 0);
        _outputs = Blocks(layers, checked(rows * hidden));
        // The gradient of a layer's output is read while that of the layer below is written: two take turns.
        _outputGradients = Blocks(_isTrainable ? Math.Min(2, layers) : 0, rows * hidden);
        _logits = new AlignedBlock<T>(checked(rows * model.Alphabet.Count));
        _tokenTableGradient = new AlignedBlock<T>(_isTrainable ? model.TokenTable.Length : 0);
        _workspace = new AlignedBlock<T>(WorkspaceSize(model, maxSteps, batch, _isTrainable));
    }

    /// <summary>T at most.</summary>
    public int MaxSteps { get; }

    /// <summary>B.</summary>
    public int Batch { get; }

    /// <summary>The scores of the last forward pass [T, B, V]. The caller may overwrite them, as a loss does with its gradient.</summary>
    public Span<T> Logits => _logits.Span[..(_steps * Batch * _model.Alphabet.Count)];

    /// <summary>The state of a layer [B, H] with which the next window starts.</summary>
    public Span<T> State(int layer) => _initialStates[layer].Span;

    /// <summary>The cell states of a layer [C, B, H] with which the next window starts; empty where the cell has no state but h.</summary>
    public Span<T> CellState(int layer) => _initialCellStates[layer].Span;

    /// <summary>Starts anew from zeros.</summary>
    public void ResetState()
    {
        foreach (AlignedBlock<T> state in _initialStates) state.Span.Clear();
        foreach (AlignedBlock<T> state in _initialCellStates) state.Span.Clear();
    }

    /// <summary>The next window starts where the last one ended.</summary>
    public void CarryState()
    {
        for (int i = 0; i < _initialStates.Length; i++)
        {
            _finalStates[i].Span.CopyTo(_initialStates[i].Span);
            _finalCellStates[i].Span.CopyTo(_initialCellStates[i].Span);
        }
    }

    /// <summary>Computes the logits of a window.</summary>
    /// <param name="tokens">[T, B], T at most <see cref="MaxSteps"/>, each in 0 to V - 1.</param>
    /// <param name="workers">Threads to split rows over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">The length is no multiple of B or too long, or a token is out of range; nothing has
    /// been written then, and the last forward pass still holds.</exception>
    public void Forward(ReadOnlySpan<int> tokens, WorkerGroup? workers = null)
    {
        int steps = StepsOf(tokens);
        Check.Tokens(tokens, _model.Alphabet.Count, nameof(tokens));
        // A pass that fails on its way leaves none to go back through.
        _steps = 0;
        int rows = tokens.Length;
        int hidden = _model.Options.HiddenSize;
        for (int i = 0; i < _model.Layers.Count; i++)
        {
            _model.Layers[i].Forward(
                new RnnForward<T>
                {
                    Steps = steps,
                    Batch = Batch,
                    Tokens = i == 0 ? tokens : default,
                    TokenTable = i == 0 ? _model.TokenTable : default,
                    Input = i == 0 ? default : _outputs[i - 1].Span[..(rows * hidden)],
                    InitialState = _initialStates[i].Span,
                    InitialCellState = _initialCellStates[i].Span,
                    Output = _outputs[i].Span[..(rows * hidden)],
                    FinalState = _finalStates[i].Span,
                    FinalCellState = _finalCellStates[i].Span,
                    Reserve = Reserve(i, steps),
                    Workspace = _workspace.Span,
                },
                workers);
        }

        Span<T> logits = _logits.Span[..(rows * _model.Alphabet.Count)];
        _model.Output.Forward(rows, _outputs[^1].Span[..(rows * hidden)], logits, workers);
        _steps = steps;
    }

    /// <summary>Backpropagates through the window of the last forward pass, before <see cref="CarryState"/>.</summary>
    /// <param name="tokens">As in the forward pass.</param>
    /// <param name="logitsGradient">[T, B, V]; may be <see cref="Logits"/>.</param>
    /// <param name="gradients">One set for each of the model's <see cref="CharacterModel{T}.ParameterSets"/>, added to; none may
    /// overlap a parameter or <paramref name="logitsGradient"/>.</param>
    /// <param name="workers">Threads to split outputs over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">A length differs from the forward pass, a token is out of range, the sets differ from
    /// the model's, or what is added to overlaps what is read; nothing has been written then.</exception>
    /// <exception cref="InvalidOperationException">The model or the pass is not trainable, or there was no forward pass.</exception>
    public void Backward(
        ReadOnlySpan<int> tokens, ReadOnlySpan<T> logitsGradient, IReadOnlyList<ParameterSet<T>> gradients, WorkerGroup? workers = null)
    {
        ValidateBackward(tokens, logitsGradient, gradients);
        int rows = tokens.Length;
        int length = rows * _model.Options.HiddenSize;
        int top = _model.Layers.Count - 1;
        Span<T> outputGradient = Cleared(top, length);
        _model.Output.Backward(
            rows, _outputs[top].Span[..length], logitsGradient, outputGradient, gradients[top + 2], _workspace.Span, workers);
        for (int i = top; i > 0; i--)
        {
            Span<T> inputGradient = Cleared(i - 1, length);
            _model.Layers[i].Backward(
                new RnnBackward<T>
                {
                    Steps = _steps,
                    Batch = Batch,
                    Input = _outputs[i - 1].Span[..length],
                    InitialState = _initialStates[i].Span,
                    Output = _outputs[i].Span[..length],
                    Reserve = Reserve(i, _steps),
                    OutputGradient = outputGradient,
                    InputGradient = inputGradient,
                    Gradients = gradients[i + 1],
                    Workspace = _workspace.Span,
                },
                workers);
            outputGradient = inputGradient;
        }

        BackwardThroughTokens(tokens, outputGradient, gradients, workers);
    }

    private static AlignedBlock<T>[] Blocks(int count, int length)
    {
        var blocks = new AlignedBlock<T>[count];
        for (int i = 0; i < count; i++) blocks[i] = new AlignedBlock<T>(length);
        return blocks;
    }

    private static int WorkspaceSize(CharacterModel<T> model, int steps, int batch, bool isTrainable)
    {
        int size = 0;
        foreach (RecurrentLayer<T> layer in model.Layers)
        {
            size = Math.Max(size, isTrainable ? layer.WorkspaceSize(steps, batch) : layer.ForwardWorkspaceSize(steps, batch));
        }

        if (!isTrainable) return size;
        size = Math.Max(size, Dense<T>.WorkspaceSize(steps * batch, model.Alphabet.Count));
        return Math.Max(size, Dense<T>.WorkspaceSize(model.Alphabet.Count, model.TokenTable.Length / model.Alphabet.Count));
    }

    private int StepsOf(ReadOnlySpan<int> tokens)
    {
        if (tokens.IsEmpty || tokens.Length % Batch != 0 || tokens.Length / Batch > MaxSteps)
        {
            throw new ArgumentException(
                $"tokens has length {tokens.Length}; expected a multiple of B = {Batch}, at most {MaxSteps} times.", nameof(tokens));
        }

        return tokens.Length / Batch;
    }

    private void ValidateBackward(
        ReadOnlySpan<int> tokens, ReadOnlySpan<T> logitsGradient, IReadOnlyList<ParameterSet<T>> gradients)
    {
        ArgumentNullException.ThrowIfNull(gradients);
        if (!_isTrainable) throw new InvalidOperationException("The pass was made with isTrainable: false, so it has no backward pass.");
        if (_steps == 0) throw new InvalidOperationException("There was no forward pass to go back through.");
        if (tokens.Length != _steps * Batch)
        {
            throw new ArgumentException($"tokens has length {tokens.Length}; expected {_steps * Batch}, as in the forward pass.", nameof(tokens));
        }

        Check.Tokens(tokens, _model.Alphabet.Count, nameof(tokens));
        Check.Shape(logitsGradient.Length, nameof(logitsGradient), "[T, B, V]", _steps, Batch, _model.Alphabet.Count);
        if (gradients.Count != _model.ParameterSets.Count)
        {
            throw new ArgumentException($"There are {gradients.Count} gradient sets; expected {_model.ParameterSets.Count}.", nameof(gradients));
        }

        for (int set = 0; set < gradients.Count; set++)
        {
            if (gradients[set] is null || !gradients[set].HasLayoutOf(_model.ParameterSets[set]))
            {
                throw new ArgumentException(
                    $"gradients[{set}] has another layout than its parameters; make it with CreateZeros().", nameof(gradients));
            }

            for (int other = 0; other < gradients.Count; other++)
            {
                if (gradients[set] == _model.ParameterSets[other])
                {
                    throw new ArgumentException($"gradients[{set}] are parameters of the model; make them with CreateZeros().", nameof(gradients));
                }
            }

            Check.NoOverlap(gradients[set].Values, logitsGradient, nameof(gradients), nameof(logitsGradient));
        }
    }

    private Span<T> Reserve(int layer, int steps) =>
        _isTrainable ? _reserves[layer].Span[.._model.Layers[layer].ReserveSize(steps, Batch)] : default;

    private Span<T> Cleared(int layer, int length)
    {
        Span<T> gradient = _outputGradients[layer % _outputGradients.Length].Span[..length];
        gradient.Clear();
        return gradient;
    }

    private void BackwardThroughTokens(
        ReadOnlySpan<int> tokens, Span<T> outputGradient, IReadOnlyList<ParameterSet<T>> gradients, WorkerGroup? workers)
    {
        RecurrentLayer<T> first = _model.Layers[0];
        _tokenTableGradient.Span.Clear();
        first.Backward(
            new RnnBackward<T>
            {
                Steps = _steps,
                Batch = Batch,
                Tokens = tokens,
                InitialState = _initialStates[0].Span,
                Output = _outputs[0].Span[..outputGradient.Length],
                Reserve = Reserve(0, _steps),
                OutputGradient = outputGradient,
                TokenTableGradient = _tokenTableGradient.Span,
                Gradients = gradients[1],
                Workspace = _workspace.Span,
            },
            workers);
        first.ProjectInputBackward(
            _model.Alphabet.Count,
            _model.Embedding.Parameters["weight"],
            _tokenTableGradient.Span,
            gradients[0]["weight"],
            gradients[1],
            _workspace.Span,
            workers);
    }
}
