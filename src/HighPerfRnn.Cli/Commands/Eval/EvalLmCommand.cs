using System.CommandLine;
using HighPerfRnn.Cli.LanguageModel;
using HighPerfRnn.Cli.Output;
using HighPerfRnn.Models;
using HighPerfRnn.Threading;
using HighPerfRnn.Training;
using static System.FormattableString;

namespace HighPerfRnn.Cli.Commands.Eval;

/// <summary>eval lm: how well a character model predicts a text.</summary>
internal static class EvalLmCommand
{
    /// <summary>The command.</summary>
    public static Command Create(ToolContext context)
    {
        var model = new Argument<string>("MODEL") { Description = "a model file" };
        Option<string?> text = CommandOptions.Text("--text", "FILE", CommandOptions.WithDefault("A text in UTF-8.", EmbeddedData.TextDescription));
        Option<int> threads = CommandOptions.Whole("--threads", 0, 0, 1024, "Workers, 0 for one a processor.");
        Option<bool> json = CommandOptions.Json();
        var command = new Command("lm", "How well a character model predicts a text, as one stream from a zero state.")
        {
            model, text, threads, json,
        };
        command.SetAction(parsed => Run(
            context, parsed.GetValue(model)!, parsed.GetValue(text), parsed.GetValue(threads), parsed.GetValue(json)));
        return command;
    }

    private static int Run(ToolContext context, string modelPath, string? textPath, int threads, bool asJson)
    {
        CharacterModel<float> model = InputFile.ReadModel(modelPath);
        string text = textPath is null ? EmbeddedData.ReadText() : InputFile.ReadText("--text", textPath);
        int[] tokens = model.Alphabet.Encode(text, out long unknown);
        if (tokens.Length < 2)
        {
            throw ToolException.Usage(
                $"--text {TextConsole.Quote(textPath ?? "embedded")}",
                $"{tokens.Length} characters that the model knows and {unknown} others",
                "at least 2 known ones");
        }

        using var workers = new WorkerGroup(threads);
        double nats = CharacterEvaluation.MeanLoss<float>(model, tokens, workers);
        var report = new LmEvaluationReport(tokens.Length + unknown, unknown, nats, nats / Math.Log(2), Math.Exp(nats));
        if (asJson) Json.Write(context.Output, report, Json.Default.LmEvaluationReport);
        else Print(context.Output, report);
        return ExitCode.Done;
    }

    private static void Print(TextWriter output, LmEvaluationReport report)
    {
        output.WriteLine(Invariant($"{report.Characters:N0} characters, {report.Unknown:N0} of them unknown to the model and left out"));
        output.WriteLine(Invariant($"{report.Nats:0.0000} nats, {report.Bits:0.0000} bits a character, perplexity {report.Perplexity:0.000}"));
    }
}
