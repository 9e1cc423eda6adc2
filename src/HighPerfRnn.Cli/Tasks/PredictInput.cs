using System.CommandLine;
using HighPerfRnn.Cli.Commands;
using HighPerfRnn.Data.Text;

namespace HighPerfRnn.Cli.Tasks;

/// <summary>Where what is predicted comes from: a file or standard input, line by line.</summary>
internal sealed class PredictInput
{
    public Option<string?> Input { get; } = CommandOptions.Text(
        "--input", "FILE", CommandOptions.WithDefault("Texts, one a line.", "standard input"));

    public Option<string?> Encoding { get; } = TaskFlags.Encoding();

    /// <summary>Adds both.</summary>
    public void AddTo(Command command)
    {
        command.Add(Input);
        command.Add(Encoding);
    }

    /// <summary>The lines, as they come.</summary>
    public IEnumerable<TextLine> Lines(ParseResult parsed)
    {
        TextReadOptions options = TaskFlags.ReadOptions(parsed.GetValue(Encoding));
        return parsed.GetValue(Input) is string path
            ? TextLines.Read(path, options)
            : TextLines.Read(Console.OpenStandardInput(), "standard input", options);
    }
}
