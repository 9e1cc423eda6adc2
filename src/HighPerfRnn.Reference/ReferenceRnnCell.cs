using System.Numerics;

namespace HighPerfRnn.Reference;

/// <summary>The sizes of one run of a cell over a sequence.</summary>
/// <param name="Batch">B, rows a step.</param>
/// <param name="Steps">T, may be 0.</param>
/// <param name="InputSize">I.</param>
/// <param name="HiddenSize">H.</param>
public readonly record struct ReferenceRnnShape(int Batch, int Steps, int InputSize, int HiddenSize)
{
    /// <summary>T·B·I, the length of input and dInput.</summary>
    public int InputLength => checked(Steps * Batch * InputSize);

    /// <summary>B·H, the length of one step's states.</summary>
    public int StateLength => checked(Batch * HiddenSize);

    /// <summary>T·B·H, the length of all states.</summary>
    public int StatesLength => checked(Steps * Batch * HiddenSize);
}

/// <summary>
/// One plain recurrent cell: h_t = flush(φ(x_t·Wx + h_{t-1}·Wh + b)), where flush(v) = +0 for |v| &lt; flushBelow.
/// </summary>
/// <typeparam name="T">The type computed in.</typeparam>
public readonly ref struct ReferenceRnnCell<T>
    where T : IBinaryFloatingPointIeee754<T>
{
    /// <summary>Binds sizes, φ, guard and parameters.</summary>
    /// <param name="shape">B, T, I, H.</param>
    /// <param name="activation">φ.</param>
    /// <param name="flushBelow">
    /// The subnormal guard's threshold: <see cref="ReferenceRnn.FlushBelowFloat"/> where the cell compared with computes
    /// in float, <see cref="ReferenceRnn.FlushBelowDouble"/> where it computes in double, whatever T is here.
    /// </param>
    /// <param name="wx">Wx, [I, H].</param>
    /// <param name="wh">Wh, [H, H].</param>
    /// <param name="bias">b, [H].</param>
    /// <exception cref="ArgumentException">A length is not the one that the shape asks for.</exception>
    public ReferenceRnnCell(
        ReferenceRnnShape shape,
        ReferenceActivation activation,
        T flushBelow,
        ReadOnlySpan<T> wx,
        ReadOnlySpan<T> wh,
        ReadOnlySpan<T> bias)
    {
        ReferenceCheck.Length(nameof(wx), wx.Length, shape.InputSize * shape.HiddenSize);
        ReferenceCheck.Length(nameof(wh), wh.Length, shape.HiddenSize * shape.HiddenSize);
        ReferenceCheck.Length(nameof(bias), bias.Length, shape.HiddenSize);
        Shape = shape;
        Activation = activation;
        FlushBelow = flushBelow;
        Wx = wx;
        Wh = wh;
        Bias = bias;
    }

    /// <summary>B, T, I, H.</summary>
    public ReferenceRnnShape Shape { get; }

    /// <summary>φ.</summary>
    public ReferenceActivation Activation { get; }

    /// <summary>The subnormal guard's threshold.</summary>
    public T FlushBelow { get; }

    /// <summary>Wx, [I, H].</summary>
    public ReadOnlySpan<T> Wx { get; }

    /// <summary>Wh, [H, H].</summary>
    public ReadOnlySpan<T> Wh { get; }

    /// <summary>b, [H].</summary>
    public ReadOnlySpan<T> Bias { get; }
}

/// <summary>The five gradients of a cell, each a span that the backward pass adds into.</summary>
/// <typeparam name="T">The type computed in.</typeparam>
public readonly ref struct ReferenceRnnGradients<T>
{
    /// <summary>Binds the five spans; none may overlap another or any input of the backward pass.</summary>
    /// <param name="dInput">dX, [T, B, I].</param>
    /// <param name="dWx">dWx, [I, H].</param>
    /// <param name="dWh">dWh, [H, H].</param>
    /// <param name="dBias">db, [H].</param>
    /// <param name="dInitialState">dh0, [B, H].</param>
    public ReferenceRnnGradients(Span<T> dInput, Span<T> dWx, Span<T> dWh, Span<T> dBias, Span<T> dInitialState)
    {
        DInput = dInput;
        DWx = dWx;
        DWh = dWh;
        DBias = dBias;
        DInitialState = dInitialState;
    }

    /// <summary>dX, [T, B, I].</summary>
    public Span<T> DInput { get; }

    /// <summary>dWx, [I, H].</summary>
    public Span<T> DWx { get; }

    /// <summary>dWh, [H, H].</summary>
    public Span<T> DWh { get; }

    /// <summary>db, [H].</summary>
    public Span<T> DBias { get; }

    /// <summary>dh0, [B, H].</summary>
    public Span<T> DInitialState { get; }

    internal void Check(ReferenceRnnShape shape)
    {
        ReferenceCheck.Length("dInput", DInput.Length, shape.InputLength);
        ReferenceCheck.Length("dWx", DWx.Length, shape.InputSize * shape.HiddenSize);
        ReferenceCheck.Length("dWh", DWh.Length, shape.HiddenSize * shape.HiddenSize);
        ReferenceCheck.Length("dBias", DBias.Length, shape.HiddenSize);
        ReferenceCheck.Length("dInitialState", DInitialState.Length, shape.StateLength);
    }
}
