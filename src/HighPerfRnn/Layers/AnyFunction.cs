using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Layers;

/// <summary>An activation and its derivative over lanes, chosen as it runs. Methods of their own: twelve functions in one loop are too many.</summary>
internal readonly struct AnyFunction<T>(Activation activation)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly ActivationKind _kind = activation.Kind;
    private readonly T _alpha = T.CreateChecked(activation.Alpha);
    private readonly T _beta = T.CreateChecked(activation.Beta);

    /// <summary>φ(a).</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public TLane Apply<TLane>(TLane a)
        where TLane : struct, ILane<TLane, T>
    {
        TLane alpha = TLane.Broadcast(_alpha);
        TLane beta = TLane.Broadcast(_beta);
        TLane one = TLane.Broadcast(T.One);
        return _kind switch
        {
            ActivationKind.Tanh => Activations<T, TLane>.Tanh(a),
            ActivationKind.Sigmoid => Activations<T, TLane>.Sigmoid(a),
            ActivationKind.Relu => TLane.Max(TLane.Zero, a),
            ActivationKind.LeakyRelu => TLane.SelectLess(TLane.Zero, a, a, alpha * a),
            ActivationKind.ThresholdedRelu => TLane.SelectLessOrEqual(a, alpha, TLane.Zero, a),
            ActivationKind.ScaledTanh => alpha * Activations<T, TLane>.Tanh(beta * a),
            ActivationKind.HardSigmoid => TLane.Max(TLane.Zero, TLane.Min(one, (alpha * a) + beta)),
            ActivationKind.Elu => TLane.SelectLess(TLane.Zero, a, a, alpha * NegativePart(a)),
            ActivationKind.Softsign => a / (one + TLane.Abs(a)),
            ActivationKind.Softplus => Activations<T, TLane>.Softplus(a),
            ActivationKind.Affine => (alpha * a) + beta,
            _ => a,
        };
    }

    /// <summary>φ'(a), from y = φ(a) where it follows from that.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public TLane Slope<TLane>(TLane a, TLane y)
        where TLane : struct, ILane<TLane, T>
    {
        TLane alpha = TLane.Broadcast(_alpha);
        TLane one = TLane.Broadcast(T.One);
        switch (_kind)
        {
            case ActivationKind.Tanh: return (one - y) * (one + y);
            case ActivationKind.Sigmoid: return y * (one - y);
            case ActivationKind.Relu: return TLane.SelectLess(TLane.Zero, y, one, TLane.Zero);
            case ActivationKind.LeakyRelu: return TLane.SelectLess(TLane.Zero, a, one, alpha);
            case ActivationKind.ThresholdedRelu: return TLane.SelectLess(alpha, a, one, TLane.Zero);
            case ActivationKind.ScaledTanh:
                TLane beta = TLane.Broadcast(_beta);
                TLane tanh = Activations<T, TLane>.Tanh(beta * a);
                return alpha * beta * ((one - tanh) * (one + tanh));
            case ActivationKind.HardSigmoid:
                return TLane.SelectLess(TLane.Zero, y, TLane.SelectLess(y, one, alpha, TLane.Zero), TLane.Zero);
            case ActivationKind.Elu: return TLane.SelectLess(TLane.Zero, a, one, y + alpha);
            case ActivationKind.Softsign:
                TLane rest = one - TLane.Abs(y);
                return rest * rest;
            case ActivationKind.Softplus: return Activations<T, TLane>.Sigmoid(a);
            case ActivationKind.Affine: return alpha;
            default: return one;
        }
    }

    private static TLane NegativePart<TLane>(TLane a)
        where TLane : struct, ILane<TLane, T> => Activations<T, TLane>.ExpMinusOneOfNonPositive(TLane.Min(TLane.Zero, a));
}
