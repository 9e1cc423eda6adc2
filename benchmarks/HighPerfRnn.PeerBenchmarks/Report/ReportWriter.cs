using System.Text;
using HighPerfRnn.Benchmarks.Machine;
using HighPerfRnn.Benchmarks.Recurrent;
using HighPerfRnn.PeerBenchmarks.Peers.Tensors;
using HighPerfRnn.PeerBenchmarks.Report.Goals;
using HighPerfRnn.PeerBenchmarks.Report.Plots;
using HighPerfRnn.PeerBenchmarks.Training;

namespace HighPerfRnn.PeerBenchmarks.Report;

/// <summary>Writes REPORT.md and images/*.png from a run's data.</summary>
internal sealed class ReportWriter
{
    private readonly ReportData _data;
    private readonly RowLookup _rows;
    private readonly LayerTables _layers;
    private readonly string _folder;
    private readonly StringBuilder _text = new();

    private ReportWriter(ReportData data, string folder)
    {
        _data = data;
        _rows = new RowLookup(data);
        _layers = new LayerTables(data, _rows);
        _folder = folder;
    }

    /// <summary>Writes the report and its plots into a folder.</summary>
    /// <returns>The path of the report.</returns>
    public static string Write(ReportData data, string folder)
    {
        Directory.CreateDirectory(Path.Combine(folder, "images"));
        var writer = new ReportWriter(data, folder);
        writer.WriteAll();
        string path = Path.Combine(folder, "REPORT.md");
        File.WriteAllText(path, writer._text.ToString());
        return path;
    }

    private void WriteAll()
    {
        Line("# Benchmark report");
        Line($"Written by the following command and never by hand; run it to see what your machine does.\n\n```sh\n{_data.Command}\n```");
        if (_data.IsQuick) Line("**A quick run: short measurements, few of them of peers, to look at and not to quote.**");
        WriteGoals();
        WriteMachine();
        WriteLibraries();
        WriteLayers();
        WriteFloors();
        WriteSweeps();
        WriteRoofline();
        WriteModel();
        WriteTasks();
        WritePointwise();
        if (_data.Failures.Count > 0) Line("## Rows without a figure\n\n" + string.Join('\n', _data.Failures.Select(row => $"- {row}")));
    }

    private void WriteMachine()
    {
        MachineFigures machine = _data.Machine;
        Line("## Machine\n\n```text\n" + string.Join('\n', _data.Environment) + "\n```");
        var table = new MarkdownTable("limit", "measured") { IsText = true };
        table.Add("vectors", $"{machine.VectorBits} bits");
        table.Add("clock", $"{Numbers.Short(machine.CyclesPerSecond / 1e9)} GHz");
        table.Add("multiply-adds, one thread", $"{Numbers.Short(machine.PeakGflops)} GFLOP/s");
        table.Add("multiply-adds, two threads", $"{Numbers.Short(machine.PeakGflopsOfTwo)} GFLOP/s");
        table.Add("loads from the first level of the cache, one thread", $"{Numbers.Short(machine.Level1GBps)} GB/s");
        table.Add("from the second level", $"{Numbers.Short(machine.Level2GBps)} GB/s");
        table.Add("from the third level", $"{Numbers.Short(machine.Level3GBps)} GB/s");
        Line(table.ToString());
        Line(
            "A time is that of the fastest of many short iterations, for every library alike: what else the machine does only " +
            $"adds to it. {Disturbance()} A multiply-add counts as two operations. The limit of a row is its roofline: the smaller of the " +
            "multiply-add peak and of load bandwidth times operations a byte of weights, where the bandwidth is that of a working set " +
            "as large as the row's weights; peak, bandwidth and clock are the best of short bursts in the same process before and after " +
            "the row. A sequence has to load its recurrent weights at every step and its input weights once.");
    }

    /// <summary>How much longer the median iteration took than the fastest.</summary>
    private string Disturbance()
    {
        double[] over = [.. _data.Rows.Select(row => (row.MedianMicroseconds / row.Microseconds) - 1).Order()];
        return over.Length == 0
            ? ""
            : $"In this run the median iteration took {Numbers.ExactShare(over[over.Length / 2])} longer or more in half of the rows, " +
                $"and {Numbers.ExactShare(over[over.Length * 9 / 10])} or more in a tenth of them.";
    }

