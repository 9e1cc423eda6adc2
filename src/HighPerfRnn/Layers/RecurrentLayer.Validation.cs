using System.Runtime.CompilerServices;

namespace HighPerfRnn.Layers;

/// <content>The checks at the public door: nothing is written before all of them have passed.</content>
public abstract partial class RecurrentLayer<T>
{
    private RnnShape Validate(in RnnForward<T> pass)
    {
        RnnShape shape = ShapeOf(pass.Steps, pass.Batch);
        ValidateInput(shape, pass.Input, pass.Tokens, pass.TokenTable.Length, nameof(pass.TokenTable), pass.Lengths.IsEmpty);
        CheckSequence(pass.Output.Length, shape, nameof(pass.Output));
        CheckState(pass.InitialState.Length, shape, nameof(pass.InitialState));
        CheckState(pass.FinalState.Length, shape, nameof(pass.FinalState));
        CheckCellState(pass.InitialCellState.Length, shape, nameof(pass.InitialCellState));
        CheckCellState(pass.FinalCellState.Length, shape, nameof(pass.FinalCellState));
        if (!pass.Reserve.IsEmpty) CheckReserve(pass.Reserve.Length, shape);
        CheckWritten(pass, pass.Output, nameof(pass.Output));
        CheckWritten(pass, pass.Workspace, nameof(pass.Workspace));
        Check.NoOverlap(pass.Workspace, pass.Output, nameof(pass.Workspace), nameof(pass.Output));
        Check.NoOverlap(pass.Output, pass.FinalState, nameof(pass.Output), nameof(pass.FinalState));
        Check.NoOverlap(pass.Workspace, pass.FinalState, nameof(pass.Workspace), nameof(pass.FinalState));
        Check.NoOverlap(pass.FinalState, pass.Input, nameof(pass.FinalState), nameof(pass.Input));
        Check.NoOverlap(pass.FinalState, pass.TokenTable, nameof(pass.FinalState), nameof(pass.TokenTable));
        Check.SameOrNoOverlap(pass.FinalState, pass.InitialState, nameof(pass.FinalState), nameof(pass.InitialState));
        if (Cell.CellStates > 0) CheckCellSpans(pass);
        // After the spans: their lengths show that the sizes, and so the workspace's, are possible ones.
        int needed = ValidateOrder(shape, pass.Lengths, pass.IsReverse) ? OrderedWorkspaceSize(shape.Steps, shape.Batch) : ForwardWorkspaceSize(shape.Steps, shape.Batch);
        Check.AtLeast(pass.Workspace.Length, needed, nameof(pass.Workspace));
        return shape;
    }

