using System.Numerics;

namespace HighPerfRnn.Reference;

/// <summary>
/// A cell whose gates do not look at h, so that each unit is h_t = flush(a_t·h_{t-1} + b_t), and which has no other state.
/// <see cref="ReferenceSequence{T}"/> takes its steps one after the other, or as a prefix scan over time.
/// </summary>
/// <typeparam name="T">The type computed in.</typeparam>
public abstract class ReferenceLinearCell<T> : ReferenceCell<T>
    where T : struct, INumberBase<T>
{
    private protected ReferenceLinearCell(
        ReferenceMath<T> math, int inputSize, int hiddenSize, params ReadOnlySpan<ReferenceParameterShape> parameters)
        : base(math, inputSize, hiddenSize, parameters)
    {
    }

    /// <summary>a_t and b_t of one row.</summary>
    /// <param name="x">The step's input, [I].</param>
    /// <param name="decays">a_t, [H]; overwritten.</param>
    /// <param name="additions">b_t, [H]; overwritten.</param>
    /// <param name="kept">What the backward step needs, [KeptSize]; overwritten.</param>
    public abstract void Terms(ReadOnlySpan<T> x, Span<T> decays, Span<T> additions, Span<T> kept);

    /// <summary>flush(a·h + b).</summary>
    /// <param name="decay">a.</param>
    /// <param name="state">h.</param>
    /// <param name="addition">b.</param>
    public T Next(T decay, T state, T addition) => Math.Flush(decay * state + addition);

    /// <summary>flush(a·p), the product of a block's decays so far.</summary>
    /// <param name="decay">a.</param>
    /// <param name="product">p.</param>
    public T NextProduct(T decay, T product) => Math.Flush(decay * product);

    /// <inheritdoc/>
    public override void Forward(ReadOnlySpan<T> x, ReferenceState<T> previous, ReferenceState<T> current, Span<T> kept)
    {
        T[] decays = new T[HiddenSize];
        T[] additions = new T[HiddenSize];
        Terms(x, decays, additions, kept);
        for (int j = 0; j < HiddenSize; j++)
        {
            current.H[j] = Next(decays[j], previous.H[j], additions[j]);
        }
    }
}
