using System.Numerics;

namespace HighPerfRnn.Layers;

/// <summary>The variants of <see cref="Lstm{T}"/>.</summary>
public sealed record LstmOptions
{
    /// <summary>Whether i and f look at c_{t-1}, and o at c_t, each through a vector of its own.</summary>
    public bool HasPeepholes { get; init; }

    /// <summary>Whether f = 1 - i, i after its activation: the layer then has three gates.</summary>
    public bool IsCoupled { get; init; }

    /// <summary>P: h = (o∘φ_c(c))·Wp has so many numbers (PyTorch's proj_size); 0 for no projection.</summary>
    public int ProjectionSize { get; init; }

    /// <summary>The bound of every gate's pre-activation, positive; infinity for none. The cell state is never clipped.</summary>
    public double Clip { get; init; } = double.PositiveInfinity;

    /// <summary>φᵢ.</summary>
    public Activation InputActivation { get; init; } = Activation.Sigmoid;

    /// <summary>φ_f; of no meaning in a coupled layer.</summary>
    public Activation ForgetActivation { get; init; } = Activation.Sigmoid;

    /// <summary>φ_g.</summary>
    public Activation CandidateActivation { get; init; } = Activation.Tanh;

    /// <summary>φₒ.</summary>
    public Activation OutputActivation { get; init; } = Activation.Sigmoid;

    /// <summary>φ_c.</summary>
    public Activation StateActivation { get; init; } = Activation.Tanh;

    internal bool IsUsual => double.IsPositiveInfinity(Clip)
        && (InputActivation, ForgetActivation, CandidateActivation, OutputActivation, StateActivation)
            == (Activation.Sigmoid, Activation.Sigmoid, Activation.Tanh, Activation.Sigmoid, Activation.Tanh);

    /// <exception cref="ArgumentOutOfRangeException">An activation is none, or the clip is not positive.</exception>
    internal void Validate()
    {
        if (!(Clip > 0)) throw new ArgumentOutOfRangeException(nameof(Clip), Clip, "expected a positive bound");
        InputActivation.Validate(nameof(InputActivation));
        ForgetActivation.Validate(nameof(ForgetActivation));
        CandidateActivation.Validate(nameof(CandidateActivation));
        OutputActivation.Validate(nameof(OutputActivation));
        StateActivation.Validate(nameof(StateActivation));
    }
}

/// <summary>
/// A layer of LSTM cells (Hochreiter and Schmidhuber 1997; peepholes: Gers and Schmidhuber 2000; projection: Sak, Senior and Beaufays
/// 2014) over whole sequences, forward and backward through time, without allocating. With a = x_t·Wx + b + h_{t-1}·Wh:
/// <code>
/// i = φᵢ(aᵢ + pᵢ∘c_{t-1})        f = φ_f(a_f + p_f∘c_{t-1})        g = φ_g(a_g)
/// c_t = f∘c_{t-1} + i∘g          o = φₒ(aₒ + pₒ∘c_t)               h_t = o∘φ_c(c_t), or (o∘φ_c(c_t))·Wp
/// </code>
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>
/// Parameters: <c>weight_ih</c> Wx [I, 4·H], <c>weight_hh</c> Wh [P, 4·H], <c>bias</c> b [4·H], gates in the order i, f, g, o (i, g, o
/// and 3·H where f = 1 - i); <c>weight_hr</c> Wp [H, P] behind a projection; <c>peephole_i</c>, <c>peephole_f</c> and <c>peephole_o</c>
/// [H] where there are such. The one cell state is c. P = H without a projection. See <see cref="RecurrentLayer{T}"/> for the rest.
/// </remarks>
public sealed class Lstm<T> : RecurrentLayer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>A layer of <paramref name="hiddenSize"/> units.</summary>
    /// <param name="inputSize">I; with tokens, how many different ones there are.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="options">The variant; null for the usual one.</param>
    /// <param name="isTrainable">Whether to hold what the backward pass needs: a second, transposed copy of the weights.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive, P is negative, or an option is impossible.</exception>
    public Lstm(int inputSize, int hiddenSize, LstmOptions? options = null, bool isTrainable = true)
        : base(inputSize, hiddenSize, PassesOf(options ?? new LstmOptions()), isTrainable, options?.ProjectionSize ?? 0) =>
        Options = options ?? new LstmOptions();

    /// <summary>The variant.</summary>
    public LstmOptions Options { get; }

    private static CellPasses<T> PassesOf(LstmOptions options)
    {
        options.Validate();
        if (options.IsUsual) return PassesOf(options, default(UsualFunctions<T>));
        var functions = new AnyFunctions<T>(
            options.Clip,
            clipped: 4,
            options.InputActivation,
            options.ForgetActivation,
            options.CandidateActivation,
            options.OutputActivation,
            options.StateActivation);
        return PassesOf(options, functions);
    }

    private static CellPasses<T> PassesOf<TFunctions>(LstmOptions options, TFunctions functions)
        where TFunctions : struct, IGateFunctions<T> => (options.HasPeepholes, options.IsCoupled) switch
        {
            (false, false) => new CellPasses<T, LstmCell<T, TFunctions, Without, Without>>(new(functions)),
            (true, false) => new CellPasses<T, LstmCell<T, TFunctions, With, Without>>(new(functions)),
            (false, true) => new CellPasses<T, LstmCell<T, TFunctions, Without, With>>(new(functions)),
            (true, true) => new CellPasses<T, LstmCell<T, TFunctions, With, With>>(new(functions)),
        };
}
