using System.CommandLine;
using System.Diagnostics;
using HighPerfRnn.Cli.Output;
using HighPerfRnn.Cli.Tasks;
using HighPerfRnn.Data;
using HighPerfRnn.Data.Metrics;
using HighPerfRnn.Data.Tables;
using HighPerfRnn.Tasks.Classification;
using HighPerfRnn.Tasks.Labelling;
using static System.FormattableString;

namespace HighPerfRnn.Cli.Commands.Eval;

/// <summary>eval classify: how often a model is right.</summary>
internal static class EvalClassifyCommand
{
    /// <summary>The command.</summary>
    public static Command Create(ToolContext context)
    {
        var model = new Argument<string>("MODEL") { Description = "a model file" };
        var data = new ClassificationData();
        Option<int> most = CommandOptions.Whole("--max-length", 1000, 1, 1_000_000, "The most tokens of a text; longer ones are skipped and counted.");
        Option<string?> plot = CommandOptions.Text("--confusion", "FILE", "A PNG of which classes are taken for which.");
        Option<bool> json = CommandOptions.Json();
        var command = new Command("classify", "How often a model is right: accuracy, F1 of each class, which classes are taken for which.") { model };
        data.AddTo(command);
        foreach (Option option in (Option[])[most, plot, json]) command.Add(option);
        command.SetAction(parsed =>
        {
            ClassificationModel loaded = InputFile.ReadModel(parsed.GetValue(model)!, ClassificationModel.Load);
            string? plotPath = parsed.GetValue(plot);
            if (plotPath is not null) OutputFile.ThrowIfNotWritable("--confusion", plotPath);
            var skips = new DataSkips();
            if (loaded.Forecast is not null) return EvaluateForecast(context, loaded, data.RequiredPath(parsed), parsed.GetValue(json));
            ILabelExamples examples = loaded.Series is null
                ? TextClassifier.Encode(loaded, data.Read(parsed, skips), parsed.GetValue(most), skips)
                : SeriesClassifier.Encode(loaded, SeriesClassifier.Read(data.RequiredPath(parsed)), parsed.GetValue(most), skips);
            TaskRun.Warn(context, skips);
            if (examples.Count == 0) throw ToolException.Usage("--data", "nothing that can be measured", "one item at least");
            long start = Stopwatch.GetTimestamp();
            ClassificationMetrics metrics = TextClassifier.Measure(loaded, examples);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            var report = new TaskEvaluationReport(
                examples.Count, skips.Count, seconds, examples.Count / seconds, ClassificationReport.ByName(metrics, loaded.Classes));
            if (parsed.GetValue(json)) Json.Write(context.Output, report, Json.Default.TaskEvaluationReport);
            else Print(context.Output, report, metrics, loaded.Classes);
            if (plotPath is not null) HeatMapPlot.TrySave(context, plotPath, HeatMap.Of(metrics, loaded.Classes));
            return ExitCode.Done;
        });
        return command;
    }

    private static int EvaluateForecast(ToolContext context, ClassificationModel model, string path, bool isJson)
    {
        var table = NumberTable.Read(path, hasLabel: false);
        NumberSequences examples = SeriesForecaster.Encode(model, table, path, 0, table.Rows);
        if (examples.Count == 0) throw ToolException.Usage("--data", $"{table.Rows} rows", $"more than the window of {model.Forecast!.Window}");
        long start = Stopwatch.GetTimestamp();
        ForecastScores scores = SeriesForecaster.Measure(model, examples);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var report = new TaskEvaluationReport(scores.Windows, 0, seconds, scores.Windows / seconds, scores.ByName);
        if (isJson)
        {
            Json.Write(context.Output, report, Json.Default.TaskEvaluationReport);
            return ExitCode.Done;
        }

        context.Output.WriteLine(Invariant($"{report.Items:N0} forecasts in {report.Seconds:0.0} s: {report.ItemsPerSecond:N0} a second"));
        context.Output.WriteLine(ClassificationReport.Describe(report.Metrics));
        return ExitCode.Done;
    }

    private static void Print(TextWriter output, TaskEvaluationReport report, ClassificationMetrics metrics, IReadOnlyList<string> classes)
    {
        output.WriteLine(Invariant($"{report.Items:N0} items in {report.Seconds:0.0} s: {report.ItemsPerSecond:N0} a second"));
        output.WriteLine(ClassificationReport.Describe(report.Metrics));
        ClassificationReport.Print(output, metrics, classes);
    }
}
