using System.Numerics;
using System.Runtime.CompilerServices;
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
/// into chunks (but for <see cref="RecurrenceOrder.BlockedScan"/>). Passes may run at the same time on several threads, each with its own spans; not while Repack runs.</para>
/// </remarks>
public abstract partial class RecurrentLayer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly CellPasses<T> _passes;
    private readonly LayerLayout _layout;
    private PackedParameters<T> _packed;
    private bool _isTrainable;
    private readonly bool _hasLoneStep;
    private readonly int _cellStateLength;
    private bool _nextStepIsBackwards;

    private protected RecurrentLayer(int inputSize, int hiddenSize, CellPasses<T> passes, bool isTrainable, int projectionSize = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(inputSize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(hiddenSize);
        ArgumentOutOfRangeException.ThrowIfNegative(projectionSize);
        _passes = passes;
        _layout = new LayerLayout(passes.Layout, hiddenSize, projectionSize);
        Cell.Validate();
        if (projectionSize > 0 && (Cell.ScratchGates > 0 || Cell.UsesPreviousState))
        {
            throw new ArgumentException("A cell of two phases, or one that uses h itself, has no projection.", nameof(projectionSize));
        }

        InputSize = inputSize;
        _cellStateLength = checked(Cell.CellStates * hiddenSize);
        _hasLoneStep = Cell.StateGates == Cell.Gates && projectionSize == 0;
        _isTrainable = isTrainable;
        Parameters = new ParameterSet<T>(ParametersOf(inputSize, _layout));
        _packed = new PackedParameters<T>(Parameters, inputSize, _layout, isTrainable, WeightFormat.Full);
    }

    private protected CellPasses<T> Passes => _passes;

    /// <summary>I.</summary>
    public int InputSize { get; }

    /// <summary>H: the cell's units.</summary>
    public int HiddenSize => _layout.HiddenSize;

    /// <summary>P: numbers of h, and so of an output; H unless there is a projection.</summary>
    public int OutputSize => _layout.StateSize;

    /// <summary>How many gates, states, kept values and vectors the cell has.</summary>
    public CellLayout Cell => _layout.Cell;

    /// <summary>Wx, Wh, b and the cell's vectors by name; see the remarks above.</summary>
    public ParameterSet<T> Parameters { get; private set; }

    /// <summary>
    /// How many elements <see cref="Forward"/> and <see cref="Backward"/> need as workspace: the larger of
    /// <see cref="ForwardWorkspaceSize"/> and, in a trainable layer, D'·(B + R) + G'·R + Z·(B + R + 1) + S·B·(C + U). R is at most 256 rows
    /// or one step; S, Z, D' and G' are H, <see cref="OutputSize"/>, D·H and G·H rounded up to 16 (8 in double); G gates, C cell states, D
    /// gradients a unit (G for most cells), U = 1 where the cell uses h_{t-1} itself, else 0. A projection adds its P numbers to D·H, and
    /// G·H is no less than them.
    /// </summary>
    /// <param name="steps">T.</param>
    /// <param name="batch">B.</param>
    /// <exception cref="ArgumentOutOfRangeException">T is negative, or B is not positive.</exception>
    /// <exception cref="OverflowException">The size does not fit in an int.</exception>
    public int WorkspaceSize(int steps, int batch)
    {
        int forward = ForwardWorkspaceSize(steps, batch);
        return HasBackward ? Math.Max(forward, RecurrentWorkspace.BackwardSize<T>(ShapeOf(steps, batch), _layout)) : forward;
    }

    /// <summary>
    /// How many elements <see cref="Forward"/> and <see cref="Step(in RnnStep{T}, WorkerGroup?)"/> need as workspace:
    /// Z·B + S·(B·C + R·G), R being at most 256 KiB worth of rows or one step, and a step's share of <see cref="ReserveSize"/> for a cell of
    /// two phases or a projection; the letters as for <see cref="WorkspaceSize"/>. A scan over time takes more:
    /// <see cref="LinearRecurrentLayer{T}.Order"/>.
    /// </summary>
    /// <inheritdoc cref="WorkspaceSize"/>
    public int ForwardWorkspaceSize(int steps, int batch) => _passes.ForwardWorkspaceSize(ShapeOf(steps, batch), _layout);

    /// <summary>
    /// How many elements the forward pass keeps for <see cref="Backward"/> beside the outputs: T·B·K·S, K being
    /// <see cref="CellLayout.KeptValues"/>, one more for a cell of two phases or a projection, and S = ⌈H / 16⌉·16 (8 in double).
    /// </summary>
    /// <param name="steps">T.</param>
    /// <param name="batch">B.</param>
    /// <exception cref="ArgumentOutOfRangeException">T is negative, or B is not positive.</exception>
    /// <exception cref="OverflowException">The size does not fit in an int.</exception>
    public int ReserveSize(int steps, int batch)
    {
        RnnShape shape = ShapeOf(steps, batch);
        return checked(shape.Rows * RecurrentWorkspace.KeptStride<T>(_layout));
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
        if (pass.Lengths.IsEmpty && !pass.IsReverse) _passes.Forward(_packed, shape, pass, workers);
        else ForwardOrdered(shape, pass, isBatchFirst: false, workers);
    }

    /// <summary>One step of B rows. The same bits as a sequence of one. See <see cref="RnnStep{T}"/>.</summary>
    /// <param name="step">Spans; B is taken from the length of the state.</param>
    /// <param name="workers">Threads to split rows or units over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">As for <see cref="Forward"/>.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Step(in RnnStep<T> step, WorkerGroup? workers = null)
    {
        if (step.State.Length != OutputSize || !_hasLoneStep)
        {
            StepRows(step, workers);
            return;
        }

        ValidateLoneRow(step);
        // Weights past a level of the cache: what the last step left there is read first. Else the input's product comes first, which
        // the processor then runs beside the last step's activations.
        bool isBackwards = _nextStepIsBackwards;
        _nextStepIsBackwards = !isBackwards && _packed.ExceedsFirstLevel;
        _passes.Step(_packed, step, isBackwards, workers);
    }

    /// <summary>One step of B rows of a cell whose only state is h: nextState from input and state.</summary>
    /// <param name="input">x [B, I].</param>
    /// <param name="state">h [B, H].</param>
    /// <param name="nextState">[B, H], overwritten; it may not overlap state or input.</param>
    /// <param name="workspace">At least <see cref="ForwardWorkspaceSize"/>(1, B) elements; see <see cref="RnnStep{T}.Workspace"/>.</param>
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
        if (pass.Lengths.IsEmpty && !pass.IsReverse) _passes.Backward(_packed, shape, pass, workers);
        else BackwardOrdered(shape, pass, isBatchFirst: false, workers);
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
    /// <param name="workspace">At least <see cref="Dense{T}.WorkspaceSize"/>(N, G·H) elements.</param>
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

    /// <summary>A step of several rows is a sequence of one.</summary>
    private void StepRows(in RnnStep<T> step, WorkerGroup? workers)
    {
        int batch = ValidateRows(step);
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

    private static (string Name, int Rows, int Columns)[] ParametersOf(int inputSize, in LayerLayout layout)
    {
        CellLayout cell = layout.Cell;
        int hidden = layout.HiddenSize;
        List<(string Name, int Rows, int Columns)> parameters = [("weight_ih", inputSize, checked(cell.Gates * hidden))];
        if (cell.AllRecurrentGates > 0) parameters.Add(("weight_hh", layout.StateSize, checked(cell.AllRecurrentGates * hidden)));
        if (layout.ProjectionSize > 0) parameters.Add(("weight_hr", hidden, layout.ProjectionSize));
        parameters.Add(("bias", 0, checked(cell.Gates * hidden)));
        foreach (string name in cell.Vectors ?? []) parameters.Add((name, 0, hidden));
        return [.. parameters];
    }

    private RnnShape ShapeOf(int steps, int batch)
    {
        var shape = new RnnShape(steps, batch, InputSize, HiddenSize);
        shape.Validate();
        return shape;
    }

    internal void ThrowIfNotTrainable()
    {
        if (HasBackward) return;
        ThrowIfReleased();
        throw new InvalidOperationException(
            _isTrainable
                ? $"The layer holds its weights in {WeightFormat} and has no backward pass; UseWeights(WeightFormat.Full) brings it back."
                : "The layer was made with isTrainable: false, so it has no backward pass.");
    }
}
