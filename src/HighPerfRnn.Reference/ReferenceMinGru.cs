using System.Numerics;

namespace HighPerfRnn.Reference;

/// <summary>
/// minGRU (Feng, Tung, Ahmed, Bengio and Hajimirsadeghi 2024, "Were RNNs All We Needed?", section 3.1): a GRU whose gates do
/// not look at h. Gates stand in the order z, n. weight_ih = Wx [I, 2H], bias = b [2H].
/// <code>
/// a        = b + x·Wx
/// z        = σ(a_z)
/// n        = φ(aₙ)
/// h        = flush((1 - z)∘h_{t-1} + z∘n)
/// backward, dh given:
/// dA_z     = flush(dh∘(n - h_{t-1}) ∘ z(1 - z))
/// dAₙ      = flush(dh∘z ∘ φ'(aₙ))
/// dh_{t-1} = flush(dh∘(1 - z))
/// dX = dA·Wxᵀ      dWx += xᵀ·dA      db += dA
/// </code>
/// The paper's cell has no φ (the identity, the default here); its log-space training takes φ(a) = a + 1/2 where a ≥ 0, else
/// σ(a), to keep h positive, which a scan over products and sums does not need.
/// </summary>
/// <typeparam name="T">The type computed in.</typeparam>
public sealed class ReferenceMinGru<T> : ReferenceLinearCell<T>
    where T : struct, INumberBase<T>
{
    private static readonly ReferenceActivation Sigmoid = ReferenceActivation.Sigmoid;

    private readonly ReferenceActivation _candidate;

    /// <summary>Makes the cell, its weights zeros.</summary>
    /// <param name="math">The functions beside + - · /.</param>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="options">φ.</param>
    public ReferenceMinGru(ReferenceMath<T> math, int inputSize, int hiddenSize, ReferenceMinGruOptions options)
        : base(
            math,
            inputSize,
            hiddenSize,
            new ReferenceParameterShape("weight_ih", inputSize, 2 * hiddenSize),
            new ReferenceParameterShape("bias", 1, 2 * hiddenSize))
    {
        _candidate = options.CandidateActivation;
    }

    /// <inheritdoc/>
    public override int KeptSize => 2 * HiddenSize;

    /// <inheritdoc/>
    public override void Terms(ReadOnlySpan<T> x, Span<T> decays, Span<T> additions, Span<T> kept)
    {
        Parameters["bias"].CopyTo(kept);
        ReferenceMatrix.AddProduct(x, Parameters["weight_ih"], kept);
        for (int j = 0; j < HiddenSize; j++)
        {
            T z = Math.Activate(Sigmoid, kept[j]);
            decays[j] = T.One - z;
            additions[j] = z * Math.Activate(_candidate, kept[HiddenSize + j]);
        }
    }

    /// <inheritdoc/>
    public override void Forward(ReadOnlySpan<T> x, ReferenceState<T> previous, ReferenceState<T> current, Span<T> kept)
    {
        Parameters["bias"].CopyTo(kept);
        ReferenceMatrix.AddProduct(x, Parameters["weight_ih"], kept);
        for (int j = 0; j < HiddenSize; j++)
        {
            T z = Math.Activate(Sigmoid, kept[j]);
            T n = Math.Activate(_candidate, kept[HiddenSize + j]);
            current.H[j] = Math.Flush(Math.Blend(z, previous.H[j], n));
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
        T[] dA = new T[2 * HiddenSize];
        for (int j = 0; j < HiddenSize; j++)
        {
            T dH = dCurrent.H[j];
            T aN = kept[HiddenSize + j];
            T z = Math.Activate(Sigmoid, kept[j]);
            T n = Math.Activate(_candidate, aN);
            dA[j] = Math.Flush(dH * (n - previous.H[j]) * Math.Slope(Sigmoid, kept[j], z));
            dA[HiddenSize + j] = Math.Flush(dH * z * Math.Slope(_candidate, aN, n));
            dPrevious.H[j] += Math.Flush(Math.Blend(z, dH, T.Zero));
        }

        ReferenceMatrix.AddTransposedProduct(dA, Parameters["weight_ih"], dX);
        ReferenceMatrix.AddOuterProduct(x, dA, gradients["weight_ih"]);
        ReferenceMatrix.Add(dA, gradients["bias"]);
    }
}

/// <summary>The variants of <see cref="ReferenceMinGru{T}"/>.</summary>
public sealed record ReferenceMinGruOptions : ReferenceCellOptions
{
    /// <summary>φ of the candidate.</summary>
    public ReferenceActivation CandidateActivation { get; init; } = ReferenceActivation.Identity;

    /// <inheritdoc/>
    public override ReferenceCell<T> Create<T>(ReferenceMath<T> math, int inputSize, int hiddenSize) =>
        new ReferenceMinGru<T>(math, inputSize, hiddenSize, this);
}
