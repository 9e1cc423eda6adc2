using System.Numerics;

namespace HighPerfRnn.Reference;

/// <summary>
/// A cell over a batch of sequences, forward and backward through time, in one direction: the one driver of all cells. Arrays
/// are row-major: input [T, B, I], output [T, B, P], states [B, P] and [B, C].
/// <para>
/// Ragged batches: row b has lengths[b] steps, 0 to T. Its output past its end is zero, what the input holds there is never
/// read, and its gradient there is zero. Its final states are those of its last valid step. A row without steps keeps its
/// initial states: nothing happened to it, so that a sequence may be cut into chunks wherever one likes, of which some may be
/// empty for some rows, and its final gradient is its initial one. (ONNX Runtime gives zeros there: whoever compares with it
/// clears the final states of such rows.)
/// </para>
/// <para>
/// In reverse, row b starts at its own last step and ends at step 0; the output stands at the step that it belongs to, and
/// the final state is the one after step 0.
/// </para>
/// </summary>
/// <typeparam name="T">The type computed in.</typeparam>
public sealed class ReferenceSequence<T>
    where T : struct, INumberBase<T>
{
    private readonly ReferenceCell<T> _cell;
    private readonly int _batch;
    private readonly int _steps;
    private readonly int[] _lengths;
    private readonly bool _reverse;
    private readonly int _scanBlock;
    private readonly T[] _kept;
    private readonly T[] _cellStates;
    private readonly T[] _initialState;
    private readonly T[] _initialCellState;
    private T[] _input = [];

    /// <summary>Binds the cell to sizes, lengths and a direction.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="batch">B.</param>
    /// <param name="steps">T, may be 0.</param>
    /// <param name="lengths">The steps of each row; null for all T.</param>
    /// <param name="reverse">Whether rows run from their last step to the first.</param>
    /// <param name="scanBlock">Steps of a block of the prefix scan over time, for a linear cell; 0 for one step after the other.</param>
    /// <exception cref="ArgumentException">There are not B lengths, or a cell that is not linear cannot be scanned.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A length is not 0 to T.</exception>
    public ReferenceSequence(
        ReferenceCell<T> cell, int batch, int steps, int[]? lengths = null, bool reverse = false, int scanBlock = 0)
    {
        if (scanBlock > 0 && cell is not ReferenceLinearCell<T>)
        {
            throw new ArgumentException("Only a linear cell can be scanned.", nameof(scanBlock));
        }

        _scanBlock = scanBlock;
        lengths ??= [.. Enumerable.Repeat(steps, batch)];
        ReferenceCheck.Length(nameof(lengths), lengths.Length, batch);
        foreach (int length in lengths)
        {
            ReferenceCheck.Index(nameof(lengths), length, steps + 1);
        }

        (_cell, _batch, _steps, _lengths, _reverse) = (cell, batch, steps, lengths, reverse);
        int rows = checked(steps * batch);
        _kept = new T[checked(rows * cell.KeptSize)];
        _cellStates = new T[checked(rows * cell.CellStateSize)];
        Output = new T[checked(rows * cell.OutputSize)];
        InputGradient = new T[checked(rows * cell.InputSize)];
        _initialState = new T[checked(batch * cell.OutputSize)];
        _initialCellState = new T[checked(batch * cell.CellStateSize)];
        FinalState = new T[_initialState.Length];
        FinalCellState = new T[_initialCellState.Length];
        InitialStateGradient = new T[_initialState.Length];
        InitialCellStateGradient = new T[_initialCellState.Length];
        Gradients = cell.Parameters.Zeros();
    }

    /// <summary>h_t, [T, B, P], as <see cref="Forward"/> wrote it; zeros past a row's end, where it never writes.</summary>
    public T[] Output { get; }

    /// <summary>h of each row's last valid step, [B, P].</summary>
    public T[] FinalState { get; }

    /// <summary>c of each row's last valid step, [B, C].</summary>
    public T[] FinalCellState { get; }

    /// <summary>dX, [T, B, I]; <see cref="Backward"/> adds into it.</summary>
    public T[] InputGradient { get; }

    /// <summary>dh0, [B, P]; <see cref="Backward"/> adds into it.</summary>
    public T[] InitialStateGradient { get; }

    /// <summary>dc0, [B, C]; <see cref="Backward"/> adds into it.</summary>
    public T[] InitialCellStateGradient { get; }

    /// <summary>The gradients of the parameters; <see cref="Backward"/> adds into them.</summary>
    public ReferenceParameters<T> Gradients { get; }

    /// <summary>Computes all outputs and the final states; overwrites them.</summary>
    /// <param name="input">x, [T, B, I].</param>
    /// <param name="initialState">h_{-1}, [B, P]; empty for zeros.</param>
    /// <param name="initialCellState">c_{-1}, [B, C]; empty for zeros.</param>
    /// <exception cref="ArgumentException">A length is not the one that the shape asks for.</exception>
    public void Forward(
        ReadOnlySpan<T> input, ReadOnlySpan<T> initialState = default, ReadOnlySpan<T> initialCellState = default)
    {
        ReferenceCheck.Length(nameof(input), input.Length, InputGradient.Length);
        _input = input.ToArray();
        CopyOrClear(initialState, _initialState, nameof(initialState));
        CopyOrClear(initialCellState, _initialCellState, nameof(initialCellState));
        _initialState.CopyTo(FinalState);
        _initialCellState.CopyTo(FinalCellState);
        for (int row = 0; row < _batch; row++)
        {
            if (_scanBlock > 0)
            {
                Scan((ReferenceLinearCell<T>)_cell, row);
                continue;
            }

            for (int s = 0; s < _lengths[row]; s++)
            {
                ReferenceState<T> current = StateAfter(row, s);
                _cell.Forward(InputOf(_input, row, s), StateAfter(row, s - 1), current, KeptOf(row, s));
                current.H.CopyTo(Row(FinalState, row));
                current.C.CopyTo(Row(FinalCellState, row));
            }
        }
    }

    /// <summary>Back through time after <see cref="Forward"/>; adds into all gradients.</summary>
    /// <param name="outputGradient">dY, [T, B, P]; empty for zeros. What it holds past a row's end is not read.</param>
    /// <param name="finalStateGradient">The gradient of the final h, [B, P]; empty for zeros.</param>
    /// <param name="finalCellStateGradient">The gradient of the final c, [B, C]; empty for zeros.</param>
    /// <exception cref="ArgumentException">A length is not the one that the shape asks for.</exception>
    public void Backward(
        ReadOnlySpan<T> outputGradient,
        ReadOnlySpan<T> finalStateGradient = default,
        ReadOnlySpan<T> finalCellStateGradient = default)
    {
        T[] dY = new T[Output.Length];
        T[] dH = new T[FinalState.Length];
        T[] dC = new T[FinalCellState.Length];
        CopyOrClear(outputGradient, dY, nameof(outputGradient));
        CopyOrClear(finalStateGradient, dH, nameof(finalStateGradient));
        CopyOrClear(finalCellStateGradient, dC, nameof(finalCellStateGradient));
        for (int row = 0; row < _batch; row++)
        {
            // What reaches h and c of the step at hand: from outside, and from the steps after it.
            ReferenceState<T> dCurrent = new(Row(dH, row), Row(dC, row));
            for (int s = _lengths[row] - 1; s >= 0; s--)
            {
                ReferenceMatrix.Add(StateAt(dY, row, s), dCurrent.H);
                ReferenceState<T> dPrevious = new(new T[dCurrent.H.Length], new T[dCurrent.C.Length]);
                _cell.Backward(
                    InputOf(_input, row, s),
                    StateAfter(row, s - 1),
                    StateAfter(row, s),
                    KeptOf(row, s),
                    dCurrent,
                    InputOf(InputGradient, row, s),
                    dPrevious,
                    Gradients);
                dCurrent = dPrevious;
            }

            ReferenceMatrix.Add(dCurrent.H, Row(InitialStateGradient, row));
            ReferenceMatrix.Add(dCurrent.C, Row(InitialCellStateGradient, row));
        }
    }

    /// <summary>
    /// One row as a scan: each block of steps comes to h = A·c + B from the state c before it, A = Π a_t and B what it comes to
    /// from zeros; its other steps run one after the other from c. All are flushed as states are.
    /// </summary>
    private void Scan(ReferenceLinearCell<T> cell, int row)
    {
        int units = cell.HiddenSize;
        T[] carry = Row(_initialState, row).ToArray();
        for (int start = 0; start < _lengths[row]; start += _scanBlock)
        {
            int count = Math.Min(_scanBlock, _lengths[row] - start);
            T[] decay = new T[units];
            T[] addition = new T[units];
            T[] product = [.. Enumerable.Repeat(T.One, units)];
            T[] sum = new T[units];
            T[] state = [.. carry];
            for (int i = 0; i < count; i++)
            {
                cell.Terms(InputOf(_input, row, start + i), decay, addition, KeptOf(row, start + i));
                Span<T> output = StateAt(Output, row, start + i);
                for (int j = 0; j < units; j++)
                {
                    product[j] = cell.NextProduct(decay[j], product[j]);
                    sum[j] = cell.Next(decay[j], sum[j], addition[j]);
                    state[j] = cell.Next(decay[j], state[j], addition[j]);
                    bool isLast = i == _scanBlock - 1;
                    output[j] = isLast ? carry[j] = cell.Next(product[j], carry[j], sum[j]) : state[j];
                }
            }

            StateAt(Output, row, start + count - 1).CopyTo(Row(FinalState, row));
        }
    }

    /// <summary>The row of all T·B at which step s of one row stands, s counted in the direction of time of the cell.</summary>
    private int Position(int row, int s) => (_reverse ? _lengths[row] - 1 - s : s) * _batch + row;

    private Span<T> InputOf(T[] inputs, int row, int s) =>
        inputs.AsSpan(Position(row, s) * _cell.InputSize, _cell.InputSize);

    private Span<T> KeptOf(int row, int s) => _kept.AsSpan(Position(row, s) * _cell.KeptSize, _cell.KeptSize);

    private Span<T> StateAt(T[] states, int row, int s) =>
        states.AsSpan(Position(row, s) * _cell.OutputSize, _cell.OutputSize);

    /// <summary>h and c after step s; s = -1 for the initial ones.</summary>
    private ReferenceState<T> StateAfter(int row, int s) => s < 0
        ? new(Row(_initialState, row), Row(_initialCellState, row))
        : new(StateAt(Output, row, s), _cellStates.AsSpan(Position(row, s) * _cell.CellStateSize, _cell.CellStateSize));

    /// <summary>One row of [B, width].</summary>
    private Span<T> Row(T[] states, int row)
    {
        int width = states.Length / _batch;
        return states.AsSpan(row * width, width);
    }

    private static void CopyOrClear(ReadOnlySpan<T> source, Span<T> target, string name)
    {
        ReferenceCheck.LengthOrEmpty(name, source.Length, target.Length);
        target.Clear();
        source.CopyTo(target);
    }
}
