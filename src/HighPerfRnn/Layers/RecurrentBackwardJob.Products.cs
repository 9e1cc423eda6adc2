using System.Runtime.CompilerServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Layers;

/// <content>The products over all rows of a block of steps.</content>
internal readonly ref partial struct RecurrentBackwardJob<T, TCell>
{
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

    private void AddParameterGradients<TLane>(WorkerTeam team, int start, int end, scoped in BackwardRoom<T> room)
        where TLane : struct, ILane<TLane, T>
    {
        int hidden = Shape.HiddenSize;
        int columns = Weights.Gates.Gates * hidden;
        int rows = (end - start) * Shape.Batch;
        PackedMatrix<T> right = Pack<TLane>(team, room.Gradients, rows, columns, room, BiasGradient);
        (int firstPanel, int endPanel) = team.Share(right.PanelCount);
        if (!Pass.Tokens.IsEmpty && firstPanel < endPanel)
        {
            int firstColumn = right.FirstColumn(firstPanel);
            int endColumn = Math.Min(columns, right.FirstColumn(endPanel));
            ReadOnlySpan<int> tokens = Pass.Tokens.Slice(start * Shape.Batch, rows);
            RowScatter<T, TLane>.Add(
                tokens, room.Gradients, room.GradientStride, firstColumn, endColumn, InputWeightsGradient, columns);
        }

        team.Synchronize();
        (int firstRow, int endRow) = team.Share(Shape.InputSize);
        if (Pass.Tokens.IsEmpty)
        {
            ReadOnlySpan<T> input = Pass.Input[(start * Shape.Batch * Shape.InputSize)..];
            WeightGradient<T, TLane>.AddWeights(input, Shape.InputSize, right, firstRow, endRow, InputWeightsGradient);
        }

        if (room.RecurrentOffset > 0)
        {
            team.Synchronize();
            right = Pack<TLane>(team, room.Gradients[room.RecurrentOffset..], rows, columns, room, columnSums: default);
            team.Synchronize();
        }

        ReadOnlySpan<T> states = start == 0 ? room.PreviousStates : Pass.Output[((start - 1) * Shape.Batch * hidden)..];
        (firstRow, endRow) = team.Share(hidden);
        WeightGradient<T, TLane>.AddWeights(states, hidden, right, firstRow, endRow, RecurrentWeightsGradient);
        AddVectorGradients<TLane>(team, rows, room);
    }

    /// <summary>The vectors' gradients, summed over rows as the bias's are.</summary>
    private void AddVectorGradients<TLane>(WorkerTeam team, int rows, scoped in BackwardRoom<T> room)
        where TLane : struct, ILane<TLane, T>
    {
        IReadOnlyList<string>? names = Weights.Cell.Vectors;
        for (int i = 0; i < Weights.Cell.VectorCount; i++)
        {
            team.Synchronize();
            Span<T> gradients = room.Gradients[(room.VectorOffset + (i * Shape.HiddenSize))..];
            Pack<TLane>(team, gradients, rows, Shape.HiddenSize, room, Pass.Gradients[names![i]]);
        }
    }

    /// <summary>This worker's panels of a block's gradients, packed, and their sums over rows added to a target that is not empty.</summary>
    private static PackedMatrix<T> Pack<TLane>(
        WorkerTeam team, ReadOnlySpan<T> gradients, int rows, int columns, scoped in BackwardRoom<T> room, Span<T> columnSums)
        where TLane : struct, ILane<TLane, T>
    {
        var packed = new PackedMatrix<T>(room.Packed, rows, columns, TLane.Count);
        (int firstPanel, int endPanel) = team.Share(packed.PanelCount);
        Packing<T, TLane>.Pack(gradients, room.GradientStride, packed, firstPanel, endPanel);
        if (!columnSums.IsEmpty) WeightGradient<T, TLane>.AddBias(packed, firstPanel, endPanel, columnSums);
        return packed;
    }

    private void AddInputGradients<TLane>(WorkerTeam team, int start, int end, scoped in BackwardRoom<T> room)
        where TLane : struct, ILane<TLane, T>
    {
        if (Pass.InputGradient.IsEmpty) return;
        (int firstRow, int endRow) = team.Share((end - start) * Shape.Batch);
        Span<T> target = Pass.InputGradient[(start * Shape.Batch * Shape.InputSize)..];
        var epilogue = new AddEpilogue<T, TLane>(target, Shape.InputSize);
        MatrixProduct<T, TLane>.RunRows(room.Gradients, room.GradientStride, firstRow, endRow, Weights.InputTransposed, ref epilogue);
    }
}
