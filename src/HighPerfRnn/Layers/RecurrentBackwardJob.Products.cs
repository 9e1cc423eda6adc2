using System.Runtime.CompilerServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Layers;

/// <content>The products over all rows of a block of steps.</content>
internal readonly ref partial struct RecurrentBackwardJob<T, TCell>
{
    /// <summary>h before each step of a block: the initial state stands elsewhere than the outputs, and rows that end leave gaps in these.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void GatherPreviousStates(WorkerTeam team, Span<T> previousStates, int start, int end)
    {
        int size = Weights.Layer.StateSize;
        StepRows rows = Rows;
        for (int t = start; t < end; t++)
        {
            (int firstRow, int endRow) = team.Share(rows.Of(t));
            int before = rows.Of(start, t);
            Span<T> target = previousStates[((before + firstRow) * size)..((before + endRow) * size)];
            if (t > 0) Pass.Output.Slice((rows.Before(t - 1) + firstRow) * size, target.Length).CopyTo(target);
            else if (Pass.InitialState.IsEmpty) target.Clear();
            else Pass.InitialState.Slice(firstRow * size, target.Length).CopyTo(target);
        }
    }

    private void AddParameterGradients<TLane>(WorkerTeam team, int start, int end, scoped in BackwardRoom<T> room)
        where TLane : struct, ILane<TLane, T>
    {
        CellLayout cell = Weights.Cell;
        int hidden = Shape.HiddenSize;
        int before = Rows.Before(start);
        int rows = Rows.Of(start, end);
        PackedMatrix<T> right = AddInputWeights<TLane>(team, before, rows, room);
        if (cell.StateGates > 0)
        {
            if (cell.HasRecurrentGateGradients || cell.StateGates != cell.Gates)
            {
                right = PackAgain<TLane>(team, room.Gradients[room.RecurrentOffset..], rows, cell.StateGates * hidden, room);
            }

            int size = Weights.Layer.StateSize;
            bool isGathered = start == 0 || !Pass.Offsets.IsEmpty;
            ReadOnlySpan<T> states = isGathered ? room.PreviousStates : Pass.Output[(Rows.Before(start - 1) * size)..];
            AddWeights<TLane>(team, states, size, size, right, Pass.Gradients["weight_hh"], cell.AllRecurrentGates * hidden);
        }

        ReadOnlySpan<T> left = Weights.Layer.HasScratch
            ? Pass.Reserve[((before * Weights.KeptStride) + Weights.KeptStride - Weights.VectorStride)..]
            : default;
        if (cell.ScratchGates > 0)
        {
            int offset = cell.StateGates * hidden;
            right = PackAgain<TLane>(team, room.Gradients[(room.RecurrentOffset + offset)..], rows, cell.ScratchGates * hidden, room);
            Span<T> target = Pass.Gradients["weight_hh"][offset..];
            AddWeights<TLane>(team, left, Weights.KeptStride, hidden, right, target, cell.AllRecurrentGates * hidden);
        }

        if (Weights.HasProjection)
        {
            right = PackAgain<TLane>(team, room.Gradients[room.ProjectionOffset..], rows, Weights.Layer.ProjectionSize, room);
            AddWeights<TLane>(team, left, Weights.KeptStride, hidden, right, Pass.Gradients["weight_hr"], Weights.Layer.ProjectionSize);
        }

        AddVectorGradients<TLane>(team, rows, room);
    }

    /// <summary>dWx += Xᵀ·dA and db += Σ dA. Returns dA packed.</summary>
    private PackedMatrix<T> AddInputWeights<TLane>(WorkerTeam team, int rowsBefore, int rows, scoped in BackwardRoom<T> room)
        where TLane : struct, ILane<TLane, T>
    {
        int columns = Weights.Cell.Gates * Shape.HiddenSize;
        PackedMatrix<T> right = Pack<TLane>(team, room.Gradients, rows, columns, room, Pass.Gradients["bias"]);
        (int firstPanel, int endPanel) = team.Share(right.PanelCount);
        if (!Pass.Tokens.IsEmpty && firstPanel < endPanel)
        {
            int firstColumn = right.FirstColumn(firstPanel);
            int endColumn = Math.Min(columns, right.FirstColumn(endPanel));
            ReadOnlySpan<int> tokens = Pass.Tokens.Slice(rowsBefore, rows);
            RowScatter<T, TLane>.Add(
                tokens, room.Gradients, room.GradientStride, firstColumn, endColumn, InputWeightsGradient, columns);
        }

        team.Synchronize();
        if (Pass.Tokens.IsEmpty)
        {
            ReadOnlySpan<T> input = Pass.Input[(rowsBefore * Shape.InputSize)..];
            AddWeights<TLane>(team, input, Shape.InputSize, Shape.InputSize, right, InputWeightsGradient, columns);
        }

        return right;
    }

    /// <summary>This worker's rows of target += leftᵀ·right.</summary>
    private static void AddWeights<TLane>(
        WorkerTeam team, ReadOnlySpan<T> left, int leftStride, int rows, scoped in PackedMatrix<T> right, Span<T> target, int targetStride)
        where TLane : struct, ILane<TLane, T>
    {
        (int firstRow, int endRow) = team.Share(rows);
        WeightGradient<T, TLane>.AddWeights(left, leftStride, right, firstRow, endRow, target, targetStride);
    }

    /// <summary>Other gradients of a block in the place of those packed before.</summary>
    private static PackedMatrix<T> PackAgain<TLane>(
        WorkerTeam team, ReadOnlySpan<T> gradients, int rows, int columns, scoped in BackwardRoom<T> room)
        where TLane : struct, ILane<TLane, T>
    {
        team.Synchronize();
        PackedMatrix<T> right = Pack<TLane>(team, gradients, rows, columns, room, columnSums: default);
        team.Synchronize();
        return right;
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
        (int firstRow, int endRow) = team.Share(Rows.Of(start, end));
        Span<T> target = Pass.InputGradient[(Rows.Before(start) * Shape.InputSize)..];
        var epilogue = new AddEpilogue<T, TLane>(target, Shape.InputSize);
        MatrixProduct<T, TLane>.RunRows(room.Gradients, room.GradientStride, firstRow, endRow, Weights.InputTransposed, ref epilogue);
    }
}
