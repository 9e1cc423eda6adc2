using System.Numerics;

namespace HighPerfRnn.Layers;

/// <summary>
/// The vanilla recurrent layer: h_t = φ(x_t·Wx + h_{t-1}·Wh + b) over whole sequences, forward and backward
/// through time, without allocating. tanh and ReLU, unclipped, keep nothing for the backward pass; others keep the pre-activation.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>Parameters: <c>weight_ih</c> Wx [I, H], <c>weight_hh</c> Wh [H, H], <c>bias</c> b [H].</remarks>
public sealed class Rnn<T> : RecurrentLayer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>A layer of <paramref name="hiddenSize"/> units.</summary>
    /// <param name="inputSize">I; with tokens, how many different ones there are.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="activation">φ; null for tanh.</param>
    /// <param name="isTrainable">Whether to hold what the backward pass needs: a second, transposed copy of the weights.</param>
    /// <param name="clip">The bound of pre-activations, positive; infinity for none.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size or the clip is not positive, or there is no such activation.</exception>
    public Rnn(
        int inputSize, int hiddenSize, Activation? activation = null, bool isTrainable = true, double clip = double.PositiveInfinity)
        : base(inputSize, hiddenSize, PassesOf(activation ?? Activation.Tanh, clip), isTrainable)
    {
        Activation = activation ?? Activation.Tanh;
        Clip = clip;
    }

    /// <summary>φ.</summary>
    public Activation Activation { get; }

    /// <summary>The bound of pre-activations.</summary>
    public double Clip { get; }

    private static CellPasses<T> PassesOf(Activation activation, double clip)
    {
        activation.Validate(nameof(activation));
        if (!(clip > 0)) throw new ArgumentOutOfRangeException(nameof(clip), clip, "expected a positive bound");
        if (!double.IsPositiveInfinity(clip)) return new CellPasses<T, RnnAnyCell<T>>(new(new AnyFunctions<T>(clip, clipped: 1, activation)));
        if (activation == Activation.Tanh) return new CellPasses<T, RnnCell<T, TanhActivation<T>>>(default);
        if (activation == Activation.Relu) return new CellPasses<T, RnnCell<T, ReluActivation<T>>>(default);
        return new CellPasses<T, RnnAnyCell<T>>(new(new AnyFunctions<T>(clip, clipped: 0, activation)));
    }
}
