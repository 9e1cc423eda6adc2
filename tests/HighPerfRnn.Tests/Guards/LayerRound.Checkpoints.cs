using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Tests.Guards;

/// <content>The recurrent layer's passes once more, with gradient checkpointing.</content>
internal sealed partial class LayerRound<T>
{
    public int CheckpointedWorkspaceSize() => Rnn.CheckpointedWorkspaceSize(new CheckpointPlan(_shape.Steps, _shape.Batch));

    public void ForwardCheckpointed(WorkerGroup? workers) =>
        Rnn.ForwardCheckpointed(
            new CheckpointedForward<T>
            {
                Plan = _plan,
                Input = _input.Span,
                InitialState = _initialState.Span,
                Output = _output.Span,
                FinalState = _finalState.Span,
                Workspace = _checkpointedWorkspace.Span,
            },
            workers);

    public void BackwardCheckpointed(WorkerGroup? workers) => Rnn.BackwardCheckpointed(CheckpointedPass(_outputGradient.Span), workers);

    public void BackwardCheckpointedLoss(WorkerGroup? workers)
    {
        var loss = new SquaredLoss();
        Rnn.BackwardCheckpointed(CheckpointedPass(outputGradient: default), ref loss, workers);
    }

    private CheckpointedBackward<T> CheckpointedPass(ReadOnlySpan<T> outputGradient) => new()
    {
        Plan = _plan,
        Input = _input.Span,
        OutputGradient = outputGradient,
        FinalStateGradient = _finalStateGradient.Span,
        InputGradient = _inputGradient.Span,
        InitialStateGradient = _initialStateGradient.Span,
        Gradients = RnnGradients,
        Workspace = _checkpointedWorkspace.Span,
    };

    /// <summary>½·Σh².</summary>
    private readonly struct SquaredLoss : ISegmentLoss<T>
    {
        public void Gradient(int firstStep, ReadOnlySpan<T> output, Span<T> outputGradient) => output.CopyTo(outputGradient);
    }
}
