using System.CommandLine;
using System.Globalization;
using HighPerfRnn.Cli.Bench;
using HighPerfRnn.Cli.Output;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using Spectre.Console;

namespace HighPerfRnn.Cli.Commands;

/// <summary>bench: time, share of the machine's peak, speed against the naive loop, allocated bytes.</summary>
internal static class BenchCommand
{
    private const double DefaultSeconds = 1;
    private const double QuickSeconds = 0.3;
    private const long MostElements = 1 << 28;

    /// <summary>The command.</summary>
    public static Command Create(ToolContext context)
    {
        Option<bool> quick = CommandOptions.Switch("--quick", "Fewer rows and less time for each: under 20 s.");
        Option<int[]?> shape = CommandOptions.Sizes(
            "--shape", "B,T,I,H", "One row: batch, steps, input size, hidden size.", (1, 65536), (1, 65536), (1, 16384), (1, 16384));
        Option<RecurrentCellKind?> cell = CommandOptions.Cell();
        Option<int> layers = CommandOptions.Layers();
        Option<bool> bidirectional = CommandOptions.Bidirectional();
        Option<BenchPrecision?> precision = CommandOptions.Choice(
            "--precision",
            "float",
            "What to compute in or, for steps and forward, hold weights in.",
            ("float", BenchPrecision.Float),
            ("double", BenchPrecision.Double),
            ("bfloat16", BenchPrecision.BFloat16),
            ("int8", BenchPrecision.Int8));
        Option<BenchMode?> mode = CommandOptions.Choice(
            "--mode",
            "forward with --shape, else all",
            "What a call does.",
            ("step", BenchMode.Step),
            ("forward", BenchMode.Forward),
            ("backward", BenchMode.Backward),
            ("training", BenchMode.Training));
        Option<int> threads = CommandOptions.Whole("--threads", 1, 0, 1024, "Workers; 0 is one a processor.");
        Option<double> seconds = CommandOptions.Number(
            "--seconds",
            DefaultSeconds,
            value => value is >= 0.001 and <= 3600,
            "a number from 0.001 to 3600",
            $"Time a row, {QuickSeconds} with --quick unless given; the naive loop takes as long again.");
        Option<bool> json = CommandOptions.Json();
        var command = new Command("bench", "Measure forward, backward and step against the machine's peak and the naive loop.")
        {
            quick, shape, cell, layers, bidirectional, precision, mode, threads, seconds, json,
        };
        command.SetAction(parsed =>
        {
            bool isQuick = parsed.GetValue(quick);
            BenchPrecision? wanted = parsed.GetValue(precision);
            bool hasSeconds = parsed.GetResult(seconds) is { Implicit: false };
            var settings = new BenchSettings(
                wanted ?? BenchPrecision.Float,
                parsed.GetValue(threads),
                isQuick && !hasSeconds ? QuickSeconds : parsed.GetValue(seconds));
            IReadOnlyList<BenchCase> cases = Cases(
                parsed.GetValue(shape),
                parsed.GetValue(mode),
                wanted,
                isQuick,
                row => row with
                {
                    Cell = parsed.GetValue(cell) ?? RecurrentCellKind.Rnn,
                    Layers = parsed.GetValue(layers),
                    IsBidirectional = parsed.GetValue(bidirectional),
                });
            return Run(context, cases, settings, parsed.GetValue(json));
        });
        return command;
    }

    private static IReadOnlyList<BenchCase> Cases(
        int[]? shape, BenchMode? mode, BenchPrecision? precision, bool quick, Func<BenchCase, BenchCase> withLayers)
    {
        WeightFormat format = precision switch
        {
            BenchPrecision.BFloat16 => WeightFormat.BFloat16,
            BenchPrecision.Int8 => WeightFormat.Int8,
            _ => WeightFormat.Full,
        };
        if (format != WeightFormat.Full && mode is BenchMode.Backward or BenchMode.Training)
        {
            throw ToolException.Usage(
                "--mode", $"'{Name(mode)}'", $"step or forward with --precision {precision.ToString()!.ToLowerInvariant()}");
        }

        // The reverse direction starts at the end: it has no single step.
        if (mode == BenchMode.Step && withLayers(default).IsBidirectional)
        {
            throw ToolException.Usage("--mode", "'step'", "forward, backward or training with --bidirectional");
        }

        if (shape is not [int batch, int steps, int input, int hidden])
        {
            IEnumerable<BenchCase> rows = BenchCase.Defaults(quick).Select(withLayers)
                .Where(row => mode is null ? row.Mode != BenchMode.Step || !row.IsBidirectional : row.Mode == mode);
            // Asked for by name, a precision is that of all rows.
            if (precision is null) return [.. rows];
            rows = rows.Where(row => row.Weights == WeightFormat.Full && (row.IsInference || format == WeightFormat.Full));
            return [.. rows.Select(row => row with { Weights = format })];
        }

        BenchCase asked = withLayers(new BenchCase(batch, steps, input, hidden, mode ?? BenchMode.Forward, format));
        long kept = (long)asked.OutputSize * Math.Max(1, asked.Sizes.Layout.KeptValues);
        long sequence = (long)batch * steps * Math.Max(input, kept);
        long weights = asked.Sizes.Weights;
        if (Math.Max(sequence, weights) > MostElements)
        {
            throw ToolException.Usage(
                "--shape",
                $"{Math.Max(sequence, weights):N0} elements of a sequence or of the weights",
                $"at most {MostElements:N0}");
        }

        return [asked];
    }

