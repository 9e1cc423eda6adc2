using HighPerfRnn.Memory;

namespace HighPerfRnn.Layers;

/// <content>The checks at the public door: nothing is written before all of them have passed.</content>
public sealed partial class Sequential<T>
{
    private void Validate(in SequentialForward<T> pass)
    {
        ValidateInput(pass.Steps, pass.Batch, pass.Input.Length, pass.Tokens, pass.Lengths);
        ValidateDropout(pass.Steps, pass.Batch, pass.FirstStep, pass.RowKeys.Length);
        Check.Shape(pass.Output.Length, nameof(pass.Output), "[T, B, O]", pass.Steps, pass.Batch, OutputSize);
        CheckStates(pass.InitialStates.Length, pass.Batch, nameof(pass.InitialStates));
        CheckStates(pass.FinalStates.Length, pass.Batch, nameof(pass.FinalStates));
        if (!pass.Reserve.IsEmpty) CheckReserve(pass.Reserve.Length, pass.Steps, pass.Batch);
        Check.AtLeast(
            pass.Workspace.Length, ForwardWorkspaceSize(pass.Steps, pass.Batch, !pass.Lengths.IsEmpty), nameof(pass.Workspace));
        Check.Apart(pass.Output, pass.Input);
        Check.Apart(pass.Output, pass.InitialStates);
        Check.Apart(pass.Output, pass.FinalStates);
        Check.Apart(pass.Output, pass.Reserve);
        Check.Apart(pass.FinalStates, pass.Input);
        Check.Apart(pass.Reserve, pass.Input);
        Check.Apart(pass.Reserve, pass.InitialStates);
        Check.Apart(pass.Reserve, pass.FinalStates);
        Check.Apart(pass.Workspace, pass.Input);
        Check.Apart(pass.Workspace, pass.InitialStates);
        Check.Apart(pass.Workspace, pass.FinalStates);
        Check.Apart(pass.Workspace, pass.Output);
        Check.Apart(pass.Workspace, pass.Reserve);
        Check.SameOrNoOverlap(pass.FinalStates, pass.InitialStates, nameof(pass.FinalStates), nameof(pass.InitialStates));
        foreach (SequentialStage<T> stage in _plan.Stages)
        {
            for (int set = 0; set < stage.SetCount; set++)
            {
                ReadOnlySpan<T> parameters = stage.ParameterSet(set).Values;
                Check.NoOverlap(pass.Output, parameters, nameof(pass.Output), nameof(ParameterSets));
                Check.NoOverlap(pass.FinalStates, parameters, nameof(pass.FinalStates), nameof(ParameterSets));
                Check.NoOverlap(pass.Reserve, parameters, nameof(pass.Reserve), nameof(ParameterSets));
                Check.NoOverlap(pass.Workspace, parameters, nameof(pass.Workspace), nameof(ParameterSets));
            }
        }
    }

    private void Validate(in SequentialStep<T> step)
    {
        if (!IsCausal) throw new InvalidOperationException("A layer is bidirectional, so the network has no single steps.");
        ValidateInput(1, step.Batch, step.Input.Length, step.Tokens, lengths: default);
        Check.Shape(step.Output.Length, nameof(step.Output), "[B, O]", step.Batch, OutputSize);
        Check.Shape(step.States.Length, nameof(step.States), "[StateSize]", StateSize(step.Batch));
        Check.AtLeast(step.Workspace.Length, ForwardWorkspaceSize(1, step.Batch), nameof(step.Workspace));
        Check.Apart(step.Output, step.Input);
        Check.Apart(step.Output, step.States);
        Check.Apart(step.States, step.Input);
        Check.Apart(step.Workspace, step.Input);
        Check.Apart(step.Workspace, step.States);
        Check.Apart(step.Workspace, step.Output);
    }

    private void Validate(in SequentialBackward<T> pass)
    {
        ValidateInput(pass.Steps, pass.Batch, pass.Input.Length, pass.Tokens, pass.Lengths);
        ValidateDropout(pass.Steps, pass.Batch, pass.FirstStep, pass.RowKeys.Length);
        if (!pass.Tokens.IsEmpty) Check.Empty(pass.InputGradient.Length, nameof(pass.InputGradient), "since tokens have no gradient");
        Check.ShapeOrEmpty(pass.InputGradient.Length, nameof(pass.InputGradient), "[T, B, I]", pass.Steps, pass.Batch, InputSize);
        Check.Shape(pass.Output.Length, nameof(pass.Output), "[T, B, O]", pass.Steps, pass.Batch, OutputSize);
        Check.ShapeOrEmpty(pass.OutputGradient.Length, nameof(pass.OutputGradient), "[T, B, O]", pass.Steps, pass.Batch, OutputSize);
        CheckStates(pass.InitialStates.Length, pass.Batch, nameof(pass.InitialStates));
        CheckStates(pass.FinalStatesGradient.Length, pass.Batch, nameof(pass.FinalStatesGradient));
        CheckStates(pass.InitialStatesGradient.Length, pass.Batch, nameof(pass.InitialStatesGradient));
        CheckReserve(pass.Reserve.Length, pass.Steps, pass.Batch);
        Check.AtLeast(pass.Workspace.Length, WorkspaceSize(pass.Steps, pass.Batch, !pass.Lengths.IsEmpty), nameof(pass.Workspace));
        CheckWritten(pass, pass.Workspace, nameof(pass.Workspace));
        CheckWritten(pass, pass.InputGradient, nameof(pass.InputGradient));
        CheckWritten(pass, pass.InitialStatesGradient, nameof(pass.InitialStatesGradient));
        Check.Apart(pass.Workspace, pass.InputGradient);
        Check.Apart(pass.Workspace, pass.InitialStatesGradient);
        Check.Apart(pass.InputGradient, pass.InitialStatesGradient);
        ValidateGradients(pass);
    }

