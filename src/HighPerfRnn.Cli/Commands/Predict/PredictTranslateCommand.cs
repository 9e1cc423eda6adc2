using System.CommandLine;
using HighPerfRnn.Cli.Output;
using HighPerfRnn.Cli.Tasks;
using HighPerfRnn.Data.Text;
using HighPerfRnn.Tasks.Translation;

namespace HighPerfRnn.Cli.Commands.Predict;

/// <summary>predict translate: a translation a line, as lines come.</summary>
internal static class PredictTranslateCommand
{
    /// <summary>The command.</summary>
    public static Command Create(ToolContext context)
    {
        Argument<string[]> files = DecoderOptions.Models();
        var input = new PredictInput();
        Option<int> alternatives = CommandOptions.Whole(
            "--alternatives", 1, 1, 1000, "Translations a text, at most --beam of them; more than 1 are shown with their scores.");
        Option<string?> heatMap = CommandOptions.Text(
            "--heat-map", "FILE", "A PNG of what each token of the first text's translation looked at.");
        var search = new TranslateOptions();
        Option<bool> json = CommandOptions.Json();
        var command = new Command("translate", "Translate texts, a line each, as they come.") { files, alternatives, heatMap };
        input.AddTo(command);
        search.AddTo(command);
        command.Add(json);
        command.SetAction(parsed =>
        {
            TranslationModel[] models = InputFile.ReadModels(parsed.GetValue(files)!, TranslationModel.Load, (first, other) => first.IsLike(other));
            var translator = new Translator(models, search.SearchOf(parsed), parsed.GetValue(search.MaxLength));
            string? plotPath = parsed.GetValue(heatMap);
            if (plotPath is not null) OutputFile.ThrowIfNotWritable("--heat-map", plotPath);
            foreach (TextLine line in input.Lines(parsed))
            {
                IReadOnlyList<TranslatedText> found = translator.Translate(line.Text);
                if (plotPath is not null && found.Count > 0)
                {
                    HeatMapPlot.TrySave(context, plotPath, HeatMap.Of(translator.Attend(line.Text, found[0])));
                    plotPath = null;
                }

                IEnumerable<TranslatedText> shown = found.Take(parsed.GetValue(alternatives));
                if (parsed.GetValue(json)) WriteJson(context, line.Text, shown);
                else Alternatives.Write(context.Output, shown.Select(text => (text.Score, text.Text)), parsed.GetValue(alternatives) > 1);
                context.Output.Flush();
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static void WriteJson(ToolContext context, string source, IEnumerable<TranslatedText> found)
    {
        var report = new TranslationReport(
            source, [.. found.Select(text => new TranslationAlternative(text.Text, text.Score, text.LogProbability))]);
        Json.Write(context.Output, report, Json.Default.TranslationReport);
    }
}
