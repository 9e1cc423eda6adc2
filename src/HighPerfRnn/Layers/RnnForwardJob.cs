using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Memory;
using HighPerfRnn.Simd;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Layers;

/// <summary>
/// The forward pass: h_t = φ(x_t·Wx + b + h_{t-1}·Wh), where the input part of a group of steps is one product before them
/// and only h·Wh runs step by step, φ being its epilogue.
/// </summary>
/// <remarks>Workers split rows. A row never looks at another, so that the steps of a group need no meeting.</remarks>
internal readonly ref struct RnnForwardJob<T, TActivation> : ITeamJob, ILaneWork<T, WorkerTeam>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TActivation : struct, IActivation<T>
{
    public required RnnShape Shape { get; init; }

    public required RnnForward<T> Pass { get; init; }

    public required ReadOnlySpan<T> Bias { get; init; }

    public required PackedMatrix<T> InputWeights { get; init; }

    public required PackedMatrix<T> RecurrentWeights { get; init; }

    /// <summary>Rows for tokens [vocabulary, H].</summary>
    public required ReadOnlySpan<T> TokenTable { get; init; }

    /// <summary>Zeros [B, H] where no initial state is given, then the input part of a group of steps.</summary>
    public static int WorkspaceSize(in RnnShape shape)
    {
        int stride = RnnWorkspace.Stride<T>(shape.HiddenSize);
        return checked((shape.Batch * stride) + (StepsInGroup(shape) * shape.Batch * stride));
    }

    public void Execute(WorkerTeam team) => Lanes.Run<T, RnnForwardJob<T, TActivation>, WorkerTeam>(ref Unsafe.AsRef(in this), team);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run<TLane>(WorkerTeam team)
        where TLane : struct, ILane<TLane, T>
    {
        int batch = Shape.Batch;
        int hidden = Shape.HiddenSize;
        int stride = RnnWorkspace.Stride<T>(hidden);
        (int firstRow, int endRow) = team.Share(batch);
        Span<T> zeroState = Pass.Workspace[..(batch * stride)];
        Span<T> inputParts = Pass.Workspace[(batch * stride)..];
        ReadOnlySpan<T> state = Pass.InitialState;
        if (state.IsEmpty)
        {
            zeroState[(firstRow * hidden)..(endRow * hidden)].Clear();
            state = zeroState[..(batch * hidden)];
        }

        int group = StepsInGroup(Shape);
        for (int start = 0; start < Shape.Steps; start += group)
        {
            int end = Math.Min(Shape.Steps, start + group);
            if (Pass.Tokens.IsEmpty)
            {
                SumInputs<TLane>(team, start, end, inputParts, stride);
                team.Synchronize();
            }

            for (int t = start; t < end; t++)
            {
                Span<T> output = Pass.Output.Slice(t * batch * hidden, batch * hidden);
                Step<TLane>(state, output, inputParts[((t - start) * batch * stride)..], stride, t, firstRow, endRow);
                state = output;
            }

            // The next group's input parts take the place of these.
            if (Pass.Tokens.IsEmpty) team.Synchronize();
        }

        if (!Pass.FinalState.IsEmpty)
        {
            state[(firstRow * hidden)..(endRow * hidden)].CopyTo(Pass.FinalState[(firstRow * hidden)..]);
        }
    }

    private static int StepsInGroup(in RnnShape shape) => RnnWorkspace.StepsInGroup<T>(shape);

    /// <summary>Input parts of steps [start, end): x·Wx + b, workers splitting the rows of all these steps.</summary>
    private void SumInputs<TLane>(WorkerTeam team, int start, int end, Span<T> inputParts, int stride)
        where TLane : struct, ILane<TLane, T>
    {
        int size = Shape.InputSize;
        (int firstRow, int endRow) = team.Share((end - start) * Shape.Batch);
        var epilogue = new StoreEpilogue<T, TLane>(inputParts, stride, Bias);
        ReadOnlySpan<T> input = Pass.Input[(start * Shape.Batch * size)..];
        MatrixProduct<T, TLane>.RunRows(input, size, firstRow, endRow, InputWeights, ref epilogue);
    }

    private void Step<TLane>(
        ReadOnlySpan<T> state, Span<T> output, Span<T> inputParts, int inputStride, int t, int firstRow, int endRow)
        where TLane : struct, ILane<TLane, T>
    {
        int hidden = Shape.HiddenSize;
        var soon = new StepPrefetch(Shape, firstRow, endRow, MatrixProduct<T, TLane>.TileCount(endRow - firstRow, RecurrentWeights));
        var epilogue = new StateEpilogue<T, TLane, TActivation>
        {
            Output = ref MemoryMarshal.GetReference(output),
            OutputStride = hidden,
            InputParts = ref MemoryMarshal.GetReference(inputParts),
            InputStride = inputStride,
            Tokens = Pass.Tokens.IsEmpty ? default : Pass.Tokens.Slice(t * Shape.Batch, Shape.Batch),
            TokenTable = ref MemoryMarshal.GetReference(TokenTable),
            Bias = ref MemoryMarshal.GetReference(Bias),
            NextOutput = soon.Of<T>(Pass.Output, hidden, t + 1),
            NextGroupInput = soon.Of(Pass.Input, Shape.InputSize, t + StepsInGroup(Shape)),
        };
        MatrixProduct<T, TLane>.RunRows(state, hidden, firstRow, endRow, RecurrentWeights, ref epilogue);
    }
}

/// <summary>h = φ(input part + sums), tiny values flushed to +0.</summary>
internal ref struct StateEpilogue<T, TLane, TActivation> : IEpilogue<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
    where TActivation : struct, IActivation<T>
{
    public ref T Output;
    public int OutputStride;
    public ref T InputParts;
    public int InputStride;
    public ReadOnlySpan<int> Tokens;
    public ref T TokenTable;
    public ref T Bias;

    // What the next step writes and what the product before the next group reads.
    public Prefetcher<T> NextOutput;
    public Prefetcher<T> NextGroupInput;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Finish(ref T sums, int stride, int row, int rows, int column, int columns)
    {
        NextOutput.Advance();
        NextGroupInput.Advance();
        for (int c = 0; c < columns; c += TLane.Count)
        {
            int count = columns - c;
            ref T sum = ref Unsafe.Add(ref sums, c);
            ref T output = ref Unsafe.Add(ref Output, ((nint)row * OutputStride) + column + c);
            if (Tokens.IsEmpty)
            {
                ref T input = ref Unsafe.Add(ref InputParts, ((nint)row * InputStride) + column + c);
                for (int r = 0; r < rows; r++)
                {
                    Store(TLane.Load(ref input) + TLane.Load(ref sum), ref output, count);
                    input = ref Unsafe.Add(ref input, InputStride);
                    sum = ref Unsafe.Add(ref sum, stride);
                    output = ref Unsafe.Add(ref output, OutputStride);
                }
            }
            else
            {
                TLane bias = PartialLane<T, TLane>.Load(ref Unsafe.Add(ref Bias, column + c), count);
                for (int r = 0; r < rows; r++)
                {
                    ref T input = ref Unsafe.Add(ref TokenTable, ((nint)Tokens[row + r] * OutputStride) + column + c);
                    TLane inputPart = PartialLane<T, TLane>.Load(ref input, count) + bias;
                    Store(inputPart + TLane.Load(ref sum), ref output, count);
                    sum = ref Unsafe.Add(ref sum, stride);
                    output = ref Unsafe.Add(ref output, OutputStride);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(TLane preActivation, ref T output, int count) =>
        PartialLane<T, TLane>.Store(TActivation.ForwardFlushed(preActivation), ref output, count);
}
