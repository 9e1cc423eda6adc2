using HighPerfRnn.Cli.Output;
using Spectre.Console;

namespace HighPerfRnn.Cli;

/// <summary>The world around one run of the tool: where it prints, and what stops it.</summary>
internal sealed class ToolContext
{
    private const int WidthWithoutTerminal = 80;

    private readonly CancellationToken _stop;
    private bool _listensToSignals;

    /// <summary>A run that prints to the given writers, as to files.</summary>
    /// <param name="output">Standard output.</param>
    /// <param name="error">Standard error.</param>
    /// <param name="stop">Asks a training to end at its next iteration.</param>
    public ToolContext(TextWriter output, TextWriter error, CancellationToken stop = default)
        : this(output, error, outputIsTerminal: false, errorIsTerminal: false)
    {
        _stop = stop;
    }

    private ToolContext(TextWriter output, TextWriter error, bool outputIsTerminal, bool errorIsTerminal)
    {
        Output = output;
        Error = error;
        ErrorIsTerminal = errorIsTerminal;
        Width = TerminalWidth(outputIsTerminal || errorIsTerminal);
        OutputConsole = TextConsole.Create(output, outputIsTerminal, Width);
        ErrorConsole = TextConsole.Create(error, errorIsTerminal, Width);
    }

    /// <summary>Standard output: results, and with --json one object and nothing else.</summary>
    public TextWriter Output { get; }

    /// <summary>Standard error: progress, warnings, the one line of an error.</summary>
    public TextWriter Error { get; }

    /// <summary>Whether standard error is a terminal, where a line may be drawn over.</summary>
    public bool ErrorIsTerminal { get; }

    /// <summary>Columns of the terminal, or 80.</summary>
    public int Width { get; }

    /// <summary>Standard output with colours and tables, as far as it can show them.</summary>
    public IAnsiConsole OutputConsole { get; }

    /// <summary>Standard error with colours and a live display, as far as it can show them.</summary>
    public IAnsiConsole ErrorConsole { get; }

    /// <summary>The process's own streams and signals.</summary>
    public static ToolContext OfProcess() =>
        new(Console.Out, Console.Error, !Console.IsOutputRedirected, !Console.IsErrorRedirected) { _listensToSignals = true };

    /// <summary>Listens to Ctrl-C and to requests to terminate until it is disposed of; before and after they end the process.</summary>
    public StopRequest ListenForStop() => new(_listensToSignals, _stop);

    /// <summary>A warning: one line on standard error.</summary>
    public void Warn(string message) => Error.WriteLine($"hprnn: warning: {TextConsole.OneLine(message)}");

    private static int TerminalWidth(bool isTerminal)
    {
        if (!isTerminal) return WidthWithoutTerminal;
        try
        {
            return Console.WindowWidth is > 0 and int width ? Math.Clamp(width, 40, 200) : WidthWithoutTerminal;
        }
        catch (Exception error) when (error is IOException or PlatformNotSupportedException)
        {
            return WidthWithoutTerminal;
        }
    }
}
