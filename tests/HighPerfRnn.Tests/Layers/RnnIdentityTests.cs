using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Reference;
using HighPerfRnn.Simd;
using HighPerfRnn.Tests.Generation;
using HighPerfRnn.Threading;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>With the identity for φ the network is linear: no saturation or mask hides a wrong sum.</summary>
[Trait("Category", "Width")]
public sealed class RnnIdentityTests
{
    [CaseProperty]
    public void LinearNetworkIsWithinTheBound(RnnCase shape)
    {
        Check<float>(shape);
        Check<double>(shape);
    }

    private static void Check<T>(RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        shape = shape.Within(2_000_000);
        var data = new RnnData<T>(shape with { Options = shape.Options & ~CaseOptions.Relu });
        (int batch, int steps, int inputSize, int hiddenSize, _, _) = shape;
        var run = new RnnRun<T>(data);
        var layer = new CellLayer<T, RnnCell<T, Identity<T>>>(inputSize, hiddenSize);
        data.InputWeights.CopyTo(layer.Parameters["weight_ih"]);
        data.RecurrentWeights.CopyTo(layer.Parameters["weight_hh"]);
        data.Bias.CopyTo(layer.Parameters["bias"]);
        layer.Repack();
        layer.Forward(new RnnForward<T>
        {
            Steps = steps,
            Batch = batch,
            Input = data.Input,
            InitialState = data.InitialState,
            Output = run.Output,
            Workspace = run.Workspace,
        });
        layer.Backward(new RnnBackward<T>
        {
            Steps = steps,
            Batch = batch,
            Input = data.Input,
            InitialState = data.InitialState,
            Output = run.Output,
            OutputGradient = data.OutputGradient,
            FinalStateGradient = data.FinalStateGradient,
            InputGradient = run.InputGradient,
            InitialStateGradient = run.InitialStateGradient,
            Gradients = run.Gradients,
            Workspace = run.Workspace,
        });

        ReferenceRun reference = ReferenceRun.Forward(data, ReferenceActivation.Identity);
        reference.Backward();
        ReferenceRnnBackwardBound bound = reference.BackwardBound!;
        Compare.Within<T>(reference.States, run.Output, reference.ForwardBound.States, "output");
        Compare.Within<T>(reference.Gradients[0], run.InputGradient, bound.DInput, "dX");
        Compare.Within<T>(reference.Gradients[1], run.InitialStateGradient, bound.DInitialState, "dh0");
        Compare.Within<T>(reference.Gradients[2], run.Gradients["weight_ih"], bound.DWx, "dWx");
        Compare.Within<T>(reference.Gradients[3], run.Gradients["weight_hh"], bound.DWh, "dWh");
        Compare.Within<T>(reference.Gradients[4], run.Gradients["bias"], bound.DBias, "db");
    }

    private readonly struct Identity<T> : IActivation<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public static TLane ForwardFlushed<TLane>(TLane a)
            where TLane : struct, ILane<TLane, T> => a;

        public static TLane Backward<TLane>(TLane h, TLane gradient)
            where TLane : struct, ILane<TLane, T> => gradient;
    }
}
