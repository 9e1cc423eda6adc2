using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Layers;

/// <summary>
/// Backpropagation through time: dA_t = (dY_t + dA_{t+1}·Whᵀ) ∘ φ'(h_t) step by step from the last, and for each block of
/// steps dX += dA·Wxᵀ, dWx += Xᵀ·dA, dWh += H₋₁ᵀ·dA, db += Σ dA as one product each, while dA is in the cache.
/// </summary>
/// <remarks>
/// A block is as many whole steps as make at most 256 rows, counted from step 0; parameter gradients take blocks from the last
/// to the first, rows within a block in order. Workers split rows of dA, of dX and of the weights' gradients.
/// </remarks>
internal readonly ref struct RnnBackwardJob<T, TActivation> : ITeamJob, ILaneWork<T, WorkerTeam>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TActivation : struct, IActivation<T>
{
    public required RnnShape Shape { get; init; }

    public required RnnBackward<T> Pass { get; init; }

    /// <summary>Wxᵀ, [H, I].</summary>
    public required PackedMatrix<T> InputWeightsTransposed { get; init; }

    /// <summary>Whᵀ, [H, H].</summary>
    public required PackedMatrix<T> RecurrentWeightsTransposed { get; init; }

    /// <summary>dWx [I, H]; with tokens the gradient of their table.</summary>
    public required Span<T> InputWeightsGradient { get; init; }

    /// <summary>dWh [H, H].</summary>
    public required Span<T> RecurrentWeightsGradient { get; init; }

    /// <summary>db [H].</summary>
    public required Span<T> BiasGradient { get; init; }

    /// <summary>dA of the step after a block, dA of a block, the same packed, h before each step of the first block.</summary>
    public static int WorkspaceSize(in RnnShape shape)
    {
        int stride = RnnWorkspace.Stride<T>(shape.HiddenSize);
        return checked((shape.Batch * stride) + (3 * BlockRows(shape) * stride));
    }

    public void Execute(WorkerTeam team) => Lanes.Run<T, RnnBackwardJob<T, TActivation>, WorkerTeam>(ref Unsafe.AsRef(in this), team);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run<TLane>(WorkerTeam team)
        where TLane : struct, ILane<TLane, T>
    {
        int stride = RnnWorkspace.Stride<T>(Shape.HiddenSize);
        int blockSteps = BlockSteps(Shape);
        int blockLength = BlockRows(Shape) * stride;
        Span<T> carry = Pass.Workspace[..(Shape.Batch * stride)];
        Span<T> workspace = Pass.Workspace[carry.Length..];
        Span<T> preActivationGradients = workspace[..blockLength];
        Span<T> packed = workspace.Slice(blockLength, blockLength);
        Span<T> previousStates = workspace.Slice(2 * blockLength, blockLength);
        (int firstRow, int endRow) = team.Share(Shape.Batch);
        SetCarryToFinalGradient(carry, stride, firstRow, endRow);
        for (int start = (Shape.Steps - 1) / blockSteps * blockSteps; start >= 0 && Shape.Steps > 0; start -= blockSteps)
        {
            int end = Math.Min(Shape.Steps, start + blockSteps);
            for (int t = end - 1; t >= start; t--)
            {
                Span<T> next = t == end - 1 ? carry : preActivationGradients[((t + 1 - start) * Shape.Batch * stride)..];
                Step<TLane>(next, preActivationGradients[((t - start) * Shape.Batch * stride)..], stride, t, firstRow, endRow);
            }

            preActivationGradients[(firstRow * stride)..(endRow * stride)].CopyTo(carry[(firstRow * stride)..]);
            if (start == 0) GatherPreviousStates(previousStates, end, firstRow, endRow);
            team.Synchronize();
            AddParameterGradients<TLane>(team, start, end, preActivationGradients, stride, packed, previousStates);
            AddInputGradients<TLane>(team, start, end, preActivationGradients, stride);
            team.Synchronize();
        }

        AddInitialStateGradient<TLane>(carry, stride, firstRow, endRow);
    }

    private static int BlockSteps(in RnnShape shape) =>
        Math.Min(CanonicalSum.StepsInRowBlock(shape.Batch), Math.Max(1, shape.Steps));

    private static int BlockRows(in RnnShape shape) => checked(BlockSteps(shape) * shape.Batch);

    /// <summary>What comes from beyond the last step is not dA·Whᵀ but the final state's gradient itself.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void SetCarryToFinalGradient(Span<T> carry, int stride, int firstRow, int endRow)
    {
        for (int row = firstRow; row < endRow; row++)
        {
            Span<T> target = carry.Slice(row * stride, stride);
            target.Clear();
            if (!Pass.FinalStateGradient.IsEmpty)
            {
                Pass.FinalStateGradient.Slice(row * Shape.HiddenSize, Shape.HiddenSize).CopyTo(target);
            }
        }
    }

    private void Step<TLane>(Span<T> next, Span<T> target, int stride, int t, int firstRow, int endRow)
        where TLane : struct, ILane<TLane, T>
    {
        int hidden = Shape.HiddenSize;
        int rowsBefore = t * Shape.Batch;
        var soon = new StepPrefetch(Shape, firstRow, endRow, MatrixProduct<T, TLane>.TileCount(endRow - firstRow, RecurrentWeightsTransposed));
        var epilogue = new PreActivationGradientEpilogue<T, TLane, TActivation>
        {
            Output = ref MemoryMarshal.GetReference(Pass.Output[(rowsBefore * hidden)..]),
            OutputGradient = ref MemoryMarshal.GetReference(
                Pass.OutputGradient.IsEmpty ? default : Pass.OutputGradient[(rowsBefore * hidden)..]),
            HasOutputGradient = !Pass.OutputGradient.IsEmpty,
            Target = ref MemoryMarshal.GetReference(target),
            OutputStride = hidden,
            TargetStride = stride,
            NextOutput = soon.Of(Pass.Output, hidden, t - 1),
            NextOutputGradient = soon.Of(Pass.OutputGradient, hidden, t - 1),
            Input = soon.Of(Pass.Input, Shape.InputSize, t),
            InputGradient = soon.Of<T>(Pass.InputGradient, Shape.InputSize, t),
        };
        if (t == Shape.Steps - 1)
        {
            int width = 2 * TLane.Count;
            for (int column = 0; column < hidden; column += width)
            {
                ref T sums = ref MemoryMarshal.GetReference(next[((firstRow * stride) + column)..]);
                epilogue.Finish(ref sums, stride, firstRow, endRow - firstRow, column, Math.Min(width, hidden - column));
            }
        }
        else
        {
            MatrixProduct<T, TLane>.RunRows(next, stride, firstRow, endRow, RecurrentWeightsTransposed, ref epilogue);
        }
    }

    /// <summary>h before each step of the first block: the initial state stands elsewhere than the outputs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void GatherPreviousStates(Span<T> previousStates, int end, int firstRow, int endRow)
    {
        int hidden = Shape.HiddenSize;
        for (int t = 0; t < end; t++)
        {
            Span<T> target = previousStates[(((t * Shape.Batch) + firstRow) * hidden)..(((t * Shape.Batch) + endRow) * hidden)];
            if (t > 0) Pass.Output.Slice((((t - 1) * Shape.Batch) + firstRow) * hidden, target.Length).CopyTo(target);
            else if (Pass.InitialState.IsEmpty) target.Clear();
            else Pass.InitialState.Slice(firstRow * hidden, target.Length).CopyTo(target);
        }
    }

    private void AddParameterGradients<TLane>(
        WorkerTeam team, int start, int end, Span<T> preActivationGradients, int stride, Span<T> packed, Span<T> previousStates)
        where TLane : struct, ILane<TLane, T>
    {
        int hidden = Shape.HiddenSize;
        int rows = (end - start) * Shape.Batch;
        var right = new PackedMatrix<T>(packed, rows, hidden, TLane.Count);
        (int firstPanel, int endPanel) = team.Share(right.PanelCount);
        Packing<T, TLane>.Pack(preActivationGradients, stride, right, firstPanel, endPanel);
        WeightGradient<T, TLane>.AddBias(right, firstPanel, endPanel, BiasGradient);
        if (!Pass.Tokens.IsEmpty && firstPanel < endPanel)
        {
            int firstColumn = right.FirstColumn(firstPanel);
            int endColumn = Math.Min(hidden, right.FirstColumn(endPanel));
            ReadOnlySpan<int> tokens = Pass.Tokens.Slice(start * Shape.Batch, rows);
            RowScatter<T, TLane>.Add(tokens, preActivationGradients, stride, firstColumn, endColumn, InputWeightsGradient, hidden);
        }

        team.Synchronize();
        ReadOnlySpan<T> states = start == 0 ? previousStates : Pass.Output[((start - 1) * Shape.Batch * hidden)..];
        (int firstRow, int endRow) = team.Share(hidden);
        WeightGradient<T, TLane>.AddWeights(states, hidden, right, firstRow, endRow, RecurrentWeightsGradient);
        if (!Pass.Tokens.IsEmpty) return;
        ReadOnlySpan<T> input = Pass.Input[(start * Shape.Batch * Shape.InputSize)..];
        (firstRow, endRow) = team.Share(Shape.InputSize);
        WeightGradient<T, TLane>.AddWeights(input, Shape.InputSize, right, firstRow, endRow, InputWeightsGradient);
    }

    private void AddInputGradients<TLane>(WorkerTeam team, int start, int end, Span<T> preActivationGradients, int stride)
        where TLane : struct, ILane<TLane, T>
    {
        if (Pass.InputGradient.IsEmpty) return;
        (int firstRow, int endRow) = team.Share((end - start) * Shape.Batch);
        Span<T> target = Pass.InputGradient[(start * Shape.Batch * Shape.InputSize)..];
        var epilogue = new AddEpilogue<T, TLane>(target, Shape.InputSize);
        MatrixProduct<T, TLane>.RunRows(preActivationGradients, stride, firstRow, endRow, InputWeightsTransposed, ref epilogue);
    }

    /// <summary>dh₋₁ += dA_0·Whᵀ; without steps the final state is the initial one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddInitialStateGradient<TLane>(Span<T> carry, int stride, int firstRow, int endRow)
        where TLane : struct, ILane<TLane, T>
    {
        if (Pass.InitialStateGradient.IsEmpty) return;
        var epilogue = new AddEpilogue<T, TLane>(Pass.InitialStateGradient, Shape.HiddenSize);
        if (Shape.Steps > 0)
        {
            MatrixProduct<T, TLane>.RunRows(carry, stride, firstRow, endRow, RecurrentWeightsTransposed, ref epilogue);
        }
        else
        {
            for (int row = firstRow; row < endRow; row++)
            {
                epilogue.Finish(ref carry[row * stride], stride, row, 1, 0, Shape.HiddenSize);
            }
        }
    }
}

