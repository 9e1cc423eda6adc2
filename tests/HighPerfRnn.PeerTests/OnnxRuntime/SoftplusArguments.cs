using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Conformance;

namespace HighPerfRnn.PeerTests.OnnxRuntime;

/// <summary>The definition, which remembers the largest argument of Softplus.</summary>
internal sealed class SoftplusArguments() : ReferenceFloatingPoint<double>(0)
{
    private double _largest = double.NegativeInfinity;

    /// <summary>The largest argument of any Softplus in a layer; negative infinity where it has none.</summary>
    public static double Largest(RecurrentLayer layer)
    {
        var math = new SoftplusArguments();
        ReferenceLayer.Forward(layer, math);
        return math._largest;
    }

    public override double Activate(ReferenceActivation activation, double a)
    {
        if (activation.Kind == ReferenceActivationKind.Softplus) _largest = Math.Max(_largest, a);
        return base.Activate(activation, a);
    }
}
