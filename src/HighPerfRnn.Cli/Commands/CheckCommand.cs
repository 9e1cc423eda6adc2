using System.CommandLine;
using System.Globalization;
using HighPerfRnn.Cli.Check;
using HighPerfRnn.Cli.Output;
using HighPerfRnn.Layers;
using Spectre.Console;
using static System.FormattableString;

namespace HighPerfRnn.Cli.Commands;

/// <summary>check: every gradient against the reference formula and against central differences, as a table.</summary>
internal static class CheckCommand
{
    private const int DefaultEntries = 64;
    private const long MostWork = 20_000_000;

    private static readonly CheckShape DefaultShape = new(3, 5, 7, 18);

    /// <summary>The command.</summary>
    public static Command Create(ToolContext context)
    {
        Option<int[]?> shape = CommandOptions.Sizes(
            "--shape",
            "B,T,I,H",
            CommandOptions.WithDefault("Batch, steps, input size, hidden size.", Text(DefaultShape)),
            (1, 256),
            (1, 1000),
            (1, 512),
            (1, 512));
        Option<RecurrentCellKind?> cell = CommandOptions.Cell();
        Option<int> layers = CommandOptions.Layers();
        Option<bool> bidirectional = CommandOptions.Bidirectional();
        Option<ulong> seed = CommandOptions.Seed();
        Option<bool> json = CommandOptions.Json();
        var command = new Command(
            "check", "Check every gradient against the reference formula and central differences; exit 1 when one is out of bounds.")
        {
            shape, cell, layers, bidirectional, seed, json,
        };
        command.SetAction(parsed => Run(
            context,
            Shape(
                parsed.GetValue(shape),
                DefaultShape with
                {
                    Cell = parsed.GetValue(cell) ?? RecurrentCellKind.Rnn,
                    Layers = parsed.GetValue(layers),
                    IsBidirectional = parsed.GetValue(bidirectional),
                }),
            parsed.GetValue(seed),
            parsed.GetValue(json)));
        return command;
    }

    /// <summary>Prints the rows; exit 1 with a line when one did not pass.</summary>
    internal static int Report(ToolContext context, IReadOnlyList<CheckRow> rows, bool asJson)
    {
        CheckRow[] failed = [.. rows.Where(row => !row.Passed)];
        if (asJson) Json.Write(context.Output, new CheckReport(failed.Length == 0, rows), Json.Default.CheckReport);
        else Print(context, rows);
        if (failed.Length == 0) return ExitCode.Done;
        CheckRow first = failed[0];
        string found = Invariant($"errors of {first.ErrorReference:0.0e+0} and {first.ErrorDifferences:0.0e+0}");
        string expected = Invariant($"at most {first.BoundReference:0.0e+0} and {first.Bound:0.0e+0}");
        throw ToolException.Unmet(
            $"{failed.Length} of {rows.Count} gradients are out of bounds, {first.Parameter} in {first.Precision} first: found {found}, expected {expected}.");
    }

    private static string Text(CheckShape shape) => $"{shape.Batch},{shape.Steps},{shape.InputSize},{shape.HiddenSize}";

    private static CheckShape Shape(int[]? sizes, CheckShape shape)
    {
        if (sizes is [int batch, int steps, int input, int hidden])
        {
            shape = shape with { Batch = batch, Steps = steps, InputSize = input, HiddenSize = hidden };
        }

        if (shape.MultiplyAdds > MostWork)
        {
            string formula = shape is { Cell: RecurrentCellKind.Rnn, Layers: 1, IsBidirectional: false } ? "B·T·H·(I+H)" : "multiply-adds of all layers";
            throw ToolException.Usage("--shape", $"{formula} = {shape.MultiplyAdds:N0}", $"at most {MostWork:N0}, for the naive reference's sake");
        }

        return shape;
    }

    private static string Name(RecurrentCellKind cell) => cell switch
    {
        RecurrentCellKind.MinGru => "minGRU",
        RecurrentCellKind.MinLstm => "minLSTM",
        _ => RecurrentCells.NameOf(cell).ToUpperInvariant(),
    };

    private static int Run(ToolContext context, CheckShape shape, ulong seed, bool asJson)
    {
        // Differences run the forward pass twice an entry: fewer entries for larger networks.
        int entries = (int)Math.Clamp(100_000_000 / Math.Max(1, shape.MultiplyAdds), 8, DefaultEntries);
        IEnumerable<GradientTensor> tensors = new GradientCheck<double>(shape, seed).Tensors();
        tensors = tensors.Concat(new GradientCheck<float>(shape, seed).Tensors());
        CheckRow[] rows = [.. tensors.Select(tensor => GradientComparison.Compare(tensor, entries, seed))];
        if (!asJson)
        {
            string name = shape.IsBidirectional ? $"bidirectional {Name(shape.Cell)}" : Name(shape.Cell);
            string recurrent = shape.Layers == 1 ? name : $"{shape.Layers} layers of {name}";
            context.Output.WriteLine($"Embedding, {recurrent}, linear layer and loss, B,T,I,H = {Text(shape)}, seed {seed}.");
        }

        return Report(context, rows, asJson);
    }

    private static void Print(ToolContext context, IReadOnlyList<CheckRow> rows)
    {
        Table table = new Table().Border(TableBorder.Minimal);
        table.AddColumns("gradient", "type", "formula", "bound", "central", "bound", string.Empty);
        foreach (TableColumn column in table.Columns) column.NoWrap().PadLeft(0);
        for (int column = 2; column < 6; column++) table.Columns[column].RightAligned();
        foreach (CheckRow row in rows)
        {
            table.AddRow(
                row.Parameter,
                row.Precision,
                Number(row.ErrorReference),
                Number(row.BoundReference),
                Number(row.ErrorDifferences),
                Number(row.Bound),
                row.Passed ? "[green]ok[/]" : "[red]OUT[/]");
        }

        context.OutputConsole.Write(table);
        context.Output.WriteLine("The largest error of an entry, as a share of the gradient's largest entry:");
        context.Output.WriteLine("against the reference formula in double, and against central differences of");
        context.Output.WriteLine("the forward pass. Bounds follow from the arithmetic, entry by entry.");
    }

    private static string Number(double value) => value.ToString("0.0e+00", CultureInfo.InvariantCulture);
}
