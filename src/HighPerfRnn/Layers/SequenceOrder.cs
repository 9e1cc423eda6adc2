using System.Numerics;
using System.Runtime.InteropServices;

namespace HighPerfRnn.Layers;

/// <summary>
/// Where the rows of a sequence that a pass walks lie in the caller's: rows of all lengths, the longest first, each from its first step
/// or from its last; the caller's own order is time first or batch first.
/// </summary>
internal readonly ref struct SequenceOrder
{
    private readonly Span<int> _offsets;
    private readonly Span<int> _rows;
    private readonly ReadOnlySpan<int> _lengths;
    private readonly int _steps;
    private readonly int _batch;
    private readonly bool _isReverse;
    private readonly bool _isBatchFirst;

    /// <param name="memory">At least <see cref="Size"/> numbers, overwritten.</param>
    /// <param name="steps">T.</param>
    /// <param name="batch">B.</param>
    /// <param name="lengths">Steps of each row, 0 to T; empty for all T.</param>
    /// <param name="isReverse">Whether each row starts at its last step.</param>
    /// <param name="isBatchFirst">Whether the caller's sequences are [B, T, …].</param>
    public SequenceOrder(Span<int> memory, int steps, int batch, ReadOnlySpan<int> lengths, bool isReverse, bool isBatchFirst)
    {
        _offsets = memory[..(steps + 1)];
        _rows = memory.Slice(steps + 1, batch);
        _lengths = lengths;
        _steps = steps;
        _batch = batch;
        _isReverse = isReverse;
        _isBatchFirst = isBatchFirst;
        SortRows(memory.Slice(steps + 1 + batch, steps + 1));
    }

    /// <summary>Numbers that an order takes.</summary>
    public static int Size(int steps, int batch) => checked((2 * (steps + 1)) + batch);

    /// <summary>The first row of each step, and how many rows there are: <see cref="StepRows"/>.</summary>
    public ReadOnlySpan<int> Offsets => _offsets;

    /// <summary>How many rows all steps have.</summary>
    public int Count => _offsets[^1];

    /// <summary>Every token of a row that has not ended is an index below <paramref name="vocabulary"/>.</summary>
    /// <exception cref="ArgumentException">One is not.</exception>
    public void CheckTokens(ReadOnlySpan<int> tokens, int vocabulary)
    {
        for (int step = 0; step < _steps && !tokens.IsEmpty; step++)
        {
            for (int rank = 0; rank < RowsOf(step); rank++)
            {
                int place = Place(step, rank);
                if ((uint)tokens[place] < (uint)vocabulary) continue;
                throw new ArgumentException($"Tokens[{place}] is {tokens[place]}; expected 0 to {vocabulary - 1}.", nameof(tokens));
            }
        }
    }

    /// <summary>ordered = the rows of a sequence that have not ended.</summary>
    public void Gather<TItem>(ReadOnlySpan<TItem> source, int size, Span<TItem> ordered)
    {
        if (source.IsEmpty) return;
        int to = 0;
        for (int step = 0; step < _steps; step++)
        {
            for (int rank = 0; rank < RowsOf(step); rank++, to += size) source.Slice(Place(step, rank) * size, size).CopyTo(ordered[to..]);
        }
    }

    /// <summary>target = the ordered rows where they belong, zeros past each row's end.</summary>
    public void Scatter<TItem>(ReadOnlySpan<TItem> ordered, int size, Span<TItem> target)
    {
        if (Count < _steps * _batch) target.Clear();
        int from = 0;
        for (int step = 0; step < _steps; step++)
        {
            for (int rank = 0; rank < RowsOf(step); rank++, from += size) ordered.Slice(from, size).CopyTo(target[(Place(step, rank) * size)..]);
        }
    }

    /// <summary>target += the ordered rows where they belong.</summary>
    public void AddScattered<T>(ReadOnlySpan<T> ordered, int size, Span<T> target)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (target.IsEmpty) return;
        int from = 0;
        for (int step = 0; step < _steps; step++)
        {
            for (int rank = 0; rank < RowsOf(step); rank++, from += size) Add(ordered.Slice(from, size), target[(Place(step, rank) * size)..]);
        }
    }

    /// <summary>ordered = states [count, B, size] by rank.</summary>
    public void GatherStates<T>(ReadOnlySpan<T> source, int count, int size, Span<T> ordered)
    {
        for (int i = 0; i < count && !source.IsEmpty; i++)
        {
            for (int rank = 0; rank < _batch; rank++)
            {
                source.Slice(((i * _batch) + _rows[rank]) * size, size).CopyTo(ordered[(((i * _batch) + rank) * size)..]);
            }
        }
    }

    /// <summary>target = states [count, B, size] from those by rank.</summary>
    public void ScatterStates<T>(ReadOnlySpan<T> ordered, int count, int size, Span<T> target)
    {
        for (int i = 0; i < count && !target.IsEmpty; i++)
        {
            for (int rank = 0; rank < _batch; rank++)
            {
                ordered.Slice(((i * _batch) + rank) * size, size).CopyTo(target[(((i * _batch) + _rows[rank]) * size)..]);
            }
        }
    }

    /// <summary>target += states [count, B, size] from those by rank.</summary>
    public void AddScatteredStates<T>(ReadOnlySpan<T> ordered, int count, int size, Span<T> target)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < count && !target.IsEmpty; i++)
        {
            for (int rank = 0; rank < _batch; rank++)
            {
                Add(ordered.Slice(((i * _batch) + rank) * size, size), target[(((i * _batch) + _rows[rank]) * size)..]);
            }
        }
    }

    /// <summary>target [B, size] = each row's state after its last step; of a row without steps the initial one.</summary>
    public void ScatterFinalStates<T>(ReadOnlySpan<T> orderedOutput, ReadOnlySpan<T> initial, int size, Span<T> target)
    {
        for (int rank = 0; rank < _batch && !target.IsEmpty; rank++)
        {
            int row = _rows[rank];
            int length = LengthOf(row);
            Span<T> state = target.Slice(row * size, size);
            if (length > 0) orderedOutput.Slice((_offsets[length - 1] + rank) * size, size).CopyTo(state);
            else if (initial.IsEmpty) state.Clear();
            else initial.Slice(row * size, size).CopyTo(state);
        }
    }

    private static void Add<T>(ReadOnlySpan<T> row, Span<T> target)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < row.Length; i++) target[i] += row[i];
    }

    private int RowsOf(int step) => _offsets[step + 1] - _offsets[step];

    private int LengthOf(int row) => _lengths.IsEmpty ? _steps : _lengths[row];

    // Which of the caller's rows of all steps a rank's step is.
    private int Place(int step, int rank)
    {
        int row = _rows[rank];
        int time = _isReverse ? LengthOf(row) - 1 - step : step;
        return _isBatchFirst ? (row * _steps) + time : (time * _batch) + row;
    }

    /// <summary>Rows by length, the longest first and equal ones as they come, by counting; and so where each step's rows begin.</summary>
    private void SortRows(Span<int> counts)
    {
        counts.Clear();
        for (int row = 0; row < _batch; row++) counts[LengthOf(row)]++;
        int longer = 0;
        for (int length = _steps; length >= 0; length--)
        {
            // Before this step there are as many rows as are longer than it.
            if (length < _steps) _offsets[length + 1] = longer;
            int equal = counts[length];
            counts[length] = longer;
            longer += equal;
        }

        for (int row = 0; row < _batch; row++) _rows[counts[LengthOf(row)]++] = row;
        _offsets[0] = 0;
        for (int step = 0; step < _steps; step++) _offsets[step + 1] += _offsets[step];
    }
}
