using HighPerfRnn.Reference;
using TorchSharp;
using static TorchSharp.torch;
using Kind = HighPerfRnn.Reference.ReferenceActivationKind;

namespace HighPerfRnn.PeerTests.Torch;

/// <summary>The activations with their α and β in PyTorch's primitives.</summary>
internal static class TorchActivation
{
    /// <summary>φ of a that is bounded to ±clip.</summary>
    public static Tensor Apply(ReferenceActivation activation, double clip, Tensor a)
    {
        if (double.IsFinite(clip)) a = a.clamp(-clip, clip);
        (double alpha, double beta) = (activation.Alpha, activation.Beta);
        return activation.Kind switch
        {
            Kind.Tanh => a.tanh(),
            Kind.Relu => a.relu(),
            Kind.Identity => a,
            Kind.Sigmoid => a.sigmoid(),
            Kind.LeakyRelu => where(a.gt(0), a, alpha * a),
            Kind.ThresholdedRelu => where(a.gt(alpha), a, zeros_like(a)),
            Kind.ScaledTanh => alpha * (beta * a).tanh(),
            Kind.HardSigmoid => Between0And1((alpha * a) + beta),

            // expm1 of what lies right of 0 is not taken, but would be differentiated: it may be infinite.
            Kind.Elu => where(a.gt(0), a, alpha * a.clamp(max: 0).expm1()),
            Kind.Softsign => a / (1 + a.abs()),

            // Not softplus, which is a itself above 20.
            Kind.Softplus => logaddexp(a, zeros_like(a)),
            Kind.Affine => (alpha * a) + beta,
            _ => throw new NotSupportedException($"{activation} is not known."),
        };
    }

    /// <summary>Bounded to 0 and 1, with a slope of 0 at both bounds: PyTorch's hardsigmoid has it so, its clamp has 1 there.</summary>
    private static Tensor Between0And1(Tensor line) => where(line.gt(0).logical_and(line.lt(1)), line, line.detach().clamp(0, 1));
}
