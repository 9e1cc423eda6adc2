using System.CommandLine;
using HighPerfRnn.Cli.Commands;
using HighPerfRnn.Data;
using HighPerfRnn.Data.Text;

namespace HighPerfRnn.Cli.Tasks;

/// <summary>Where texts with classes come from.</summary>
internal sealed class ClassificationData
{
    private const string Formats = "A table LABEL TAB TEXT or LABEL,TEXT; a folder with a file a class, a text a line; or a folder a class";

    public Option<string?> Data { get; } = CommandOptions.Text(
        "--data", "PATH", CommandOptions.WithDefault($"{Formats}.", EmbeddedData.LanguagesDescription));

    public Option<string?> ValidationData { get; } = TaskFlags.ValidationData("PATH", Formats);

    public Option<string?> Encoding { get; } = TaskFlags.Encoding();

    public Option<bool> Header { get; } = CommandOptions.Switch(
        "--header", "The first line of a table names its columns; without it that is so where it says label and text.");

    /// <summary>Adds what reading takes.</summary>
    public void AddTo(Command command)
    {
        command.Add(Header);
        command.Add(Data);
        command.Add(Encoding);
    }

    /// <summary>Whether no file was named.</summary>
    public bool IsDefault(ParseResult parsed) => parsed.GetValue(Data) is null;

    /// <summary>What is read.</summary>
    public IEnumerable<string> Paths(ParseResult parsed) =>
        ((string?[])[parsed.GetValue(Data), parsed.GetValue(ValidationData)]).OfType<string>();

    /// <summary>The path of --data, which series need.</summary>
    public string RequiredPath(ParseResult parsed) =>
        parsed.GetValue(Data) ?? throw ToolException.Usage("--sequences", "it without --data", "--data with series of numbers");

    /// <summary>The path of --validation-data; null without it.</summary>
    public string? ValidationPath(ParseResult parsed) => parsed.GetValue(ValidationData);

    /// <summary>Reads all texts.</summary>
    public IReadOnlyList<LabelledText> Read(ParseResult parsed, DataSkips skips)
    {
        if (parsed.GetValue(Data) is string path) return LabelledTexts.Read(path, OptionsOf(parsed), skips);
        using Stream stream = EmbeddedData.Open(EmbeddedData.Languages);
        return LabelledTexts.Read(stream, EmbeddedData.Languages, new TextReadOptions(), skips);
    }

    /// <summary>The texts of --validation-data; null without it.</summary>
    public IReadOnlyList<LabelledText>? ReadValidation(ParseResult parsed, DataSkips skips) =>
        parsed.GetValue(ValidationData) is string path ? LabelledTexts.Read(path, OptionsOf(parsed), skips) : null;

    private TextReadOptions OptionsOf(ParseResult parsed) =>
        TaskFlags.ReadOptions(parsed.GetValue(Encoding)) with { HasHeader = parsed.GetValue(Header) ? true : null };
}
