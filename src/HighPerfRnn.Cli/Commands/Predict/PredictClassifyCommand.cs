using System.CommandLine;
using HighPerfRnn.Cli.Output;
using HighPerfRnn.Cli.Tasks;
using HighPerfRnn.Data.Tables;
using HighPerfRnn.Data.Text;
using HighPerfRnn.Tasks.Classification;
using static System.FormattableString;

namespace HighPerfRnn.Cli.Commands.Predict;

/// <summary>predict classify: a class a line, as lines come.</summary>
internal static class PredictClassifyCommand
{
    /// <summary>The command.</summary>
    public static Command Create(ToolContext context)
    {
        var model = new Argument<string>("MODEL") { Description = "a model file" };
        var input = new PredictInput();
        Option<int> top = CommandOptions.Whole("--top", 1, 1, 1_000_000, "How many classes a text, the likeliest first.");
        Option<bool> json = CommandOptions.Json();
        var command = new Command("classify", "Give texts their classes, a line each, as they come: CLASS TAB PROBABILITY.") { model };
        input.AddTo(command);
        command.Add(top);
        command.Add(json);
        command.SetAction(parsed =>
        {
            ClassificationModel loaded = InputFile.ReadModel(parsed.GetValue(model)!, ClassificationModel.Load);
            if (loaded.Series is not null)
            {
                string path = parsed.GetValue(input.Input) ?? throw ToolException.Usage("--input", "nothing", "a CSV file of the model's columns");
                PredictSeries(context, loaded, path, parsed.GetValue(top), parsed.GetValue(json));
                return ExitCode.Done;
            }

            foreach (TextLine line in input.Lines(parsed))
            {
                Write(context, line.Text, [.. TextClassifier.Classify(loaded, line.Text).Take(parsed.GetValue(top))], parsed.GetValue(json));
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static void PredictSeries(ToolContext context, ClassificationModel model, string path, int top, bool isJson)
    {
        var table = NumberTable.Read(path, hasLabel: false);
        if (model.Forecast is null)
        {
            Write(context, path, [.. SeriesClassifier.Classify(model, path, table).Take(top)], isJson);
            return;
        }

        IReadOnlyDictionary<string, double> found = SeriesForecaster.Forecast(model, table, path);
        if (isJson) Json.Write(context.Output, new ForecastReport(path, found), Json.Default.ForecastReport);
        else context.Output.WriteLine(string.Join('\t', found.Select(one => Invariant($"{one.Key}\t{one.Value:G6}"))));
    }

    private static void Write(ToolContext context, string item, ClassProbability[] found, bool isJson)
    {
        if (isJson) Json.Write(context.Output, new ClassesReport(item, found), Json.Default.ClassesReport);
        else context.Output.WriteLine(string.Join('\t', found.Select(one => Invariant($"{one.Label}\t{one.Probability:0.0000}"))));
        context.Output.Flush();
    }
}
