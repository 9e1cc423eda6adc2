using System.CommandLine;
using System.CommandLine.Parsing;
using HighPerfRnn.Cli.Output;

namespace HighPerfRnn.Cli;

/// <summary>What is wrong with a command line, in one line.</summary>
internal static class ParseErrors
{
    /// <summary>The command that the line reached, as in "hprnn train lm".</summary>
    public static string CommandPath(ParseResult parsed)
    {
        var names = new Stack<string>();
        for (SymbolResult? result = parsed.CommandResult; result is not null; result = result.Parent)
        {
            if (result is CommandResult { Command: var command }) names.Push(command is RootCommand ? "hprnn" : command.Name);
        }

        return string.Join(' ', names);
    }

    /// <summary>The first error: the option, what was found, what was expected.</summary>
    public static string Describe(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        if (parsed.UnmatchedTokens.Count > 0) return $"found {TextConsole.Quote(parsed.UnmatchedTokens[0])}, expected {Expected(command)}.";
        if (command.Subcommands.Count > 0) return $"found no command, expected {Expected(command)}; --help explains.";
        ParseError error = parsed.Errors[0];
        SymbolResult? symbol = error.SymbolResult is ArgumentResult { Parent: OptionResult parent } ? parent : error.SymbolResult;
        return symbol switch
        {
            OptionResult { Option: var option, Tokens.Count: 0 } => $"{option.Name}: found no value, expected {Placeholder(option)}.",
            OptionResult { Option: var option, IdentifierTokenCount: > 1 and var count } =>
                $"{option.Name}: found {count} times, expected once.",
            ArgumentResult { Argument: var argument, Tokens.Count: 0 } => $"found no {argument.Name}, expected {argument.Description}.",
            _ => error.Message,
        };
    }

    private static string Expected(Command command)
    {
        IEnumerable<string> names = command.Subcommands.Count > 0
            ? command.Subcommands.Select(sub => sub.Name)
            : command.Arguments.Select(argument => argument.Name).Concat(command.Options.Select(option => option.Name));
        return $"one of {string.Join(", ", names)}";
    }

    private static string Placeholder(Option option) => option.HelpName ?? "a value";
}
