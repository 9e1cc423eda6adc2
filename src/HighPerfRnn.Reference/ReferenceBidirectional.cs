using System.Numerics;

namespace HighPerfRnn.Reference;

/// <summary>How the two directions' outputs become one.</summary>
public enum ReferenceMerge
{
    /// <summary>Side by side, the forward direction first: [T, B, 2P].</summary>
    Concatenate,

    /// <summary>Added: [T, B, P].</summary>
    Sum,
}

/// <summary>Two cells over the same input, one forwards in time, one backwards.</summary>
/// <typeparam name="T">The type computed in.</typeparam>
public sealed class ReferenceBidirectional<T>
    where T : struct, INumberBase<T>
{
    private readonly ReferenceMerge _merge;
    private readonly int _outputSize;

    /// <summary>Binds two cells of the same sizes.</summary>
    /// <param name="forward">The cell that runs forwards in time.</param>
    /// <param name="reverse">The cell that runs backwards.</param>
    /// <param name="batch">B.</param>
    /// <param name="steps">T, may be 0.</param>
    /// <param name="lengths">The steps of each row; null for all T.</param>
    /// <param name="merge">How outputs join.</param>
    /// <exception cref="ArgumentException">There are not B lengths, or the cells' sizes differ.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A length is not 0 to T.</exception>
    public ReferenceBidirectional(
        ReferenceCell<T> forward, ReferenceCell<T> reverse, int batch, int steps, int[]? lengths, ReferenceMerge merge)
    {
        ReferenceCheck.Length(nameof(reverse), reverse.InputSize, forward.InputSize);
        ReferenceCheck.Length(nameof(reverse), reverse.OutputSize, forward.OutputSize);
        Forwards = new ReferenceSequence<T>(forward, batch, steps, lengths);
        Backwards = new ReferenceSequence<T>(reverse, batch, steps, lengths, reverse: true);
        (_merge, _outputSize) = (merge, forward.OutputSize);
        Output = new T[Forwards.Output.Length * (merge == ReferenceMerge.Concatenate ? 2 : 1)];
        InputGradient = new T[Forwards.InputGradient.Length];
    }

    /// <summary>The direction forwards in time, with its final states and gradients.</summary>
    public ReferenceSequence<T> Forwards { get; }

    /// <summary>The direction backwards in time, with its final states and gradients.</summary>
    public ReferenceSequence<T> Backwards { get; }

    /// <summary>The merged output, [T, B, 2P] or [T, B, P].</summary>
    public T[] Output { get; }

    /// <summary>dX of both directions, [T, B, I]; <see cref="Backward"/> adds into it.</summary>
    public T[] InputGradient { get; }

    /// <summary>Computes all outputs.</summary>
    /// <param name="input">x, [T, B, I].</param>
    /// <param name="initialStates">h_{-1} of both directions, [2, B, P]; empty for zeros.</param>
    /// <param name="initialCellStates">c_{-1} of both directions, [2, B, C]; empty for zeros.</param>
    /// <exception cref="ArgumentException">A length is not the one that the shape asks for.</exception>
    public void Forward(
        ReadOnlySpan<T> input, ReadOnlySpan<T> initialStates = default, ReadOnlySpan<T> initialCellStates = default)
    {
        Forwards.Forward(input, Half(initialStates, 0), Half(initialCellStates, 0));
        Backwards.Forward(input, Half(initialStates, 1), Half(initialCellStates, 1));
        for (int i = 0; i < Forwards.Output.Length; i++)
        {
            if (_merge == ReferenceMerge.Sum)
            {
                Output[i] = Forwards.Output[i] + Backwards.Output[i];
            }
            else
            {
                Output[Place(i)] = Forwards.Output[i];
                Output[Place(i) + _outputSize] = Backwards.Output[i];
            }
        }
    }

    /// <summary>Back through time after <see cref="Forward"/>; adds into all gradients.</summary>
    /// <param name="outputGradient">The gradient of <see cref="Output"/>.</param>
    /// <param name="finalStateGradients">The gradients of both final h, [2, B, P]; empty for zeros.</param>
    /// <param name="finalCellStateGradients">The gradients of both final c, [2, B, C]; empty for zeros.</param>
    /// <exception cref="ArgumentException">A length is not the one that the shape asks for.</exception>
    public void Backward(
        ReadOnlySpan<T> outputGradient,
        ReadOnlySpan<T> finalStateGradients = default,
        ReadOnlySpan<T> finalCellStateGradients = default)
    {
        ReferenceCheck.Length(nameof(outputGradient), outputGradient.Length, Output.Length);
        T[] dForwards = new T[Forwards.Output.Length];
        T[] dBackwards = new T[Forwards.Output.Length];
        for (int i = 0; i < dForwards.Length; i++)
        {
            bool sum = _merge == ReferenceMerge.Sum;
            dForwards[i] = outputGradient[sum ? i : Place(i)];
            dBackwards[i] = outputGradient[sum ? i : Place(i) + _outputSize];
        }

        Array.Clear(Forwards.InputGradient);
        Array.Clear(Backwards.InputGradient);
        Forwards.Backward(dForwards, Half(finalStateGradients, 0), Half(finalCellStateGradients, 0));
        Backwards.Backward(dBackwards, Half(finalStateGradients, 1), Half(finalCellStateGradients, 1));
        ReferenceMatrix.Add(Forwards.InputGradient, InputGradient);
        ReferenceMatrix.Add(Backwards.InputGradient, InputGradient);
    }

    private static ReadOnlySpan<T> Half(ReadOnlySpan<T> both, int index) =>
        both.Slice(index * (both.Length / 2), both.Length / 2);

    /// <summary>Where element i of a direction's [T, B, P] stands in [T, B, 2P].</summary>
    private int Place(int i) => i / _outputSize * 2 * _outputSize + i % _outputSize;
}