/// <summary>dA = (sums + dY) ∘ φ'(h), tiny values flushed to +0.</summary>
internal ref struct PreActivationGradientEpilogue<T, TLane, TActivation> : IEpilogue<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
    where TActivation : struct, IActivation<T>
{
    public ref T Output;
    public ref T OutputGradient;
    public bool HasOutputGradient;
    public ref T Target;
    public int OutputStride;
    public int TargetStride;

    // What the step before this one reads, and what the products at the block's end do.
    public Prefetcher<T> NextOutput;
    public Prefetcher<T> NextOutputGradient;
    public Prefetcher<T> Input;
    public Prefetcher<T> InputGradient;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Finish(ref T sums, int stride, int row, int rows, int column, int columns)
    {
        NextOutput.Advance();
        NextOutputGradient.Advance();
        Input.Advance();
        InputGradient.Advance();
        for (int c = 0; c < columns; c += TLane.Count)
        {
            int count = columns - c;
            ref T sum = ref Unsafe.Add(ref sums, c);
            ref T target = ref Unsafe.Add(ref Target, ((nint)row * TargetStride) + column + c);
            nint output = ((nint)row * OutputStride) + column + c;
            for (int r = 0; r < rows; r++)
            {
                TLane gradient = TLane.Load(ref sum);
                if (HasOutputGradient) gradient += PartialLane<T, TLane>.Load(ref Unsafe.Add(ref OutputGradient, output), count);
                TLane h = PartialLane<T, TLane>.Load(ref Unsafe.Add(ref Output, output), count);
                TLane result = Activations<T, TLane>.FlushTiny(TActivation.Backward(h, gradient));
                // The target's rows are padded to whole cache lines, so that a whole lane fits.
                result.Store(ref target);
                sum = ref Unsafe.Add(ref sum, stride);
                target = ref Unsafe.Add(ref target, TargetStride);
                output += OutputStride;
            }
        }
    }
}