    private static bool HasSmallerWeights(BenchRow row) => !double.IsNaN(row.TimeOverFull);

    private static string Name(BenchMode? mode) => mode.ToString()!.ToLowerInvariant();

    private static int Run(ToolContext context, IReadOnlyList<BenchCase> cases, BenchSettings settings, bool asJson)
    {
        BenchReport report = BenchRunner.Run(
            cases,
            settings,
            row => context.Error.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"measuring {Name(row.Mode)} {row.Batch},{row.Steps},{row.InputSize},{row.HiddenSize}")));
        if (asJson) Json.Write(context.Output, report, Json.Default.BenchReport);
        else Print(context, report);
        return ExitCode.Done;
    }

    private static void Print(ToolContext context, BenchReport report)
    {
        Table table = new Table().Border(TableBorder.Minimal);
        table.AddColumns("mode", "B,T,I,H", "µs", "GFLOP/s", "peak", "limit", "× naive", "bytes");
        foreach (TableColumn column in table.Columns) column.NoWrap().PadLeft(0);
        for (int i = 2; i < table.Columns.Count; i++) table.Columns[i].RightAligned();
        foreach (BenchRow row in report.Rows)
        {
            table.AddRow(
                HasSmallerWeights(row) ? $"{row.Mode} {row.Precision}" : row.Mode,
                string.Create(CultureInfo.InvariantCulture, $"{row.Batch},{row.Steps},{row.Input},{row.Hidden}"),
                row.Microseconds.ToString(row.Microseconds < 100 ? "0.000" : "#,0", CultureInfo.InvariantCulture),
                row.Gflops.ToString("0.0", CultureInfo.InvariantCulture),
                row.ShareOfPeak.ToString("0.0 %", CultureInfo.InvariantCulture),
                row.ShareOfLimit.ToString("0.0 %", CultureInfo.InvariantCulture),
                row.SpeedupOverNaive.ToString("0.0", CultureInfo.InvariantCulture),
                row.AllocatedBytes.ToString(CultureInfo.InvariantCulture));
        }

        context.OutputConsole.Write(table);
        foreach (BenchRow row in report.Rows.Where(HasSmallerWeights))
        {
            context.Output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{row.Mode} {row.Batch},{row.Steps},{row.Input},{row.Hidden}: {row.Precision} weights take {row.TimeOverFull:0.00} of float's time."));
        }

        BenchRow first = report.Rows[0];
        string threads = first.Threads == 1 ? "1 thread" : $"{first.Threads} threads";
        string cell = first.Bidirectional ? $"bidirectional {first.Cell}" : first.Cell;
        string layers = first.Layers == 1 ? cell : $"{first.Layers} layers of {cell}";
        context.Output.WriteLine($"{layers}, {first.Precision}, {threads}, {report.Machine.VectorBits}-bit vectors.");
        context.Output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"One thread's peak in float: {report.Machine.PeakGflops:0.0} GFLOP/s, ±{report.Machine.PeakSpread / 2:0.0 %} over the run."));
        context.Output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Its loads from the cache's levels: {report.Machine.L1GBps:0}, {report.Machine.L2GBps:0}, {report.Machine.L3GBps:0} GB/s; {report.Machine.CyclesPerSecond / 1e9:0.00} GHz."));
        context.Output.WriteLine("One call, in the fastest sample; a step is one time step. Naive: a double loop in float.");
        context.Output.WriteLine("Peak, limit: the shares of the multiply-add peak, and of the smaller of it and what loading the weights allows.");
    }
}
