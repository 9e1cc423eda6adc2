using System.CommandLine;
using System.Diagnostics;
using HighPerfRnn.Cli.Output;
using HighPerfRnn.Cli.Tasks;
using HighPerfRnn.Data;
using HighPerfRnn.Data.Metrics;
using HighPerfRnn.Tasks.Translation;
using static System.FormattableString;

namespace HighPerfRnn.Cli.Commands.Eval;

/// <summary>eval translate: how good a model's translations are.</summary>
internal static class EvalTranslateCommand
{
    /// <summary>The command.</summary>
    public static Command Create(ToolContext context)
    {
        Argument<string[]> files = DecoderOptions.Models();
        var data = new TranslationData();
        var search = new TranslateOptions();
        Option<BleuTokenization?> tokenize = TranslateOptions.Tokenize();
        Option<bool> json = CommandOptions.Json();
        var command = new Command("translate", "How good a model's translations are: BLEU, chrF, errors; a source that comes several times has several right targets.") { files };
        data.AddTo(command);
        search.AddTo(command);
        command.Add(tokenize);
        command.Add(json);
        command.SetAction(parsed =>
        {
            TranslationModel[] models = InputFile.ReadModels(parsed.GetValue(files)!, TranslationModel.Load, (first, other) => first.IsLike(other));
            var skips = new DataSkips();
            IReadOnlyList<TranslationItem> items = TranslationEvaluation.Items(data.Read(parsed, skips));
            TaskRun.Warn(context, skips);
            var translator = new Translator(models, search.SearchOf(parsed), parsed.GetValue(search.MaxLength));
            long start = Stopwatch.GetTimestamp();
            TranslationScores scores = TranslationEvaluation.Measure(
                translator, items, models[0].Tokens.Target, parsed.GetValue(tokenize) ?? BleuTokenization.None);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            var report = new TaskEvaluationReport(items.Count, skips.Count, seconds, items.Count / seconds, scores.ByName);
            if (parsed.GetValue(json)) Json.Write(context.Output, report, Json.Default.TaskEvaluationReport);
            else Print(context.Output, report, scores);
            return ExitCode.Done;
        });
        return command;
    }

    private static void Print(TextWriter output, TaskEvaluationReport report, TranslationScores scores)
    {
        output.WriteLine(Invariant($"{report.Items:N0} sources in {report.Seconds:0.0} s: {report.ItemsPerSecond:N0} a second"));
        output.WriteLine(TranslateOptions.Describe(report.Metrics));
        output.WriteLine($"BLEU|{scores.Bleu.Signature}");
    }
}
