using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Memory;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Layers;

/// <summary>The linear layer: y = x·W + b, row by row.</summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>
/// Parameters, row-major: <c>weight</c> W [I, O] and <c>bias</c> b [O], all zeros at first. The passes read a packed copy:
/// call <see cref="Repack"/> after writing to them. A row gives the same bits alone as among others.
/// </remarks>
public sealed class Dense<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly PackedLinear<T> _packed;

    /// <summary>A layer from <paramref name="inputSize"/> to <paramref name="outputSize"/> numbers.</summary>
    /// <param name="inputSize">I.</param>
    /// <param name="outputSize">O.</param>
    /// <param name="isTrainable">Whether to hold what the backward pass needs: a transposed copy of the weights.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    public Dense(int inputSize, int outputSize, bool isTrainable = true)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(inputSize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(outputSize);
        InputSize = inputSize;
        OutputSize = outputSize;
        Parameters = new ParameterSet<T>(("weight", inputSize, outputSize), ("bias", 0, outputSize));
        _packed = new PackedLinear<T>(inputSize, outputSize, isTrainable);
    }

    /// <summary>I.</summary>
    public int InputSize { get; }

    /// <summary>O.</summary>
    public int OutputSize { get; }

    /// <summary>W and b by name; see the remarks above.</summary>
    public ParameterSet<T> Parameters { get; }

    /// <summary>How many elements <see cref="Backward"/> needs as workspace for so many rows: at most 256 rows of ⌈O / 16⌉·16 (8 in double).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The rows are negative or O is not positive.</exception>
    public static int WorkspaceSize(int rows, int outputSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(outputSize);
        return PackedMatrix<T>.Size(Math.Min(rows, CanonicalSum.RowBlock), outputSize);
    }

    /// <summary>Takes the parameters as they are now for the passes that follow. Allocates nothing.</summary>
    public void Repack() => _packed.Pack(Parameters["weight"]);

    /// <summary>output = input·W + b.</summary>
    /// <param name="rows">N.</param>
    /// <param name="input">x [N, I].</param>
    /// <param name="output">y [N, O], overwritten; it may not overlap the input.</param>
    /// <param name="workers">Threads to split rows over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">A span has another length than its shape, or they overlap; nothing has been written then.</exception>
    public void Forward(int rows, ReadOnlySpan<T> input, Span<T> output, WorkerGroup? workers = null)
    {
        LinearPass.Forward(rows, input, output, _packed.Weights, _packed.Gates, Parameters["bias"], nameof(output), workers);
    }

    /// <summary>dX += dY·Wᵀ, dW += Xᵀ·dY, db += Σ dY.</summary>
    /// <param name="rows">N.</param>
    /// <param name="input">x [N, I], as in the forward pass.</param>
    /// <param name="outputGradient">dY [N, O].</param>
    /// <param name="inputGradient">dX [N, I], added to; empty when it is not wanted. It may not overlap what is read.</param>
    /// <param name="gradients">dW and db, added to: a set from <see cref="ParameterSet{T}.CreateZeros"/> of the layer's parameters.</param>
    /// <param name="workspace">At least <see cref="WorkspaceSize"/> elements.</param>
    /// <param name="workers">Threads to split outputs over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">A span has another length than its shape, or they overlap; nothing has been written then.</exception>
    /// <exception cref="InvalidOperationException">The layer was made with isTrainable false.</exception>
    public void Backward(
        int rows,
        ReadOnlySpan<T> input,
        ReadOnlySpan<T> outputGradient,
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
            outputGradient,
            inputGradient,
            _packed.Transposed,
            gradients,
            gradients["weight"],
            gradients["bias"],
            workspace,
            nameof(input),
            nameof(outputGradient),
            nameof(inputGradient),
            workers);
    }

    /// <summary>dX += dY·Wᵀ alone, for steps whose parameter gradients are one product later; the caller has checked all.</summary>
    internal void BackwardInput(int rows, ReadOnlySpan<T> outputGradient, Span<T> inputGradient, WorkerGroup? workers)
    {
        var job = new LinearBackwardJob<T>
        {
            Rows = rows,
            Input = default,
            OutputGradient = outputGradient,
            InputGradient = inputGradient,
            WeightsTransposed = _packed.Transposed,
            WeightsGradient = default,
            BiasGradient = default,
            Workspace = default,
        };
        WorkerGroup.Run(workers, ref job, (long)rows * InputSize * OutputSize);
    }

    internal void ThrowIfNotTrainable()
    {
        if (!_packed.IsTrainable) throw new InvalidOperationException("The layer was made with isTrainable: false, so it has no backward pass.");
    }
}
