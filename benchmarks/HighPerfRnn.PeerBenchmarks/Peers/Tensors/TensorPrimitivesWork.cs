using System.Numerics.Tensors;
using System.Reflection;
using HighPerfRnn.Benchmarks.Pointwise;

namespace HighPerfRnn.PeerBenchmarks.Peers.Tensors;

/// <summary>System.Numerics.Tensors over spans.</summary>
internal sealed class TensorPrimitivesWork(PointwiseCase work) : PointwiseWork(work)
{
    /// <summary>Its name in every table.</summary>
    public const string LibraryName = "TensorPrimitives";

    private float _loss;

    /// <summary>What of it is measured.</summary>
    public static string Version => typeof(TensorPrimitives).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    public override void Run()
    {
        switch (Case.Function)
        {
            case PointwiseFunction.Tanh: TensorPrimitives.Tanh<float>(Input.Span, Output.Span); break;
            case PointwiseFunction.Sigmoid: TensorPrimitives.Sigmoid<float>(Input.Span, Output.Span); break;
            default:
                TensorPrimitives.SoftMax<float>(Input.Span, Output.Span);
                _loss = -MathF.Log(Output.Span[Target]);
                Output.Span[Target] -= 1;
                break;
        }
    }

    public override string ToString() => $"{base.ToString()} loss {_loss}";
}
