using System.CommandLine;
using HighPerfRnn.Cli.Commands;
using HighPerfRnn.Cli.Commands.Eval;
using HighPerfRnn.Cli.Commands.Predict;
using HighPerfRnn.Cli.Commands.Train;
using HighPerfRnn.Cli.Output;
using HighPerfRnn.Data;
using HighPerfRnn.Formats;

namespace HighPerfRnn.Cli;

/// <summary>The tool: a command line in, an exit code out; whatever goes wrong is one line on standard error.</summary>
internal static class HprnnTool
{
    private static readonly ParserConfiguration Parser = new()
    {
        EnablePosixBundling = false,
        // A prompt may start with @.
        ResponseFileTokenReplacer = null,
    };

    /// <summary>Runs one command line.</summary>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static int Run(IReadOnlyList<string> args, ToolContext context)
    {
        string command = "hprnn";
        try
        {
            ParseResult parsed = CreateRoot(context).Parse(args, Parser);
            command = ParseErrors.CommandPath(parsed);
            if (parsed.Errors.Count > 0) throw new ToolException(ExitCode.Usage, ParseErrors.Describe(parsed));
            return parsed.Invoke(new InvocationConfiguration
            {
                Output = context.Output,
                Error = context.Error,
                EnableDefaultExceptionHandler = false,
                // A command that stops in its own way listens for itself; the others end as any process does.
                ProcessTerminationTimeout = null,
            });
        }
        catch (Exception error)
        {
            (int exitCode, string message) = Explain(error);
            context.Error.WriteLine($"{command}: {TextConsole.OneLine(message)}");
            return exitCode;
        }
        finally
        {
            context.Output.Flush();
            context.Error.Flush();
        }
    }

    private static RootCommand CreateRoot(ToolContext context)
    {
        var root = new RootCommand("Recurrent neural networks at the speed of the machine: train, prove, measure, run.")
        {
            HelloCommand.Create(context),
            TrainCommand.Create(context),
            EvalCommand.Create(context),
            PredictCommand.Create(context),
            GenerateCommand.Create(context),
            CheckCommand.Create(context),
            BenchCommand.Create(context),
        };
        root.Directives.Clear();
        return root;
    }

    private static (int ExitCode, string Message) Explain(Exception error) => error switch
    {
        ToolException tool => (tool.ExitCode, tool.Message),
        ModelFormatException format => (ExitCode.Usage, format.Message),
        DataException data => (ExitCode.Usage, data.Message),
        OutOfMemoryException => (ExitCode.Unmet, "out of memory: found no room for these sizes, expected smaller ones."),
        IOException or UnauthorizedAccessException => (ExitCode.Usage, $"reading or writing failed: {error.Message}"),
        _ => (ExitCode.Unmet, $"unexpected {error.GetType().Name}: {error.Message}"),
    };
}
