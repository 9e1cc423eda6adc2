using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;

namespace HighPerfRnn.Layers;

/// <summary>One layer of a <see cref="SequentialDescription"/>.</summary>
/// <param name="Layer">What it is.</param>
/// <param name="OutputSize">O: its output is [T, B, O].</param>
/// <param name="Parameters">How many numbers its parameters are.</param>
/// <param name="InferenceBytes">Its output, and the workspace that it asks for.</param>
/// <param name="TrainingBytes">Its output, what it keeps for the backward pass, and the workspace that both passes ask for.</param>
public readonly record struct SequentialRow(string Layer, int OutputSize, long Parameters, long InferenceBytes, long TrainingBytes);

/// <summary>
/// A network as a table, with the memory of passes of a certain size. Beside it there are the parameters, packed copies of the
/// weights (in a trainable layer two) and in training the parameters' gradients.
/// </summary>
/// <param name="Steps">T.</param>
/// <param name="Batch">B.</param>
/// <param name="InputSize">I.</param>
/// <param name="Layers">A row for each layer, and for each residual sum.</param>
/// <param name="Parameters">How many numbers all parameters are.</param>
/// <param name="InferenceBytes">The network's output, its states and <see cref="Sequential{T}.ForwardWorkspaceSize"/>.</param>
/// <param name="TrainingBytes">
/// The network's output, its states, <see cref="Sequential{T}.ReserveSize"/> and <see cref="Sequential{T}.WorkspaceSize"/>. Layers share
/// a workspace, and what they hand on has the room of what is read no more: totals are not the sums of the rows.
/// </param>
public sealed record SequentialDescription(
    int Steps,
    int Batch,
    int InputSize,
    IReadOnlyList<SequentialRow> Layers,
    long Parameters,
    long InferenceBytes,
    long TrainingBytes)
{
    /// <summary>The table as text, lines ended by a line feed, numbers the same in every culture.</summary>
    public override string ToString()
    {
        string[][] cells =
        [
            ["layer", "output", "parameters", "inference", "training"],
            [$"input", Shape(InputSize), "", "", ""],
            .. Layers.Select((row, i) => (string[])
                [$"{i + 1} {row.Layer}", Shape(row.OutputSize), Count(row.Parameters), Bytes(row.InferenceBytes), Bytes(row.TrainingBytes)]),
            ["in all", "", Count(Parameters), Bytes(InferenceBytes), Bytes(TrainingBytes)],
        ];
        int[] widths = [.. Enumerable.Range(0, 5).Select(column => cells.Max(line => line[column].Length))];
        var text = new StringBuilder();
        foreach (string[] line in cells)
        {
            // Words to the left, numbers to the right.
            string[] padded = [.. line.Select((cell, i) => i < 2 ? cell.PadRight(widths[i]) : cell.PadLeft(widths[i]))];
            text.Append(string.Join("  ", padded).TrimEnd()).Append('\n');
        }

        return text.ToString();
    }

    private string Shape(int size) => $"[{Steps}, {Batch}, {size}]";

    private static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    private static string Bytes(long bytes) => bytes < 10_000
        ? $"{Count(bytes)} B"
        : $"{Count((bytes + 1023) / 1024)} KiB";
}

/// <content>The description.</content>
public sealed partial class Sequential<T>
{
    /// <summary>The network as a table: layers, output shapes, parameters, and the memory that passes over T steps and B rows take.</summary>
    /// <param name="steps">T.</param>
    /// <param name="batch">B.</param>
    /// <param name="hasLengths">Whether rows may have lengths of their own, which takes more workspace.</param>
    /// <exception cref="ArgumentOutOfRangeException">T is negative, or B is not positive.</exception>
    /// <exception cref="OverflowException">A size does not fit in an int.</exception>
    public SequentialDescription Describe(int steps, int batch, bool hasLengths = false)
    {
        int rows = RowsOf(steps, batch);
        long size = Unsafe.SizeOf<T>();
        SequentialRow RowOf(SequentialStage<T> stage, int outputSize)
        {
            long output = (long)rows * outputSize;
            int forward = stage.ForwardWorkspaceSize(steps, batch, hasLengths);
            long training = (long)stage.KeptSize(steps, batch) + Math.Max(forward, stage.WorkspaceSize(steps, batch, hasLengths));
            long parameters = Enumerable.Range(0, stage.SetCount).Sum(set => stage.ParameterSet(set).Count);
            return new SequentialRow(stage.Name, outputSize, parameters, size * (output + forward), size * (output + training));
        }

        SequentialRow[] layers = [.. _plan.Stages.Select((stage, i) => RowOf(stage, _plan.Sizes[i + 1]))];
        long ownOutput = ((long)rows * OutputSize) + StateSize(batch);
        return new SequentialDescription(
            steps,
            batch,
            InputSize,
            layers,
            layers.Sum(row => row.Parameters),
            size * (ownOutput + ForwardWorkspaceSize(steps, batch, hasLengths)),
            size * (ownOutput + ReserveSize(steps, batch) + WorkspaceSize(steps, batch, hasLengths)));
    }

    /// <summary>The table of <see cref="Describe"/> for one row's step.</summary>
    public override string ToString() => Describe(steps: 1, batch: 1).ToString();
}
