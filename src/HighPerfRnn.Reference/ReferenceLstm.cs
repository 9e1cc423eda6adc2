using System.Numerics;

namespace HighPerfRnn.Reference;

/// <summary>
/// The LSTM (Hochreiter and Schmidhuber 1997; peepholes: Gers and Schmidhuber 2000; projection: Sak, Senior and Beaufays 2014)
/// with its variants. Gates stand in PyTorch's order i, f, g, o.
/// weight_ih = Wx [I, 4H], weight_hh = Wh [P, 4H], bias = b [4H]; with peepholes, peepholes = pᵢ, p_f, pₒ [3, H]; with a
/// projection, weight_hr = Wp [H, P]; without one P = H.
/// <code>
/// a        = b + x·Wx + h_{t-1}·Wh
/// i        = φᵢ(clip(aᵢ + pᵢ∘c_{t-1}))
/// f        = φ_f(clip(a_f + p_f∘c_{t-1}))                coupled: f = 1 - i, and a_f, p_f are not used
/// g        = φ_g(clip(a_g))
/// c        = flush(f∘c_{t-1} + i∘g)
/// o        = φₒ(clip(aₒ + pₒ∘c))
/// m        = o ∘ φ_c(c)                                  neither c nor what φ_c sees is clipped
/// h        = flush(m), or flush(m·Wp)
/// backward, dh and dc' given (dc' what reaches c from the next step):
/// dm       = dh, or dh·Wpᵀ                               dWp += mᵀ·dh
/// dAₒ      = flush(dm ∘ φ_c(c) ∘ φₒ')
/// dc       = dc' + dm∘o∘φ_c'(c) + dAₒ∘pₒ
/// dAᵢ      = flush(dc∘g ∘ φᵢ')                           coupled: dc∘g - dc∘c_{t-1} in place of dc∘g
/// dA_f     = flush(dc∘c_{t-1} ∘ φ_f')                    coupled: 0
/// dA_g     = flush(dc∘i ∘ φ_g')                          each φ' is 0 where the clip bounds
/// dc_{t-1} = flush(dc∘f + dAᵢ∘pᵢ + dA_f∘p_f)
/// dh_{t-1} = dA·Whᵀ      dX = dA·Wxᵀ      dWx += xᵀ·dA      dWh += h_{t-1}ᵀ·dA      db += dA
/// dpᵢ += dAᵢ∘c_{t-1}     dp_f += dA_f∘c_{t-1}     dpₒ += dAₒ∘c
/// </code>
/// </summary>
/// <typeparam name="T">The type computed in.</typeparam>
public sealed class ReferenceLstm<T> : ReferenceCell<T>
    where T : struct, INumberBase<T>
{
    private readonly ReferenceLstmOptions _options;

    /// <summary>Makes the cell, its weights zeros.</summary>
    /// <param name="math">The functions beside + - · /.</param>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="options">The variant.</param>
    public ReferenceLstm(ReferenceMath<T> math, int inputSize, int hiddenSize, ReferenceLstmOptions options)
        : base(math, inputSize, hiddenSize, Shapes(inputSize, hiddenSize, options))
    {
        _options = options;
    }

    /// <inheritdoc/>
    public override int OutputSize => _options.ProjectionSize > 0 ? _options.ProjectionSize : HiddenSize;

    /// <inheritdoc/>
    public override int CellStateSize => HiddenSize;

    /// <inheritdoc/>
    public override int KeptSize => 10 * HiddenSize;

    /// <inheritdoc/>
    public override void Forward(ReadOnlySpan<T> x, ReferenceState<T> previous, ReferenceState<T> current, Span<T> kept)
    {
        Step step = new(kept, HiddenSize);
        Parameters["bias"].CopyTo(step.A);
        ReferenceMatrix.AddProduct(x, Parameters["weight_ih"], step.A);
        ReferenceMatrix.AddProduct(previous.H, Parameters["weight_hh"], step.A);
        for (int j = 0; j < HiddenSize; j++)
        {
            if (_options.Peepholes)
            {
                step.AI[j] += Peephole(0, j) * previous.C[j];
                step.AF[j] += Peephole(1, j) * previous.C[j];
            }

            step.I[j] = Gate(_options.InputActivation, step.AI[j]);
            step.F[j] = _options.CoupledForget ? T.One - step.I[j] : Gate(_options.ForgetActivation, step.AF[j]);
            step.G[j] = Gate(_options.CandidateActivation, step.AG[j]);
            current.C[j] = Math.Flush(step.F[j] * previous.C[j] + step.I[j] * step.G[j]);
            if (_options.Peepholes)
            {
                step.AO[j] += Peephole(2, j) * current.C[j];
            }

            step.O[j] = Gate(_options.OutputActivation, step.AO[j]);
            step.Y[j] = Math.Activate(_options.StateActivation, current.C[j]);
            step.M[j] = step.O[j] * step.Y[j];
        }

        current.H.Clear();
        if (_options.ProjectionSize > 0)
        {
            ReferenceMatrix.AddProduct(step.M, Parameters["weight_hr"], current.H);
        }
        else
        {
            step.M.CopyTo(current.H);
        }

        for (int j = 0; j < OutputSize; j++)
        {
            current.H[j] = Math.Flush(current.H[j]);
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
        Step step = new(kept.ToArray(), HiddenSize);
        Span<T> dA = new T[4 * HiddenSize];
        Span<T> dM = new T[HiddenSize];
        if (_options.ProjectionSize > 0)
        {
            ReferenceMatrix.AddTransposedProduct(dCurrent.H, Parameters["weight_hr"], dM);
            ReferenceMatrix.AddOuterProduct(step.M, dCurrent.H, gradients["weight_hr"]);
        }
        else
        {
            dCurrent.H.CopyTo(dM);
        }

        for (int j = 0; j < HiddenSize; j++)
        {
            UnitBackward(j, step, previous.C[j], current.C[j], dM[j], dCurrent.C[j], dA, dPrevious.C);
            if (_options.Peepholes)
            {
                T[] dPeepholes = gradients["peepholes"];
                dPeepholes[j] += dA[j] * previous.C[j];
                dPeepholes[HiddenSize + j] += dA[HiddenSize + j] * previous.C[j];
                dPeepholes[2 * HiddenSize + j] += dA[3 * HiddenSize + j] * current.C[j];
            }
        }

        ReferenceMatrix.AddTransposedProduct(dA, Parameters["weight_ih"], dX);
        ReferenceMatrix.AddTransposedProduct(dA, Parameters["weight_hh"], dPrevious.H);
        ReferenceMatrix.AddOuterProduct(x, dA, gradients["weight_ih"]);
        ReferenceMatrix.AddOuterProduct(previous.H, dA, gradients["weight_hh"]);
        ReferenceMatrix.Add(dA, gradients["bias"]);
    }

    /// <summary>The four dA of one unit, and what its cell state hands to the step before.</summary>
    private void UnitBackward(
        int j, Step step, T previousC, T c, T dM, T dCellNext, Span<T> dA, Span<T> dPreviousC)
    {
        T dAO = Math.Flush(dM * step.Y[j] * GateSlope(_options.OutputActivation, step.AO[j], step.O[j]));
        T dC = dCellNext + dM * step.O[j] * Math.Slope(_options.StateActivation, c, step.Y[j]);
        if (_options.Peepholes)
        {
            dC += dAO * Peephole(2, j);
        }

        T dI = dC * step.G[j];
        T dAF = T.Zero;
        if (_options.CoupledForget)
        {
            dI -= dC * previousC;
        }
        else
        {
            dAF = Math.Flush(dC * previousC * GateSlope(_options.ForgetActivation, step.AF[j], step.F[j]));
        }

        T dAI = Math.Flush(dI * GateSlope(_options.InputActivation, step.AI[j], step.I[j]));
        T dAG = Math.Flush(dC * step.I[j] * GateSlope(_options.CandidateActivation, step.AG[j], step.G[j]));
        T carried = dC * step.F[j];
        if (_options.Peepholes)
        {
            carried += dAI * Peephole(0, j) + dAF * Peephole(1, j);
        }

        dPreviousC[j] += Math.Flush(carried);
        dA[j] = dAI;
        dA[HiddenSize + j] = dAF;
        dA[2 * HiddenSize + j] = dAG;
        dA[3 * HiddenSize + j] = dAO;
    }

    private T Gate(ReferenceActivation activation, T a) => Math.Activate(activation, Math.Clip(a, _options.Clip));

    private T GateSlope(ReferenceActivation activation, T a, T y) =>
        Math.Slope(activation, Math.Clip(a, _options.Clip), y) * Math.Inside(a, _options.Clip);

    private T Peephole(int gate, int j) => Parameters["peepholes"][gate * HiddenSize + j];

    private static ReferenceParameterShape[] Shapes(int inputSize, int hiddenSize, ReferenceLstmOptions options)
    {
        int outputSize = options.ProjectionSize > 0 ? options.ProjectionSize : hiddenSize;
        List<ReferenceParameterShape> shapes =
        [
            new("weight_ih", inputSize, 4 * hiddenSize),
            new("weight_hh", outputSize, 4 * hiddenSize),
            new("bias", 1, 4 * hiddenSize),
        ];
        if (options.Peepholes)
        {
            shapes.Add(new("peepholes", 3, hiddenSize));
        }

        if (options.ProjectionSize > 0)
        {
            shapes.Add(new("weight_hr", hiddenSize, outputSize));
        }

        return [.. shapes];
    }

    /// <summary>What a step keeps: a before the clip, the gates, y = φ_c(c) and m.</summary>
    private readonly ref struct Step(Span<T> kept, int hiddenSize)
    {
        private readonly Span<T> _kept = kept;

        internal Span<T> A => _kept[..(4 * hiddenSize)];

        internal Span<T> AI => Part(0);

        internal Span<T> AF => Part(1);

        internal Span<T> AG => Part(2);

        internal Span<T> AO => Part(3);

        internal Span<T> I => Part(4);

        internal Span<T> F => Part(5);

        internal Span<T> G => Part(6);

        internal Span<T> O => Part(7);

        internal Span<T> Y => Part(8);

        internal Span<T> M => Part(9);

        private Span<T> Part(int index) => _kept.Slice(index * hiddenSize, hiddenSize);
    }
}

/// <summary>The variants of <see cref="ReferenceLstm{T}"/>.</summary>
public sealed record ReferenceLstmOptions : ReferenceCellOptions
{
    /// <summary>Whether i and f look at c_{t-1}, and o at c_t.</summary>
    public bool Peepholes { get; init; }

    /// <summary>Whether f = 1 - i.</summary>
    public bool CoupledForget { get; init; }

    /// <summary>P; 0 for no projection.</summary>
    public int ProjectionSize { get; init; }

    /// <summary>The bound of every gate's pre-activation; infinity for none.</summary>
    public double Clip { get; init; } = double.PositiveInfinity;

    /// <summary>φᵢ.</summary>
    public ReferenceActivation InputActivation { get; init; } = ReferenceActivation.Sigmoid;

    /// <summary>φ_f.</summary>
    public ReferenceActivation ForgetActivation { get; init; } = ReferenceActivation.Sigmoid;

    /// <summary>φ_g.</summary>
    public ReferenceActivation CandidateActivation { get; init; } = ReferenceActivation.Tanh;

    /// <summary>φₒ.</summary>
    public ReferenceActivation OutputActivation { get; init; } = ReferenceActivation.Sigmoid;

    /// <summary>φ_c.</summary>
    public ReferenceActivation StateActivation { get; init; } = ReferenceActivation.Tanh;

    /// <inheritdoc/>
    public override ReferenceCell<T> Create<T>(ReferenceMath<T> math, int inputSize, int hiddenSize) =>
        new ReferenceLstm<T>(math, inputSize, hiddenSize, this);
}