    private void ValidateGradients(in SequentialBackward<T> pass)
    {
        IReadOnlyList<ParameterSet<T>> gradients = pass.Gradients;
        ArgumentNullException.ThrowIfNull(gradients, nameof(pass.Gradients));
        int count = 0;
        foreach (SequentialStage<T> stage in _plan.Stages) count += stage.SetCount;
        if (gradients.Count != count)
        {
            Check.Refuse($"Gradients has {gradients.Count} sets; expected {count}.", nameof(pass.Gradients));
        }

        int set = 0;
        foreach (SequentialStage<T> stage in _plan.Stages)
        {
            for (int i = 0; i < stage.SetCount; i++, set++)
            {
                Check.Layout(gradients[set], stage.ParameterSet(i));
                for (int before = 0; before < set; before++)
                {
                    if (gradients[before] != gradients[set]) continue;
                    Check.Refuse($"Gradients[{set}] is Gradients[{before}]; expected different sets.", nameof(pass.Gradients));
                }

                ReadOnlySpan<T> values = gradients[set].Values;
                CheckWritten(pass, values, nameof(pass.Gradients));
                Check.NoOverlap(values, pass.Workspace, nameof(pass.Gradients), nameof(pass.Workspace));
                Check.NoOverlap(values, pass.InputGradient, nameof(pass.Gradients), nameof(pass.InputGradient));
                Check.NoOverlap(values, pass.InitialStatesGradient, nameof(pass.Gradients), nameof(pass.InitialStatesGradient));
                ReadOnlySpan<T> parameters = stage.ParameterSet(i).Values;
                Check.NoOverlap(pass.Workspace, parameters, nameof(pass.Workspace), nameof(ParameterSets));
                Check.NoOverlap(pass.InputGradient, parameters, nameof(pass.InputGradient), nameof(ParameterSets));
                Check.NoOverlap(pass.InitialStatesGradient, parameters, nameof(pass.InitialStatesGradient), nameof(ParameterSets));
            }
        }
    }

    private static void CheckWritten(in SequentialBackward<T> pass, ReadOnlySpan<T> written, string name)
    {
        Check.NoOverlap(written, pass.Input, name, nameof(pass.Input));
        Check.NoOverlap(written, pass.InitialStates, name, nameof(pass.InitialStates));
        Check.NoOverlap(written, pass.Output, name, nameof(pass.Output));
        Check.NoOverlap(written, pass.Reserve, name, nameof(pass.Reserve));
        Check.NoOverlap(written, pass.OutputGradient, name, nameof(pass.OutputGradient));
        Check.NoOverlap(written, pass.FinalStatesGradient, name, nameof(pass.FinalStatesGradient));
    }

    private void ValidateInput(int steps, int batch, int inputLength, ReadOnlySpan<int> tokens, ReadOnlySpan<int> lengths)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        Check.ShapeOrEmpty(lengths.Length, nameof(SequentialForward<T>.Lengths), "[B]", batch);
        Check.Lengths(lengths, steps, nameof(SequentialForward<T>.Lengths));
        if (tokens.IsEmpty && !_plan.Stages[0].NeedsTokens)
        {
            Check.Shape(inputLength, nameof(SequentialForward<T>.Input), "[T, B, I]", steps, batch, InputSize);
            return;
        }

        if (_vocabulary == 0)
        {
            Check.Empty(tokens.Length, nameof(SequentialForward<T>.Tokens), "since the first layer takes none, or x is added to an output");
        }

        Check.Shape(tokens.Length, nameof(SequentialForward<T>.Tokens), "[T, B]", steps, batch);
        Check.Empty(inputLength, nameof(SequentialForward<T>.Input), "since Tokens stand for it");
        Check.RaggedTokens(tokens, batch, lengths, _vocabulary, nameof(SequentialForward<T>.Tokens));
    }

    private static void ValidateDropout(int steps, int batch, int firstStep, int rowKeys)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstStep);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(firstStep, int.MaxValue - steps);
        Check.ShapeOrEmpty(rowKeys, nameof(SequentialForward<T>.RowKeys), "[B]", batch);
    }

    private void CheckStates(int length, int batch, string name) => Check.ShapeOrEmpty(length, name, "[StateSize]", StateSize(batch));

    private void CheckReserve(int length, int steps, int batch) =>
        Check.Shape(length, nameof(SequentialForward<T>.Reserve), "[ReserveSize]", ReserveSize(steps, batch));
}
