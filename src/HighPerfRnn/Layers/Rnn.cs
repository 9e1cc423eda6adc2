using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Memory;
using HighPerfRnn.Simd;
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
public sealed partial class Rnn<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private AlignedBlock<T> _packed;
    private bool _isTrainable;

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
        _packed = new AlignedBlock<T>(PackedSize);
    }

    /// <summary>I.</summary>
    public int InputSize { get; }

    /// <summary>H.</summary>
    public int HiddenSize { get; }

    /// <summary>φ.</summary>
    public RnnActivation Activation { get; }

    /// <summary>Wx, Wh and b by name; see the remarks above.</summary>
    public ParameterSet<T> Parameters { get; private set; }

    private PackedMatrix<T> PackedInputWeights => new(_packed.Span, InputSize, HiddenSize, WeightFormat);

    private PackedMatrix<T> PackedRecurrentWeights =>
        new(_packed.Span[PackedMatrix<T>.Size(InputSize, HiddenSize, WeightFormat)..], HiddenSize, HiddenSize, WeightFormat);

    private int ForwardPackedSize => checked(
        PackedMatrix<T>.Size(InputSize, HiddenSize, WeightFormat) + PackedMatrix<T>.Size(HiddenSize, HiddenSize, WeightFormat));

    private int PackedSize => HasBackward
        ? checked(ForwardPackedSize + PackedMatrix<T>.Size(HiddenSize, InputSize) + PackedMatrix<T>.Size(HiddenSize, HiddenSize))
        : ForwardPackedSize;

    private bool HasBackward => _isTrainable && WeightFormat == WeightFormat.Full;

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

    /// <summary>
    /// Takes the parameters as they are now for the passes that follow, in the layer's <see cref="WeightFormat"/>. Allocates nothing in
    /// <see cref="WeightFormat.Full"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">The weights were let go of by <see cref="UseWeights"/>.</exception>
    public void Repack()
    {
        ThrowIfReleased();
        if (WeightFormat == WeightFormat.Full) RepackFull();
        else Convert();
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
    /// <param name="workspace">At least <see cref="WorkspaceSize"/> of (1, B, I, H) elements; a lone row needs none.</param>
    /// <param name="workers">Threads to split rows over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">As for <see cref="Forward"/>; B is taken from the length of the state.</exception>
    public void Step(
        ReadOnlySpan<T> input, ReadOnlySpan<T> state, Span<T> nextState, Span<T> workspace, WorkerGroup? workers = null)
    {
        int batch = state.Length == HiddenSize ? 1 : Math.Max(1, state.Length / HiddenSize);
        // The sequence pass checks all of this again, but under its own names.
        Check.Shape(state.Length, nameof(state), "[B, H]", batch, HiddenSize);
        Check.Shape(input.Length, nameof(input), "[B, I]", batch, InputSize);
        Check.Shape(nextState.Length, nameof(nextState), "[B, H]", batch, HiddenSize);
        Check.NoOverlap(nextState, state, nameof(nextState), nameof(state));
        Check.NoOverlap(nextState, input, nameof(nextState), nameof(input));
        if (batch == 1)
        {
            if (Activation == RnnActivation.Tanh) StepOneRow<TanhActivation<T>>(input, state, nextState);
            else StepOneRow<ReluActivation<T>>(input, state, nextState);
            return;
        }

        Check.AtLeast(workspace.Length, WorkspaceSize(new RnnShape(1, batch, InputSize, HiddenSize)), nameof(workspace));
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
    /// <exception cref="InvalidOperationException">The layer was made with isTrainable false, or is not in <see cref="WeightFormat.Full"/>.</exception>
    public void Backward(in RnnBackward<T> pass, WorkerGroup? workers = null)
    {
        ThrowIfNotTrainable();
        RnnShape shape = Validate(pass);
        if (Activation == RnnActivation.Tanh) Backward<TanhActivation<T>>(shape, pass, workers);
        else Backward<ReluActivation<T>>(shape, pass, workers);
    }

    /// <summary>
    /// projected = input·Wx, without the bias: the input parts of rows that come often, such as an embedding's, computed once for
    /// <see cref="RnnForward{T}.TokenTable"/>. The same bits as the sequence pass computes for them.
    /// </summary>
    /// <param name="rows">N.</param>
    /// <param name="input">[N, I].</param>
    /// <param name="projected">[N, H], overwritten; it may not overlap the input.</param>
    /// <param name="workers">Threads to split rows over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">A span has another length than its shape, or they overlap; nothing has been written then.</exception>
    public void ProjectInput(int rows, ReadOnlySpan<T> input, Span<T> projected, WorkerGroup? workers = null)
    {
        LinearPass.Forward(rows, input, projected, PackedInputWeights, bias: default, nameof(projected), workers);
    }

    /// <summary>Takes the gradient of <see cref="ProjectInput"/> back: dInput += dProjected·Wxᵀ, dWx += inputᵀ·dProjected.</summary>
    /// <param name="rows">N.</param>
    /// <param name="input">[N, I].</param>
    /// <param name="projectedGradient">[N, H]: a <see cref="RnnBackward{T}.TokenTableGradient"/>.</param>
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
            PackedInputWeightsTransposed,
            gradients,
            gradients["weight_ih"],
            biasGradient: default,
            workspace,
            nameof(projectedGradient),
            workers);
    }

    private void RepackFull()
    {
        RepackWeights("weight_ih", PackedInputWeights, HasBackward ? PackedInputWeightsTransposed : default);
        RepackWeights("weight_hh", PackedRecurrentWeights, HasBackward ? PackedRecurrentWeightsTransposed : default);
    }

    private void RepackWeights(string name, PackedMatrix<T> packed, PackedMatrix<T> transposed)
    {
        var work = new PackWork<T> { Source = Parameters[name], Packed = packed, Transposed = transposed, HasTransposed = HasBackward };
        Lanes.Run<T, PackWork<T>, int>(ref work, 0);
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
            TokenTable = pass.TokenTable.IsEmpty && !IsReleased ? Parameters["weight_ih"] : pass.TokenTable,
        };
        WorkerGroup.Run(workers, ref job, shape.MultiplyAdds);
    }

    private void StepOneRow<TActivation>(ReadOnlySpan<T> input, ReadOnlySpan<T> state, Span<T> nextState)
        where TActivation : struct, IActivation<T>
    {
        var work = new RnnStepWork<T, TActivation>
        {
            Input = input,
            State = state,
            NextState = nextState,
            Bias = Parameters["bias"],
            InputWeights = PackedInputWeights,
            RecurrentWeights = PackedRecurrentWeights,
        };
        Lanes.Run<T, RnnStepWork<T, TActivation>, int>(ref work, 0);
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
            InputWeightsGradient = pass.Tokens.IsEmpty || pass.TokenTableGradient.IsEmpty ? pass.Gradients["weight_ih"] : pass.TokenTableGradient,
            RecurrentWeightsGradient = pass.Gradients["weight_hh"],
            BiasGradient = pass.Gradients["bias"],
        };
        WorkerGroup.Run(workers, ref job, shape.MultiplyAdds);
    }
}
