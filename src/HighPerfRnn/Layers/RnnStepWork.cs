using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Memory;
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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    public unsafe void Run<TLane>(int argument)
        where TLane : struct, ILane<TLane, T>
    {
        byte* memory = stackalloc byte[(2 * RowProduct<T, TLane>.MaxSumsBytes) + AlignedBlock<T>.AlignmentBytes];
        memory += AlignedBlock<T>.AlignmentBytes - (nint)((nuint)memory % AlignedBlock<T>.AlignmentBytes);
        ref T inputSums = ref Unsafe.AsRef<T>(memory);
        ref T recurrentSums = ref Unsafe.AsRef<T>(memory + RowProduct<T, TLane>.MaxSumsBytes);
        ref T input = ref MemoryMarshal.GetReference(Input);
        ref T state = ref MemoryMarshal.GetReference(State);
        ref T bias = ref MemoryMarshal.GetReference(Bias);
        ref T nextState = ref MemoryMarshal.GetReference(NextState);
        int inputBlock = CanonicalSum.Block(InputWeights.Depth);
        int recurrentBlock = CanonicalSum.Block(RecurrentWeights.Depth);
        int end = RecurrentWeights.PanelCount;
        for (int panel = 0; panel < end;)
        {
            int panels = RowProduct<T, TLane>.PanelsTogether(RecurrentWeights, panel, end);
            RowProduct<T, TLane>.SumPanels(ref input, InputWeights, panel, panels, inputBlock, ref inputSums);
            RowProduct<T, TLane>.SumPanels(ref state, RecurrentWeights, panel, panels, recurrentBlock, ref recurrentSums);
            int column = RecurrentWeights.FirstColumn(panel);
            int columns = Math.Min(panels * 2 * TLane.Count, NextState.Length - column);
            for (int c = 0; c < columns; c += TLane.Count)
            {
                int count = columns - c;
                TLane inputPart = TLane.Load(ref Unsafe.Add(ref inputSums, c))
                    + PartialLane<T, TLane>.Load(ref Unsafe.Add(ref bias, column + c), count);
                TLane h = TActivation.Forward(inputPart + TLane.Load(ref Unsafe.Add(ref recurrentSums, c)));
                h = Activations<T, TLane>.FlushTiny(h);
                PartialLane<T, TLane>.Store(h, ref Unsafe.Add(ref nextState, column + c), count);
            }

            panel += panels;
        }
    }
}
