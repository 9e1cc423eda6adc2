using System.Numerics.Tensors;
using HighPerfRnn.Benchmarks.Pointwise;

namespace HighPerfRnn.PeerBenchmarks.Peers.Tensors;

/// <summary>System.Numerics.Tensors over spans.</summary>
internal sealed class TensorPrimitivesWork(PointwiseCase work) : PointwiseWork(work)
{
    /// <summary>Its name in every table.</summary>
    public const string LibraryName = "TensorPrimitives";

    private float _loss;

    /// <summary>What of it is measured.</summary>
    public static string Version => typeof(TensorPrimitives).Assembly.GetName().Version!.ToString(3);

    public override void Run()
    {
        if (Case.Function == PointwiseFunction.Tanh)
        {
            TensorPrimitives.Tanh(Input.Span, Output.Span);
            return;
        }

        TensorPrimitives.SoftMax<float>(Input.Span, Output.Span);
        _loss = -MathF.Log(Output.Span[Target]);
        Output.Span[Target] -= 1;
    }

    public override string ToString() => $"{base.ToString()} loss {_loss}";
}
