using System.Numerics;

namespace HighPerfRnn.Reference;

/// <summary>
/// minLSTM (Feng, Tung, Ahmed, Bengio and Hajimirsadeghi 2024, "Were RNNs All We Needed?", section 3.2): an LSTM whose gates do
/// not look at h, normalised so that they add up to 1; h is its only state. Gates stand in the order f, i, n.
/// weight_ih = Wx [I, 3H], bias = b [3H].
/// <code>
/// a        = b + x·Wx
/// f        = σ(a_f) + δ                   δ = the guard's threshold
/// i        = σ(aᵢ) + δ
/// f'       = f / (f + i)
/// i'       = i / (f + i)
/// n        = φ(aₙ)
/// h        = flush(f'∘h_{t-1} + i'∘n)
/// backward, dh given:
/// d        = dh∘(h_{t-1} - n) ∘ f'∘i'     df' - di' = dh∘(h_{t-1} - n); ∂f'/∂f = i'/(f + i), and f/(f + i) = f'
/// dA_f     = flush(d ∘ (1 - σ(a_f)))
/// dAᵢ      = flush(-d ∘ (1 - σ(aᵢ)))
/// dAₙ      = flush(dh∘i' ∘ φ'(aₙ))
/// dh_{t-1} = flush(dh∘f')
/// dX = dA·Wxᵀ      dWx += xᵀ·dA      db += dA
/// </code>
/// The paper has no δ. It changes no gate above 2⁻⁷⁵ (in double 2⁻⁸⁴⁶) by a bit, and where both gates vanish it makes 1/2 of
/// what would be 0/0. The gradient treats σ and σ + δ as one. The paper's cell has no φ either (the identity, the default
/// here), but in log space φ(a) = a + 1/2 where a ≥ 0, else σ(a).
/// </summary>
/// <typeparam name="T">The type computed in.</typeparam>
public sealed class ReferenceMinLstm<T> : ReferenceLinearCell<T>
    where T : struct, INumberBase<T>
{
    private static readonly ReferenceActivation Sigmoid = ReferenceActivation.Sigmoid;

    private readonly ReferenceActivation _candidate;

    /// <summary>Makes the cell, its weights zeros.</summary>
    /// <param name="math">The functions beside + - · /.</param>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="options">φ.</param>
    public ReferenceMinLstm(ReferenceMath<T> math, int inputSize, int hiddenSize, ReferenceMinLstmOptions options)
        : base(
            math,
            inputSize,
            hiddenSize,
            new ReferenceParameterShape("weight_ih", inputSize, 3 * hiddenSize),
            new ReferenceParameterShape("bias", 1, 3 * hiddenSize))
    {
        _candidate = options.CandidateActivation;
    }

    /// <inheritdoc/>
    public override int KeptSize => 3 * HiddenSize;

    /// <inheritdoc/>
    public override void Terms(ReadOnlySpan<T> x, Span<T> decays, Span<T> additions, Span<T> kept)
    {
        Parameters["bias"].CopyTo(kept);
        ReferenceMatrix.AddProduct(x, Parameters["weight_ih"], kept);
        for (int j = 0; j < HiddenSize; j++)
        {
            Gates gates = GatesOf(kept, j);
            decays[j] = gates.ForgetShare;
            additions[j] = gates.InputShare * gates.Candidate;
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
        T[] dA = new T[3 * HiddenSize];
        for (int j = 0; j < HiddenSize; j++)
        {
            T dH = dCurrent.H[j];
            Gates gates = GatesOf(kept, j);
            T d = dH * (previous.H[j] - gates.Candidate) * (gates.ForgetShare * gates.InputShare);
            T slope = Math.Slope(_candidate, kept[2 * HiddenSize + j], gates.Candidate);
            dA[j] = Math.Flush(d * (T.One - gates.Forget));
            dA[HiddenSize + j] = Math.Flush(-d * (T.One - gates.Input));
            dA[2 * HiddenSize + j] = Math.Flush(dH * gates.InputShare * slope);
            dPrevious.H[j] += Math.Flush(dH * gates.ForgetShare);
        }

        ReferenceMatrix.AddTransposedProduct(dA, Parameters["weight_ih"], dX);
        ReferenceMatrix.AddOuterProduct(x, dA, gradients["weight_ih"]);
        ReferenceMatrix.Add(dA, gradients["bias"]);
    }

    private Gates GatesOf(ReadOnlySpan<T> a, int j)
    {
        T forget = Math.Activate(Sigmoid, a[j]);
        T input = Math.Activate(Sigmoid, a[HiddenSize + j]);
        T f = forget + Math.FlushThreshold;
        T i = input + Math.FlushThreshold;
        return new Gates(forget, input, f / (f + i), i / (f + i), Math.Activate(_candidate, a[2 * HiddenSize + j]));
    }

    /// <summary>σ(a_f), σ(aᵢ), f', i', n.</summary>
    private readonly record struct Gates(T Forget, T Input, T ForgetShare, T InputShare, T Candidate);
}

/// <summary>The variants of <see cref="ReferenceMinLstm{T}"/>.</summary>
public sealed record ReferenceMinLstmOptions : ReferenceCellOptions
{
    /// <summary>φ of the candidate.</summary>
    public ReferenceActivation CandidateActivation { get; init; } = ReferenceActivation.Identity;

    /// <inheritdoc/>
    public override ReferenceCell<T> Create<T>(ReferenceMath<T> math, int inputSize, int hiddenSize) =>
        new ReferenceMinLstm<T>(math, inputSize, hiddenSize, this);
}
