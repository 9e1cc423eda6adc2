using System.CommandLine;
using HighPerfRnn.Cli.Commands;
using HighPerfRnn.Data;
using HighPerfRnn.Data.Text;

namespace HighPerfRnn.Cli.Tasks;

/// <summary>Where pairs of texts come from.</summary>
internal sealed class TranslationData
{
    /// <summary>SOURCE TAB TARGET.</summary>
    public Option<string?> Data { get; } = CommandOptions.Text(
        "--data", "FILE", CommandOptions.WithDefault("Lines SOURCE TAB TARGET.", EmbeddedData.PronunciationsDescription));

    public Option<string?> Source { get; } = CommandOptions.Text("--source", "FILE", "A source a line, with --target in place of --data.");

    public Option<string?> Target { get; } = CommandOptions.Text("--target", "FILE", "A target a line, aligned with --source.");

    public Option<string?> Encoding { get; } = TaskFlags.Encoding();

    public Option<string?> ValidationData { get; } = TaskFlags.ValidationData("FILE", "Lines SOURCE TAB TARGET");

    /// <summary>Adds all of them.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[Data, Source, Target, Encoding]) command.Add(option);
    }

    /// <summary>Whether no file was named.</summary>
    public bool IsDefault(ParseResult parsed) =>
        parsed.GetValue(Data) is null && parsed.GetValue(Source) is null && parsed.GetValue(Target) is null;

    /// <summary>The files that are read.</summary>
    public IEnumerable<string> Paths(ParseResult parsed) =>
        ((string?[])[parsed.GetValue(Data), parsed.GetValue(Source), parsed.GetValue(Target)]).OfType<string>();

    /// <summary>Reads all pairs.</summary>
    public IReadOnlyList<TextPair> Read(ParseResult parsed, DataSkips skips)
    {
        string? data = parsed.GetValue(Data), source = parsed.GetValue(Source), target = parsed.GetValue(Target);
        if ((source is null) != (target is null))
        {
            throw ToolException.Usage(source is null ? "--target" : "--source", "it alone", "--source and --target together");
        }

        if (data is not null && source is not null) throw ToolException.Usage("--data", "it beside --source", "one of them");
        TextReadOptions options = TaskFlags.ReadOptions(parsed.GetValue(Encoding));
        if (source is not null) return TextPairs.ReadAligned(source, target!, options, skips);
        return data is not null ? TextPairs.ReadTable(data, options, skips) : ReadEmbedded();
    }

    /// <summary>The pairs of --validation-data; null without it.</summary>
    public IReadOnlyList<TextPair>? ReadValidation(ParseResult parsed, DataSkips skips) =>
        parsed.GetValue(ValidationData) is string path
            ? TextPairs.ReadTable(path, TaskFlags.ReadOptions(parsed.GetValue(Encoding)), skips)
            : null;

    private static List<TextPair> ReadEmbedded()
    {
        using Stream stream = EmbeddedData.Open("cmudict.tsv");
        return [.. TextLines.Read(stream, "cmudict.tsv", new TextReadOptions()).Select(line =>
        {
            string[] cells = line.Text.Split('\t');
            return new TextPair(cells[0], cells[1]);
        })];
    }
}
