using System.Text;
using Spectre.Console;

namespace HighPerfRnn.Cli.Output;

/// <summary>Spectre consoles on given writers, and text made fit for one line.</summary>
internal static class TextConsole
{
    /// <summary>A console; colours and live displays only where the writer is a terminal.</summary>
    public static IAnsiConsole Create(TextWriter writer, bool isTerminal, int width)
    {
        bool hasColours = isTerminal && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        return AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = isTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = hasColours ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = isTerminal ? InteractionSupport.Detect : InteractionSupport.No,
            Out = new ConsoleOutput(writer, isTerminal, width),
        });
    }

    /// <summary>Text with every control character, line breaks first, made a space.</summary>
    public static string OneLine(string text)
    {
        var line = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            bool breaks = char.IsControl(c) || c is '\u2028' or '\u2029';
            if (!breaks) line.Append(c);
            else if (line.Length > 0 && line[^1] != ' ') line.Append(' ');
        }

        return line.ToString().TrimEnd();
    }

    /// <summary>What a user typed, for a message: one line in quotation marks, cut at 80 characters.</summary>
    public static string Quote(string text)
    {
        string line = OneLine(text);
        return line.Length <= 80 ? $"'{line}'" : $"'{line[..80]}…'";
    }

    private sealed class ConsoleOutput(TextWriter writer, bool isTerminal, int width) : IAnsiConsoleOutput
    {
        public TextWriter Writer => writer;

        public bool IsTerminal => isTerminal;

        public int Width => width;

        public int Height => 24;

        public void SetEncoding(Encoding encoding)
        {
        }
    }
}
