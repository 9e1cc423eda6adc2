namespace HighPerfRnn.Layers;

/// <content>The checks at the public door.</content>
public sealed partial class Bidirectional<T>
{
    private void Validate(in BidirectionalForward<T> pass)
    {
        ValidateInput(pass.Steps, pass.Batch, pass.Input.Length, pass.Tokens, pass.Lengths);
        Check.Shape(pass.Output.Length, nameof(pass.Output), "[T, B, O]", pass.Steps, pass.Batch, OutputSize);
        CheckState(pass.InitialState.Length, pass.Batch, nameof(pass.InitialState));
        CheckState(pass.FinalState.Length, pass.Batch, nameof(pass.FinalState));
        CheckCellState(pass.InitialCellState.Length, pass.Batch, nameof(pass.InitialCellState));
        CheckCellState(pass.FinalCellState.Length, pass.Batch, nameof(pass.FinalCellState));
        Check.ShapeOrEmpty(pass.Reserve.Length, nameof(pass.Reserve), "[ReserveSize]", ReserveSize(pass.Steps, pass.Batch));
        Check.AtLeast(pass.Workspace.Length, WorkspaceSize(pass.Steps, pass.Batch), nameof(pass.Workspace));
        CheckWritten(pass, pass.Output, nameof(pass.Output));
        CheckWritten(pass, pass.Reserve, nameof(pass.Reserve));
        CheckWritten(pass, pass.Workspace, nameof(pass.Workspace));
        Check.Apart(pass.FinalState, pass.Input);
        Check.Apart(pass.FinalState, pass.InitialCellState);
        Check.Apart(pass.FinalState, pass.FinalCellState);
        Check.Apart(pass.FinalCellState, pass.Input);
        Check.Apart(pass.FinalCellState, pass.InitialState);
        Check.Apart(pass.Output, pass.Reserve);
        Check.Apart(pass.Output, pass.Workspace);
        Check.Apart(pass.Reserve, pass.Workspace);
        Check.SameOrNoOverlap(pass.FinalState, pass.InitialState, nameof(pass.FinalState), nameof(pass.InitialState));
        Check.SameOrNoOverlap(pass.FinalCellState, pass.InitialCellState, nameof(pass.FinalCellState), nameof(pass.InitialCellState));
    }

    private void Validate(in BidirectionalBackward<T> pass)
    {
        Check.Layout(pass.ForwardGradients, ForwardLayer.Parameters);
        Check.Layout(pass.ReverseGradients, ReverseLayer.Parameters);
        if (pass.ForwardGradients == pass.ReverseGradients)
        {
            Check.Refuse("Both directions have the same gradients; expected two sets.", nameof(pass.ReverseGradients));
        }

        ValidateInput(pass.Steps, pass.Batch, pass.Input.Length, pass.Tokens, pass.Lengths);
        if (!pass.Tokens.IsEmpty) Check.Empty(pass.InputGradient.Length, nameof(pass.InputGradient), "since tokens have no gradient");
        Check.ShapeOrEmpty(pass.InputGradient.Length, nameof(pass.InputGradient), "[T, B, I]", pass.Steps, pass.Batch, InputSize);
        Check.ShapeOrEmpty(pass.OutputGradient.Length, nameof(pass.OutputGradient), "[T, B, O]", pass.Steps, pass.Batch, OutputSize);
        CheckState(pass.InitialState.Length, pass.Batch, nameof(pass.InitialState));
        CheckState(pass.FinalStateGradient.Length, pass.Batch, nameof(pass.FinalStateGradient));
        CheckState(pass.InitialStateGradient.Length, pass.Batch, nameof(pass.InitialStateGradient));
        CheckCellState(pass.FinalCellStateGradient.Length, pass.Batch, nameof(pass.FinalCellStateGradient));
        CheckCellState(pass.InitialCellStateGradient.Length, pass.Batch, nameof(pass.InitialCellStateGradient));
        Check.Shape(pass.Reserve.Length, nameof(pass.Reserve), "[ReserveSize]", ReserveSize(pass.Steps, pass.Batch));
        Check.AtLeast(pass.Workspace.Length, WorkspaceSize(pass.Steps, pass.Batch), nameof(pass.Workspace));
        CheckWritten(pass, pass.InputGradient, nameof(pass.InputGradient));
        CheckWritten(pass, pass.InitialStateGradient, nameof(pass.InitialStateGradient));
        CheckWritten(pass, pass.InitialCellStateGradient, nameof(pass.InitialCellStateGradient));
        CheckWritten(pass, pass.Workspace, nameof(pass.Workspace));
        CheckWritten(pass, pass.ForwardGradients.Values, nameof(pass.ForwardGradients));
        CheckWritten(pass, pass.ReverseGradients.Values, nameof(pass.ReverseGradients));
        Check.Apart(pass.InputGradient, pass.InitialStateGradient);
        Check.Apart(pass.InputGradient, pass.InitialCellStateGradient);
        Check.Apart(pass.InitialStateGradient, pass.InitialCellStateGradient);
        Check.Apart(pass.Workspace, pass.InputGradient);
        Check.Apart(pass.Workspace, pass.InitialStateGradient);
        Check.Apart(pass.Workspace, pass.InitialCellStateGradient);
    }

