namespace HighPerfRnn.Layers;

public sealed partial class Sequential<T>
{
    /// <summary>
    /// Copies the states of all layers of one row over those of another, in this batch or in one of another size: a stream that moves
    /// to another batch, a hypothesis that goes on from another's state.
    /// </summary>
    /// <param name="source">States of <paramref name="sourceBatch"/> rows, <see cref="StateSize"/> elements.</param>
    /// <param name="sourceBatch">How many rows they are of.</param>
    /// <param name="sourceRow">Which of them is copied.</param>
    /// <param name="target">States of <paramref name="targetBatch"/> rows, one of which is overwritten. It may be the source itself.</param>
    /// <param name="targetBatch">How many rows they are of.</param>
    /// <param name="targetRow">Which of them is overwritten.</param>
    /// <exception cref="ArgumentException">A span has another length than its batch's states; nothing has been written then.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A batch is not positive, or a row is not one of it; nothing has been written then.</exception>
    public void CopyRowStates(
        ReadOnlySpan<T> source, int sourceBatch, int sourceRow, Span<T> target, int targetBatch, int targetRow)
    {
        CheckRowStates(source.Length, sourceBatch, nameof(source));
        CheckRowStates(target.Length, targetBatch, nameof(target));
        ArgumentOutOfRangeException.ThrowIfNegative(sourceRow);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(sourceRow, sourceBatch);
        ArgumentOutOfRangeException.ThrowIfNegative(targetRow);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(targetRow, targetBatch);
        int offset = 0;
        foreach (int size in _stateParts)
        {
            ReadOnlySpan<T> part = source.Slice((offset * sourceBatch) + (sourceRow * size), size);
            part.CopyTo(target[((offset * targetBatch) + (targetRow * size))..]);
            offset += size;
        }
    }

    /// <summary>
    /// States of a batch from states that stand row after row, each as those of a batch of one: what a linear layer computed for each
    /// row becomes what a network starts from.
    /// </summary>
    /// <param name="rows">[B, <see cref="StateSize"/>(1)].</param>
    /// <param name="batch">B.</param>
    /// <param name="states"><see cref="StateSize"/>(B) elements, overwritten; they may not overlap the rows.</param>
    /// <exception cref="ArgumentException">A span has another length, or they overlap; nothing has been written then.</exception>
    /// <exception cref="ArgumentOutOfRangeException">B is not positive.</exception>
    public void StatesFromRows(ReadOnlySpan<T> rows, int batch, Span<T> states)
    {
        CheckRowStates(rows.Length, batch, nameof(rows));
        CheckRowStates(states.Length, batch, nameof(states));
        Check.NoOverlap(states, rows, nameof(states), nameof(rows));
        for (int row = 0; row < batch; row++)
        {
            CopyRowStates(rows.Slice(row * _rowStateSize, _rowStateSize), 1, 0, states, batch, row);
        }
    }

    /// <summary>The way back of <see cref="StatesFromRows"/>: the states of a batch, or their gradient, row after row.</summary>
    /// <param name="states"><see cref="StateSize"/>(B) elements.</param>
    /// <param name="batch">B.</param>
    /// <param name="rows">[B, <see cref="StateSize"/>(1)], overwritten; they may not overlap the states.</param>
    /// <exception cref="ArgumentException">A span has another length, or they overlap; nothing has been written then.</exception>
    /// <exception cref="ArgumentOutOfRangeException">B is not positive.</exception>
    public void StatesToRows(ReadOnlySpan<T> states, int batch, Span<T> rows)
    {
        CheckRowStates(states.Length, batch, nameof(states));
        CheckRowStates(rows.Length, batch, nameof(rows));
        Check.NoOverlap(rows, states, nameof(rows), nameof(states));
        for (int row = 0; row < batch; row++)
        {
            CopyRowStates(states, batch, row, rows.Slice(row * _rowStateSize, _rowStateSize), 1, 0);
        }
    }

    private void CheckRowStates(int length, int batch, string name)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        Check.Shape(length, name, "[B, state]", batch, _rowStateSize);
    }
}
