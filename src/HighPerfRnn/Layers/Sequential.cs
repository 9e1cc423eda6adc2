using System.Numerics;
using HighPerfRnn.Memory;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Layers;

/// <summary>
/// A network: layers one after the other, recurrent ones of any depth, in one direction or two, with dropout, normalisation and
/// residual connections between them. It runs forward, backward and step by step without allocating, and describes itself.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>
/// <para>Every layer does what it does by itself, bit for bit, so that what holds of their bits holds of the network: outputs, states
/// and each row's input gradient depend on neither batch nor workers nor width, and, where no layer is bidirectional, outputs and
/// states not on how a sequence is cut into chunks.</para>
/// <para>States of all layers lie in one span, layer after layer: h [B, P], then the cell states [C, B, H]; of a bidirectional layer
/// [2, B, P], then [2, C, B, H]. Copy it to save a stream, and give it back to go on with the same bits.</para>
/// <para>The network holds the layers that it was made from, and no numbers of its own. Passes may run at the same time on several
/// threads, each with its own spans; not while <see cref="Repack"/> runs.</para>
/// </remarks>
public sealed partial class Sequential<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly SequentialPlan<T> _plan;
    private readonly int _vocabulary;
    private readonly int _rowStateSize;
    private readonly int[] _stateParts;

    /// <summary>A network of these layers, the first one first.</summary>
    /// <param name="layers">Layers, or <see cref="SequentialLayer{T}.Residual"/> ones; none twice.</param>
    /// <exception cref="ArgumentException">There are no layers that have sizes, sizes do not fit, a layer comes twice, or an embedding is
    /// not the first.</exception>
    public Sequential(params ReadOnlySpan<SequentialLayer<T>> layers)
    {
        _plan = new SequentialPlan<T>(layers);
        if (_plan.Sizes[0] == 0) throw new ArgumentException("No layer has a size; expected at least one besides dropout.", nameof(layers));
        IsCausal = Array.TrueForAll(_plan.Stages, stage => stage.IsCausal);
        // Where x itself is added to something, tokens cannot stand for it.
        _vocabulary = _plan.LastUse[0] > 0 ? 0 : _plan.Stages[0].Vocabulary;
        foreach (SequentialStage<T> stage in _plan.Stages) _rowStateSize = checked(_rowStateSize + stage.RowStateSize);
        _stateParts = [.. _plan.Stages.SelectMany(stage => stage.StatePartSizes.ToArray())];
    }

    /// <summary>I; where the first layer takes tokens, how many different ones there are.</summary>
    public int InputSize => _plan.Sizes[0];

    /// <summary>O.</summary>
    public int OutputSize => _plan.Sizes[^1];

    /// <summary>Whether each step's output follows from the steps so far: no layer is bidirectional, and there is <see cref="Step"/>.</summary>
    public bool IsCausal { get; }

    /// <summary>
    /// The parameters of all layers, in order; of a bidirectional layer those of the forward direction, then of the reverse one. Call
    /// <see cref="Repack"/> after writing to them.
    /// </summary>
    public IReadOnlyList<ParameterSet<T>> ParameterSets =>
        [.. _plan.Stages.SelectMany(stage => Enumerable.Range(0, stage.SetCount).Select(stage.ParameterSet))];

    /// <summary>Zeros of the layout of <see cref="ParameterSets"/>.</summary>
    public IReadOnlyList<ParameterSet<T>> CreateGradients() => [.. ParameterSets.Select(set => set.CreateZeros())];

    /// <summary>How many elements the states of all layers are: the sum of B·(P + C·H), of bidirectional layers twice as many.</summary>
    /// <param name="batch">B.</param>
    /// <exception cref="ArgumentOutOfRangeException">B is not positive.</exception>
    /// <exception cref="OverflowException">The size does not fit in an int.</exception>
    public int StateSize(int batch)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        return checked(batch * _rowStateSize);
    }

    /// <summary>
    /// How many elements a forward pass needs as workspace: the largest that a layer asks for, and room for what layers hand on,
    /// which is used again as soon as nobody reads it.
    /// </summary>
    /// <param name="steps">T.</param>
    /// <param name="batch">B.</param>
    /// <param name="hasLengths">Whether rows may have lengths of their own.</param>
    /// <exception cref="ArgumentOutOfRangeException">T is negative, or B is not positive.</exception>
    /// <exception cref="OverflowException">The size does not fit in an int.</exception>
    public int ForwardWorkspaceSize(int steps, int batch, bool hasLengths = false)
    {
        int largest = 0;
        int slots = _plan.SlotsLength(RowsOf(steps, batch), withOutput: false);
        foreach (SequentialStage<T> stage in _plan.Stages) largest = Math.Max(largest, stage.ForwardWorkspaceSize(steps, batch, hasLengths));
        return checked(slots + largest);
    }

    /// <summary>How many elements either pass needs as workspace: as <see cref="ForwardWorkspaceSize"/>, with room for gradients.</summary>
    /// <inheritdoc cref="ForwardWorkspaceSize"/>
    public int WorkspaceSize(int steps, int batch, bool hasLengths = false)
    {
        int largest = 0;
        int slots = _plan.SlotsLength(RowsOf(steps, batch), withOutput: true);
        foreach (SequentialStage<T> stage in _plan.Stages) largest = Math.Max(largest, stage.WorkspaceSize(steps, batch, hasLengths));
        return Math.Max(checked(slots + largest), ForwardWorkspaceSize(steps, batch, hasLengths));
    }

    /// <summary>
    /// How many elements a forward pass keeps for <see cref="Backward"/> beside the output: each layer's reserve, and the outputs of all
    /// layers but the last, each rounded up to 16 (8 in double).
    /// </summary>
    /// <param name="steps">T.</param>
    /// <param name="batch">B.</param>
    /// <exception cref="ArgumentOutOfRangeException">T is negative, or B is not positive.</exception>
    /// <exception cref="OverflowException">The size does not fit in an int.</exception>
    public int ReserveSize(int steps, int batch)
    {
        RowsOf(steps, batch);
        return _plan.ReserveLength(steps, batch);
    }

    /// <summary>Takes the parameters of all layers as they are now for the passes that follow.</summary>
    public void Repack()
    {
        foreach (SequentialStage<T> stage in _plan.Stages) stage.Repack();
    }

    /// <summary>Runs sequences. See <see cref="SequentialForward{T}"/> for what is read and written.</summary>
    /// <param name="pass">Spans and sizes.</param>
    /// <param name="workers">Threads for each layer's pass; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">A span has another length than its shape, a length or a token is out of range, or what is
    /// written overlaps another span; nothing has been written then.</exception>
    public void Forward(in SequentialForward<T> pass, WorkerGroup? workers = null)
    {
        Validate(pass);
        Run(pass, isStep: false, workers);
    }

    /// <summary>One step of inference: the bits of a sequence of one, without dropout. See <see cref="SequentialStep{T}"/>.</summary>
    /// <param name="step">Spans and B.</param>
    /// <param name="workers">Threads for each layer's step; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">As for <see cref="Forward"/>.</exception>
    /// <exception cref="InvalidOperationException">A layer is bidirectional: its output waits for the end.</exception>
    public void Step(in SequentialStep<T> step, WorkerGroup? workers = null)
    {
        Validate(step);
        var pass = new SequentialForward<T>
        {
            Steps = 1,
            Batch = step.Batch,
            Input = step.Input,
            Tokens = step.Tokens,
            InitialStates = step.States,
            FinalStates = step.States,
            Output = step.Output,
            Workspace = step.Workspace,
        };
        Run(pass, isStep: true, workers);
    }

    /// <summary>Backpropagates through a forward pass that was given a reserve. Every gradient adds into what the caller gives.</summary>
    /// <param name="pass">Spans and sizes.</param>
    /// <param name="workers">Threads for each layer's pass; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">As for <see cref="Forward"/>, or gradients have another layout than their parameters.</exception>
    /// <exception cref="InvalidOperationException">A layer has no backward pass.</exception>
    public void Backward(in SequentialBackward<T> pass, WorkerGroup? workers = null)
    {
        foreach (SequentialStage<T> stage in _plan.Stages) stage.ThrowIfNotTrainable();
        Validate(pass);
        int rows = pass.Steps * pass.Batch;
        int slots = _plan.SlotsLength(rows, withOutput: true);
        Span<T> outputGradient = Gradient(pass, rows, _plan.Stages.Length);
        if (pass.OutputGradient.IsEmpty) outputGradient.Clear();
        else pass.OutputGradient.CopyTo(outputGradient);
        RaggedRows.ClearPadding(outputGradient, OutputSize, pass.Batch, pass.Lengths);
        int set = pass.Gradients.Count, state = StateSize(pass.Batch);
        for (int i = _plan.Stages.Length - 1; i >= 0; i--)
        {
            SequentialStage<T> stage = _plan.Stages[i];
            int states = StatesOf(stage, pass.Batch);
            set -= stage.SetCount;
            state -= states;
            int source = stage is ResidualStage<T> residual ? residual.Source : -1;
            (int keptOffset, int keptLength) = _plan.KeptValues(i, pass.Steps, pass.Batch);
            stage.Backward(
                new StageBackward<T>
                {
                    Steps = pass.Steps,
                    Batch = pass.Batch,
                    Lengths = pass.Lengths,
                    Tokens = i == 0 ? pass.Tokens : default,
                    Input = i == 0 ? pass.Input : Kept(pass, i - 1),
                    InitialState = Slice(pass.InitialStates, state, states),
                    Output = i == _plan.Stages.Length - 1 ? pass.Output : Kept(pass, i),
                    Kept = pass.Reserve.Slice(keptOffset, keptLength),
                    OutputGradient = Gradient(pass, rows, i + 1),
                    FinalStateGradient = Slice(pass.FinalStatesGradient, state, states),
                    InputGradient = GradientFor(i, pass, rows, i),
                    SourceGradient = source < 0 ? default : GradientFor(i, pass, rows, source),
                    InitialStateGradient = Slice(pass.InitialStatesGradient, state, states),
                    Gradients = pass.Gradients,
                    FirstSet = set,
                    Workspace = pass.Workspace[slots..],
                    DropoutCall = pass.DropoutCall,
                    FirstStep = pass.FirstStep,
                    RowKeys = pass.RowKeys,
                },
                workers);
        }
    }

    private static int StatesOf(SequentialStage<T> stage, int batch) => batch * stage.RowStateSize;

    private static int RowsOf(int steps, int batch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        return checked(steps * batch);
    }

    private static ReadOnlySpan<T> Slice(ReadOnlySpan<T> states, int start, int length) => states.IsEmpty ? default : states.Slice(start, length);

    private static Span<T> Slice(Span<T> states, int start, int length) => states.IsEmpty ? default : states.Slice(start, length);

    private void Run(in SequentialForward<T> pass, bool isStep, WorkerGroup? workers)
    {
        int slots = _plan.SlotsLength(pass.Steps * pass.Batch, withOutput: false);
        int state = 0;
        for (int i = 0; i < _plan.Stages.Length; i++)
        {
            SequentialStage<T> stage = _plan.Stages[i];
            int states = StatesOf(stage, pass.Batch);
            int source = stage is ResidualStage<T> residual ? residual.Source : -1;
            (int keptOffset, int keptLength) = pass.Reserve.IsEmpty ? default : _plan.KeptValues(i, pass.Steps, pass.Batch);
            Span<T> output = HandedOn(pass, i + 1);
            stage.Forward(
                new StageForward<T>
                {
                    Steps = pass.Steps,
                    Batch = pass.Batch,
                    IsStep = isStep,
                    Lengths = pass.Lengths,
                    Tokens = i == 0 ? pass.Tokens : default,
                    Input = i == 0 ? pass.Input : HandedOn(pass, i),
                    Source = source < 0 ? default : source == 0 ? pass.Input : HandedOn(pass, source),
                    InitialState = Slice(pass.InitialStates, state, states),
                    FinalState = Slice(pass.FinalStates, state, states),
                    Output = output,
                    Kept = pass.Reserve.Slice(keptOffset, keptLength),
                    Workspace = pass.Workspace[slots..],
                    DropoutCall = pass.DropoutCall,
                    FirstStep = pass.FirstStep,
                    RowKeys = pass.RowKeys,
                },
                workers);
            if (stage.IsRowWise) RaggedRows.ClearPadding(output, _plan.Sizes[i + 1], pass.Batch, pass.Lengths);
            state += states;
        }
    }

    /// <summary>What the layer before this place leaves there: where there is a reserve, for the backward pass to read.</summary>
    private Span<T> HandedOn(in SequentialForward<T> pass, int place)
    {
        if (place == _plan.Stages.Length) return pass.Output;
        if (pass.Reserve.IsEmpty) return _plan.InSlot(pass.Workspace, pass.Steps * pass.Batch, place, withOutput: false);
        (int offset, int length) = _plan.KeptOutput(place - 1, pass.Steps, pass.Batch);
        return pass.Reserve.Slice(offset, length);
    }

    private ReadOnlySpan<T> Kept(in SequentialBackward<T> pass, int stage)
    {
        (int offset, int length) = _plan.KeptOutput(stage, pass.Steps, pass.Batch);
        return pass.Reserve.Slice(offset, length);
    }

    private Span<T> Gradient(in SequentialBackward<T> pass, int rows, int place) =>
        place == 0 ? pass.InputGradient : _plan.InSlot(pass.Workspace, rows, place, withOutput: true);

    /// <summary>The gradient that a layer adds into: zeros, but where others have added before it or the caller's numbers are there.</summary>
    private Span<T> GradientFor(int stage, in SequentialBackward<T> pass, int rows, int place)
    {
        Span<T> gradient = Gradient(pass, rows, place);
        if (place > 0 && _plan.LastUse[place] == stage) gradient.Clear();
        return gradient;
    }
}
