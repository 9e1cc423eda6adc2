using System.CommandLine;
using HighPerfRnn.Cli.Commands;
using HighPerfRnn.Tasks.Classification;

namespace HighPerfRnn.Cli.Tasks;

/// <summary>Options of series of numbers.</summary>
internal sealed class SeriesOptions
{
    public Option<bool> Sequences { get; } = CommandOptions.Switch(
        "--sequences", "The data is numbers, a row a step: a folder a class with a CSV file a series, or, with --target-columns, one CSV file.");

    public Option<string?> TargetColumns { get; } = CommandOptions.Text(
        "--target-columns", "A,B", "Tell these columns' numbers, not a class, from windows of the rows before.");

    public Option<int> Window { get; } = CommandOptions.Whole("--window", 50, 1, 1_000_000, "Rows that a forecast reads.");

    public Option<int> Horizon { get; } = CommandOptions.Whole(
        "--horizon", 1, 0, 1_000_000, "How many rows after its window a forecast is for; 0 for the last row, whose targets then are not read.");

    /// <summary>Adds all of them.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[Sequences, TargetColumns, Window, Horizon]) command.Add(option);
    }

    /// <summary>What is asked for; null for classes.</summary>
    public ForecastRequest? RequestOf(ParseResult parsed)
    {
        if (parsed.GetValue(TargetColumns) is not string text) return null;
        string[] targets = [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.Ordinal)];
        if (targets.Length == 0) throw ToolException.Usage("--target-columns", "no name", "names of columns with commas between");
        return new ForecastRequest(targets, parsed.GetValue(Window), parsed.GetValue(Horizon));
    }
}
