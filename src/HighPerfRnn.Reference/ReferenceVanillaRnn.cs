using System.Numerics;

namespace HighPerfRnn.Reference;

/// <summary>
/// The plain recurrent cell with any activation and a clip. weight_ih = Wx [I, H], weight_hh = Wh [H, H], bias = b [H].
/// <code>
/// a  = clip(b + x·Wx + h_{t-1}·Wh)
/// h  = flush(φ(a))
/// backward, dh given:
/// dA       = flush(dh ∘ φ'(a) ∘ [|a| ≤ clip])          φ' from h where it follows from it
/// dh_{t-1} = dA·Whᵀ      dX = dA·Wxᵀ      dWx += xᵀ·dA      dWh += h_{t-1}ᵀ·dA      db += dA
/// </code>
/// For tanh, ReLU and the identity it is <see cref="ReferenceRnn"/>, bit for bit.
/// </summary>
/// <typeparam name="T">The type computed in.</typeparam>
public sealed class ReferenceVanillaRnn<T> : ReferenceCell<T>
    where T : struct, INumberBase<T>
{
    private readonly ReferenceVanillaRnnOptions _options;

    /// <summary>Makes the cell, its weights zeros.</summary>
    /// <param name="math">The functions beside + - · /.</param>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="options">φ and the clip.</param>
    public ReferenceVanillaRnn(ReferenceMath<T> math, int inputSize, int hiddenSize, ReferenceVanillaRnnOptions options)
        : base(
            math,
            inputSize,
            hiddenSize,
            new ReferenceParameterShape("weight_ih", inputSize, hiddenSize),
            new ReferenceParameterShape("weight_hh", hiddenSize, hiddenSize),
            new ReferenceParameterShape("bias", 1, hiddenSize))
    {
        _options = options;
    }

    /// <inheritdoc/>
    public override int KeptSize => HiddenSize;

    /// <inheritdoc/>
    public override void Forward(ReadOnlySpan<T> x, ReferenceState<T> previous, ReferenceState<T> current, Span<T> kept)
    {
        Parameters["bias"].CopyTo(kept);
        ReferenceMatrix.AddProduct(x, Parameters["weight_ih"], kept);
        ReferenceMatrix.AddProduct(previous.H, Parameters["weight_hh"], kept);
        for (int j = 0; j < HiddenSize; j++)
        {
            current.H[j] = Math.Flush(Math.Activate(_options.Activation, Math.Clip(kept[j], _options.Clip)));
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
        T[] dA = new T[HiddenSize];
        for (int j = 0; j < HiddenSize; j++)
        {
            T slope = Math.Slope(_options.Activation, Math.Clip(kept[j], _options.Clip), current.H[j]);
            dA[j] = Math.Flush(dCurrent.H[j] * (slope * Math.Inside(kept[j], _options.Clip)));
        }

        ReferenceMatrix.AddTransposedProduct(dA, Parameters["weight_ih"], dX);
        ReferenceMatrix.AddTransposedProduct(dA, Parameters["weight_hh"], dPrevious.H);
        ReferenceMatrix.AddOuterProduct(x, dA, gradients["weight_ih"]);
        ReferenceMatrix.AddOuterProduct(previous.H, dA, gradients["weight_hh"]);
        ReferenceMatrix.Add(dA, gradients["bias"]);
    }
}

/// <summary>The variants of <see cref="ReferenceVanillaRnn{T}"/>.</summary>
public sealed record ReferenceVanillaRnnOptions : ReferenceCellOptions
{
    /// <summary>φ.</summary>
    public ReferenceActivation Activation { get; init; } = ReferenceActivation.Tanh;

    /// <summary>The bound of the pre-activation; infinity for none.</summary>
    public double Clip { get; init; } = double.PositiveInfinity;

    /// <inheritdoc/>
    public override ReferenceCell<T> Create<T>(ReferenceMath<T> math, int inputSize, int hiddenSize) =>
        new ReferenceVanillaRnn<T>(math, inputSize, hiddenSize, this);
}
