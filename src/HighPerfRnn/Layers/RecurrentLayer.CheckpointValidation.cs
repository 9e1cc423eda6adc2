namespace HighPerfRnn.Layers;

/// <content>The checks of passes with gradient checkpointing: the whole of them, before the first segment writes.</content>
public abstract partial class RecurrentLayer<T>
{
    private void Validate(in CheckpointedForward<T> pass)
    {
        RnnShape shape = ShapeOf(pass.Plan.Steps, pass.Plan.Batch);
        ValidateInput(shape, pass.Input, pass.Tokens, pass.TokenTable.Length, nameof(pass.TokenTable));
        if (!pass.Output.IsEmpty) CheckSequence(pass.Output.Length, shape, nameof(pass.Output));
        CheckState(pass.InitialState.Length, shape, nameof(pass.InitialState));
        CheckState(pass.FinalState.Length, shape, nameof(pass.FinalState));
        CheckCellState(pass.InitialCellState.Length, shape, nameof(pass.InitialCellState));
        CheckCellState(pass.FinalCellState.Length, shape, nameof(pass.FinalCellState));
        CheckWritten(pass, pass.Output, nameof(pass.Output));
        CheckWritten(pass, pass.Workspace, nameof(pass.Workspace));
        CheckWritten(pass, pass.FinalState, nameof(pass.FinalState));
        CheckWritten(pass, pass.FinalCellState, nameof(pass.FinalCellState));
        Check.NoOverlap(pass.Output, pass.FinalState, nameof(pass.Output), nameof(pass.FinalState));
        Check.NoOverlap(pass.Output, pass.FinalCellState, nameof(pass.Output), nameof(pass.FinalCellState));
        Check.NoOverlap(pass.Workspace, pass.Output, nameof(pass.Workspace), nameof(pass.Output));
        Check.NoOverlap(pass.Workspace, pass.FinalState, nameof(pass.Workspace), nameof(pass.FinalState));
        Check.NoOverlap(pass.Workspace, pass.FinalCellState, nameof(pass.Workspace), nameof(pass.FinalCellState));
        Check.NoOverlap(pass.FinalState, pass.FinalCellState, nameof(pass.FinalState), nameof(pass.FinalCellState));
        Check.AtLeast(pass.Workspace.Length, CheckpointedWorkspaceSize(pass.Plan), nameof(pass.Workspace));
    }

    private void Validate(in CheckpointedBackward<T> pass)
    {
        RnnShape shape = ShapeOf(pass.Plan.Steps, pass.Plan.Batch);
        ValidateInput(shape, pass.Input, pass.Tokens, pass.TokenTable.Length, nameof(pass.TokenTable));
        ValidateInput(shape, pass.Input, pass.Tokens, pass.TokenTableGradient.Length, nameof(pass.TokenTableGradient));
        Check.Layout(pass.Gradients, Parameters);
        if (!pass.OutputGradient.IsEmpty) CheckSequence(pass.OutputGradient.Length, shape, nameof(pass.OutputGradient));
        CheckState(pass.FinalStateGradient.Length, shape, nameof(pass.FinalStateGradient));
        CheckState(pass.InitialStateGradient.Length, shape, nameof(pass.InitialStateGradient));
        CheckCellState(pass.FinalCellStateGradient.Length, shape, nameof(pass.FinalCellStateGradient));
        CheckCellState(pass.InitialCellStateGradient.Length, shape, nameof(pass.InitialCellStateGradient));
        CheckInputGradient(pass.InputGradient.Length, shape, hasTokens: !pass.Tokens.IsEmpty);
        CheckWritten(pass, pass.Gradients.Values, nameof(pass.Gradients));
        CheckWritten(pass, pass.Workspace, nameof(pass.Workspace));
        CheckWritten(pass, pass.InputGradient, nameof(pass.InputGradient));
        CheckWritten(pass, pass.TokenTableGradient, nameof(pass.TokenTableGradient));
        CheckWritten(pass, pass.InitialStateGradient, nameof(pass.InitialStateGradient));
        CheckWritten(pass, pass.InitialCellStateGradient, nameof(pass.InitialCellStateGradient));
        Check.AtLeast(pass.Workspace.Length, CheckpointedWorkspaceSize(pass.Plan), nameof(pass.Workspace));
    }

    /// <summary>What is written is none of what is read, but that a state may be carried in place.</summary>
    private static void CheckWritten(in CheckpointedForward<T> pass, ReadOnlySpan<T> written, string name)
    {
        Check.NoOverlap(written, pass.Input, name, nameof(pass.Input));
        Check.NoOverlap(written, pass.TokenTable, name, nameof(pass.TokenTable));
        if (name == nameof(pass.FinalState)) Check.SameOrNoOverlap(written, pass.InitialState, name, nameof(pass.InitialState));
        else Check.NoOverlap(written, pass.InitialState, name, nameof(pass.InitialState));
        if (name == nameof(pass.FinalCellState)) Check.SameOrNoOverlap(written, pass.InitialCellState, name, nameof(pass.InitialCellState));
        else Check.NoOverlap(written, pass.InitialCellState, name, nameof(pass.InitialCellState));
    }

    /// <summary>What is written is none of what is read, and nothing else that is written.</summary>
    private static void CheckWritten(in CheckpointedBackward<T> pass, ReadOnlySpan<T> written, string name)
    {
        Check.NoOverlap(written, pass.Input, name, nameof(pass.Input));
        Check.NoOverlap(written, pass.TokenTable, name, nameof(pass.TokenTable));
        Check.NoOverlap(written, pass.OutputGradient, name, nameof(pass.OutputGradient));
        Check.NoOverlap(written, pass.FinalStateGradient, name, nameof(pass.FinalStateGradient));
        Check.NoOverlap(written, pass.FinalCellStateGradient, name, nameof(pass.FinalCellStateGradient));
        Check.NoOtherOverlap(written, pass.Gradients.Values, name, nameof(pass.Gradients));
        Check.NoOtherOverlap(written, pass.InputGradient, name, nameof(pass.InputGradient));
        Check.NoOtherOverlap(written, pass.TokenTableGradient, name, nameof(pass.TokenTableGradient));
        Check.NoOtherOverlap(written, pass.InitialStateGradient, name, nameof(pass.InitialStateGradient));
        Check.NoOtherOverlap(written, pass.InitialCellStateGradient, name, nameof(pass.InitialCellStateGradient));
    }
}