    private void WriteLibraries()
    {
        var table = new MarkdownTable("library", "version") { IsText = true };
        foreach (LibraryFigures library in _data.Libraries) table.Add(library.Name, library.Version ?? $"left out: {library.Missing}");
        Line($"## Libraries\n\n{table}");
        Line(
            "All run in one process on one thread, rows that are compared right after each other, each shown to compute the same " +
            "numbers before it is timed. ONNX Runtime has its intra-op thread not spinning, inputs, outputs and a state bound " +
            "once; oneDNN has its weights in the layout it asks for; TorchSharp runs forward in inference mode. The naive loop is " +
            "timed over as many steps as fit in some tens of milliseconds, and its time scaled to the length of the sequence. " +
            "Behind a library's time stands how many times it is that of HighPerfRnn; the last column says so of the fastest library but " +
            "the naive loop.");
    }

    private void WriteGoals()
    {
        var goals = new GoalTable(_data, _rows);
        Line($"## Goals\n\n{goals.Summary}");
        Line(goals.Table().ToString());
    }

    private void WriteLayers()
    {
        Section("Forward", _layers.Compare(
            "PeerForward",
            RecurrentMode.Forward,
            new RowColumn("steps a ms", row => Numbers.Short(row.Layer!.Steps * 1e3 / row.Microseconds))));
        Section(
            "Training: forward, backward with every gradient, packing the changed weights",
            _layers.Compare(
                "PeerTraining",
                RecurrentMode.Training,
                new RowColumn("backward / forward", row => Numbers.Short(_rows.BackwardOverForward(row)))));
        Section("One step of one row", _layers.Compare(
            StepGoals.Benchmark, RecurrentMode.Step, new RowColumn("cycles", row => Numbers.Whole(row.Figures().Cycles))));
        Section("One step of one row, weights in fewer bits", _layers.Formats());
        Section("From one row to many", _layers.Compare(
            "PeerBatches",
            RecurrentMode.Forward,
            new RowColumn("goal, GFLOP/s", row => SequenceGoals.IsAsked(row.Layer!) ? Numbers.Short(SequenceGoals.LeastGflops(row)) : "-"),
            new RowColumn("ns a row and step", row => Numbers.Short(row.Microseconds * 1e3 / row.Layer!.Batch / row.Layer.Steps))));
        WriteGated();
        Section("Beside a whole number of tiles", _layers.Neighbours());
        Section("Two threads", _layers.TwoThreads());
    }

    private void WriteGated()
    {
        Section("LSTM and GRU: forward", _layers.Compare(GatedGoals.Forward, RecurrentMode.Forward));
        Section("LSTM and GRU: training", _layers.Compare(GatedGoals.Training, RecurrentMode.Training));
        Section("LSTM and GRU: one step of one row", _layers.Compare(
            GatedGoals.Step, RecurrentMode.Step, new RowColumn("cycles", row => Numbers.Whole(row.Figures().Cycles))));
        var cost = new RowColumn(
            "over its valid steps alone",
            row => row.Layer!.IsRagged ? Numbers.Short(GatedGoals.RaggedCost(_rows, row.Layer) ?? double.NaN) : "-");
        Section("Rows of all lengths, forward", _layers.Compare(GatedGoals.Ragged, RecurrentMode.Forward, cost));
        Section("Rows of all lengths, training", _layers.Compare(GatedGoals.Ragged, RecurrentMode.Training, cost));
        Section("minGRU: a sequence of one row", _layers.Compare(GatedGoals.Minimal, RecurrentMode.Forward));
        Section("minGRU: one of its steps", _layers.Compare(GatedGoals.Minimal, RecurrentMode.Step));
    }

    private void WriteFloors()
    {
        MarkdownTable floors = StepFloorTable.Floors(_data);
        if (floors.IsEmpty) return;
        Section("The floor of a short step, in cycles", StepFloorTable.Latencies(_data.Machine.Latencies));
        Line(floors.ToString());
        Line(StepFloorTable.Derivation);
    }

    private void WriteSweeps()
    {
        var steps = new Sweep(_data, "PeerStepSweep");
        var sequences = new Sweep(_data, "PeerForwardSweep");
        WriteSweep(steps, RecurrentMode.Step, "One step of one row, size after size", "step", "one step of one row, I = H");
        WriteSweep(sequences, RecurrentMode.Forward, "32 rows of 32 steps, size after size", "forward", "forward, B = 32, T = 32, I = H");
        const string image = "share-by-size.png";
        if (!SharePlot.TryDraw([("one step of one row", steps), ("32 rows of 32 steps", sequences)], ImagePath(image))) return;
        Line($"## Share of the limit, size after size\n\n![Share of the limit, size after size](images/{image})");
    }

