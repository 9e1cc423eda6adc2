using System.CommandLine;
using System.Diagnostics;
using HighPerfRnn.Cli.Commands.Train;
using HighPerfRnn.Cli.Output;
using HighPerfRnn.Cli.Tasks;
using HighPerfRnn.Data;
using HighPerfRnn.Tasks.Labelling;
using HighPerfRnn.Tasks.Tagging;
using static System.FormattableString;

namespace HighPerfRnn.Cli.Commands.Eval;

/// <summary>eval tag: how good a model's labels of frames are.</summary>
internal static class EvalTagCommand
{
    /// <summary>The command.</summary>
    public static Command Create(ToolContext context)
    {
        var model = new Argument<string>("MODEL") { Description = "a model file" };
        var data = new TagData();
        Option<ulong> seed = CommandOptions.Seed(otherwise: 1_000_003);
        Option<int> window = CommandOptions.Whole("--window", 1_000_000, 1, 1_000_000, "The most frames that are labelled at a stretch; 1 for each frame alone.");
        Option<string?> timeline = CommandOptions.Text("--timeline", "FILE", "A PNG of the first sequence's labels.");
        Option<bool> json = CommandOptions.Json();
        var command = new Command("tag", "How good a model's labels of frames are: accuracy a frame, edit score, F1 of segments.") { model };
        data.AddTo(command);
        foreach (Option option in (Option[])[seed, window, timeline, json]) command.Add(option);
        command.SetAction(parsed =>
        {
            TaggingModel loaded = InputFile.ReadModel(parsed.GetValue(model)!, TaggingModel.Load);
            string? plotPath = parsed.GetValue(timeline);
            if (plotPath is not null) OutputFile.ThrowIfNotWritable("--timeline", plotPath);
            var skips = new DataSkips();
            IReadOnlyList<TagSequence> sequences = data.Read(parsed, loaded.Features, parsed.GetValue(seed)).Sequences;
            NumberSequences examples = loaded.Encode(sequences, parsed.GetValue(window), skips);
            TaskRun.Warn(context, skips);
            if (examples.Count == 0) throw ToolException.Usage("--data", "no sequence that can be measured", "one at least");
            long start = Stopwatch.GetTimestamp();
            IReadOnlyList<TaggedSequence> found = Tagger.Predict(loaded, examples);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            int frames = sequences.Sum(sequence => sequence.Frames);
            var report = new TaskEvaluationReport(
                sequences.Count - skips.Count, skips.Count, seconds, sequences.Count / seconds, TagReport.ByName(loaded, examples, found));
            if (parsed.GetValue(json)) Json.Write(context.Output, report, Json.Default.TaskEvaluationReport);
            else Print(context.Output, report, frames);
            if (plotPath is not null && loaded.HasTimes) TrainTagCommand.Draw(context, plotPath, loaded, examples, found[0], sequences[0].Name);
            return ExitCode.Done;
        });
        return command;
    }

    private static void Print(TextWriter output, TaskEvaluationReport report, int frames)
    {
        output.WriteLine(Invariant($"{report.Items:N0} sequences, {frames:N0} frames in {report.Seconds:0.0} s: {frames / report.Seconds:N0} frames a second"));
        output.WriteLine(TagReport.Describe(report.Metrics));
    }
}
