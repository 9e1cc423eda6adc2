using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Memory;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Layers;

/// <summary>
/// The vanilla recurrent layer: h_t = φ(x_t·Wx + h_{t-1}·Wh + b), φ = tanh or ReLU, over whole sequences, forward and
/// backward through time, without allocating.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>
/// <para>Parameters, row-major: <c>weight_ih</c> Wx [I, H], <c>weight_hh</c> Wh [H, H], <c>bias</c> b [H], all zeros at first.
/// The passes read a packed copy: call <see cref="Repack"/> after writing to them.</para>
/// <para>A state whose magnitude is below 2⁻¹⁰⁰ (2⁻⁹⁰⁰ in double) becomes +0, and so does a gradient of a pre-activation: the
/// cell is defined so, and never falls into subnormal numbers.</para>
/// <para>The same weights and inputs give the same bits whatever the vector width and the number of workers; outputs, states
/// and each row's input gradient do so too in whatever batch a row travels, and outputs and states however a sequence is cut
/// into chunks. Passes may run at the same time on several threads, each with its own spans; not while Repack runs.</para>
/// </remarks>
public sealed class Rnn<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly AlignedBlock<T> _packed;
    private readonly bool _isTrainable;

    /// <summary>A layer of <paramref name="hiddenSize"/> units.</summary>
    /// <param name="inputSize">I; with tokens, how many different ones there are.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="activation">φ.</param>
    /// <param name="isTrainable">Whether to hold what the backward pass needs: a second, transposed copy of the weights.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    public Rnn(int inputSize, int hiddenSize, RnnActivation activation = RnnActivation.Tanh, bool isTrainable = true)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(inputSize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(hiddenSize);
        if (!Enum.IsDefined(activation)) throw new ArgumentOutOfRangeException(nameof(activation), activation, "expected Tanh or Relu");
        InputSize = inputSize;
        HiddenSize = hiddenSize;
        Activation = activation;
        _isTrainable = isTrainable;
        Parameters = new ParameterSet<T>(("weight_ih", inputSize, hiddenSize), ("weight_hh", hiddenSize, hiddenSize), ("bias", 0, hiddenSize));
        int forward = checked(PackedMatrix<T>.Size(inputSize, hiddenSize) + PackedMatrix<T>.Size(hiddenSize, hiddenSize));
        int backward = checked(PackedMatrix<T>.Size(hiddenSize, inputSize) + PackedMatrix<T>.Size(hiddenSize, hiddenSize));
        _packed = new AlignedBlock<T>(isTrainable ? checked(forward + backward) : forward);
    }

    /// <summary>I.</summary>
    public int InputSize { get; }

    /// <summary>H.</summary>
    public int HiddenSize { get; }

    /// <summary>φ.</summary>
    public RnnActivation Activation { get; }

    /// <summary>Wx, Wh and b by name; see the remarks above.</summary>
    public ParameterSet<T> Parameters { get; }

    private PackedMatrix<T> PackedInputWeights => new(_packed.Span, InputSize, HiddenSize);

    private PackedMatrix<T> PackedRecurrentWeights =>
        new(_packed.Span[PackedMatrix<T>.Size(InputSize, HiddenSize)..], HiddenSize, HiddenSize);

    private int ForwardPackedSize => PackedMatrix<T>.Size(InputSize, HiddenSize) + PackedMatrix<T>.Size(HiddenSize, HiddenSize);

    private PackedMatrix<T> PackedInputWeightsTransposed => new(_packed.Span[ForwardPackedSize..], HiddenSize, InputSize);

    private PackedMatrix<T> PackedRecurrentWeightsTransposed =>
        new(_packed.Span[(ForwardPackedSize + PackedMatrix<T>.Size(HiddenSize, InputSize))..], HiddenSize, HiddenSize);

    /// <summary>
    /// How many elements <see cref="Forward"/>, <see cref="Backward"/> and <see cref="Step"/> need as workspace for a shape.
    /// With S = ⌈H / 16⌉·16 (8 in double) and R the rows of a block or group of steps: B·S + max(R_forward, 3·R_backward)·S,
    /// where R_forward is at most 256 KiB worth of rows or one step, and R_backward at most 256 rows or one step.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">A size is negative, or B, I or H is zero.</exception>
    /// <exception cref="OverflowException">The size does not fit in an int.</exception>
    public static int WorkspaceSize(in RnnShape shape)
    {
        shape.Validate();
        return Math.Max(
            RnnForwardJob<T, TanhActivation<T>>.WorkspaceSize(shape), RnnBackwardJob<T, TanhActivation<T>>.WorkspaceSize(shape));
    }

    /// <summary>Takes the parameters as they are now for the passes that follow. Allocates nothing.</summary>
    public void Repack()
    {
        ReadOnlySpan<T> inputWeights = Parameters["weight_ih"];
        ReadOnlySpan<T> recurrentWeights = Parameters["weight_hh"];
        PackedMatrix<T> packed = PackedInputWeights;
        packed.Pack(inputWeights, HiddenSize, 0, packed.PanelCount);
        packed = PackedRecurrentWeights;
        packed.Pack(recurrentWeights, HiddenSize, 0, packed.PanelCount);
        if (!_isTrainable) return;
        PackedInputWeightsTransposed.PackTransposed(inputWeights, HiddenSize);
        PackedRecurrentWeightsTransposed.PackTransposed(recurrentWeights, HiddenSize);
    }

    /// <summary>Runs a sequence. See <see cref="RnnForward{T}"/> for what is read and written.</summary>
    /// <param name="pass">Spans and sizes.</param>
    /// <param name="workers">Threads to split rows over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">A span has another length than its shape, a token is out of range, or the output
    /// overlaps what is read; nothing has been written then.</exception>
    public void Forward(in RnnForward<T> pass, WorkerGroup? workers = null)
    {
        RnnShape shape = Validate(pass);
        if (Activation == RnnActivation.Tanh) Forward<TanhActivation<T>>(shape, pass, workers);
        else Forward<ReluActivation<T>>(shape, pass, workers);
    }

    /// <summary>One step: nextState = φ(input·Wx + state·Wh + b). The same bits as a sequence of one.</summary>
    /// <param name="input">x [B, I].</param>
    /// <param name="state">h [B, H].</param>
    /// <param name="nextState">[B, H], overwritten; it may not overlap state or input.</param>
    /// <param name="workspace">At least <see cref="WorkspaceSize"/> of (1, B, I, H) elements.</param>
    /// <param name="workers">Threads to split rows over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">As for <see cref="Forward"/>; B is taken from the length of the state.</exception>
    public void Step(
        ReadOnlySpan<T> input, ReadOnlySpan<T> state, Span<T> nextState, Span<T> workspace, WorkerGroup? workers = null)
    {
        int batch = Math.Max(1, state.Length / HiddenSize);
        // The sequence pass checks all of this again, but under its own names.
        Check.Shape(state.Length, nameof(state), "[B, H]", batch, HiddenSize);
        Check.Shape(input.Length, nameof(input), "[B, I]", batch, InputSize);
        Check.Shape(nextState.Length, nameof(nextState), "[B, H]", batch, HiddenSize);
        Check.NoOverlap(nextState, state, nameof(nextState), nameof(state));
        Check.NoOverlap(nextState, input, nameof(nextState), nameof(input));
        Forward(
            new RnnForward<T>
            {
                Steps = 1,
                Batch = batch,
                Input = input,
                InitialState = state,
                Output = nextState,
                Workspace = workspace,
            },
            workers);
    }

    /// <summary>Backpropagates through the sequence of a forward pass. Every gradient adds into what the caller gives.</summary>
    /// <param name="pass">Spans and sizes.</param>
    /// <param name="workers">Threads to split outputs over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">A span has another length than its shape or a token is out of range; nothing has been
    /// written then.</exception>
    /// <exception cref="InvalidOperationException">The layer was made with isTrainable false.</exception>
    public void Backward(in RnnBackward<T> pass, WorkerGroup? workers = null)
    {
        if (!_isTrainable) throw new InvalidOperationException("The layer was made with isTrainable: false, so it has no backward pass.");
        RnnShape shape = Validate(pass);
        if (Activation == RnnActivation.Tanh) Backward<TanhActivation<T>>(shape, pass, workers);
        else Backward<ReluActivation<T>>(shape, pass, workers);
    }

    private void Forward<TActivation>(in RnnShape shape, in RnnForward<T> pass, WorkerGroup? workers)
        where TActivation : struct, IActivation<T>
    {
        var job = new RnnForwardJob<T, TActivation>
        {
            Shape = shape,
            Pass = pass,
            Bias = Parameters["bias"],
            InputWeights = PackedInputWeights,
            RecurrentWeights = PackedRecurrentWeights,
            TokenTable = pass.TokenTable.IsEmpty ? Parameters["weight_ih"] : pass.TokenTable,
        };
        WorkerGroup.Run(workers, ref job);
    }

    private void Backward<TActivation>(in RnnShape shape, in RnnBackward<T> pass, WorkerGroup? workers)
        where TActivation : struct, IActivation<T>
    {
        var job = new RnnBackwardJob<T, TActivation>
        {
            Shape = shape,
            Pass = pass,
            InputWeightsTransposed = PackedInputWeightsTransposed,
            RecurrentWeightsTransposed = PackedRecurrentWeightsTransposed,
            InputWeightsGradient = pass.TokenTableGradient.IsEmpty ? pass.Gradients["weight_ih"] : pass.TokenTableGradient,
            RecurrentWeightsGradient = pass.Gradients["weight_hh"],
            BiasGradient = pass.Gradients["bias"],
        };
        WorkerGroup.Run(workers, ref job);
    }

    private RnnShape Validate(in RnnForward<T> pass)
    {
        RnnShape shape = ValidateShape(pass.Steps, pass.Batch, pass.Workspace.Length);
        ValidateInput(shape, pass.Input, pass.Tokens, pass.TokenTable.Length / HiddenSize);
        if (!pass.TokenTable.IsEmpty)
        {
            Check.Shape(pass.TokenTable.Length, nameof(pass.TokenTable), "[vocabulary, H]", pass.TokenTable.Length / HiddenSize, HiddenSize);
        }

        CheckSequence(pass.Output.Length, shape, nameof(pass.Output));
        CheckState(pass.InitialState.Length, shape, nameof(pass.InitialState));
        CheckState(pass.FinalState.Length, shape, nameof(pass.FinalState));
        Check.NoOverlap(pass.Output, pass.Input, nameof(pass.Output), nameof(pass.Input));
        Check.NoOverlap(pass.Output, pass.InitialState, nameof(pass.Output), nameof(pass.InitialState));
        Check.NoOverlap(pass.Output, pass.FinalState, nameof(pass.Output), nameof(pass.FinalState));
        Check.NoOverlap(pass.Workspace, pass.Input, nameof(pass.Workspace), nameof(pass.Input));
        Check.NoOverlap(pass.Workspace, pass.InitialState, nameof(pass.Workspace), nameof(pass.InitialState));
        Check.NoOverlap(pass.Workspace, pass.Output, nameof(pass.Workspace), nameof(pass.Output));
        Check.NoOverlap(pass.Workspace, pass.FinalState, nameof(pass.Workspace), nameof(pass.FinalState));
        return shape;
    }

    private RnnShape Validate(in RnnBackward<T> pass)
    {
        RnnShape shape = ValidateShape(pass.Steps, pass.Batch, pass.Workspace.Length);
        int vocabulary = pass.TokenTableGradient.Length / HiddenSize;
        ValidateInput(shape, pass.Input, pass.Tokens, vocabulary);
        if (!pass.TokenTableGradient.IsEmpty)
        {
            Check.Shape(pass.TokenTableGradient.Length, nameof(pass.TokenTableGradient), "[vocabulary, H]", vocabulary, HiddenSize);
        }

        Check.Layout(pass.Gradients, Parameters);
        CheckSequence(pass.Output.Length, shape, nameof(pass.Output));
        CheckState(pass.InitialState.Length, shape, nameof(pass.InitialState));
        if (!pass.OutputGradient.IsEmpty) CheckSequence(pass.OutputGradient.Length, shape, nameof(pass.OutputGradient));
        CheckState(pass.FinalStateGradient.Length, shape, nameof(pass.FinalStateGradient));
        CheckState(pass.InitialStateGradient.Length, shape, nameof(pass.InitialStateGradient));
        if (pass.Tokens.IsEmpty)
        {
            Check.ShapeOrEmpty(pass.InputGradient.Length, nameof(pass.InputGradient), "[T, B, I]", shape.Steps, shape.Batch, InputSize);
        }
        else
        {
            Check.Empty(pass.InputGradient.Length, nameof(pass.InputGradient), "since tokens have no gradient");
        }

        Check.NoOverlap(pass.InputGradient, pass.OutputGradient, nameof(pass.InputGradient), nameof(pass.OutputGradient));
        Check.NoOverlap(pass.InputGradient, pass.Output, nameof(pass.InputGradient), nameof(pass.Output));
        Check.NoOverlap(pass.InputGradient, pass.Input, nameof(pass.InputGradient), nameof(pass.Input));
        Check.NoOverlap(pass.InitialStateGradient, pass.Output, nameof(pass.InitialStateGradient), nameof(pass.Output));
        Check.NoOverlap(pass.Workspace, pass.Output, nameof(pass.Workspace), nameof(pass.Output));
        Check.NoOverlap(pass.Workspace, pass.Input, nameof(pass.Workspace), nameof(pass.Input));
        Check.NoOverlap(pass.Workspace, pass.OutputGradient, nameof(pass.Workspace), nameof(pass.OutputGradient));
        Check.NoOverlap(pass.Workspace, pass.InputGradient, nameof(pass.Workspace), nameof(pass.InputGradient));
        Check.NoOverlap(pass.Workspace, pass.FinalStateGradient, nameof(pass.Workspace), nameof(pass.FinalStateGradient));
        Check.NoOverlap(pass.Workspace, pass.InitialStateGradient, nameof(pass.Workspace), nameof(pass.InitialStateGradient));
        return shape;
    }

    private RnnShape ValidateShape(int steps, int batch, int workspaceLength)
    {
        var shape = new RnnShape(steps, batch, InputSize, HiddenSize);
        int workspace = WorkspaceSize(shape);
        Check.AtLeast(workspaceLength, workspace, nameof(RnnForward<T>.Workspace));
        return shape;
    }

    private void ValidateInput(in RnnShape shape, ReadOnlySpan<T> input, ReadOnlySpan<int> tokens, int vocabulary)
    {
        if (tokens.IsEmpty)
        {
            Check.Shape(input.Length, nameof(RnnForward<T>.Input), "[T, B, I]", shape.Steps, shape.Batch, InputSize);
            return;
        }

        Check.Shape(tokens.Length, nameof(RnnForward<T>.Tokens), "[T, B]", shape.Steps, shape.Batch);
        Check.Empty(input.Length, nameof(RnnForward<T>.Input), "since Tokens are given");
        Check.Tokens(tokens, vocabulary > 0 ? vocabulary : InputSize, nameof(RnnForward<T>.Tokens));
    }

    private static void CheckSequence(int length, in RnnShape shape, string name) =>
        Check.Shape(length, name, "[T, B, H]", shape.Steps, shape.Batch, shape.HiddenSize);

    private static void CheckState(int length, in RnnShape shape, string name) =>
        Check.ShapeOrEmpty(length, name, "[B, H]", shape.Batch, shape.HiddenSize);
}
