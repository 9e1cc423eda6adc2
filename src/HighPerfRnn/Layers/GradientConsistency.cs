using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace HighPerfRnn.Layers;

/// <summary>Whether a layer is one function, however it is called. <see cref="GradientCheck"/> says what that means.</summary>
internal sealed class GradientConsistency
{
    private readonly List<string> _found = [];

    /// <summary>One line each.</summary>
    public IReadOnlyList<string> Found => _found;

    /// <param name="run">After its forward and its backward pass.</param>
    public void Check<T>(CheckedLayer<T> run)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        string type = typeof(T) == typeof(double) ? "double" : "float";
        if (!Finite(run.Output) || !Finite(run.FinalCellState))
        {
            _found.Add($"in {type}: an output or a final cell state is not finite; was every state set?");
            return;
        }

        CheckSteps(run, $"in {type}, steps of {run.Batch} rows");
        for (int row = 0; row < run.Batch; row++)
        {
            CheckedLayer<T> alone = run.Row(row);
            alone.Forward();
            alone.Backward();
            CheckRow(run, alone, row, $"in {type}, row {row} alone");
            CheckSteps(alone, $"in {type}, steps of row {row} alone");
        }
    }

    /// <summary>Outputs in float are near those in double.</summary>
    public void CheckNear(CheckedLayer<double> run, CheckedLayer<float> single, double tolerance)
    {
        Near("the output", run.Output, single.Output);
        Near("the final cell state", run.FinalCellState, single.FinalCellState);

        void Near(string what, double[] expected, float[] actual)
        {
            for (int i = 0; i < expected.Length; i++)
            {
                if (Math.Abs(actual[i] - expected[i]) <= tolerance * (1 + Math.Abs(expected[i]))) continue;
                _found.Add(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{what} at {i} is {actual[i]:G9} in float and {expected[i]:G9} in double; expected {tolerance:0.0E0} of 1 + |y| between them"));
                return;
            }
        }
    }

    private void CheckSteps<T>(CheckedLayer<T> run, string how)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        RecurrentLayer<T> layer = run.Layer;
        (int inputs, int outputs) = (run.Batch * layer.InputSize, run.Batch * layer.OutputSize);
        T[] state = [.. run.InitialState];
        T[] cellState = [.. run.InitialCellState];
        T[] workspace = new T[layer.ForwardWorkspaceSize(1, run.Batch)];
        for (int t = 0; t < run.Steps; t++)
        {
            T[] next = new T[outputs];
            Array.Fill(next, T.NaN);
            layer.Step(new RnnStep<T>
            {
                Input = run.Input.AsSpan(t * inputs, inputs),
                State = state,
                CellState = cellState,
                NextState = next,
                NextCellState = cellState,
                Workspace = workspace,
            });
            if (!Same(run.Output.AsSpan(t * outputs, outputs), next, $"{how}: h of step {t}")) return;
            state = next;
        }

        Same<T>(run.FinalCellState, cellState, $"{how}: the cell states after the last");
    }

    private void CheckRow<T>(CheckedLayer<T> run, CheckedLayer<T> alone, int row, string how)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        RecurrentLayer<T> layer = run.Layer;
        Compare("the output", run.Output, alone.Output, layer.OutputSize);
        Compare("the final cell state", run.FinalCellState, alone.FinalCellState, layer.HiddenSize);
        Compare("the gradient of the input", run.InputGradient, alone.InputGradient, layer.InputSize);
        Compare("the gradient of the initial state", run.InitialStateGradient, alone.InitialStateGradient, layer.OutputSize);
        Compare("the gradient of the initial cell state", run.InitialCellStateGradient, alone.InitialCellStateGradient, layer.HiddenSize);

        void Compare(string what, T[] whole, T[] own, int width)
        {
            T[] part = new T[own.Length];
            run.CopyRow(whole, part, row, width);
            // What is NaN is reported where gradients are.
            if (Finite(part)) Same<T>(part, own, $"{how}: {what}");
        }
    }

    private bool Same<T>(ReadOnlySpan<T> expected, ReadOnlySpan<T> actual, string what)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int at = MemoryMarshal.AsBytes(expected).CommonPrefixLength(MemoryMarshal.AsBytes(actual)) / Unsafe.SizeOf<T>();
        if (at == expected.Length) return true;
        _found.Add(string.Create(
            CultureInfo.InvariantCulture, $"{what} at {at} is {actual[at]:R}, and {expected[at]:R} in the batch over the whole sequence"));
        return false;
    }

    private static bool Finite<T>(T[] numbers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Array.TrueForAll(numbers, T.IsFinite);
}
