using System.CommandLine;
using System.Globalization;
using HighPerfRnn.Cli.Hello;
using HighPerfRnn.Cli.Output;
using Spectre.Console;

namespace HighPerfRnn.Cli.Commands;

/// <summary>hello: the textbook example, before and after training.</summary>
internal static class HelloCommand
{
    private const int Iterations = 200;

    /// <summary>The command.</summary>
    public static Command Create(ToolContext context)
    {
        Option<bool> json = CommandOptions.Json();
        var command = new Command("hello", "The textbook example: three units learn to continue h, e, l, l with e, l, l, o.") { json };
        command.SetAction(parsed => Run(context, parsed.GetValue(json)));
        return command;
    }

    private static int Run(ToolContext context, bool asJson)
    {
        var network = new HelloNetwork();
        double lossBefore = network.Run(out HelloStep[] before);
        var losses = new double[Iterations];
        for (int i = 0; i < losses.Length; i++) losses[i] = network.Train();
        double lossAfter = network.Run(out HelloStep[] after);
        if (asJson)
        {
            Json.Write(
                context.Output,
                new HelloReport(Predictions(before), Predictions(after), lossBefore, lossAfter, Iterations),
                Json.Default.HelloReport);
        }
        else
        {
            Print(context, "Before training: the scores of h, e, l, o", before, lossBefore);
            Print(context, $"After {Iterations} iterations", after, lossAfter);
            context.Output.WriteLine("Loss in nats a letter, over iterations");
            context.Output.WriteLine(TextChart.Draw(losses, firstX: 1, context.Width));
        }

        if (after.All(step => step.Predicted == step.Target)) return ExitCode.Done;
        throw ToolException.Unmet($"the network says '{string.Concat(Predictions(after))}' after training, expected 'ello'.");
    }

    private static string[] Predictions(HelloStep[] steps) => [.. steps.Select(step => step.Predicted)];

    private static void Print(ToolContext context, string title, HelloStep[] steps, double loss)
    {
        Table table = new Table().Border(TableBorder.Minimal).Title(title);
        table.AddColumns("reads", "hidden state", "h", "e", "l", "o", "says", "target");
        table.Columns[1].NoWrap();
        for (int column = 2; column < 6; column++) table.Columns[column].RightAligned();
        foreach (HelloStep step in steps)
        {
            string mark = step.Predicted == step.Target ? "green" : "red";
            string state = string.Join(' ', step.State.Select(Number));
            table.AddRow([step.Input, state, .. step.Scores.Select(Number), $"[{mark}]{step.Predicted}[/]", step.Target]);
        }

        context.OutputConsole.Write(table);
        context.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Loss {loss:0.0000} nats a letter.{Environment.NewLine}"));
    }

    private static string Number(double value) => value.ToString("0.00;-0.00", CultureInfo.InvariantCulture).PadLeft(5);
}
