using System.Numerics;

namespace HighPerfRnn.Layers;

/// <summary>
/// A layer of minGRU cells (Feng, Tung, Ahmed, Bengio and Hajimirsadeghi 2024, "Were RNNs All We Needed?", section 3.1), whose gates do
/// not look at h: with a = x_t·Wx + b, z = σ(a_z), n = φ(aₙ), h_t = (1 - z)∘h_{t-1} + z∘n. Over a sequence all products come first.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>Parameters: <c>weight_ih</c> Wx [I, 2·H], <c>bias</c> b [2·H], gates in the order z, n. See <see cref="RecurrentLayer{T}"/>.</remarks>
public sealed class MinGru<T> : LinearRecurrentLayer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>A layer of <paramref name="hiddenSize"/> units.</summary>
    /// <param name="inputSize">I; with tokens, how many different ones there are.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="candidate">φ; null for none, as in the paper.</param>
    /// <param name="isTrainable">Whether to hold what the backward pass needs: a second, transposed copy of the weights.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive, or there is no such activation.</exception>
    public MinGru(int inputSize, int hiddenSize, Activation? candidate = null, bool isTrainable = true)
        : base(inputSize, hiddenSize, PassesOf(candidate ?? Activation.Identity), isTrainable) =>
        CandidateActivation = candidate ?? Activation.Identity;

    /// <summary>φ.</summary>
    public Activation CandidateActivation { get; }

    private static CellPasses<T> PassesOf(Activation candidate)
    {
        candidate.Validate(nameof(candidate));
        return candidate == Activation.Identity
            ? new LinearCellPasses<T, MinGruCell<T, UsualFunctions<T>>>(default)
            : new LinearCellPasses<T, MinGruCell<T, AnyFunctions<T>>>(
                new(new AnyFunctions<T>(double.PositiveInfinity, clipped: 0, Activation.Sigmoid, candidate)));
    }
}

/// <summary>
/// A layer of minLSTM cells (section 3.2 of the same): with a = x_t·Wx + b, f = σ(a_f) + δ, i = σ(aᵢ) + δ, n = φ(aₙ),
/// h_t = (f∘h_{t-1} + i∘n) / (f + i), δ = 2⁻¹⁰⁰ (2⁻⁹⁰⁰ in double), which makes ½ of 0 / 0 where both gates vanish.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>Parameters: <c>weight_ih</c> Wx [I, 3·H], <c>bias</c> b [3·H], gates in the order f, i, n. See <see cref="RecurrentLayer{T}"/>.</remarks>
public sealed class MinLstm<T> : LinearRecurrentLayer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc cref="MinGru{T}(int, int, Activation?, bool)"/>
    public MinLstm(int inputSize, int hiddenSize, Activation? candidate = null, bool isTrainable = true)
        : base(inputSize, hiddenSize, PassesOf(candidate ?? Activation.Identity), isTrainable) =>
        CandidateActivation = candidate ?? Activation.Identity;

    /// <summary>φ.</summary>
    public Activation CandidateActivation { get; }

    private static CellPasses<T> PassesOf(Activation candidate)
    {
        candidate.Validate(nameof(candidate));
        return candidate == Activation.Identity
            ? new LinearCellPasses<T, MinLstmCell<T, UsualFunctions<T>>>(default)
            : new LinearCellPasses<T, MinLstmCell<T, AnyFunctions<T>>>(
                new(new AnyFunctions<T>(double.PositiveInfinity, clipped: 0, Activation.Sigmoid, Activation.Sigmoid, candidate)));
    }
}

/// <summary>
/// A layer of diagonal linear recurrences after the LRU (Orvieto, Smith, Gu, Fernando, Gulcehre, Pascanu and De 2023, "Resurrecting
/// Recurrent Neural Networks for Long Sequences"), its λ real: h_t = λ∘h_{t-1} + γ∘(x_t·Wx + b), λ = e^(-e^ν), γ = √(1 - λ²).
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>
/// Parameters: <c>weight_ih</c> Wx [I, H], <c>bias</c> b [H], <c>nu</c> ν [H], which must be above -80 (-700 in double): below, γ vanishes.
/// See <see cref="RecurrentLayer{T}"/>.
/// </remarks>
public sealed class Lru<T> : LinearRecurrentLayer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>A layer of <paramref name="hiddenSize"/> units.</summary>
    /// <param name="inputSize">I; with tokens, how many different ones there are.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="isTrainable">Whether to hold what the backward pass needs: a second, transposed copy of the weights.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    public Lru(int inputSize, int hiddenSize, bool isTrainable = true)
        : base(inputSize, hiddenSize, new LinearCellPasses<T, LruCell<T>>(default), isTrainable)
    {
    }
}