    private RnnShape Validate(in RnnBackward<T> pass)
    {
        RnnShape shape = ShapeOf(pass.Steps, pass.Batch);
        ValidateInput(shape, pass.Input, pass.Tokens, pass.TokenTableGradient.Length, nameof(pass.TokenTableGradient), pass.Lengths.IsEmpty);
        Check.Layout(pass.Gradients, Parameters);
        CheckSequence(pass.Output.Length, shape, nameof(pass.Output));
        CheckState(pass.InitialState.Length, shape, nameof(pass.InitialState));
        if (_layout.KeptRows > 0) CheckReserve(pass.Reserve.Length, shape);
        else Check.Empty(pass.Reserve.Length, nameof(pass.Reserve), "since the cell keeps nothing");
        CheckCellState(pass.FinalCellStateGradient.Length, shape, nameof(pass.FinalCellStateGradient));
        CheckCellState(pass.InitialCellStateGradient.Length, shape, nameof(pass.InitialCellStateGradient));
        if (!pass.OutputGradient.IsEmpty) CheckSequence(pass.OutputGradient.Length, shape, nameof(pass.OutputGradient));
        CheckState(pass.FinalStateGradient.Length, shape, nameof(pass.FinalStateGradient));
        CheckState(pass.InitialStateGradient.Length, shape, nameof(pass.InitialStateGradient));
        CheckInputGradient(pass.InputGradient.Length, shape, hasTokens: !pass.Tokens.IsEmpty);
        CheckWritten(pass, pass.Gradients.Values, nameof(pass.Gradients));
        CheckWritten(pass, pass.InputGradient, nameof(pass.InputGradient));
        CheckWritten(pass, pass.InitialStateGradient, nameof(pass.InitialStateGradient));
        CheckWritten(pass, pass.TokenTableGradient, nameof(pass.TokenTableGradient));
        CheckWritten(pass, pass.Workspace, nameof(pass.Workspace));
        if (_layout.KeptRows > 0 || Cell.CellStates > 0) CheckCellSpans(pass);
        Check.NoOverlap(pass.InputGradient, pass.InitialStateGradient, nameof(pass.InputGradient), nameof(pass.InitialStateGradient));
        Check.NoOverlap(pass.Workspace, pass.InputGradient, nameof(pass.Workspace), nameof(pass.InputGradient));
        Check.NoOverlap(pass.Workspace, pass.InitialStateGradient, nameof(pass.Workspace), nameof(pass.InitialStateGradient));
        Check.NoOverlap(pass.Workspace, pass.TokenTableGradient, nameof(pass.Workspace), nameof(pass.TokenTableGradient));
        Check.NoOverlap(
            pass.TokenTableGradient, pass.InitialStateGradient, nameof(pass.TokenTableGradient), nameof(pass.InitialStateGradient));
        int needed = ValidateOrder(shape, pass.Lengths, pass.IsReverse) ? OrderedWorkspaceSize(shape.Steps, shape.Batch) : WorkspaceSize(shape.Steps, shape.Batch);
        Check.AtLeast(pass.Workspace.Length, needed, nameof(pass.Workspace));
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

    private static void CheckCellSpans(in RnnForward<T> pass)
    {
        CheckWritten(pass, pass.FinalCellState, nameof(pass.FinalCellState));
        CheckWritten(pass, pass.Reserve, nameof(pass.Reserve));
        Check.NoOverlap(pass.Output, pass.InitialCellState, nameof(pass.Output), nameof(pass.InitialCellState));
        Check.NoOverlap(pass.Output, pass.FinalCellState, nameof(pass.Output), nameof(pass.FinalCellState));
        Check.NoOverlap(pass.Output, pass.Reserve, nameof(pass.Output), nameof(pass.Reserve));
        Check.NoOverlap(pass.Workspace, pass.InitialCellState, nameof(pass.Workspace), nameof(pass.InitialCellState));
        Check.NoOverlap(pass.Workspace, pass.FinalCellState, nameof(pass.Workspace), nameof(pass.FinalCellState));
        Check.NoOverlap(pass.Workspace, pass.Reserve, nameof(pass.Workspace), nameof(pass.Reserve));
        Check.NoOverlap(pass.FinalState, pass.FinalCellState, nameof(pass.FinalState), nameof(pass.FinalCellState));
        Check.NoOverlap(pass.FinalState, pass.InitialCellState, nameof(pass.FinalState), nameof(pass.InitialCellState));
        Check.NoOverlap(pass.FinalState, pass.Reserve, nameof(pass.FinalState), nameof(pass.Reserve));
        Check.NoOverlap(pass.FinalCellState, pass.Reserve, nameof(pass.FinalCellState), nameof(pass.Reserve));
        Check.NoOverlap(pass.Reserve, pass.InitialCellState, nameof(pass.Reserve), nameof(pass.InitialCellState));
        Check.SameOrNoOverlap(pass.FinalCellState, pass.InitialCellState, nameof(pass.FinalCellState), nameof(pass.InitialCellState));
    }

    private static void CheckCellSpans(in RnnBackward<T> pass)
    {
        CheckWritten(pass, pass.InitialCellStateGradient, nameof(pass.InitialCellStateGradient));
        CheckCellWritten(pass, pass.Workspace, nameof(pass.Workspace));
        CheckCellWritten(pass, pass.Gradients.Values, nameof(pass.Gradients));
        CheckCellWritten(pass, pass.InputGradient, nameof(pass.InputGradient));
        CheckCellWritten(pass, pass.InitialStateGradient, nameof(pass.InitialStateGradient));
        CheckCellWritten(pass, pass.TokenTableGradient, nameof(pass.TokenTableGradient));
        Check.NoOverlap(pass.InitialCellStateGradient, pass.Reserve, nameof(pass.InitialCellStateGradient), nameof(pass.Reserve));
        Check.NoOverlap(
            pass.InitialCellStateGradient,
            pass.FinalCellStateGradient,
            nameof(pass.InitialCellStateGradient),
            nameof(pass.FinalCellStateGradient));
    }

    private static void CheckCellWritten(in RnnBackward<T> pass, ReadOnlySpan<T> written, string name)
    {
        Check.NoOverlap(written, pass.Reserve, name, nameof(pass.Reserve));
        Check.NoOverlap(written, pass.FinalCellStateGradient, name, nameof(pass.FinalCellStateGradient));
        Check.NoOverlap(written, pass.InitialCellStateGradient, name, nameof(pass.InitialCellStateGradient));
    }

    /// <summary>A lone row is checked in the fewest steps: there, a check is a part of the time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ValidateLoneRow(in RnnStep<T> step)
    {
        int cellStateLength = _cellStateLength;
        if (step.Input.Length != InputSize
            || step.NextState.Length != OutputSize
            || step.CellState.Length != cellStateLength
            || step.NextCellState.Length != cellStateLength
            || Check.Overlap(step.NextState, step.State)
            || Check.Overlap(step.NextState, step.Input)
            || (cellStateLength > 0 && CellStatesOverlap(step)))
        {
            ValidateRows(step);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool CellStatesOverlap(in RnnStep<T> step) =>
        Check.Overlap(step.NextCellState, step.State)
        || Check.Overlap(step.NextCellState, step.Input)
        || Check.Overlap(step.NextCellState, step.NextState)
        || Check.Overlap(step.NextState, step.CellState)
        || (step.NextCellState != step.CellState && Check.Overlap(step.NextCellState, step.CellState));

    /// <summary>B.</summary>
    private int ValidateRows(in RnnStep<T> step)
    {
        int batch = Math.Max(1, step.State.Length / OutputSize);
        // The sequence pass checks all of this again, but under its own names.
        Check.Shape(step.State.Length, nameof(step.State), "[B, H]", batch, OutputSize);
        Check.Shape(step.Input.Length, nameof(step.Input), "[B, I]", batch, InputSize);
        Check.Shape(step.NextState.Length, nameof(step.NextState), "[B, H]", batch, OutputSize);
        Check.NoOverlap(step.NextState, step.State, nameof(step.NextState), nameof(step.State));
        Check.NoOverlap(step.NextState, step.Input, nameof(step.NextState), nameof(step.Input));
        if ((_cellStateLength | step.CellState.Length | step.NextCellState.Length) != 0)
        {
            Check.Shape(step.CellState.Length, nameof(step.CellState), "[C, B, H]", Cell.CellStates, batch, HiddenSize);
            Check.Shape(step.NextCellState.Length, nameof(step.NextCellState), "[C, B, H]", Cell.CellStates, batch, HiddenSize);
            Check.SameOrNoOverlap(step.NextCellState, step.CellState, nameof(step.NextCellState), nameof(step.CellState));
            Check.NoOverlap(step.NextCellState, step.State, nameof(step.NextCellState), nameof(step.State));
            Check.NoOverlap(step.NextCellState, step.Input, nameof(step.NextCellState), nameof(step.Input));
            Check.NoOverlap(step.NextCellState, step.NextState, nameof(step.NextCellState), nameof(step.NextState));
            Check.NoOverlap(step.NextState, step.CellState, nameof(step.NextState), nameof(step.CellState));
        }

        if (batch > 1 || !_hasLoneStep) Check.AtLeast(step.Workspace.Length, ForwardWorkspaceSize(1, batch), nameof(step.Workspace));
        return batch;
    }

    private void ValidateInput(
        in RnnShape shape, ReadOnlySpan<T> input, ReadOnlySpan<int> tokens, int tableLength, string tableName, bool checksTokens = true)
    {
        if (tokens.IsEmpty)
        {
            Check.Shape(input.Length, nameof(RnnForward<T>.Input), "[T, B, I]", shape.Steps, shape.Batch, InputSize);
            if (shape.Steps > 0) Check.Empty(tableLength, tableName, "since no Tokens are given");
            return;
        }

        if (tableLength == 0) ThrowIfReleased();
        int columns = Cell.Gates * HiddenSize;
        int vocabulary = Vocabulary(tableLength);
        Check.ShapeOrEmpty(tableLength, tableName, Cell.Gates == 1 ? "[vocabulary, H]" : "[vocabulary, G·H]", vocabulary, columns);
        Check.Shape(tokens.Length, nameof(RnnForward<T>.Tokens), "[T, B]", shape.Steps, shape.Batch);
        Check.Empty(input.Length, nameof(RnnForward<T>.Input), "since Tokens are given");
        if (checksTokens) Check.Tokens(tokens, vocabulary, nameof(RnnForward<T>.Tokens));
    }

    // How many different tokens there are: rows of the table or of Wx.
    private int Vocabulary(int tableLength) => tableLength == 0 ? InputSize : tableLength / (Cell.Gates * HiddenSize);

    /// <summary>Whether the pass walks its rows in another order than they lie in.</summary>
    private static bool ValidateOrder(in RnnShape shape, ReadOnlySpan<int> lengths, bool isReverse)
    {
        Check.ShapeOrEmpty(lengths.Length, nameof(RnnForward<T>.Lengths), "[B]", shape.Batch);
        Check.Lengths(lengths, shape.Steps, nameof(RnnForward<T>.Lengths));
        return isReverse || !lengths.IsEmpty;
    }

    private static void CheckInputGradient(int length, in RnnShape shape, bool hasTokens)
    {
        const string name = nameof(RnnBackward<T>.InputGradient);
        if (hasTokens) Check.Empty(length, name, "since tokens have no gradient");
        else Check.ShapeOrEmpty(length, name, "[T, B, I]", shape.Steps, shape.Batch, shape.InputSize);
    }

    private void CheckSequence(int length, in RnnShape shape, string name) =>
        Check.Shape(length, name, "[T, B, H]", shape.Steps, shape.Batch, _layout.StateSize);

    private void CheckState(int length, in RnnShape shape, string name) =>
        Check.ShapeOrEmpty(length, name, "[B, H]", shape.Batch, _layout.StateSize);

    private void CheckCellState(int length, in RnnShape shape, string name)
    {
        if (Cell.CellStates == 0) Check.Empty(length, name, "since the cell has no state but h");
        else Check.ShapeOrEmpty(length, name, "[C, B, H]", Cell.CellStates, shape.Batch, shape.HiddenSize);
    }

    private void CheckReserve(int length, in RnnShape shape)
    {
        int stride = RecurrentWorkspace.Stride<T>(shape.HiddenSize);
        Check.Shape(length, nameof(RnnForward<T>.Reserve), "[T·B, K, S]", shape.Rows, _layout.KeptRows, stride);
    }
}
