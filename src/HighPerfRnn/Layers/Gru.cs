using System.Numerics;

namespace HighPerfRnn.Layers;

/// <summary>The variants of <see cref="Gru{T}"/>.</summary>
public sealed record GruOptions
{
    /// <summary>
    /// Whether the reset gate acts before the product, n = φₙ(aₙ + (r∘h_{t-1})·Whₙ), as in the paper and by ONNX's default; otherwise after
    /// it, as in PyTorch, cuDNN and by Keras' default.
    /// </summary>
    public bool ResetsBefore { get; init; }

    /// <summary>The bound of every gate's pre-activation, positive; infinity for none.</summary>
    public double Clip { get; init; } = double.PositiveInfinity;

    /// <summary>φᵣ.</summary>
    public Activation ResetActivation { get; init; } = Activation.Sigmoid;

    /// <summary>φ_z.</summary>
    public Activation UpdateActivation { get; init; } = Activation.Sigmoid;

    /// <summary>φₙ.</summary>
    public Activation CandidateActivation { get; init; } = Activation.Tanh;

    internal bool IsUsual => double.IsPositiveInfinity(Clip)
        && (ResetActivation, UpdateActivation, CandidateActivation) == (Activation.Sigmoid, Activation.Sigmoid, Activation.Tanh);

    /// <exception cref="ArgumentOutOfRangeException">An activation is none, or the clip is not positive.</exception>
    internal void Validate()
    {
        if (!(Clip > 0)) throw new ArgumentOutOfRangeException(nameof(Clip), Clip, "expected a positive bound");
        ResetActivation.Validate(nameof(ResetActivation));
        UpdateActivation.Validate(nameof(UpdateActivation));
        CandidateActivation.Validate(nameof(CandidateActivation));
    }
}

/// <summary>
/// A layer of GRU cells (Cho et al. 2014) over whole sequences, forward and backward through time, without allocating. With
/// a = x_t·Wx + b:
/// <code>
/// r = φᵣ(aᵣ + h_{t-1}·Whᵣ)                  z = φ_z(a_z + h_{t-1}·Wh_z)
/// n = φₙ(aₙ + r∘(h_{t-1}·Whₙ + b'))         or φₙ(aₙ + (r∘h_{t-1})·Whₙ)
/// h_t = (1 - z)∘n + z∘h_{t-1}
/// </code>
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>
/// Parameters: <c>weight_ih</c> Wx [I, 3·H], <c>weight_hh</c> Wh [H, 3·H], <c>bias</c> b [3·H], gates in the order r, z, n; unless the
/// reset acts before the product, <c>bias_hn</c> b' [H]. See <see cref="RecurrentLayer{T}"/> for the rest.
/// </remarks>
public sealed class Gru<T> : RecurrentLayer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>A layer of <paramref name="hiddenSize"/> units.</summary>
    /// <param name="inputSize">I; with tokens, how many different ones there are.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="options">The variant; null for the usual one.</param>
    /// <param name="isTrainable">Whether to hold what the backward pass needs: a second, transposed copy of the weights.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive, or an option is impossible.</exception>
    public Gru(int inputSize, int hiddenSize, GruOptions? options = null, bool isTrainable = true)
        : base(inputSize, hiddenSize, PassesOf(options ?? new GruOptions()), isTrainable) => Options = options ?? new GruOptions();

    /// <summary>The variant.</summary>
    public GruOptions Options { get; }

    private static CellPasses<T> PassesOf(GruOptions options)
    {
        options.Validate();
        if (options.IsUsual) return PassesOf(options, default(UsualFunctions<T>));
        var functions = new AnyFunctions<T>(
            options.Clip, clipped: 3, options.ResetActivation, options.UpdateActivation, options.CandidateActivation);
        return PassesOf(options, functions);
    }

    private static CellPasses<T> PassesOf<TFunctions>(GruOptions options, TFunctions functions)
        where TFunctions : struct, IGateFunctions<T> => options.ResetsBefore
            ? new CellPasses<T, ResetBeforeGruCell<T, TFunctions>>(new(functions))
            : new CellPasses<T, GruCell<T, TFunctions>>(new(functions));
}
