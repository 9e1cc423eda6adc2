using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Layers;

/// <summary>
/// One step of one row, the shortest way: for a few panels at a time the input part, the recurrent part, and φ over both while
/// they are in the first-level cache. The same sums in the same order as <see cref="RnnForwardJob{T, TActivation}"/> takes them.
/// </summary>
internal readonly ref struct RnnStepWork<T, TActivation> : ILaneWork<T, int>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TActivation : struct, IActivation<T>
{
    public required ReadOnlySpan<T> Input { get; init; }

    public required ReadOnlySpan<T> State { get; init; }

    public required Span<T> NextState { get; init; }

    public required ReadOnlySpan<T> Bias { get; init; }

    public required PackedMatrix<T> InputWeights { get; init; }

    public required PackedMatrix<T> RecurrentWeights { get; init; }

    public void Run<TLane>(int argument)
        where TLane : struct, ILane<TLane, T>
    {
        var epilogue = new StepEpilogue<T, TLane, TActivation>(Bias, NextState);
        RowProduct<T, TLane>.RunPair(
            ref MemoryMarshal.GetReference(Input),
            InputWeights,
            ref MemoryMarshal.GetReference(State),
            RecurrentWeights,
            ref epilogue);
    }
}

/// <summary>h = φ((input sums + b) + recurrent sums), tiny values flushed to +0.</summary>
internal readonly ref struct StepEpilogue<T, TLane, TActivation>(ReadOnlySpan<T> bias, Span<T> state) : IPairEpilogue<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
    where TActivation : struct, IActivation<T>
{
    private readonly ref T _bias = ref MemoryMarshal.GetReference(bias);
    private readonly ref T _state = ref MemoryMarshal.GetReference(state);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Finish(ref T first, ref T second, int column, int columns)
    {
        for (int c = 0; c < columns; c += TLane.Count)
        {
            int count = columns - c;
            TLane bias = PartialLane<T, TLane>.Load(ref Unsafe.Add(ref _bias, column + c), count);
            TLane inputPart = TLane.Load(ref Unsafe.Add(ref first, c)) + bias;
            TLane h = TActivation.ForwardFlushed(inputPart + TLane.Load(ref Unsafe.Add(ref second, c)));
            PartialLane<T, TLane>.Store(h, ref Unsafe.Add(ref _state, column + c), count);
        }
    }
}
