namespace HighPerfRnn.Layers;

/// <content>The checks at the public door: nothing is written before all of them have passed.</content>
public sealed partial class Rnn<T>
{
    private RnnShape Validate(in RnnForward<T> pass)
    {
        RnnShape shape = ValidateShape(pass.Steps, pass.Batch);
        ValidateInput(shape, pass.Input, pass.Tokens, pass.TokenTable.Length, nameof(pass.TokenTable));
        CheckSequence(pass.Output.Length, shape, nameof(pass.Output));
        CheckState(pass.InitialState.Length, shape, nameof(pass.InitialState));
        CheckState(pass.FinalState.Length, shape, nameof(pass.FinalState));
        CheckWritten(pass, pass.Output, nameof(pass.Output));
        CheckWritten(pass, pass.Workspace, nameof(pass.Workspace));
        Check.NoOverlap(pass.Workspace, pass.Output, nameof(pass.Workspace), nameof(pass.Output));
        Check.NoOverlap(pass.Output, pass.FinalState, nameof(pass.Output), nameof(pass.FinalState));
        Check.NoOverlap(pass.Workspace, pass.FinalState, nameof(pass.Workspace), nameof(pass.FinalState));
        Check.NoOverlap(pass.FinalState, pass.Input, nameof(pass.FinalState), nameof(pass.Input));
        Check.NoOverlap(pass.FinalState, pass.TokenTable, nameof(pass.FinalState), nameof(pass.TokenTable));
        Check.SameOrNoOverlap(pass.FinalState, pass.InitialState, nameof(pass.FinalState), nameof(pass.InitialState));
        CheckWorkspace(shape, pass.Workspace.Length);
        return shape;
    }

    private RnnShape Validate(in RnnBackward<T> pass)
    {
        RnnShape shape = ValidateShape(pass.Steps, pass.Batch);
        ValidateInput(shape, pass.Input, pass.Tokens, pass.TokenTableGradient.Length, nameof(pass.TokenTableGradient));
        Check.Layout(pass.Gradients, Parameters);
        CheckSequence(pass.Output.Length, shape, nameof(pass.Output));
        CheckState(pass.InitialState.Length, shape, nameof(pass.InitialState));
        if (!pass.OutputGradient.IsEmpty) CheckSequence(pass.OutputGradient.Length, shape, nameof(pass.OutputGradient));
        CheckState(pass.FinalStateGradient.Length, shape, nameof(pass.FinalStateGradient));
        CheckState(pass.InitialStateGradient.Length, shape, nameof(pass.InitialStateGradient));
        if (pass.Tokens.IsEmpty)
        {
            Check.ShapeOrEmpty(pass.InputGradient.Length, nameof(pass.InputGradient), "[T, B, I]", shape.Steps, shape.Batch, InputSize);
        }
        else
        {
            Check.Empty(pass.InputGradient.Length, nameof(pass.InputGradient), "since tokens have no gradient");
        }

        CheckWritten(pass, pass.Gradients.Values, nameof(pass.Gradients));
        CheckWritten(pass, pass.InputGradient, nameof(pass.InputGradient));
        CheckWritten(pass, pass.InitialStateGradient, nameof(pass.InitialStateGradient));
        CheckWritten(pass, pass.TokenTableGradient, nameof(pass.TokenTableGradient));
        CheckWritten(pass, pass.Workspace, nameof(pass.Workspace));
        Check.NoOverlap(pass.InputGradient, pass.InitialStateGradient, nameof(pass.InputGradient), nameof(pass.InitialStateGradient));
        Check.NoOverlap(pass.Workspace, pass.InputGradient, nameof(pass.Workspace), nameof(pass.InputGradient));
        Check.NoOverlap(pass.Workspace, pass.InitialStateGradient, nameof(pass.Workspace), nameof(pass.InitialStateGradient));
        Check.NoOverlap(pass.Workspace, pass.TokenTableGradient, nameof(pass.Workspace), nameof(pass.TokenTableGradient));
        Check.NoOverlap(
            pass.TokenTableGradient, pass.InitialStateGradient, nameof(pass.TokenTableGradient), nameof(pass.InitialStateGradient));
        CheckWorkspace(shape, pass.Workspace.Length);
        return shape;
    }

    /// <summary>What is written is none of what is read.</summary>
    private static void CheckWritten(in RnnForward<T> pass, ReadOnlySpan<T> written, string name)
    {
        Check.NoOverlap(written, pass.Input, name, nameof(pass.Input));
        Check.NoOverlap(written, pass.TokenTable, name, nameof(pass.TokenTable));
        Check.NoOverlap(written, pass.InitialState, name, nameof(pass.InitialState));
    }

    /// <inheritdoc cref="CheckWritten(in RnnForward{T}, ReadOnlySpan{T}, string)"/>
    private static void CheckWritten(in RnnBackward<T> pass, ReadOnlySpan<T> written, string name)
    {
        Check.NoOverlap(written, pass.Input, name, nameof(pass.Input));
        Check.NoOverlap(written, pass.InitialState, name, nameof(pass.InitialState));
        Check.NoOverlap(written, pass.Output, name, nameof(pass.Output));
        Check.NoOverlap(written, pass.OutputGradient, name, nameof(pass.OutputGradient));
        Check.NoOverlap(written, pass.FinalStateGradient, name, nameof(pass.FinalStateGradient));
        if (written != pass.Gradients.Values) Check.NoOverlap(written, pass.Gradients.Values, name, nameof(pass.Gradients));
    }

    private RnnShape ValidateShape(int steps, int batch)
    {
        var shape = new RnnShape(steps, batch, InputSize, HiddenSize);
        shape.Validate();
        return shape;
    }

    // After the spans: their lengths show that the sizes, and so the workspace's, are possible ones.
    private static void CheckWorkspace(in RnnShape shape, int length) =>
        Check.AtLeast(length, WorkspaceSize(shape), nameof(RnnForward<T>.Workspace));

    private void ValidateInput(
        in RnnShape shape, ReadOnlySpan<T> input, ReadOnlySpan<int> tokens, int tableLength, string tableName)
    {
        if (tokens.IsEmpty)
        {
            Check.Shape(input.Length, nameof(RnnForward<T>.Input), "[T, B, I]", shape.Steps, shape.Batch, InputSize);
            if (shape.Steps > 0) Check.Empty(tableLength, tableName, "since no Tokens are given");
            return;
        }

        if (tableLength == 0) ThrowIfReleased();
        int vocabulary = tableLength == 0 ? InputSize : tableLength / HiddenSize;
        Check.ShapeOrEmpty(tableLength, tableName, "[vocabulary, H]", vocabulary, HiddenSize);
        Check.Shape(tokens.Length, nameof(RnnForward<T>.Tokens), "[T, B]", shape.Steps, shape.Batch);
        Check.Empty(input.Length, nameof(RnnForward<T>.Input), "since Tokens are given");
        Check.Tokens(tokens, vocabulary, nameof(RnnForward<T>.Tokens));
    }

    private static void CheckSequence(int length, in RnnShape shape, string name) =>
        Check.Shape(length, name, "[T, B, H]", shape.Steps, shape.Batch, shape.HiddenSize);

    private static void CheckState(int length, in RnnShape shape, string name) =>
        Check.ShapeOrEmpty(length, name, "[B, H]", shape.Batch, shape.HiddenSize);
}