    private void WriteSweep(Sweep sweep, RecurrentMode mode, string title, string name, string plotTitle)
    {
        if (sweep.Rows.Count == 0) return;
        SizePlot.Draw(_data, sweep, plotTitle, ImagePath($"{name}-by-size.png"));
        StepLatencies? latencies = mode == RecurrentMode.Step ? _data.Machine.Latencies : null;
        UnitPlot.Draw(sweep, latencies, plotTitle, ImagePath($"{name}-unit-by-size.png"));
        Line($"## {title}\n\n![{title}](images/{name}-by-size.png)");
        Line($"![{title}, a unit](images/{name}-unit-by-size.png)");
        Line(_layers.Compare(
            sweep.Benchmark,
            mode,
            new RowColumn("ns a unit", row => Numbers.Short(Sweep.UnitNanoseconds(row))),
            new RowColumn("over its neighbours", row => Numbers.Short(sweep.OverNeighbours(row)))).ToString());
        Line(sweep.Outliers());
    }

    private void WriteRoofline()
    {
        const string image = "roofline.png";
        if (!RooflinePlot.TryDraw(_data, ImagePath(image))) return;
        Line($"## Roofline\n\n![Roofline](images/{image})");
        Line(
            "Each point is a row of this library on one thread: its operations a byte of weights that it must load, and what it does " +
            "of them a second. The roofs are the limits above.");
    }

    private void WriteModel()
    {
        var table = new MarkdownTable("cell, library", "tokens/s", "ms an iteration", "GFLOP/s", "of the multiply-add peak", "bytes allocated");
        foreach (ReportRow row in _data.Rows.Where(row => row.Training is not null))
        {
            table.Add(
                $"{row.Training!.Cell}, {row.Training.Library}",
                Numbers.Short(CharacterTrainingCase.TokensOfIteration / row.Microseconds * 1e6),
                Numbers.Short(row.Microseconds / 1e3),
                Numbers.Short(row.Figures().Gflops),
                Numbers.Share(row.Figures().ShareOfLimit),
                $"{row.AllocatedBytes}");
        }

        Section(
            "Training a character model, one thread",
            table,
            $"Embedding of {CharacterTrainingCase.Model.EmbeddingSize}, {CharacterTrainingCase.Model.HiddenSize} units, " +
            $"{CharacterTrainingCase.Options.Batch} streams, windows of {CharacterTrainingCase.Options.Window}, Adam, clipping: all of an " +
            "iteration. Operations are those of the model's formula; what a lookup saves counts as done. Both start from the same " +
            "parameters and reach the same losses.");
    }

    private void WriteTasks()
    {
        var table = new MarkdownTable("task, library", "model", "tokens or frames a second", "ms an iteration", "GFLOP/s", "of the multiply-add peak", "bytes allocated");
        foreach (ReportRow row in _data.Rows.Where(row => row.Task is not null))
        {
            TaskTrainingCase work = row.Task!;
            table.Add(
                $"{work.Task}, {work.Library}",
                $"I={work.InputSize} E={work.EmbeddingSize} H={work.HiddenSize} V={work.Outputs} B={work.Batch} S={work.SourceSteps} T={work.TargetSteps}",
                Numbers.Short(work.UnitsOfIteration / row.Microseconds * 1e6),
                Numbers.Short(row.Microseconds / 1e3),
                Numbers.Short(row.Figures().Gflops),
                Numbers.Share(row.Figures().ShareOfLimit),
                $"{row.AllocatedBytes}");
        }

        Section(
            "Training the models of the four tasks, one thread",
            table,
            "All of an iteration, without dropout: GRU, Adam, clipping. I numbers a step or 0 for tokens, E numbers a token, H units, V tokens " +
            "or labels that are told, S steps that are read, T that are written. Operations are three times those of the forward products. Both " +
            "start from the same parameters and reach the same losses.");
    }

    private void WritePointwise()
    {
        var table = new MarkdownTable("function", "numbers", "HighPerfRnn, ns", "bytes allocated", "TensorPrimitives, ns");
        foreach (ReportRow own in _data.Rows.Where(row => row.Pointwise?.Library == OwnLibrary.LibraryName))
        {
            ReportRow? peer = _data.Rows.FirstOrDefault(
                row => row.Pointwise?.Library == TensorPrimitivesWork.LibraryName
                    && row.Pointwise with { Library = OwnLibrary.LibraryName } == own.Pointwise);
            table.Add(
                $"{own.Pointwise!.Function}",
                $"{own.Pointwise.Length}",
                Numbers.Short(own.Microseconds * 1e3),
                $"{own.AllocatedBytes}",
                peer is null ? "-" : Numbers.Beside(peer.Microseconds * 1e3, own.Microseconds * 1e3));
        }

        Section("Functions over numbers", table);
    }

    private void Section(string title, MarkdownTable table, string? note = null)
    {
        if (table.IsEmpty) return;
        Line($"## {title}\n\n{table}");
        if (note is not null) Line(note);
    }

    private void Line(string text) => _text.Append(text.TrimEnd('\n')).Append("\n\n");

    private string ImagePath(string name) => Path.Combine(_folder, "images", name);
}