    private static void CheckWritten(in BidirectionalForward<T> pass, ReadOnlySpan<T> written, string name)
    {
        Check.NoOverlap(written, pass.Input, name, nameof(pass.Input));
        Check.NoOverlap(written, pass.InitialState, name, nameof(pass.InitialState));
        Check.NoOverlap(written, pass.InitialCellState, name, nameof(pass.InitialCellState));
        Check.NoOverlap(written, pass.FinalState, name, nameof(pass.FinalState));
        Check.NoOverlap(written, pass.FinalCellState, name, nameof(pass.FinalCellState));
    }

    private static void CheckWritten(in BidirectionalBackward<T> pass, ReadOnlySpan<T> written, string name)
    {
        Check.NoOverlap(written, pass.Input, name, nameof(pass.Input));
        Check.NoOverlap(written, pass.InitialState, name, nameof(pass.InitialState));
        Check.NoOverlap(written, pass.Reserve, name, nameof(pass.Reserve));
        Check.NoOverlap(written, pass.OutputGradient, name, nameof(pass.OutputGradient));
        Check.NoOverlap(written, pass.FinalStateGradient, name, nameof(pass.FinalStateGradient));
        Check.NoOverlap(written, pass.FinalCellStateGradient, name, nameof(pass.FinalCellStateGradient));
        Check.NoOtherOverlap(written, pass.ForwardGradients.Values, name, nameof(pass.ForwardGradients));
        Check.NoOtherOverlap(written, pass.ReverseGradients.Values, name, nameof(pass.ReverseGradients));
    }

    private void ValidateInput(int steps, int batch, int inputLength, ReadOnlySpan<int> tokens, ReadOnlySpan<int> lengths)
    {
        new RnnShape(steps, batch, InputSize, ForwardLayer.HiddenSize).Validate();
        Check.ShapeOrEmpty(lengths.Length, nameof(BidirectionalForward<T>.Lengths), "[B]", batch);
        Check.Lengths(lengths, steps, nameof(BidirectionalForward<T>.Lengths));
        if (tokens.IsEmpty)
        {
            Check.Shape(inputLength, nameof(BidirectionalForward<T>.Input), "[T, B, I]", steps, batch, InputSize);
            return;
        }

        Check.Empty(inputLength, nameof(BidirectionalForward<T>.Input), "since Tokens are given");
        Check.Shape(tokens.Length, nameof(BidirectionalForward<T>.Tokens), "[T, B]", steps, batch);
        Check.RaggedTokens(tokens, batch, lengths, InputSize, nameof(BidirectionalForward<T>.Tokens));
    }

    private void CheckState(int length, int batch, string name) => Check.ShapeOrEmpty(length, name, "[2, B, P]", 2, batch, StateSize);

    private void CheckCellState(int length, int batch, string name)
    {
        if (CellStates == 0) Check.Empty(length, name, "since the cells have no state but h");
        else Check.ShapeOrEmpty(length, name, "[2·C, B, H]", 2 * CellStates, batch, ForwardLayer.HiddenSize);
    }
}
