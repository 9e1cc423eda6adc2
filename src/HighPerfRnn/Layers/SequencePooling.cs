using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Memory;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Layers;

/// <summary>How the steps of a sequence become one vector.</summary>
public enum PoolingKind
{
    /// <summary>What each direction ends in: the last step's forward columns beside the first step's reverse ones.</summary>
    Last,

    /// <summary>The mean over a row's steps.</summary>
    Mean,

    /// <summary>The largest of each column over a row's steps.</summary>
    Max,

    /// <summary>
    /// Σ α_t·x_t, where α is the softmax of v·tanh(x_t·Wk + b) (Yang et al., Hierarchical attention networks for document classification,
    /// 2016): learned weights.
    /// </summary>
    Attention,
}

/// <summary>One vector of a sequence: what stands between recurrent layers and the label of the whole.</summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>
/// <para>Parameters of <see cref="PoolingKind.Attention"/>: those of <see cref="Attention{T}"/> with <see cref="AttentionScore.Additive"/>
/// and a query that is always 1; of the other kinds none.</para>
/// <para>Past a row's end nothing is read; a row of no steps gives zeros. A row has the same bits alone and in any batch, whatever the
/// workers and the width. Mean: sums in the order of the steps, then one product with 1 / length, off by at most
/// (length + 2)·u·Σ|x| / length. Max and Last are exact; a NaN counts in Max only where it stands in the first step.</para>
/// </remarks>
public sealed class SequencePooling<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Attention<T>? _attention;
    private readonly int _forwardSize;

    /// <summary>Pooling of steps of so many numbers.</summary>
    /// <param name="kind">How.</param>
    /// <param name="size">I, numbers a step.</param>
    /// <param name="reverseSize">How many of them, the last ones, come from a layer that reads from the end to the beginning; only
    /// <see cref="PoolingKind.Last"/> asks.</param>
    /// <param name="isTrainable">Whether to hold what the backward pass needs.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is not positive, the kind is none, or more columns are reverse ones than there are.</exception>
    public SequencePooling(PoolingKind kind, int size, int reverseSize = 0, bool isTrainable = true)
    {
        if (!Enum.IsDefined(kind)) throw new ArgumentOutOfRangeException(nameof(kind), kind, "expected Last, Mean, Max or Attention");
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        ArgumentOutOfRangeException.ThrowIfNegative(reverseSize);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(reverseSize, size);
        Kind = kind;
        Size = size;
        _forwardSize = size - reverseSize;
        if (kind == PoolingKind.Attention) _attention = new Attention<T>(AttentionScore.Additive, 1, size, size, isTrainable);
        Parameters = _attention?.Parameters ?? new ParameterSet<T>();
    }

    /// <summary>How.</summary>
    public PoolingKind Kind { get; }

    /// <summary>I.</summary>
    public int Size { get; }

    /// <summary>See the remarks above.</summary>
    public ParameterSet<T> Parameters { get; }

    /// <summary>How many elements a pass keeps for the backward pass: of <see cref="PoolingKind.Attention"/> T·B·(I + 1), else none.</summary>
    /// <param name="steps">T.</param>
    /// <param name="batch">B.</param>
    /// <exception cref="ArgumentOutOfRangeException">T is negative, or B is not positive.</exception>
    /// <exception cref="OverflowException">No span can have as many.</exception>
    public int ReserveSize(int steps, int batch) =>
        _attention is null ? 0 : checked(_attention.KeysSize(steps, batch) + (steps * batch));

    /// <summary>How many elements either pass needs as workspace: none but for <see cref="PoolingKind.Attention"/>.</summary>
    /// <inheritdoc cref="ReserveSize"/>
    public int WorkspaceSize(int steps, int batch)
    {
        if (_attention is null) return 0;
        int backward = Math.Max(_attention.BackwardWorkspaceSize(1, steps, batch), _attention.PrepareWorkspaceSize(steps, batch));
        int inner = Math.Max(_attention.ForwardWorkspaceSize(1, batch), checked(_attention.KeysSize(steps, batch) + backward));
        return checked(batch + inner);
    }

    /// <summary>Takes the parameters as they are now for the passes that follow. Allocates nothing.</summary>
    public void Repack() => _attention?.Repack();

    /// <summary>Pools all rows of a batch.</summary>
    /// <param name="pass">Spans and sizes.</param>
    /// <param name="workers">Threads for the attention; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">A span has another length than its shape, a length is out of range, or what is written overlaps
    /// what is read; nothing has been written then.</exception>
    public void Forward(in PoolingForward<T> pass, WorkerGroup? workers = null)
    {
        Validate(pass);
        if (_attention is not null) ForwardAttention(_attention, pass, workers);
        else if (Kind == PoolingKind.Mean) StepMean.Forward(pass.Input, Size, pass.Batch, pass.Lengths, pass.Output);
        else ForwardChoice(pass);
    }

    /// <summary>The way back; gradients of input and parameters are added to.</summary>
    /// <param name="pass">Spans and sizes.</param>
    /// <param name="workers">Threads for the attention; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">As for <see cref="Forward"/>, or gradients have another layout than the parameters.</exception>
    /// <exception cref="InvalidOperationException">The layer was made with isTrainable false.</exception>
    public void Backward(in PoolingBackward<T> pass, WorkerGroup? workers = null)
    {
        Validate(pass);
        if (_attention is not null) BackwardAttention(_attention, pass, workers);
        else if (Kind == PoolingKind.Mean) StepMean.Backward(pass.OutputGradient, Size, pass.Batch, pass.Lengths, pass.InputGradient);
        else BackwardChoice(pass);
    }

    private static int LengthOf(ReadOnlySpan<int> lengths, int row, int steps) => lengths.IsEmpty ? steps : lengths[row];

    private void ForwardChoice(in PoolingForward<T> pass)
    {
        int step = pass.Batch * Size;
        for (int row = 0; row < pass.Batch; row++)
        {
            Span<T> output = pass.Output.Slice(row * Size, Size);
            int length = LengthOf(pass.Lengths, row, pass.Steps);
            if (length == 0)
            {
                output.Clear();
                continue;
            }

            ReadOnlySpan<T> first = pass.Input.Slice(row * Size, Size);
            first.CopyTo(output);
            if (Kind == PoolingKind.Last)
            {
                pass.Input.Slice(((length - 1) * step) + (row * Size), _forwardSize).CopyTo(output);
                continue;
            }

            for (int t = 1; t < length; t++)
            {
                ReadOnlySpan<T> input = pass.Input.Slice((t * step) + (row * Size), Size);
                for (int i = 0; i < output.Length; i++) output[i] = input[i] > output[i] ? input[i] : output[i];
            }
        }
    }

    /// <summary>Of Max the first step that has the largest number takes the gradient.</summary>
    private void BackwardChoice(in PoolingBackward<T> pass)
    {
        int step = pass.Batch * Size;
        for (int row = 0; row < pass.Batch; row++)
        {
            int length = LengthOf(pass.Lengths, row, pass.Steps);
            for (int i = 0; i < Size; i++)
            {
                int at = (row * Size) + i, t = Kind == PoolingKind.Last && i < _forwardSize ? length - 1 : 0;
                if (Kind == PoolingKind.Max)
                {
                    while (t < length && pass.Input[(t * step) + at] != pass.Output[at]) t++;
                }

                if ((uint)t < (uint)length) pass.InputGradient[(t * step) + at] += pass.OutputGradient[at];
            }
        }
    }

    private static void ForwardAttention(Attention<T> attention, in PoolingForward<T> pass, WorkerGroup? workers)
    {
        int keys = attention.KeysSize(pass.Steps, pass.Batch);
        Span<T> query = pass.Workspace[..pass.Batch];
        query.Fill(T.One);
        attention.Prepare(pass.Steps, pass.Batch, pass.Input, pass.Reserve[..keys], workers);
        attention.Forward(
            new AttentionForward<T>
            {
                QuerySteps = 1,
                MemorySteps = pass.Steps,
                Batch = pass.Batch,
                Query = query,
                Memory = pass.Input,
                Keys = pass.Reserve[..keys],
                Lengths = pass.Lengths,
                Context = pass.Output,
                Weights = pass.Reserve.Slice(keys, pass.Steps * pass.Batch),
                Workspace = pass.Workspace[pass.Batch..],
            },
            workers);
    }

    private static void BackwardAttention(Attention<T> attention, in PoolingBackward<T> pass, WorkerGroup? workers)
    {
        int keys = attention.KeysSize(pass.Steps, pass.Batch);
        Span<T> query = pass.Workspace[..pass.Batch], keysGradient = pass.Workspace.Slice(pass.Batch, keys);
        Span<T> rest = pass.Workspace[(pass.Batch + keys)..];
        query.Fill(T.One);
        keysGradient.Clear();
        attention.Backward(
            new AttentionBackward<T>
            {
                QuerySteps = 1,
                MemorySteps = pass.Steps,
                Batch = pass.Batch,
                Query = query,
                Memory = pass.Input,
                Keys = pass.Reserve[..keys],
                Lengths = pass.Lengths,
                Weights = pass.Reserve.Slice(keys, pass.Steps * pass.Batch),
                ContextGradient = pass.OutputGradient,
                MemoryGradient = pass.InputGradient,
                KeysGradient = keysGradient,
                Gradients = pass.Gradients,
                Workspace = rest,
            },
            workers);
        attention.PrepareBackward(
            pass.Steps, pass.Batch, pass.Input, keysGradient, pass.InputGradient, pass.Gradients, rest, workers);
    }

    private void Validate(in PoolingForward<T> pass)
    {
        CheckSizes(pass.Steps, pass.Batch, pass.Lengths);
        Check.Shape(pass.Input.Length, nameof(pass.Input), "[T, B, I]", pass.Steps, pass.Batch, Size);
        Check.Shape(pass.Output.Length, nameof(pass.Output), "[B, I]", pass.Batch, Size);
        Check.AtLeast(pass.Reserve.Length, ReserveSize(pass.Steps, pass.Batch), nameof(pass.Reserve));
        Check.AtLeast(pass.Workspace.Length, WorkspaceSize(pass.Steps, pass.Batch), nameof(pass.Workspace));
        Check.Apart<T>(pass.Output, pass.Input);
    }

    private void Validate(in PoolingBackward<T> pass)
    {
        CheckSizes(pass.Steps, pass.Batch, pass.Lengths);
        Check.Shape(pass.Input.Length, nameof(pass.Input), "[T, B, I]", pass.Steps, pass.Batch, Size);
        Check.Shape(pass.Output.Length, nameof(pass.Output), "[B, I]", pass.Batch, Size);
        Check.Shape(pass.OutputGradient.Length, nameof(pass.OutputGradient), "[B, I]", pass.Batch, Size);
        Check.Shape(pass.InputGradient.Length, nameof(pass.InputGradient), "[T, B, I]", pass.Steps, pass.Batch, Size);
        Check.AtLeast(pass.Reserve.Length, ReserveSize(pass.Steps, pass.Batch), nameof(pass.Reserve));
        Check.AtLeast(pass.Workspace.Length, WorkspaceSize(pass.Steps, pass.Batch), nameof(pass.Workspace));
        Check.Layout(pass.Gradients, Parameters);
        Check.Apart<T>(pass.InputGradient, pass.Input);
        Check.Apart<T>(pass.InputGradient, pass.Output);
        Check.Apart<T>(pass.InputGradient, pass.OutputGradient);
    }

    private static void CheckSizes(int steps, int batch, ReadOnlySpan<int> lengths)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        Check.ShapeOrEmpty(lengths.Length, nameof(lengths), "[B]", batch);
        Check.Lengths(lengths, steps, nameof(lengths));
    }
}
