using System.Numerics;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Layers;

/// <summary>
/// The vanilla recurrent layer: h_t = φ(x_t·Wx + h_{t-1}·Wh + b), φ = tanh or ReLU, over whole sequences, forward and
/// backward through time, without allocating.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>Parameters: <c>weight_ih</c> Wx [I, H], <c>weight_hh</c> Wh [H, H], <c>bias</c> b [H].</remarks>
public sealed class Rnn<T> : RecurrentLayer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>A layer of <paramref name="hiddenSize"/> units.</summary>
    /// <param name="inputSize">I; with tokens, how many different ones there are.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="activation">φ.</param>
    /// <param name="isTrainable">Whether to hold what the backward pass needs: a second, transposed copy of the weights.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    public Rnn(int inputSize, int hiddenSize, RnnActivation activation = RnnActivation.Tanh, bool isTrainable = true)
        : base(inputSize, hiddenSize, RnnCell<T, TanhActivation<T>>.Layout, isTrainable)
    {
        if (!Enum.IsDefined(activation)) throw new ArgumentOutOfRangeException(nameof(activation), activation, "expected Tanh or Relu");
        Activation = activation;
    }

    /// <summary>φ.</summary>
    public RnnActivation Activation { get; }

    private protected override void RunForward(in RnnShape shape, in RnnForward<T> pass, WorkerGroup? workers)
    {
        if (Activation == RnnActivation.Tanh) RunForward(default(RnnCell<T, TanhActivation<T>>), shape, pass, workers);
        else RunForward(default(RnnCell<T, ReluActivation<T>>), shape, pass, workers);
    }

    private protected override void RunBackward(in RnnShape shape, in RnnBackward<T> pass, WorkerGroup? workers)
    {
        if (Activation == RnnActivation.Tanh) RunBackward(default(RnnCell<T, TanhActivation<T>>), shape, pass, workers);
        else RunBackward(default(RnnCell<T, ReluActivation<T>>), shape, pass, workers);
    }

    private protected override void RunStep(in RnnStep<T> step, bool isBackwards, WorkerGroup? workers)
    {
        if (Activation == RnnActivation.Tanh) RunStep(default(RnnCell<T, TanhActivation<T>>), step, isBackwards, workers);
        else RunStep(default(RnnCell<T, ReluActivation<T>>), step, isBackwards, workers);
    }
}
