namespace HighPerfRnn.Cli;

/// <summary>An end of the tool with one line on standard error.</summary>
/// <param name="exitCode">One of <see cref="ExitCode"/>.</param>
/// <param name="message">The line: the file, the place in it or the option, what was found and what was expected.</param>
internal sealed class ToolException(int exitCode, string message) : Exception(message)
{
    /// <summary>What the process returns.</summary>
    public int ExitCode { get; } = exitCode;

    /// <summary>Bad usage or input.</summary>
    public static ToolException Usage(string place, string found, string expected) =>
        new(Cli.ExitCode.Usage, $"{place}: found {found}, expected {expected}.");

    /// <summary>What was asked does not hold.</summary>
    public static ToolException Unmet(string message) => new(Cli.ExitCode.Unmet, message);
}
