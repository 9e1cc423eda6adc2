using System.Numerics;

namespace HighPerfRnn.Reference;

/// <summary>
/// The GRU (Cho et al. 2014), its reset gate after the recurrent product (PyTorch, cuDNN, Keras' default, ONNX
/// linear_before_reset = 1) or before it (the paper's, ONNX's default). Gates stand in PyTorch's order r, z, n.
/// weight_ih = Wx [I, 3H], weight_hh = Wh [H, 3H], bias = b [3H]; with the reset after the product also bias_hn = b' [H],
/// the candidate's recurrent bias, which r scales and b may therefore not absorb.
/// <code>
/// a        = b + x·Wx
/// r        = φᵣ(clip(aᵣ + h_{t-1}·Whᵣ))
/// z        = φ_z(clip(a_z + h_{t-1}·Wh_z))
/// after    q = h_{t-1}·Whₙ + b'        n = φₙ(clip(aₙ + r∘q))
/// before   s = r∘h_{t-1}               n = φₙ(clip(aₙ + s·Whₙ))
/// h        = flush((1 - z)∘n + z∘h_{t-1})
/// backward, dh given:
/// dA_z     = flush(dh∘(h_{t-1} - n) ∘ φ_z')
/// dAₙ      = flush(dh∘(1 - z) ∘ φₙ')
/// after    dq = flush(dAₙ∘r)           dAᵣ = flush(dAₙ∘q ∘ φᵣ')         db' += dq      dWhₙ += h_{t-1}ᵀ·dq
/// before   ds = dAₙ·Whₙᵀ               dAᵣ = flush(ds∘h_{t-1} ∘ φᵣ')                   dWhₙ += sᵀ·dAₙ
/// dh_{t-1} = flush(dh∘z) + dAᵣ·Whᵣᵀ + dA_z·Wh_zᵀ + (after: dq·Whₙᵀ; before: ds∘r)
/// dX = dA·Wxᵀ      dWx += xᵀ·dA      db += dA      dWhᵣ += h_{t-1}ᵀ·dAᵣ      dWh_z += h_{t-1}ᵀ·dA_z
/// </code>
/// Each φ' is 0 where the clip bounds.
/// </summary>
/// <typeparam name="T">The type computed in.</typeparam>
public sealed class ReferenceGru<T> : ReferenceCell<T>
    where T : struct, INumberBase<T>
{
    private readonly ReferenceGruOptions _options;

    /// <summary>Makes the cell, its weights zeros.</summary>
    /// <param name="math">The functions beside + - · /.</param>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="options">The variant.</param>
    public ReferenceGru(ReferenceMath<T> math, int inputSize, int hiddenSize, ReferenceGruOptions options)
        : base(math, inputSize, hiddenSize, Shapes(inputSize, hiddenSize, options))
    {
        _options = options;
    }

    /// <inheritdoc/>
    public override int KeptSize => 7 * HiddenSize;

    /// <inheritdoc/>
    public override void Forward(ReadOnlySpan<T> x, ReferenceState<T> previous, ReferenceState<T> current, Span<T> kept)
    {
        Step step = new(kept, HiddenSize);
        Parameters["bias"].CopyTo(step.A);
        ReferenceMatrix.AddProduct(x, Parameters["weight_ih"], step.A);
        AddRecurrent(previous.H, 0, step.AR);
        AddRecurrent(previous.H, 1, step.AZ);
        for (int j = 0; j < HiddenSize; j++)
        {
            step.R[j] = Gate(_options.ResetActivation, step.AR[j]);
            step.Z[j] = Gate(_options.UpdateActivation, step.AZ[j]);
        }

        if (_options.ResetBefore)
        {
            Multiply(step.R, previous.H, step.Q);
            AddRecurrent(step.Q, 2, step.AN);
        }
        else
        {
            Parameters["bias_hn"].CopyTo(step.Q);
            AddRecurrent(previous.H, 2, step.Q);
            for (int j = 0; j < HiddenSize; j++)
            {
                step.AN[j] += step.R[j] * step.Q[j];
            }
        }

        for (int j = 0; j < HiddenSize; j++)
        {
            step.N[j] = Gate(_options.CandidateActivation, step.AN[j]);
            current.H[j] = Math.Flush(Math.Blend(step.Z[j], step.N[j], previous.H[j]));
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
        Span<T> dA = new T[3 * HiddenSize];
        Span<T> dAR = dA[..HiddenSize];
        Span<T> dAZ = dA.Slice(HiddenSize, HiddenSize);
        Span<T> dAN = dA[(2 * HiddenSize)..];
        for (int j = 0; j < HiddenSize; j++)
        {
            T dH = dCurrent.H[j];
            dAZ[j] = Math.Flush(
                dH * (previous.H[j] - step.N[j]) * GateSlope(_options.UpdateActivation, step.AZ[j], step.Z[j]));
            dAN[j] = Math.Flush(
                Math.Blend(step.Z[j], dH, T.Zero) * GateSlope(_options.CandidateActivation, step.AN[j], step.N[j]));
            dPrevious.H[j] += Math.Flush(dH * step.Z[j]);
        }

        T[] dWh = gradients["weight_hh"];
        T[] dR = new T[HiddenSize];
        if (_options.ResetBefore)
        {
            T[] dS = new T[HiddenSize];
            AddRecurrentTransposed(dAN, 2, dS);
            AddRecurrentOuter(step.Q, dAN, 2, dWh);
            Multiply(dS, previous.H, dR);
            for (int j = 0; j < HiddenSize; j++)
            {
                dPrevious.H[j] += dS[j] * step.R[j];
            }
        }
        else
        {
            T[] dQ = new T[HiddenSize];
            for (int j = 0; j < HiddenSize; j++)
            {
                dQ[j] = Math.Flush(dAN[j] * step.R[j]);
            }

            Multiply(dAN, step.Q, dR);
            AddRecurrentTransposed(dQ, 2, dPrevious.H);
            AddRecurrentOuter(previous.H, dQ, 2, dWh);
            ReferenceMatrix.Add(dQ, gradients["bias_hn"]);
        }

        for (int j = 0; j < HiddenSize; j++)
        {
            dAR[j] = Math.Flush(dR[j] * GateSlope(_options.ResetActivation, step.AR[j], step.R[j]));
        }

        AddRecurrentTransposed(dAR, 0, dPrevious.H);
        AddRecurrentTransposed(dAZ, 1, dPrevious.H);
        AddRecurrentOuter(previous.H, dAR, 0, dWh);
        AddRecurrentOuter(previous.H, dAZ, 1, dWh);
        ReferenceMatrix.AddTransposedProduct(dA, Parameters["weight_ih"], dX);
        ReferenceMatrix.AddOuterProduct(x, dA, gradients["weight_ih"]);
        ReferenceMatrix.Add(dA, gradients["bias"]);
    }

    /// <summary>result += h·Wh of one gate.</summary>
    private void AddRecurrent(ReadOnlySpan<T> h, int gate, Span<T> result)
    {
        T[] weights = Parameters["weight_hh"];
        for (int j = 0; j < HiddenSize; j++)
        {
            for (int i = 0; i < HiddenSize; i++)
            {
                result[j] += h[i] * weights[(i * 3 + gate) * HiddenSize + j];
            }
        }
    }

    /// <summary>result += d·Whᵀ of one gate.</summary>
    private void AddRecurrentTransposed(ReadOnlySpan<T> d, int gate, Span<T> result)
    {
        T[] weights = Parameters["weight_hh"];
        for (int i = 0; i < HiddenSize; i++)
        {
            ReferenceMatrix.AddTransposedProduct(
                d, weights.AsSpan((i * 3 + gate) * HiddenSize, HiddenSize), result.Slice(i, 1));
        }
    }

    /// <summary>dWh of one gate += hᵀ·d.</summary>
    private void AddRecurrentOuter(ReadOnlySpan<T> h, ReadOnlySpan<T> d, int gate, T[] dWh)
    {
        for (int i = 0; i < HiddenSize; i++)
        {
            ReferenceMatrix.AddOuterProduct(
                h.Slice(i, 1), d, dWh.AsSpan((i * 3 + gate) * HiddenSize, HiddenSize));
        }
    }

    private static void Multiply(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> result)
    {
        for (int j = 0; j < a.Length; j++)
        {
            result[j] = a[j] * b[j];
        }
    }

    private T Gate(ReferenceActivation activation, T a) => Math.Activate(activation, Math.Clip(a, _options.Clip));

    private T GateSlope(ReferenceActivation activation, T a, T y) =>
        Math.Slope(activation, Math.Clip(a, _options.Clip), y) * Math.Inside(a, _options.Clip);

    private static ReferenceParameterShape[] Shapes(int inputSize, int hiddenSize, ReferenceGruOptions options)
    {
        List<ReferenceParameterShape> shapes =
        [
            new("weight_ih", inputSize, 3 * hiddenSize),
            new("weight_hh", hiddenSize, 3 * hiddenSize),
            new("bias", 1, 3 * hiddenSize),
        ];
        if (!options.ResetBefore)
        {
            shapes.Add(new("bias_hn", 1, hiddenSize));
        }

        return [.. shapes];
    }

    /// <summary>What a step keeps: a before the clip, the gates, and q, or s where the reset comes before the product.</summary>
    private readonly ref struct Step(Span<T> kept, int hiddenSize)
    {
        private readonly Span<T> _kept = kept;

        internal Span<T> A => _kept[..(3 * hiddenSize)];

        internal Span<T> AR => Part(0);

        internal Span<T> AZ => Part(1);

        internal Span<T> AN => Part(2);

        internal Span<T> R => Part(3);

        internal Span<T> Z => Part(4);

        internal Span<T> N => Part(5);

        internal Span<T> Q => Part(6);

        private Span<T> Part(int index) => _kept.Slice(index * hiddenSize, hiddenSize);
    }
}

/// <summary>The variants of <see cref="ReferenceGru{T}"/>.</summary>
public sealed record ReferenceGruOptions : ReferenceCellOptions
{
    /// <summary>Whether r scales h before the product, not the product.</summary>
    public bool ResetBefore { get; init; }

    /// <summary>The bound of every gate's pre-activation; infinity for none.</summary>
    public double Clip { get; init; } = double.PositiveInfinity;

    /// <summary>φᵣ.</summary>
    public ReferenceActivation ResetActivation { get; init; } = ReferenceActivation.Sigmoid;

    /// <summary>φ_z.</summary>
    public ReferenceActivation UpdateActivation { get; init; } = ReferenceActivation.Sigmoid;

    /// <summary>φₙ.</summary>
    public ReferenceActivation CandidateActivation { get; init; } = ReferenceActivation.Tanh;

    /// <inheritdoc/>
    public override ReferenceCell<T> Create<T>(ReferenceMath<T> math, int inputSize, int hiddenSize) =>
        new ReferenceGru<T>(math, inputSize, hiddenSize, this);
}
