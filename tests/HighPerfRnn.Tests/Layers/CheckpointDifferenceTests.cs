using HighPerfRnn.Layers;
using HighPerfRnn.Tests.Generation;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>Gradients of a cell with one of everything, through segments, against central differences of the forward pass.</summary>
/// <remarks><see cref="DifferenceCheck"/> states the tolerance and the step.</remarks>
[Trait("Category", "Width")]
public sealed class CheckpointDifferenceTests
{
    [CaseProperty]
    public void GradientsThroughSegmentsAreTheDifferencesOfTheForwardPass(RnnCase shape)
    {
        // Blocks of one step, as many as there are segments.
        shape = new RnnCase(
            129 + (shape.Batch % 4),
            1 + (shape.Steps % 4),
            1 + (shape.InputSize % 4),
            1 + (shape.HiddenSize % 4),
            shape.Seed,
            CaseOptions.InitialState | CaseOptions.OutputGradient | CaseOptions.FinalGradient);
        var loss = new RnnData<double>(shape);
        var layer = new CellLayer<double, BlendCell<double>>(shape.InputSize, shape.HiddenSize);
        var run = new CheckpointRun<double>(layer, shape, OutputGradients.Given, hasTokens: false)
        {
            Targets = loss.OutputGradient,
            FinalStateGradient = loss.FinalStateGradient,
            FinalCellStateGradient = [],
        };
        var plan = new CheckpointPlan(shape.Steps, shape.Batch, segmentSteps: 1);
        Assert.Equal(shape.Steps, plan.SegmentCount);
        run.Checkpointed(plan);
        string[] names = [.. layer.Parameters.Parameters.Select(parameter => parameter.Name)];
        double[][] values = [.. names.Select(name => layer.Parameters[name].ToArray())];
        double[][] gradients = [.. names.Select(name => run.Gradients[name].ToArray())];
        var check = new DifferenceCheck(
            nameof(GradientsThroughSegmentsAreTheDifferencesOfTheForwardPass), new RnnLoss(loss, Forward), shape.Seed);
        check.Run(
            ("dX", run.Input, run.InputGradient),
            (names[0], values[0], gradients[0]),
            (names[1], values[1], gradients[1]),
            (names[2], values[2], gradients[2]),
            (names[3], values[3], gradients[3]),
            ("dh0", run.InitialState, run.InitialStateGradient),
            ("dc0", run.InitialCellState, run.InitialCellStateGradient));

        double[] Forward()
        {
            for (int i = 0; i < names.Length; i++) values[i].CopyTo(layer.Parameters[names[i]]);
            layer.Repack();
            double[] output = new double[run.Output.Length];
            layer.Forward(new RnnForward<double>
            {
                Steps = shape.Steps,
                Batch = shape.Batch,
                Input = run.Input,
                InitialState = run.InitialState,
                InitialCellState = run.InitialCellState,
                Output = output,
                Workspace = new double[layer.ForwardWorkspaceSize(shape.Steps, shape.Batch)],
            });
            return output;
        }
    }
}
