using System.CommandLine;
using HighPerfRnn.Cli.Output;
using HighPerfRnn.Cli.Tasks;
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
            foreach (TextLine line in input.Lines(parsed))
            {
                ClassProbability[] found = [.. TextClassifier.Classify(loaded, line.Text).Take(parsed.GetValue(top))];
                if (parsed.GetValue(json)) Json.Write(context.Output, new ClassesReport(line.Text, found), Json.Default.ClassesReport);
                else context.Output.WriteLine(string.Join('\t', found.Select(one => Invariant($"{one.Label}\t{one.Probability:0.0000}"))));
                context.Output.Flush();
            }

            return ExitCode.Done;
        });
        return command;
    }
}
