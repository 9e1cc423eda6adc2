using System.Runtime.CompilerServices;
using HighPerfRnn.Benchmarks.Recurrent;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;
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
            PointwiseFunction.SoftmaxCrossEntropy => new OwnSoftmaxCrossEntropy(work),
            _ => throw new ArgumentException($"{work}: the library has no such function yet.", nameof(work)),
        };
    }

    /// <summary>This library's rows: those of the functions that it has.</summary>
    public static IEnumerable<PointwiseCase> Cases =>
        PointwiseCase.All(OwnLibrary.LibraryName).Where(work => work.Function != PointwiseFunction.Sigmoid);
}

internal sealed class OwnTanh(PointwiseCase work) : PointwiseWork(work)
{
    public override void Run()
    {
        var tanh = new TanhWork { Input = Input.Span, Output = Output.Span };
        Lanes.Run<float, TanhWork, int>(ref tanh, 0);
    }

    private readonly ref struct TanhWork : ILaneWork<float, int>
    {
        public ReadOnlySpan<float> Input { get; init; }

        public Span<float> Output { get; init; }

        // The lengths that are measured are whole vectors.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run<TLane>(int argument)
            where TLane : struct, ILane<TLane, float>
        {
            for (int i = 0; i < Output.Length; i += TLane.Count)
            {
                Activations<float, TLane>.Tanh(TLane.Load(in Input[i])).Store(ref Output[i]);
            }
        }
    }
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
