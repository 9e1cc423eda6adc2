using System.CommandLine;
using System.Diagnostics;
using HighPerfRnn.Cli.Output;
using HighPerfRnn.Cli.Tasks;
using HighPerfRnn.Data;
using HighPerfRnn.Kernels;
using HighPerfRnn.Tasks.Captioning;
using HighPerfRnn.Tasks.Decoding;
using static System.FormattableString;

namespace HighPerfRnn.Cli.Commands.Eval;

/// <summary>eval caption: how good a model's captions are.</summary>
internal static class EvalCaptionCommand
{
    /// <summary>The command.</summary>
    public static Command Create(ToolContext context)
    {
        Argument<string[]> files = DecoderOptions.Models();
        var data = new CaptionData();
        var search = new TranslateOptions();
        Option<int> views = CaptionWords.Views();
        Option<bool> shuffle = CommandOptions.Switch("--shuffle", "Give each caption the image of another: what is left then does not come from images.");
        Option<bool> json = CommandOptions.Json();
        var command = new Command("caption", "How good a model's captions are: exactly right, among the five likeliest of the search, BLEU, chrF, errors.") { files };
        data.AddTo(command);
        search.AddTo(command);
        command.Add(views);
        command.Add(shuffle);
        command.Add(json);
        command.SetAction(parsed =>
        {
            CaptionModel[] models = InputFile.ReadModels(parsed.GetValue(files)!, CaptionModel.Load, (first, other) => first.IsLike(other));
            var skips = new DataSkips();
            IReadOnlyList<CaptionItem> items = data.Read(parsed, models[0].Images.ThumbnailSize, skips);
            TaskRun.Warn(context, skips);
            int[] imageOf = parsed.GetValue(shuffle) ? Strangers(items.Count) : [.. Enumerable.Range(0, items.Count)];
            var captioner = new Captioner(models, search.SearchOf(parsed), parsed.GetValue(views));
            long start = Stopwatch.GetTimestamp();
            CaptionScores scores = captioner.Measure([.. imageOf.Select(index => items[index].Image)], [.. items.Select(item => item.Caption)]);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            var report = new TaskEvaluationReport(items.Count, skips.Count, seconds, items.Count / seconds, scores.ByName);
            if (parsed.GetValue(json)) Json.Write(context.Output, report, Json.Default.TaskEvaluationReport);
            else Print(context.Output, report);
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>For each of so many the number of another one: all stand in one circle, in an order that is drawn.</summary>
    private static int[] Strangers(int count)
    {
        int[] circle = [.. Enumerable.Range(0, count)], next = new int[count];
        var random = new CounterRandom(1);
        random.Shuffle<int>(circle);
        for (int i = 0; i < count; i++) next[circle[i]] = circle[(i + 1) % count];
        return next;
    }

    private static void Print(TextWriter output, TaskEvaluationReport report)
    {
        output.WriteLine(Invariant($"{report.Items:N0} images in {report.Seconds:0.0} s: {report.ItemsPerSecond:N0} a second"));
        output.WriteLine(CaptionWords.Describe(report.Metrics));
    }
}
