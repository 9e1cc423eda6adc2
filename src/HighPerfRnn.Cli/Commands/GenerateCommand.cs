using System.CommandLine;
using System.Diagnostics;
using HighPerfRnn.Cli.LanguageModel;
using HighPerfRnn.Cli.Output;
using HighPerfRnn.Models;

namespace HighPerfRnn.Cli.Commands;

/// <summary>generate: text from a character model, as it is produced.</summary>
internal static class GenerateCommand
{
    /// <summary>The command.</summary>
    public static Command Create(ToolContext context)
    {
        var model = new Argument<string>("MODEL") { Description = "a model file" };
        Option<string?> prompt = CommandOptions.Text("--prompt", "S", CommandOptions.WithDefault("What the text begins with; it is printed first.", "nothing"));
        Option<int> length = CommandOptions.Whole("--length", 500, 0, 1_000_000_000, "Characters to write after the prompt.");
        Option<double> temperature = CommandOptions.Number(
            "--temperature",
            1,
            value => value is >= 0 and <= 1e6,
            "a number from 0 to 1e6",
            "Above 1 bolder, below 1 safer, 0 always the likeliest.");
        Option<int> topK = CommandOptions.Whole("--top-k", 0, 0, int.MaxValue, "Draw among the K likeliest, 0 for all.");
        Option<ulong> seed = CommandOptions.Seed();
        Option<bool> json = CommandOptions.Json();
        var command = new Command("generate", "Write text with a character model; the same seed gives the same text.")
        {
            model, prompt, length, temperature, topK, seed, json,
        };
        command.SetAction(parsed =>
        {
            CharacterModel<float> loaded = InputFile.ReadModel(parsed.GetValue(model)!);
            string text = parsed.GetValue(prompt) ?? string.Empty;
            int[] tokens = Encode(context, loaded.Alphabet, text, out long unknown);
            var generator = new TextGenerator(
                loaded, tokens, parsed.GetValue(seed), parsed.GetValue(temperature), parsed.GetValue(topK));
            return Run(context, generator, text, unknown, parsed.GetValue(length), parsed.GetValue(json));
        });
        return command;
    }

    private static int[] Encode(ToolContext context, Alphabet alphabet, string prompt, out long unknown)
    {
        int[] tokens;
        try
        {
            tokens = alphabet.Encode(prompt, out unknown);
        }
        catch (ArgumentException)
        {
            throw ToolException.Usage("--prompt", "half a surrogate pair", "Unicode text");
        }

        if (tokens.Length == 0 && unknown > 0)
        {
            throw ToolException.Usage(
                "--prompt", $"{TextConsole.Quote(prompt)}, of which the model knows no character", "some that it was trained on");
        }

        if (unknown > 0) context.Warn($"--prompt: {unknown} characters are unknown to the model and left out.");
        return tokens;
    }

    private static int Run(ToolContext context, TextGenerator generator, string prompt, long unknown, int length, bool asJson)
    {
        long start = Stopwatch.GetTimestamp();
        if (asJson)
        {
            string text = generator.Next(length);
            var report = new GenerationReport(prompt, text, length, unknown, Stopwatch.GetElapsedTime(start).TotalSeconds);
            Json.Write(context.Output, report, Json.Default.GenerationReport);
            return ExitCode.Done;
        }

        context.Output.Write(prompt);
        Span<char> character = stackalloc char[2];
        for (int i = 0; i < length; i++)
        {
            int count = generator.Next().EncodeToUtf16(character);
            context.Output.Write(character[..count]);
        }

        context.Output.WriteLine();
        return ExitCode.Done;
    }
}
