using System.Numerics;
using System.Runtime.InteropServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Memory;
using HighPerfRnn.Simd;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Layers;

/// <summary>
/// A recurrent layer: a cell over whole sequences, forward and backward through time, without allocating. <see cref="Rnn{T}"/> and
/// <see cref="CellLayer{T, TCell}"/> say what their cell is.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>
/// <para>Parameters, row-major, gates side by side in blocks of H columns: <c>weight_ih</c> Wx [I, G·H], <c>weight_hh</c> Wh [H, G·H],
/// <c>bias</c> b [G·H], then the cell's own vectors [H]; all zeros at first. The passes read a packed copy: call
/// <see cref="Repack"/> after writing to them.</para>
/// <para>A state whose magnitude is below 2⁻¹⁰⁰ (2⁻⁹⁰⁰ in double) becomes +0, and so does a gradient of a pre-activation: cells
/// are defined so, and never fall into subnormal numbers.</para>
/// <para>The same weights and inputs give the same bits whatever the vector width and the number of workers; outputs, states
/// and each row's input gradient do so too in whatever batch a row travels, and outputs and states however a sequence is cut
/// into chunks. Passes may run at the same time on several threads, each with its own spans; not while Repack runs.</para>
/// </remarks>
public abstract partial class RecurrentLayer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private PackedParameters<T> _packed;
    private bool _isTrainable;
    private readonly int _cellStates;
    private bool _nextStepIsBackwards;

    private protected RecurrentLayer(int inputSize, int hiddenSize, in CellLayout cell, bool isTrainable)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(inputSize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(hiddenSize);
        cell.Validate();
        InputSize = inputSize;
        HiddenSize = hiddenSize;
        Cell = cell;
        _cellStates = cell.CellStates;
        _isTrainable = isTrainable;
        Parameters = new ParameterSet<T>(ParametersOf(inputSize, hiddenSize, cell));
        _packed = new PackedParameters<T>(Parameters, inputSize, hiddenSize, cell, isTrainable, WeightFormat.Full);
    }

    /// <summary>I.</summary>
    public int InputSize { get; }

    /// <summary>H.</summary>
    public int HiddenSize { get; }

    /// <summary>How many gates, states, kept values and vectors the cell has.</summary>
    public CellLayout Cell { get; }

    /// <summary>Wx, Wh, b and the cell's vectors by name; see the remarks above.</summary>
    public ParameterSet<T> Parameters { get; private set; }

    /// <summary>
    /// How many elements <see cref="Forward"/> and <see cref="Backward"/> need as workspace: the larger of
    /// <see cref="ForwardWorkspaceSize"/> and, in a trainable layer, S'·(B + R) + G'·R + S·(R + B·(C + P) + 1). R is at most 256 rows or
    /// one step, S = ⌈H / 16⌉·16 (8 in double), S' and G' are D·H and G·H rounded up alike; G gates, C cell states, D gradients a unit
    /// (G for most cells), P = 1 where the cell uses h_{t-1} itself, else 0.
    /// </summary>
    /// <param name="steps">T.</param>
    /// <param name="batch">B.</param>
    /// <exception cref="ArgumentOutOfRangeException">T is negative, or B is not positive.</exception>
    /// <exception cref="OverflowException">The size does not fit in an int.</exception>
    public int WorkspaceSize(int steps, int batch)
    {
        int forward = ForwardWorkspaceSize(steps, batch);
        return HasBackward ? Math.Max(forward, RecurrentWorkspace.BackwardSize<T>(ShapeOf(steps, batch), Cell)) : forward;
    }

    /// <summary>
    /// How many elements <see cref="Forward"/> and <see cref="Step(in RnnStep{T}, WorkerGroup?)"/> need as workspace:
    /// S·(B·(1 + C) + R·G), R being at most 256 KiB worth of rows or one step; the letters as for <see cref="WorkspaceSize"/>.
    /// </summary>
    /// <inheritdoc cref="WorkspaceSize"/>
    public int ForwardWorkspaceSize(int steps, int batch) => RecurrentWorkspace.ForwardSize<T>(ShapeOf(steps, batch), Cell);

    /// <summary>
    /// How many elements the forward pass keeps for <see cref="Backward"/> beside the outputs: T·B·K·S, K being
    /// <see cref="CellLayout.KeptValues"/> and S = ⌈H / 16⌉·16 (8 in double).
    /// </summary>
    /// <param name="steps">T.</param>
    /// <param name="batch">B.</param>
    /// <exception cref="ArgumentOutOfRangeException">T is negative, or B is not positive.</exception>
    /// <exception cref="OverflowException">The size does not fit in an int.</exception>
    public int ReserveSize(int steps, int batch)
    {
        RnnShape shape = ShapeOf(steps, batch);
        return checked(shape.Rows * Cell.KeptValues * RecurrentWorkspace.Stride<T>(HiddenSize));
    }

    /// <summary>
    /// Takes the parameters as they are now for the passes that follow, in the layer's <see cref="WeightFormat"/>. Allocates nothing in
    /// <see cref="WeightFormat.Full"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">The weights were let go of by <see cref="UseWeights"/>.</exception>
    public void Repack()
    {
        ThrowIfReleased();
        if (WeightFormat == WeightFormat.Full) _packed.Repack();
        else _packed.Convert();
    }

    /// <summary>Runs a sequence. See <see cref="RnnForward{T}"/> for what is read and written.</summary>
    /// <param name="pass">Spans and sizes.</param>
    /// <param name="workers">Threads to split rows or units over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">A span has another length than its shape, a token is out of range, or the output
    /// overlaps what is read; nothing has been written then.</exception>
    public void Forward(in RnnForward<T> pass, WorkerGroup? workers = null)
    {
        RnnShape shape = Validate(pass);
        RunForward(shape, pass, workers);
    }

    /// <summary>One step of B rows. The same bits as a sequence of one. See <see cref="RnnStep{T}"/>.</summary>
    /// <param name="step">Spans; B is taken from the length of the state.</param>
    /// <param name="workers">Threads to split rows or units over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">As for <see cref="Forward"/>.</exception>
    public void Step(in RnnStep<T> step, WorkerGroup? workers = null)
    {
        int batch = Validate(step);
        if (batch == 1)
        {
            // Weights past the second-level cache: what the last step left there is read first.
            bool isBackwards = _nextStepIsBackwards;
            _nextStepIsBackwards = !isBackwards;
            RunStep(step, isBackwards, workers);
            return;
        }

        Forward(
            new RnnForward<T>
            {
                Steps = 1,
                Batch = batch,
                Input = step.Input,
                InitialState = step.State,
                InitialCellState = step.CellState,
                Output = step.NextState,
                FinalCellState = step.NextCellState,
                Workspace = step.Workspace,
            },
            workers);
    }

    /// <summary>One step of B rows of a cell whose only state is h: nextState from input and state.</summary>
    /// <param name="input">x [B, I].</param>
    /// <param name="state">h [B, H].</param>
    /// <param name="nextState">[B, H], overwritten; it may not overlap state or input.</param>
    /// <param name="workspace">At least <see cref="ForwardWorkspaceSize"/>(1, B) elements; a lone row needs none.</param>
    /// <param name="workers">Threads to split rows or units over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">As for <see cref="Forward"/>; B is taken from the length of the state.</exception>
    public void Step(
        ReadOnlySpan<T> input, ReadOnlySpan<T> state, Span<T> nextState, Span<T> workspace, WorkerGroup? workers = null) =>
        Step(new RnnStep<T> { Input = input, State = state, NextState = nextState, Workspace = workspace }, workers);

    /// <summary>Backpropagates through the sequence of a forward pass. Every gradient adds into what the caller gives.</summary>
    /// <param name="pass">Spans and sizes.</param>
    /// <param name="workers">Threads to split outputs over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">A span has another length than its shape or a token is out of range; nothing has been
    /// written then.</exception>
    /// <exception cref="InvalidOperationException">The layer was made with isTrainable false, or is not in <see cref="WeightFormat.Full"/>.</exception>
    public void Backward(in RnnBackward<T> pass, WorkerGroup? workers = null)
    {
        ThrowIfNotTrainable();
        RnnShape shape = Validate(pass);
        RunBackward(shape, pass, workers);
    }

    /// <summary>
    /// projected = input·Wx, without the bias: the input parts of rows that come often, such as an embedding's, computed once for
    /// <see cref="RnnForward{T}.TokenTable"/>. The same bits as the sequence pass computes for them.
    /// </summary>
    /// <param name="rows">N.</param>
    /// <param name="input">[N, I].</param>
    /// <param name="projected">[N, G·H], overwritten; it may not overlap the input.</param>
    /// <param name="workers">Threads to split rows over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">A span has another length than its shape, or they overlap; nothing has been written then.</exception>
    public void ProjectInput(int rows, ReadOnlySpan<T> input, Span<T> projected, WorkerGroup? workers = null)
    {
        LinearPass.Forward(rows, input, projected, _packed.Weights.Input, _packed.Weights.Gates, bias: default, nameof(projected), workers);
    }

    /// <summary>Takes the gradient of <see cref="ProjectInput"/> back: dInput += dProjected·Wxᵀ, dWx += inputᵀ·dProjected.</summary>
    /// <param name="rows">N.</param>
    /// <param name="input">[N, I].</param>
    /// <param name="projectedGradient">[N, G·H]: a <see cref="RnnBackward{T}.TokenTableGradient"/>.</param>
    /// <param name="inputGradient">[N, I], added to; empty when it is not wanted.</param>
    /// <param name="gradients">dWx, added to; the others are left as they are.</param>
    /// <param name="workspace">At least <see cref="Dense{T}.WorkspaceSize"/>(N, H) elements.</param>
    /// <param name="workers">Threads to split outputs over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">A span has another length than its shape; nothing has been written then.</exception>
    /// <exception cref="InvalidOperationException">The layer was made with isTrainable false, or is not in <see cref="WeightFormat.Full"/>.</exception>
    public void ProjectInputBackward(
        int rows,
        ReadOnlySpan<T> input,
        ReadOnlySpan<T> projectedGradient,
        Span<T> inputGradient,
        ParameterSet<T> gradients,
        Span<T> workspace,
        WorkerGroup? workers = null)
    {
        ThrowIfNotTrainable();
        Check.Layout(gradients, Parameters);
        LinearPass.Backward(
            rows,
            input,
            projectedGradient,
            inputGradient,
            _packed.Weights.InputTransposed,
            gradients,
            gradients["weight_ih"],
            biasGradient: default,
            workspace,
            nameof(input),
            nameof(projectedGradient),
            nameof(inputGradient),
            workers);
    }

    /// <summary>Runs a checked pass with the layer's cell.</summary>
    private protected abstract void RunForward(in RnnShape shape, in RnnForward<T> pass, WorkerGroup? workers);

    /// <inheritdoc cref="RunForward(in RnnShape, in RnnForward{T}, WorkerGroup?)"/>
    private protected abstract void RunBackward(in RnnShape shape, in RnnBackward<T> pass, WorkerGroup? workers);

    /// <inheritdoc cref="RunForward(in RnnShape, in RnnForward{T}, WorkerGroup?)"/>
    private protected abstract void RunStep(in RnnStep<T> step, bool isBackwards, WorkerGroup? workers);

    private protected void RunForward<TCell>(TCell cell, in RnnShape shape, in RnnForward<T> pass, WorkerGroup? workers)
        where TCell : struct, IRecurrentCell<T>
    {
        var job = new RecurrentForwardJob<T, TCell> { Cell = cell, Shape = shape, Pass = pass, Weights = _packed.Weights };
        WorkerGroup.Run(workers, ref job, shape.MultiplyAdds * Cell.Gates);
    }

    private protected void RunBackward<TCell>(TCell cell, in RnnShape shape, in RnnBackward<T> pass, WorkerGroup? workers)
        where TCell : struct, IRecurrentCell<T>
    {
        var job = new RecurrentBackwardJob<T, TCell>
        {
            Cell = cell,
            Shape = shape,
            Pass = pass,
            Weights = _packed.Weights,
            InputWeightsGradient = pass.Tokens.IsEmpty || pass.TokenTableGradient.IsEmpty ? pass.Gradients["weight_ih"] : pass.TokenTableGradient,
            RecurrentWeightsGradient = pass.Gradients["weight_hh"],
            BiasGradient = pass.Gradients["bias"],
        };
        WorkerGroup.Run(workers, ref job, shape.MultiplyAdds * Cell.Gates);
    }

    private protected void RunStep<TCell>(TCell cell, in RnnStep<T> step, bool isBackwards, WorkerGroup? workers)
        where TCell : struct, IRecurrentCell<T>
    {
        scoped RecurrentStepJob<T, TCell> job;
        job.Parameters = _packed;
        job.Input = ref MemoryMarshal.GetReference(step.Input);
        job.State = ref MemoryMarshal.GetReference(step.State);
        job.NextState = ref MemoryMarshal.GetReference(step.NextState);
        job.CellState = ref MemoryMarshal.GetReference(step.CellState);
        job.NextCellState = ref MemoryMarshal.GetReference(step.NextCellState);
        job.Cell = cell;
        job.IsBackwards = isBackwards;
        if (workers is null) Lanes.Run<T, RecurrentStepJob<T, TCell>, WorkerTeam>(ref job, WorkerTeam.Alone);
        else WorkerGroup.Run(workers, ref job, (long)Cell.Gates * HiddenSize * (InputSize + HiddenSize));
    }

    private static (string Name, int Rows, int Columns)[] ParametersOf(int inputSize, int hiddenSize, in CellLayout cell)
    {
        int columns = checked(cell.Gates * hiddenSize);
        var parameters = new (string Name, int Rows, int Columns)[3 + cell.VectorCount];
        parameters[0] = ("weight_ih", inputSize, columns);
        parameters[1] = ("weight_hh", hiddenSize, columns);
        parameters[2] = ("bias", 0, columns);
        for (int i = 0; i < cell.VectorCount; i++) parameters[3 + i] = (cell.Vectors![i], 0, hiddenSize);
        return parameters;
    }

    private RnnShape ShapeOf(int steps, int batch)
    {
        var shape = new RnnShape(steps, batch, InputSize, HiddenSize);
        shape.Validate();
        return shape;
    }

    private void ThrowIfNotTrainable()
    {
        if (HasBackward) return;
        ThrowIfReleased();
        throw new InvalidOperationException(
            _isTrainable
                ? $"The layer holds its weights in {WeightFormat} and has no backward pass; UseWeights(WeightFormat.Full) brings it back."
                : "The layer was made with isTrainable: false, so it has no backward pass.");
    }
}
