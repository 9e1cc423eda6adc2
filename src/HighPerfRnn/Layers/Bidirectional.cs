using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Layers;

/// <summary>
/// Two recurrent layers over the same sequence, one from the first step to the last and one back (Schuster and Paliwal 1997):
/// y_t = [h_t, h'_t] or h_t + h'_t, without allocating.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>
/// Bit for bit what the two layers give by themselves, one with <see cref="RnnForward{T}.IsReverse"/>: outputs, states and gradients.
/// The layers keep their parameters; call <see cref="Repack"/> after writing to them. O is 2·P, or P for a sum.
/// </remarks>
public sealed partial class Bidirectional<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Joins two layers.</summary>
    /// <param name="forward">The layer of the forward direction.</param>
    /// <param name="reverse">That of the reverse direction, another object of the same sizes; its cell may be another one.</param>
    /// <param name="merge">How outputs are joined.</param>
    /// <exception cref="ArgumentException">The layers are one, or differ in I, H, P or the number of cell states.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such merge.</exception>
    public Bidirectional(RecurrentLayer<T> forward, RecurrentLayer<T> reverse, BidirectionalMerge merge = BidirectionalMerge.Concatenate)
    {
        ArgumentNullException.ThrowIfNull(forward);
        ArgumentNullException.ThrowIfNull(reverse);
        if (!Enum.IsDefined(merge)) throw new ArgumentOutOfRangeException(nameof(merge), merge, "expected Concatenate or Sum");
        if (forward == reverse) throw new ArgumentException("Both directions are the same layer; expected two.", nameof(reverse));
        if (SizesOf(forward) != SizesOf(reverse))
        {
            throw new ArgumentException(
                $"The reverse layer has I, H, P, C = {SizesOf(reverse)}; expected {SizesOf(forward)}, as the forward layer has.", nameof(reverse));
        }

        ForwardLayer = forward;
        ReverseLayer = reverse;
        Merge = merge;
    }

    /// <summary>The layer of the forward direction.</summary>
    public RecurrentLayer<T> ForwardLayer { get; }

    /// <summary>The layer of the reverse direction.</summary>
    public RecurrentLayer<T> ReverseLayer { get; }

    /// <summary>How outputs are joined.</summary>
    public BidirectionalMerge Merge { get; }

    /// <summary>I.</summary>
    public int InputSize => ForwardLayer.InputSize;

    /// <summary>O: 2·P, or P for a sum.</summary>
    public int OutputSize => Merge == BidirectionalMerge.Concatenate ? checked(2 * StateSize) : StateSize;

    private int StateSize => ForwardLayer.OutputSize;

    private int CellStates => ForwardLayer.Cell.CellStates;

    /// <summary>
    /// How many elements either pass needs as workspace: 2·T·B·P, each half rounded up to 16 (8 in double), and the larger
    /// <see cref="RecurrentLayer{T}.OrderedWorkspaceSize"/> of the two layers.
    /// </summary>
    /// <param name="steps">T.</param>
    /// <param name="batch">B.</param>
    /// <exception cref="ArgumentOutOfRangeException">T is negative, or B is not positive.</exception>
    /// <exception cref="OverflowException">The size does not fit in an int.</exception>
    public int WorkspaceSize(int steps, int batch)
    {
        int own = Math.Max(ForwardLayer.OrderedWorkspaceSize(steps, batch), ReverseLayer.OrderedWorkspaceSize(steps, batch));
        return checked((2 * OutputsOf(steps, batch)) + own);
    }

    /// <summary>
    /// How many elements the forward pass keeps for <see cref="Backward"/>: the outputs of both layers, each T·B·P rounded up to 16 (8
    /// in double), and what each layer keeps.
    /// </summary>
    /// <inheritdoc cref="WorkspaceSize"/>
    public int ReserveSize(int steps, int batch) => checked(
        ForwardLayer.ReserveSize(steps, batch) + ReverseLayer.ReserveSize(steps, batch) + (2 * OutputsOf(steps, batch)));

    /// <summary>Takes the parameters of both layers as they are now: <see cref="RecurrentLayer{T}.Repack"/>.</summary>
    public void Repack()
    {
        ForwardLayer.Repack();
        ReverseLayer.Repack();
    }

    /// <summary>Runs a sequence in both directions. See <see cref="BidirectionalForward{T}"/> for what is read and written.</summary>
    /// <param name="pass">Spans and sizes.</param>
    /// <param name="workers">Threads for each direction's pass, one after the other; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">A span has another length than its shape, a length or a token is out of range, or what is
    /// written overlaps another span; nothing but the workspace has been written then.</exception>
    public void Forward(in BidirectionalForward<T> pass, WorkerGroup? workers = null)
    {
        Validate(pass);
        int length = pass.Steps * pass.Batch * StateSize;
        var carver = new WorkspaceCarver<T>(pass.Workspace);
        Span<T> first = carver.Take(RecurrentWorkspace.Stride<T>(length)), second = carver.Take(first.Length);
        Span<T> keptFirst = default, keptSecond = default;
        if (!pass.Reserve.IsEmpty)
        {
            var kept = new WorkspaceCarver<T>(pass.Reserve);
            first = kept.Take(first.Length);
            second = kept.Take(first.Length);
            keptFirst = kept.Take(ForwardLayer.ReserveSize(pass.Steps, pass.Batch));
            keptSecond = kept.Rest;
        }

        RunDirection(ForwardLayer, 0, pass, first[..length], keptFirst, carver.Rest, workers);
        RunDirection(ReverseLayer, 1, pass, second[..length], keptSecond, carver.Rest, workers);
        Join(first[..length], second[..length], pass.Output);
    }

    /// <summary>Backpropagates through both directions of a forward pass. Every gradient adds into what the caller gives.</summary>
    /// <param name="pass">Spans and sizes.</param>
    /// <param name="workers">Threads for each direction's pass, one after the other; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">As for <see cref="Forward"/>.</exception>
    /// <exception cref="InvalidOperationException">A layer has no backward pass: <see cref="RecurrentLayer{T}.Backward"/>.</exception>
    public void Backward(in BidirectionalBackward<T> pass, WorkerGroup? workers = null)
    {
        ThrowIfNotTrainable();
        Validate(pass);
        int length = pass.Steps * pass.Batch * StateSize;
        var carver = new WorkspaceCarver<T>(pass.Workspace);
        Span<T> first = carver.Take(RecurrentWorkspace.Stride<T>(length))[..length];
        Span<T> second = carver.Take(RecurrentWorkspace.Stride<T>(length))[..length];
        ReadOnlySpan<T> firstGradient = pass.OutputGradient, secondGradient = pass.OutputGradient;
        if (Merge == BidirectionalMerge.Concatenate && !pass.OutputGradient.IsEmpty)
        {
            Part(pass.OutputGradient, first, second);
            firstGradient = first;
            secondGradient = second;
        }

        int outputs = RecurrentWorkspace.Stride<T>(length);
        int kept = ForwardLayer.ReserveSize(pass.Steps, pass.Batch);
        ReadOnlySpan<T> rest = pass.Reserve[(2 * outputs)..];
        RunDirection(ForwardLayer, 0, pass, pass.ForwardGradients, pass.Reserve[..length], rest[..kept], firstGradient, carver.Rest, workers);
        RunDirection(
            ReverseLayer, 1, pass, pass.ReverseGradients, pass.Reserve.Slice(outputs, length), rest[kept..], secondGradient, carver.Rest, workers);
    }

    internal void ThrowIfNotTrainable()
    {
        ForwardLayer.ThrowIfNotTrainable();
        ReverseLayer.ThrowIfNotTrainable();
    }

    private static (int, int, int, int) SizesOf(RecurrentLayer<T> layer) =>
        (layer.InputSize, layer.HiddenSize, layer.OutputSize, layer.Cell.CellStates);

    // What the states of one direction are of those of both.
    private static ReadOnlySpan<T> Half(ReadOnlySpan<T> both, int index) => both.Slice(index * (both.Length / 2), both.Length / 2);

    private static Span<T> Half(Span<T> both, int index) => both.Slice(index * (both.Length / 2), both.Length / 2);

    private static void RunDirection(
        RecurrentLayer<T> layer,
        int direction,
        in BidirectionalForward<T> pass,
        Span<T> output,
        Span<T> reserve,
        Span<T> workspace,
        WorkerGroup? workers) =>
        layer.Forward(
            new RnnForward<T>
            {
                Steps = pass.Steps,
                Batch = pass.Batch,
                Input = pass.Input,
                Tokens = pass.Tokens,
                Lengths = pass.Lengths,
                IsReverse = direction == 1,
                InitialState = Half(pass.InitialState, direction),
                InitialCellState = Half(pass.InitialCellState, direction),
                Output = output,
                FinalState = Half(pass.FinalState, direction),
                FinalCellState = Half(pass.FinalCellState, direction),
                Reserve = reserve,
                Workspace = workspace,
            },
            workers);

    private static void RunDirection(
        RecurrentLayer<T> layer,
        int direction,
        in BidirectionalBackward<T> pass,
        Memory.ParameterSet<T> gradients,
        ReadOnlySpan<T> output,
        ReadOnlySpan<T> reserve,
        ReadOnlySpan<T> outputGradient,
        Span<T> workspace,
        WorkerGroup? workers) =>
        layer.Backward(
            new RnnBackward<T>
            {
                Steps = pass.Steps,
                Batch = pass.Batch,
                Input = pass.Input,
                Tokens = pass.Tokens,
                Lengths = pass.Lengths,
                IsReverse = direction == 1,
                InitialState = Half(pass.InitialState, direction),
                Output = output,
                Reserve = reserve,
                OutputGradient = outputGradient,
                FinalStateGradient = Half(pass.FinalStateGradient, direction),
                FinalCellStateGradient = Half(pass.FinalCellStateGradient, direction),
                InputGradient = pass.InputGradient,
                InitialStateGradient = Half(pass.InitialStateGradient, direction),
                InitialCellStateGradient = Half(pass.InitialCellStateGradient, direction),
                Gradients = gradients,
                Workspace = workspace,
            },
            workers);

    private void Join(ReadOnlySpan<T> first, ReadOnlySpan<T> second, Span<T> output)
    {
        if (Merge == BidirectionalMerge.Sum)
        {
            Elementwise.Add(first, second, output);
            return;
        }

        int size = StateSize;
        for (int from = 0, to = 0; from < first.Length; from += size, to += 2 * size)
        {
            first.Slice(from, size).CopyTo(output[to..]);
            second.Slice(from, size).CopyTo(output[(to + size)..]);
        }
    }

    /// <summary>The way back of a concatenation.</summary>
    private void Part(ReadOnlySpan<T> both, Span<T> first, Span<T> second)
    {
        int size = StateSize;
        for (int to = 0, from = 0; to < first.Length; to += size, from += 2 * size)
        {
            both.Slice(from, size).CopyTo(first[to..]);
            both.Slice(from + size, size).CopyTo(second[to..]);
        }
    }

    private int OutputsOf(int steps, int batch) => RecurrentWorkspace.Stride<T>(checked(steps * batch * StateSize));
}
