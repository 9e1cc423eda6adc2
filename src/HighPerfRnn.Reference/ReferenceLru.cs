using System.Numerics;

namespace HighPerfRnn.Reference;

/// <summary>
/// A diagonal linear recurrence after the LRU (Orvieto, Smith, Gu, Fernando, Gulcehre, Pascanu and De 2023, "Resurrecting
/// Recurrent Neural Networks for Long Sequences"). weight_ih = Wx [I, H], bias = b [H], nu = ν [H].
/// <code>
/// λ        = e^(-e^ν)                     decays, 0 &lt; λ &lt; 1 for every ν
/// γ        = √(1 - λ²)                    keeps |h| near |u| for white inputs, however slow the decay
/// u        = b + x·Wx
/// h        = flush(λ∘h_{t-1} + γ∘u)
/// backward, dh given:
/// dU       = flush(dh∘γ)
/// dh_{t-1} = flush(dh∘λ)
/// dν      += dh ∘ (h_{t-1}∘λ' + u∘γ')     λ' = -e^ν·λ      γ' = e^ν·λ²/γ
/// dX = dU·Wxᵀ      dWx += xᵀ·dU      db += dU
/// </code>
/// The paper's λ is complex, e^(-e^ν + iθ): two real numbers a unit, whose rotation it needs for tasks of position. Here it is
/// real, as in the gated linear recurrences that followed: one number a unit, no output matrix, h is the output; the paper's
/// learned matrices C and D and its nonlinearity are layers of their own. 1 - λ² is taken as -(e^(-2e^ν) - 1), which does not
/// cancel where λ is near 1. ν below about -80 (in float) or -700 (in double) has no γ any more, and is not allowed.
/// </summary>
/// <typeparam name="T">The type computed in.</typeparam>
public sealed class ReferenceLru<T> : ReferenceLinearCell<T>
    where T : struct, INumberBase<T>
{
    /// <summary>Makes the cell, its weights zeros.</summary>
    /// <param name="math">The functions beside + - · /.</param>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    public ReferenceLru(ReferenceMath<T> math, int inputSize, int hiddenSize)
        : base(
            math,
            inputSize,
            hiddenSize,
            new ReferenceParameterShape("weight_ih", inputSize, hiddenSize),
            new ReferenceParameterShape("bias", 1, hiddenSize),
            new ReferenceParameterShape("nu", 1, hiddenSize))
    {
    }

    /// <inheritdoc/>
    public override int KeptSize => HiddenSize;

    /// <inheritdoc/>
    public override void Terms(ReadOnlySpan<T> x, Span<T> decays, Span<T> additions, Span<T> kept)
    {
        Parameters["bias"].CopyTo(kept);
        ReferenceMatrix.AddProduct(x, Parameters["weight_ih"], kept);
        for (int j = 0; j < HiddenSize; j++)
        {
            (decays[j], T gain) = DecayAndGain(j, out _);
            additions[j] = gain * kept[j];
        }
    }

    /// <inheritdoc/>
    public override void Backward(
        ReadOnlySpan<T> x,
        ReferenceState<T> previous,
        ReferenceState<T> current,
        ReadOnlySpan<T> kept,
        ReferenceState<T> dCurrent,
        Span<T> dX,
        ReferenceState<T> dPrevious,
        ReferenceParameters<T> gradients)
    {
        T[] dU = new T[HiddenSize];
        for (int j = 0; j < HiddenSize; j++)
        {
            T dH = dCurrent.H[j];
            (T decay, T gain) = DecayAndGain(j, out T rate);
            T decaySlope = -rate * decay;
            T gainSlope = rate * (decay * decay) / gain;
            dU[j] = Math.Flush(dH * gain);
            dPrevious.H[j] += Math.Flush(dH * decay);
            gradients["nu"][j] += dH * (previous.H[j] * decaySlope + kept[j] * gainSlope);
        }

        ReferenceMatrix.AddTransposedProduct(dU, Parameters["weight_ih"], dX);
        ReferenceMatrix.AddOuterProduct(x, dU, gradients["weight_ih"]);
        ReferenceMatrix.Add(dU, gradients["bias"]);
    }

    /// <summary>λ and γ; <paramref name="rate"/> = e^ν.</summary>
    private (T Decay, T Gain) DecayAndGain(int j, out T rate)
    {
        rate = Math.Exp(Parameters["nu"][j]);
        T minusSquare = Math.Activate(ReferenceActivation.Elu(1), -(rate + rate));
        return (Math.Exp(-rate), Math.Sqrt(-minusSquare));
    }
}

/// <summary>Makes a <see cref="ReferenceLru{T}"/>, which has no variants.</summary>
public sealed record ReferenceLruOptions : ReferenceCellOptions
{
    /// <inheritdoc/>
    public override ReferenceCell<T> Create<T>(ReferenceMath<T> math, int inputSize, int hiddenSize) =>
        new ReferenceLru<T>(math, inputSize, hiddenSize);
}
