using HighPerfRnn.Benchmarks.Recurrent;
using HighPerfRnn.Kernels;
using HighPerfRnn.Training;

namespace HighPerfRnn.Benchmarks.Pointwise;

/// <summary>This library's functions over numbers.</summary>
public static class OwnPointwise
{
    /// <summary>The work of a row.</summary>
    public static PointwiseWork Create(PointwiseCase work)
    {
        ArgumentNullException.ThrowIfNull(work);
        return work.Function switch
        {
            PointwiseFunction.Tanh => new OwnTanh(work),
            PointwiseFunction.Sigmoid => new OwnSigmoid(work),
            _ => new OwnSoftmaxCrossEntropy(work),
        };
    }

    /// <summary>This library's rows.</summary>
    public static IEnumerable<PointwiseCase> Cases => PointwiseCase.All(OwnLibrary.LibraryName);
}

internal sealed class OwnTanh(PointwiseCase work) : PointwiseWork(work)
{
    public override void Run() => Elementwise.Tanh<float>(Input.Span, Output.Span);
}

internal sealed class OwnSigmoid(PointwiseCase work) : PointwiseWork(work)
{
    public override void Run() => Elementwise.Sigmoid<float>(Input.Span, Output.Span);
}

internal sealed class OwnSoftmaxCrossEntropy : PointwiseWork
{
    private readonly int[] _targets;
    private readonly float[] _losses = new float[1];

    public OwnSoftmaxCrossEntropy(PointwiseCase work)
        : base(work) => _targets = [Target];

    public override void Run() =>
        SoftmaxCrossEntropy<float>.ForwardBackward(Input.Span, _targets, Case.Length, Output.Span, _losses);
}
