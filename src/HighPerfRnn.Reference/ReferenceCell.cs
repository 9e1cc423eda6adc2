using System.Numerics;

namespace HighPerfRnn.Reference;

/// <summary>What a row carries from step to step: the state h, which is also the output, and the cell state c.</summary>
/// <typeparam name="T">The type computed in.</typeparam>
/// <param name="h">h, or its gradient.</param>
/// <param name="c">c, or its gradient; empty where the cell has none.</param>
public readonly ref struct ReferenceState<T>(Span<T> h, Span<T> c)
{
    /// <summary>h, [OutputSize].</summary>
    public Span<T> H { get; } = h;

    /// <summary>c, [CellStateSize].</summary>
    public Span<T> C { get; } = c;
}

/// <summary>
/// A cell is one step of one row, forward and backward. <see cref="ReferenceSequence{T}"/> makes sequences, batches, lengths
/// and directions of it, the same for every cell.
/// <para>
/// The subnormal guard is part of every definition, and the gradient treats it as the identity: flush(v) = +0 where |v| is
/// below the threshold (2⁻¹⁰⁰ in float, 2⁻⁹⁰⁰ in double), else v. It stands at every h and c, at the gradient of every
/// pre-activation, and at what a gradient of a state hands to the step before unit by unit (what goes through a matrix is a
/// new sum, which does not decay). Initial states are taken as they are.
/// </para>
/// </summary>
/// <typeparam name="T">The type computed in.</typeparam>
public abstract class ReferenceCell<T>
    where T : struct, INumberBase<T>
{
    private protected ReferenceCell(
        ReferenceMath<T> math, int inputSize, int hiddenSize, params ReadOnlySpan<ReferenceParameterShape> parameters)
    {
        Math = math;
        InputSize = inputSize;
        HiddenSize = hiddenSize;
        Parameters = new ReferenceParameters<T>(parameters);
    }

    /// <summary>I, the length of x.</summary>
    public int InputSize { get; }

    /// <summary>H, the cell's units.</summary>
    public int HiddenSize { get; }

    /// <summary>The length of h: H, or P behind a projection.</summary>
    public virtual int OutputSize => HiddenSize;

    /// <summary>The length of c; 0 where the cell has none.</summary>
    public virtual int CellStateSize => 0;

    /// <summary>How many numbers a step keeps for the backward pass.</summary>
    public abstract int KeptSize { get; }

    /// <summary>The weights, zeros at first.</summary>
    public ReferenceParameters<T> Parameters { get; }

    /// <summary>The functions beside + - · /.</summary>
    protected ReferenceMath<T> Math { get; }

    /// <summary>Computes the next states of one row.</summary>
    /// <param name="x">The step's input, [I].</param>
    /// <param name="previous">h_{t-1}, c_{t-1}.</param>
    /// <param name="current">h_t, c_t; overwritten.</param>
    /// <param name="kept">What the backward step needs, [KeptSize]; overwritten.</param>
    public abstract void Forward(ReadOnlySpan<T> x, ReferenceState<T> previous, ReferenceState<T> current, Span<T> kept);

    /// <summary>The gradients of one row's step.</summary>
    /// <param name="x">The step's input, [I].</param>
    /// <param name="previous">h_{t-1}, c_{t-1}.</param>
    /// <param name="current">h_t, c_t, as the forward step wrote them.</param>
    /// <param name="kept">What it kept.</param>
    /// <param name="dCurrent">The gradients that reach h_t and c_t, from outside and from later steps.</param>
    /// <param name="dX">dX, [I]; added to.</param>
    /// <param name="dPrevious">The gradients of h_{t-1} and c_{t-1}; zeros before, added to.</param>
    /// <param name="gradients">The parameters' gradients; added to.</param>
    public abstract void Backward(
        ReadOnlySpan<T> x,
        ReferenceState<T> previous,
        ReferenceState<T> current,
        ReadOnlySpan<T> kept,
        ReferenceState<T> dCurrent,
        Span<T> dX,
        ReferenceState<T> dPrevious,
        ReferenceParameters<T> gradients);
}

/// <summary>Which cell, whatever the type that it computes in: the same description makes it in float, in double, with bounds.</summary>
public abstract record ReferenceCellOptions
{
    /// <summary>Makes the cell, its weights zeros.</summary>
    /// <param name="math">The functions beside + - · /.</param>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    public abstract ReferenceCell<T> Create<T>(ReferenceMath<T> math, int inputSize, int hiddenSize)
        where T : struct, INumberBase<T>;
}
